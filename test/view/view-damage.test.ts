/** The server of the web UI over stores that are damaged, or change while they are read: it says what is wrong, and goes on. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runPaths } from '../../src/store/run-folder.ts';
import type { AttemptDocument, RunsDocument, StepsDocument } from '../../src/view/documents.ts';
import { exportPages } from '../../src/view/export-pages.ts';
import { startViewServer, type ViewServer } from '../../src/view/view-server.ts';
import { writeViewStore } from '../support/view-store.ts';

/** Nobody's. */
const ORDINARY_UID = 65_534;
const REF = { instanceId: 'plain', attempt: 1 };
let folder: string;
let runsDir: string;
let server: ViewServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assay-damage-'));
  runsDir = join(folder, 'runs');
  await writeViewStore(runsDir);
  server = await startViewServer({ runsDir, assets: new Map(), assayVersion: 'test' });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function ask(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.origin}/data/${path}`, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  return { status: response.status, body: await response.json() };
}

/** A copy of a sound run under another name. */
function copyRun(name: string) {
  const paths = runPaths(join(runsDir, name));
  cpSync(join(runsDir, 'first'), paths.dir, { recursive: true });
  return paths;
}

const attempt = (runId: string, document: string) => ask(`runs/${runId}/attempts/plain/1/${document}.json`);
const stepsOf = async (runId: string) => ((await attempt(runId, 'attempt')).body as AttemptDocument).steps.length;

it('lists sound runs beside those that cannot be read, each with what is wrong', async () => {
  const damage: Record<string, (paths: ReturnType<typeof runPaths>) => void> = {
    'lock-empty': ({ manifest }) => writeFileSync(manifest, ''),
    'lock-binary': ({ manifest }) => writeFileSync(manifest, randomBytes(5000)),
    'lock-folder': ({ manifest }) => {
      rmSync(manifest);
      mkdirSync(manifest);
    },
    'lock-of-another': () => {},
    'log-binary': ({ events }) => writeFileSync(events, Buffer.concat([randomBytes(100_000), Buffer.from('\n{}\n')])),
    'log-folder': ({ events }) => {
      rmSync(events);
      mkdirSync(events);
    },
  };
  for (const [name, harm] of Object.entries(damage)) harm(copyRun(name));
  const { runs } = (await ask('runs.json')).body as RunsDocument;
  const failures = new Map(runs.map((run) => [run.runId, 'failure' in run ? run.failure : null]));
  expect(failures.get('first')).toBeNull();
  expect(failures.get('second')).toBeNull();
  for (const name of Object.keys(damage)) {
    expect(failures.get(name), name).toMatch(/./);
    expect((await ask(`runs/${name}/run.json`)).status, name).toBeGreaterThanOrEqual(422);
    rmSync(join(runsDir, name), { recursive: true });
  }
});

it('shows what is left of a damaged log, and says how much is not', async () => {
  const log = runPaths(join(runsDir, 'second')).attemptEvents(REF);
  appendFileSync(log, `${'\0'.repeat(1000)}\n${'x'.repeat(10_000_000)}\n{"type":"reply-end"`);
  const { body } = await attempt('second', 'attempt');
  expect(body).toMatchObject({ damagedLines: 2, complete: true });
  expect((body as AttemptDocument).steps).toHaveLength(45);
  writeFileSync(log, randomBytes(2_000_000));
  expect(await stepsOf('second')).toBe(0);
  writeFileSync(log, '');
  expect(await stepsOf('second')).toBe(0);
});

it('says which log may not be read, and shows what needs it not', async () => {
  const paths = copyRun('forbidden');
  writeFileSync(paths.manifest, readFileSync(paths.manifest, 'utf8').replaceAll('"first"', '"forbidden"'));
  const log = paths.attemptEvents(REF);
  const privileged = process.geteuid?.() === 0;
  chmodSync(log, 0o000);
  chmodSync(folder, 0o711);
  try {
    if (privileged) process.seteuid?.(ORDINARY_UID);
    const { status, body } = await attempt('forbidden', 'attempt');
    expect(status).toBe(500);
    expect(body).toMatchObject({ failure: { code: 'io', message: expect.stringMatching(/permission denied/) } });
    expect((await attempt('forbidden', 'patch')).status).toBe(200);
    expect((await ask('runs/forbidden/run.json')).status).toBe(200);
  } finally {
    if (privileged) process.seteuid?.(0);
  }
  rmSync(log);
  mkdirSync(log);
  expect((await attempt('forbidden', 'attempt')).status).toBe(422);
  rmSync(paths.dir, { recursive: true });
});

it('follows no link out of the store, and waits for no pipe', async () => {
  const paths = runPaths(join(runsDir, 'first'));
  const of = (name: string) => join(paths.attempt({ instanceId: 'hard', attempt: 1 }), name);
  const secret = join(folder, 'secret.txt');
  writeFileSync(secret, 'the key of somebody\n');
  for (const name of ['patch.diff', 'notes.jsonl', 'events.jsonl', 'test_output.txt'])
    rmSync(of(name), { force: true });
  for (const name of ['patch.diff', 'notes.jsonl', 'events.jsonl']) symlinkSync(secret, of(name));
  execFileSync('mkfifo', [of('test_output.txt')]);
  for (const document of ['patch', 'notes', 'attempt', ...Array.from({ length: 6 }, () => 'test-log')]) {
    const { status, body } = await ask(`runs/first/attempts/hard/1/${document}.json`);
    expect(status, document).toBe(422);
    expect(JSON.stringify(body)).not.toContain('somebody');
  }
  const site = join(folder, 'site');
  const signal = new AbortController().signal;
  const { problems } = await exportPages({ runsDir, assets: new Map(), folder: site, assayVersion: 'test', signal });
  expect(problems.filter((problem) => problem.includes('is a link'))).toHaveLength(3);
  const exported = (path: string) => readFileSync(join(site, 'data/runs', path), 'utf8');
  expect(JSON.parse(exported('first/attempts/hard/1/patch.json'))).toMatchObject({
    failure: { code: 'store-invalid' },
  });
  expect(JSON.parse(exported('second/attempts/hard/1/attempt.json')).steps).toHaveLength(45);
  expect(execFileSync('grep', ['-rlc', 'key of somebody', folder]).toString().trim()).toBe(secret);
  const search = await fetch(`${server.origin}/search?in=text&q=somebody`, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  expect(await search.text()).not.toContain('"type":"hit"');
});

it('shows a step of which a long text is missing', async () => {
  rmSync(runPaths(join(runsDir, 'first')).blobs, { recursive: true });
  const { steps } = (await attempt('first', 'steps-0')).body as StepsDocument;
  expect(steps[2]?.calls[0]?.result?.texts[0]?.text).toMatch(/^\(cannot be read: .*missing/);
  expect(steps[3]?.calls[0]?.result?.texts[0]?.text).toBe('output of step 4');
});

it('follows a log that is cut while its pages are open, and a run that is deleted', async () => {
  const { attemptEvents, dir } = runPaths(join(runsDir, 'first'));
  expect(await stepsOf('first')).toBe(45);
  truncateSync(attemptEvents(REF), 3_000);
  expect((await attempt('first', 'steps-2')).body).toEqual({ steps: [] });
  expect(await stepsOf('first')).toBeLessThan(10);
  rmSync(attemptEvents(REF));
  expect(await stepsOf('first')).toBe(0);
  rmSync(dir, { recursive: true });
  for (const path of ['run.json', 'attempts/plain/1/attempt.json', 'attempts/plain/1/steps-0.json'])
    expect((await ask(`runs/first/${path}`)).status, path).toBe(404);
  expect(readdirSync(runsDir)).toEqual(['second']);
  expect(((await ask('runs.json')).body as RunsDocument).runs.map((run) => run.runId)).toEqual(['second']);
});
