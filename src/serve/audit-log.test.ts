import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AuditEntry, AuditLog } from './audit-log.ts';

let folder: string;
let path: string;
let audit: AuditLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'assay-audit-'));
  path = join(folder, 'serve', 'audit.jsonl');
  audit = new AuditLog(path, (error) => expect.fail(String(error)));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const START: AuditEntry = {
  method: 'POST',
  pattern: '/v1/sandboxes',
  path: '/v1/sandboxes',
  status: 201,
  who: 'key 1',
  from: '::1',
};
const lines = () =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('what changes something or is refused has a line, what only looks has none', async () => {
  const input = { pattern: '/v1/sandboxes/{id}/processes/{process}/stdin', who: 'sandbox 2' };
  await audit.write({ ...START, method: 'GET', status: 200 });
  await audit.write({ ...START, ...input, status: 200 });
  await Promise.all([audit.write(START), audit.write({ ...START, ...input, status: 409 })]);
  expect(lines().map(({ status, who }) => [status, who])).toEqual([
    [201, 'key 1'],
    [409, 'sandbox 2'],
  ]);
  await audit.close();
});

test('strangers fill no disk: unknown paths are counted, refusals that come in masses too, long paths are cut', async () => {
  const stranger = { ...START, who: '-', method: 'GET' };
  const long = `/${'a'.repeat(15_000)}`;
  for (let n = 0; n < 500; n++) await audit.write({ ...stranger, pattern: 'unknown', path: long, status: 404 });
  for (let n = 0; n < 500; n++) await audit.write({ ...stranger, path: long, status: 401 });
  await audit.write(START);
  await audit.close();
  expect(statSync(path).size).toBeLessThan(20_000);
  const noted = lines().filter(({ status }) => status === 401);
  expect(noted[0]).toMatchObject({ who: '-', from: '::1', path: `${long.slice(0, 200)}... (15001 characters)` });
  expect(lines().at(-2)).toMatchObject({ status: 201 });
  expect(lines().at(-1)).toMatchObject({ counts: { '404 unknown': 500, '401 /v1/sandboxes': 500 - noted.length } });
});
