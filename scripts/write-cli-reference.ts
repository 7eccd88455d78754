/** Writes docs/cli.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allCommands } from '../src/cli/commands/index.ts';
import { commandReference } from '../src/cli/reference.ts';

writeFileSync(join(import.meta.dirname, '..', 'docs', 'cli.md'), commandReference(await allCommands()));
