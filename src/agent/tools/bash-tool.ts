/** The `bash` tool: one persistent shell, in the form Anthropic's models were trained on. */
import { z } from 'zod';
import { AssayError, type ShellResult, type ToolSpec } from '../../contracts/index.ts';
import { errorOutcome, malformedOutcome, type Tool, type ToolOutcome, textOutcome } from './tool.ts';

export type BashToolType = 'bash_20250124' | 'bash_20241022';

const DESCRIPTION = `Runs a command in a persistent bash session.
* Write the command as you would type it: nothing has to be escaped for XML or JSON beyond what the call itself needs.
* The session lasts: the working directory, variables and background jobs stay from call to call.
* There is no internet access and no package mirror; work with what is installed.
* stdin is empty: a command that waits for input ends at once.
* Very long output keeps its beginning and end; the whole is then in a file that is named. Avoid printing what you do not need: use \`sed -n 10,25p FILE\` for a range of lines.
* Put long-running programs in the background, e.g. \`sleep 100 &\`, and give commands that may hang a timeout.
* After a timeout the session must be restarted: call the tool with \`restart: true\`.`;

const inputSchema = z.object({ command: z.string().nullish(), restart: z.boolean().nullish() });

/** `type` null: an ordinary function tool, also at Anthropic (for models older than the type). */
export function createBashTool(type: BashToolType | null): Tool {
  const spec: ToolSpec = {
    name: 'bash',
    description: DESCRIPTION,
    inputSchema: {
      type: 'object',
      properties: {
        command: { type: 'string', description: 'The bash command to run. Required unless the session is restarted.' },
        restart: { type: 'boolean', description: 'True restarts the session; no command is run then.' },
      },
    },
    ...(type === null ? {} : { native: { anthropic: { type } } }),
  };
  return {
    spec,
    async run(input, { workspace, signal, commandSeconds }) {
      const parsed = inputSchema.safeParse(input);
      if (!parsed.success) return malformedOutcome(`The input does not fit the tool: ${z.prettifyError(parsed.error)}`);
      const { command, restart } = parsed.data;
      if (restart === true) {
        await workspace.shell.restart();
        return textOutcome('tool has been restarted.');
      }
      if (command === undefined || command === null || command.trim() === '')
        return malformedOutcome('no command provided.');
      if (!workspace.shell.alive)
        return errorOutcome('The session has ended; the tool must be restarted: call it with restart: true.');
      return describeResult(
        await workspace.shell.run(command, { signal, timeoutSeconds: commandSeconds }),
        commandSeconds,
      );
    },
  };
}

/**
 * What the model reads. A non-zero exit is a result, not an error of the tool: models look at the code and the output. Throws `sandbox-died`: no further
 * call could do anything.
 */
function describeResult(result: ShellResult, commandSeconds: number): ToolOutcome {
  const output = shownOutput(result);
  const facts = { exitCode: result.exitCode, cutBytes: result.cutBytes };
  const withNote = (note: string) => (output === '' ? note : `${output}\n${note}`);
  switch (result.status) {
    case 'finished':
      if (result.exitCode === 0) return { ...textOutcome(output === '' ? '(no output)' : output), ...facts };
      return { ...textOutcome(withNote(`[exit code ${result.exitCode}]`)), ...facts };
    case 'shell-exited': {
      const what = `the shell exited with code ${result.exitCode}; a new one goes on in the same directory with the exported variables`;
      return { ...textOutcome(withNote(`[${what}]`)), ...facts };
    }
    case 'timeout': {
      const what = `timed out: bash has not returned in ${commandSeconds} seconds and must be restarted: call the tool with restart: true.`;
      return { ...errorOutcome(withNote(`${what} Run long commands in the background.`)), ...facts };
    }
    case 'sandbox-died':
      throw new AssayError('sandbox-died', 'the sandbox ended while a command ran', {
        class: 'infra',
        retryable: true,
        details: { output: output.slice(-2_000) },
      });
  }
}

/** The output; what was cut and where the whole lies is said, unless the session's own note in the text says it. */
function shownOutput(result: ShellResult): string {
  const output = result.output.trimEnd();
  const { cutBytes, fullOutputPath } = result;
  if (cutBytes === 0 || (fullOutputPath !== undefined && output.includes(fullOutputPath))) return output;
  const where = fullOutputPath === undefined ? 'they are lost' : `the whole output is in ${fullOutputPath}`;
  return `${output}\n[${cutBytes} bytes of ${result.outputBytes} cut; ${where}]`;
}
