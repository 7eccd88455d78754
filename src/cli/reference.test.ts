import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allCommands } from './commands/index.ts';
import { commandReference } from './reference.ts';

test('docs/cli.md is current: write it with `npx tsx scripts/write-cli-reference.ts`', async () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')).toBe(
    commandReference(await allCommands()),
  );
});
