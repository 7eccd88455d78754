import { execFile, spawn } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeRunStore } from '../../test/contracts/store-contract.ts';
import { eventMaker, manifestOf, replyOf } from '../../test/support/run-fixtures.ts';
import type { RunEvent } from '../contracts/index.ts';
import { createRun, fileRunStore, openRun } from './file-run-store.ts';
import { loadRunRecord } from './load-run-record.ts';

const newFolder = () => mkdtemp(join(tmpdir(), 'assay-store-'));

describeRunStore('files', async () => {
  const dir = await newFolder();
  return { store: fileRunStore(join(dir, 'runs')), cleanUp: () => rm(dir, { recursive: true, force: true }) };
});

let runs: string;
beforeEach(async () => {
  runs = await newFolder();
});
afterEach(() => rm(runs, { recursive: true, force: true }));

const tsx = createRequire(import.meta.url).resolve('tsx');
const storeModule = JSON.stringify(join(import.meta.dirname, 'file-run-store.ts'));
/** A program of its own that uses the store; `body` may use `openRun` and `runs`. */
const program = (body: string) => [
  '--import',
  tsx,
  '--input-type=module',
  '-e',
  `import { openRun } from ${storeModule}; const runs = ${JSON.stringify(runs)}; ${body}`,
];

test('a torn last line is passed over on reading and cut on opening', async () => {
  const a = eventMaker('a');
  const run = await createRun(runs, manifestOf('r', ['a']));
  await run.append(a.start());
  await run.close();
  const log = join(run.dir, 'attempts/a/1/events.jsonl');
  const whole = await readFile(log, 'utf8');
  await appendFile(log, '{"type":"reply-end","at":"2026-01');
  expect((await loadRunRecord(run.dir)).attempts[0]?.state).toBe('running');
  const again = await openRun(run.dir);
  const next = a.reply(1, replyOf('x'));
  await again.append(next);
  await again.close();
  expect(await readFile(log, 'utf8')).toBe(`${whole}${JSON.stringify(next)}\n`);
  // Pages of a lost write: nulls with a line end in them, at the end of the file.
  await appendFile(log, '\0\0\0\n\0\0');
  const third = await openRun(run.dir);
  await third.append(a.resume(2));
  expect((await third.history({ instanceId: 'a', attempt: 1 })).recorded).toHaveLength(1);
  await third.close();
});

test('events of a newer version are passed over; damage in the middle is named', async () => {
  const run = await createRun(runs, manifestOf('r', ['a']));
  await run.append({ type: 'run-start', at: 'x', runId: 'r', attemptsPlanned: 1 });
  await run.close();
  const log = join(run.dir, 'events.jsonl');
  await appendFile(log, '{"type":"galaxy-start","at":"x","instanceId":"a","size":3}\n');
  await appendFile(log, '{"type":"run-end","at":"y","runId":"r","status":"completed","colour":"new"}\n');
  expect((await loadRunRecord(run.dir)).status).toBe('completed');
  await appendFile(log, 'no json\n{"type":"run-resume","at":"z","runId":"r","attemptsLeft":0}\n');
  await expect(loadRunRecord(run.dir)).rejects.toMatchObject({
    code: 'store-invalid',
    message: expect.stringContaining('events.jsonl:4') as string,
  });
  await writeFile(log, '{"type":"run-end","at":"y","runId":"r","status":"sleepy"}\n');
  await expect(loadRunRecord(run.dir)).rejects.toMatchObject({
    code: 'store-invalid',
    message: expect.stringContaining('status') as string,
  });
});

test('a run of a newer format and a damaged manifest are named', async () => {
  const run = await createRun(runs, manifestOf('r', ['a']));
  await run.close();
  const path = join(run.dir, 'run.json');
  await writeFile(path, JSON.stringify({ ...run.manifest, formatVersion: 2 }));
  await expect(openRun(run.dir)).rejects.toMatchObject({
    code: 'store-invalid',
    message: expect.stringContaining('newer Assay') as string,
  });
  await writeFile(path, '{');
  await expect(openRun(run.dir)).rejects.toMatchObject({ code: 'store-invalid' });
  await mkdir(join(runs, 'no-run'));
  expect(await fileRunStore(runs).list()).toEqual([]);
});

test('a milestone that only reached the log of its attempt counts, and is repeated in the log of the run on opening', async () => {
  const a = eventMaker('a');
  const run = await createRun(runs, manifestOf('r', ['a']));
  await run.append(a.start());
  const { totals } = await run.history({ instanceId: 'a', attempt: 1 });
  const before = await readFile(join(run.dir, 'events.jsonl'), 'utf8');
  await run.append(a.end(totals));
  await run.append(a.graded(true));
  await run.close();
  const after = await readFile(join(run.dir, 'events.jsonl'), 'utf8');
  await writeFile(join(run.dir, 'events.jsonl'), before);
  expect((await loadRunRecord(run.dir)).attempts[0]?.state).toBe('finished');
  await (await openRun(run.dir)).close();
  expect(await readFile(join(run.dir, 'events.jsonl'), 'utf8')).toBe(after);
  await (await openRun(run.dir)).close();
  expect(await readFile(join(run.dir, 'events.jsonl'), 'utf8')).toBe(after);
});

