/** The `assay` program. */
import { commandsFor } from './commands/index.ts';
import { translateGradeArguments } from './grade-arguments.ts';
import { runProgram } from './program.ts';
import { assayVersion } from './version.ts';

// The provider packages print their warnings to the console; what matters is in the events.
(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;

// A reader that went away (`assay show | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const [command, ...rest] = process.argv.slice(2);
const argv = command === 'grade' ? [command, ...translateGradeArguments(rest)] : process.argv.slice(2);
process.exitCode = await runProgram(await commandsFor(argv), argv, assayVersion());
