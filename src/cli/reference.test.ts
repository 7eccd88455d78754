import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMANDS } from './commands/index.ts';
import { commandReference } from './reference.ts';

test('docs/cli.md is current: write it with `npx tsx scripts/write-cli-reference.ts`', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8')).toBe(commandReference(COMMANDS));
});