test('large strings lie in blobs once per content; a missing or damaged blob is named', async () => {
  const a = eventMaker('a');
  const run = await createRun(runs, manifestOf('r', ['a']));
  const text = 'large '.repeat(10_000);
  await Promise.all([1, 2, 3].map((step) => run.append(a.reply(step, replyOf(text)))));
  await run.close();
  const blobs = (await readdir(join(run.dir, 'blobs'), { recursive: true, withFileTypes: true })).filter((e) =>
    e.isFile(),
  );
  expect(blobs).toHaveLength(1);
  const log = await readFile(join(run.dir, 'attempts/a/1/events.jsonl'), 'utf8');
  expect(log.length).toBeLessThan(3_000);
  const path = join(blobs[0]?.parentPath ?? '', blobs[0]?.name ?? '');
  expect(await readFile(path, 'utf8')).toBe(text);
  await writeFile(path, 'other');
  await expect(loadRunRecord(run.dir)).rejects.toMatchObject({
    code: 'store-invalid',
    message: expect.stringContaining('damaged') as string,
  });
  await rm(path);
  await expect(loadRunRecord(run.dir)).rejects.toMatchObject({
    code: 'store-invalid',
    message: expect.stringContaining('missing') as string,
  });
});

test('the lock of a killed process is broken, that of a living one is not', async () => {
  await (await createRun(runs, manifestOf('r', ['a']))).close();
  const child = spawn(
    process.execPath,
    program(`await openRun(runs + '/r'); console.log('open'); setInterval(() => {}, 1e6)`),
  );
  const exit = new Promise((resolve) => child.once('exit', resolve));
  try {
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.once('exit', () => reject(new Error('the other process ended early')));
    });
    await expect(openRun(join(runs, 'r'))).rejects.toMatchObject({ code: 'run-locked', details: { pid: child.pid } });
  } finally {
    child.kill('SIGKILL');
    await exit;
  }
  const run = await openRun(join(runs, 'r'));
  await run.close();
  expect((await readdir(run.dir)).filter((name) => name.includes('lock'))).toHaveLength(1);
});

const tmpfs = await promisify(execFile)('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs none /mnt']).then(
  () => true,
  () => false,
);

test.skipIf(!tmpfs)('a full disk: what was acknowledged is kept, and the run goes on when there is room', async () => {
  const kept = join(runs, 'kept');
  await mkdir(kept);
  const disk = join(runs, 'disk');
  await mkdir(disk);
  const files = JSON.stringify(join(import.meta.dirname, '../../test/support/run-fixtures.ts'));
  const body = `
    import { createRun } from ${storeModule};
    import { loadRunRecord } from ${JSON.stringify(join(import.meta.dirname, 'load-run-record.ts'))};
    import { manifestOf, eventMaker, replyOf } from ${files};
    import { rmSync, writeFileSync, statfsSync } from 'node:fs';
    const a = eventMaker('a');
    const run = await createRun(${JSON.stringify(disk)}, manifestOf('r', ['a']));
    writeFileSync(${JSON.stringify(join(disk, 'ballast'))}, Buffer.alloc(300_000));
    let done = 0, failure;
    await run.append(a.start());
    while (failure === undefined) {
      // Incompressible by the blob store: each line is new and stays inline.
      await run.append(a.reply(done + 1, replyOf(String(done).padStart(9000, 'x')))).then(() => { done++; }, (error) => { failure = error.code; });
    }
    const second = await run.append(a.reply(99, replyOf('small'))).then(() => 'ok', (error) => error.code);
    const artifact = await run.writeArtifact({ instanceId: 'a', attempt: 1 }, 'patch.diff', 'x'.repeat(900_000)).then(() => 'ok', (error) => error.code);
    await run.close();
    rmSync(${JSON.stringify(join(disk, 'ballast'))});
    const again = await openRun(run.dir);
    const history = await again.history({ instanceId: 'a', attempt: 1 });
    await again.append(a.reply(done + 1, replyOf('there is room again')));
    const after = await again.history({ instanceId: 'a', attempt: 1 });
    await again.close();
    console.log(JSON.stringify({ done, failure, second, artifact, recorded: history.recorded.length, after: after.recorded.length }));`;
  const script = program(body);
  const { stdout } = await promisify(execFile)('unshare', [
    '-Urm',
    'sh',
    '-c',
    `mount -t tmpfs -o size=600k none "$0" && exec "$@"`,
    disk,
    process.execPath,
    ...script,
  ]);
  const result = JSON.parse(stdout) as Record<string, unknown> & { done: number };
  expect(result.done).toBeGreaterThan(5);
  expect(result).toEqual({
    done: result.done,
    failure: 'disk-full',
    second: 'disk-full',
    artifact: 'disk-full',
    recorded: result.done,
    after: result.done + 1,
  });
});

test('listing finds the status at the end of a long log', async () => {
  const run = await createRun(runs, manifestOf('r', ['a']));
  const note: RunEvent = { type: 'note', at: 'x', level: 'info', message: 'n'.repeat(9_000) };
  for (let index = 0; index < 10; index++) await run.append(note);
  await run.append({ type: 'run-end', at: 'y', runId: 'r', status: 'failed' });
  await run.close();
  expect((await fileRunStore(runs).list()).map((one) => one.status)).toEqual(['failed']);
});
