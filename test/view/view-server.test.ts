/** The server of the web UI over real HTTP: documents, who may read, live streams. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileRunStore } from '../../src/store/file-run-store.ts';
import { instanceFolder } from '../../src/store/run-folder.ts';
import type {
  AttemptDocument,
  CompareDocument,
  RunDocument,
  RunsDocument,
  StepsDocument,
  TextPartDocument,
} from '../../src/view/documents.ts';
import { startViewServer, type ViewServer } from '../../src/view/view-server.ts';
import { eventMaker, manifestOf, replyOf } from '../support/run-fixtures.ts';
import { HOSTILE_ID, HOSTILE_TEXT, LONG_LINE, writeViewStore } from '../support/view-store.ts';

let runsDir: string;
let server: ViewServer;

beforeAll(async () => {
  runsDir = await mkdtemp(join(tmpdir(), 'assay-view-'));
  await writeViewStore(runsDir);
  const page = { type: 'text/html; charset=utf-8', data: Buffer.from('<!doctype html>'), unchanging: false };
  server = await startViewServer({ runsDir, assets: new Map([['', page]]), assayVersion: 'test' });
});
afterAll(async () => {
  await server.close();
  await rm(runsDir, { recursive: true });
});

const bearer = () => ({ authorization: `Bearer ${server.token}` });

async function read<T>(path: string): Promise<T> {
  const response = await fetch(`${server.origin}/data/${path}`, { headers: bearer() });
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as T;
}

/** `fetch` sets the headers of origin and host itself; this sends what a hostile page or name would. */
function status(path: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${server.origin}${path}`, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject).end();
  });
}

const hostile = `runs/first/attempts/${encodeURIComponent(instanceFolder(HOSTILE_ID))}/1`;

describe('documents', () => {
  it('lists runs and folds one', async () => {
    const { runs } = await read<RunsDocument>('runs.json');
    expect(runs.map((run) => run.runId).sort()).toEqual(['first', 'second']);
    const run = await read<RunDocument>('runs/first/run.json');
    expect(run.report).toMatchObject({ resolved: 2, finished: 3, status: 'completed' });
    expect(run.attempts.map((cell) => cell.verdict)).toEqual(['resolved', 'resolved', 'unresolved']);
    expect(run.attempts[2]?.firstFailing).toMatch(/^tests\/test_x/);
  });

  it('gives an attempt with its timeline, and its steps in pages', async () => {
    const attempt = await read<AttemptDocument>(`${hostile}/attempt.json`);
    expect(attempt.record.instanceId).toBe(HOSTILE_ID);
    expect(attempt.steps).toHaveLength(45);
    expect(attempt.steps[4]).toMatchObject({
      step: 5,
      tools: ['edit'],
      edited: ['/testbed/src/<b>app</b>.py'],
      usd: 0.25,
    });
    expect(attempt.steps[0]?.value).toBeCloseTo(1 / 46);
    expect(attempt.prompt[0]?.text).toContain(HOSTILE_TEXT);
    const { steps } = await read<StepsDocument>(`${hostile}/steps-2.json`);
    expect(steps.map((step) => step.step)).toEqual([41, 42, 43, 44, 45]);
    expect(steps[0]?.calls[0]).toMatchObject({ name: 'bash', input: { text: 'ls -la step-41' } });
    expect(steps[0]?.calls[0]?.result?.texts[0]?.text).toBe('output of step 41');
    expect((await read<StepsDocument>(`${hostile}/steps-3.json`)).steps).toEqual([]);
  });

  it('gives the start of a long text, and the rest in parts', async () => {
    const { steps } = await read<StepsDocument>(`${hostile}/steps-0.json`);
    const box = steps[2]?.calls[0]?.result?.texts[0];
    expect(box?.bytes).toBe(LONG_LINE.length);
    expect(box?.text.length).toBeLessThan(10_000);
    const path = `runs/first/blobs/${box?.blob}`;
    const first = await read<TextPartDocument>(`${path}-0.json`);
    const rest = await Promise.all(
      Array.from({ length: first.parts - 1 }, (_, at) => read<TextPartDocument>(`${path}-${at + 1}.json`)),
    );
    expect([first, ...rest].map((part) => part.text).join('') === LONG_LINE).toBe(true);
  });

  it('compares runs, by instance and repository', async () => {
    const { comparison, repositories } = await read<CompareDocument>('compare/first,second.json');
    expect(comparison.pairs[0]).toMatchObject({ onlyA: [HOSTILE_ID], both: ['plain'], neither: ['hard'] });
    expect(repositories).toEqual([
      {
        repo: 'repo',
        resolved: [
          { runId: 'first', resolved: 2, judged: 3 },
          { runId: 'second', resolved: 1, judged: 3 },
        ],
      },
    ]);
  });

  it.each([
    ['runs/none/run.json', 404],
    ['runs/..%2f..%2fetc/run.json', 404],
    ['runs/%2e%2e/run.json', 404],
    ['runs/first/attempts/none/1/attempt.json', 404],
    [`runs/first/blobs/${'0'.repeat(64)}-0.json`, 422],
    ['nothing.json', 404],
    ['%E0%A4%A', 400],
  ])('answers %s with %d', async (path, expected) => {
    expect(await status(`/data/${path}`, bearer())).toBe(expected);
  });
});

describe('who may read', () => {
  it('demands the token for data and live streams, not for the page', async () => {
    expect(await status('/', {})).toBe(200);
    expect(await status('/data/runs.json', {})).toBe(401);
    expect(await status('/data/runs.json', { authorization: 'Bearer wrong' })).toBe(401);
    expect(await status('/live/first', {})).toBe(401);
    expect(await status('/data/runs.json', bearer())).toBe(200);
  });

  it('gives a cookie that scripts cannot read for the token, and takes it', async () => {
    const opened = await fetch(`${server.origin}/session`, { method: 'POST', headers: bearer() });
    const cookie = opened.headers.get('set-cookie') ?? '';
    expect(opened.status).toBe(204);
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(await status('/data/runs.json', { cookie: cookie.split(';')[0] ?? '' })).toBe(200);
    expect(await status('/session', {}, 'POST')).toBe(401);
  });

  it('refuses other names for this server: DNS rebinding', async () => {
    const { port } = new URL(server.origin);
    for (const host of [`evil.example:${port}`, 'evil.example', '127.0.0.1:1', '127.0.0.1'])
      expect(await status('/', { ...bearer(), host }), host).toBe(421);
    expect(await status('/', { host: `localhost:${port}` })).toBe(200);
  });

  it('refuses requests of other origins, and lets links in', async () => {
    expect(await status('/data/runs.json', { ...bearer(), origin: 'http://evil.example' })).toBe(403);
    expect(await status('/data/runs.json', { ...bearer(), origin: 'null' })).toBe(403);
    expect(await status('/data/runs.json', { ...bearer(), 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await status('/data/runs.json', { ...bearer(), 'sec-fetch-site': 'same-site' })).toBe(403);
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect(await status('/', link)).toBe(200);
    expect(await status('/data/runs.json', { ...bearer(), origin: server.origin })).toBe(200);
  });

  it('only reads', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect(await status('/data/runs.json', bearer(), method), method).toBe(405);
  });

  it('tells browsers to run no script from within the page, and to tell nobody where they were', async () => {
    const { headers } = await fetch(`${server.origin}/`);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('live', () => {
  it('tells of what a run writes, and the documents then have it', async () => {
    const run = await fileRunStore(runsDir).create(manifestOf('live', ['a']));
    const make = eventMaker('a');
    await run.append(make.start());
    const controller = new AbortController();
    const response = await fetch(`${server.origin}/live/live/a/1`, { headers: bearer(), signal: controller.signal });
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const hear = async (count: number) => {
      while (heard.split('data: ').length - 1 < count) heard += (await reader.read()).value ?? '';
    };
    await hear(1);
    await run.append(make.reply(1, replyOf('one')));
    await hear(2);
    const attempt = await read<AttemptDocument>('runs/live/attempts/a/1/attempt.json');
    expect(attempt.steps.map((step) => step.title)).toEqual(['one']);
    expect(attempt.record.state).toBe('running');
    controller.abort();
    await run.close();
  });
});
