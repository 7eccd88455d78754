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
  SearchLine,
  StepsDocument,
  TextPartDocument,
} from '../../src/view/documents.ts';
import { gridCells } from '../../src/view/grid-columns.ts';
import { RunCache } from '../../src/view/run-cache.ts';
import { runsDocument, runsDocumentSoon } from '../../src/view/runs-document.ts';
import { startViewServer, type ViewServer } from '../../src/view/view-server.ts';
import { eventMaker, manifestOf, replyOf } from '../support/run-fixtures.ts';
import { HOSTILE_ID, HOSTILE_TEXT, LONG_FILE, LONG_LINE, writeViewStore } from '../support/view-store.ts';

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
    const cells = gridCells(run.attempts);
    expect(cells.map((cell) => cell.verdict)).toEqual(['resolved', 'resolved', 'unresolved']);
    expect(cells[2]?.firstFailing).toMatch(/^tests\/test_x/);
  });

  it('says of a run what its lock says while its log is being read', async () => {
    const cache = new RunCache(runsDir);
    const names = (document: RunsDocument) => document.runs.map((run) => [run.runId, 'unread' in run]);
    expect(names(await runsDocumentSoon(cache, 0))).toEqual([
      ['second', true],
      ['first', true],
    ]);
    await runsDocument(cache);
    expect(names(await runsDocumentSoon(cache, 10_000))).toEqual([
      ['second', false],
      ['first', false],
    ]);
    expect(names(await runsDocumentSoon(cache, 0)).flat()).not.toContain(true);
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
    expect(attempt.prompt.texts[0]?.text).toContain(HOSTILE_TEXT);
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

  it('gives each call its own result, and the way to what is too long to stand in it', async () => {
    const { steps } = await read<StepsDocument>(`${hostile}/steps-0.json`);
    const [create] = steps[5]?.calls ?? [];
    expect(create?.long.map(({ name, text }) => [name, text.bytes])).toEqual([['file_text', LONG_FILE.length]]);
    const whole = await read<TextPartDocument>(`runs/first/blobs/${create?.long[0]?.text.blob}-0.json`);
    expect(whole.text === LONG_FILE).toBe(true);
    expect(steps[6]?.calls.map((call) => call.result?.texts[0]?.text)).toEqual([
      'output of step 7',
      'of the second call',
    ]);
  });

  it('compares each run once, and not any number of them', async () => {
    const { comparison } = await read<CompareDocument>(`compare/${Array(50).fill('first').join(',')}.json`);
    expect(comparison.runs).toHaveLength(1);
    const many = Array.from({ length: 25 }, (_, at) => `run-${at}`).join(',');
    expect(await status(`/data/compare/${many}.json`, bearer())).toBe(400);
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

  it('gives no cookie, which other servers of this host would get as well, and takes none', async () => {
    for (const path of ['/', '/data/runs.json', '/data/site.json'])
      expect((await fetch(`${server.origin}${path}`, { headers: bearer() })).headers.get('set-cookie')).toBeNull();
    expect(await status('/data/runs.json', { cookie: `token=${server.token}` })).toBe(401);
  });

  it('answers a question for the head of a stream', async () => {
    expect(await status('/live/first', bearer(), 'HEAD')).toBe(200);
    expect(await status('/search?in=text&q=text', bearer(), 'HEAD')).toBe(200);
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

  it('only reads where it was given no controls', async () => {
    for (const method of ['PUT', 'DELETE', 'OPTIONS'])
      expect(await status('/data/runs.json', bearer(), method), method).toBe(405);
    expect(await status('/data/runs.json', bearer(), 'POST')).toBe(404);
    expect(await status('/control/stop', bearer(), 'POST')).toBe(403);
    expect(await status('/control/stop', {}, 'POST')).toBe(401);
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

describe('search over the store', () => {
  async function search(query: Record<string, string>): Promise<SearchLine[]> {
    const response = await fetch(`${server.origin}/search?${new URLSearchParams(query)}`, { headers: bearer() });
    expect(response.status, await response.clone().text()).toBe(200);
    return (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as SearchLine);
  }
  const hits = (lines: readonly SearchLine[]) => lines.flatMap((line) => (line.type === 'hit' ? [line] : []));

  it('finds a text in every attempt that has it, whatever its case', async () => {
    const lines = await search({ in: 'text', q: 'OUTPUT of step 37' });
    expect(hits(lines).map(({ runId, instanceId, step, place }) => [runId, instanceId, step, place])).toEqual(
      ['second', 'first'].flatMap((runId) =>
        ['plain', HOSTILE_ID, 'hard'].map((instanceId) => [runId, instanceId, 37, 'observation']),
      ),
    );
    expect(lines.at(-1)).toEqual({ type: 'end', looked: 6, of: 6, limited: false });
  });

  it('looks into long texts that lie beside the log, in patches and in what tests printed', async () => {
    const [found] = hits(await search({ in: 'text', q: 'end of the long LINE', run: 'first' }));
    expect(found).toMatchObject({ step: 3, place: 'observation' });
    expect(found?.excerpt).toMatch(/^….*end of the long line$/);
    const printed = hits(await search({ in: 'text', q: 'collected 3 items', run: 'first' }));
    expect(printed.map(({ step, place }) => [step, place])).toEqual(Array(3).fill([null, 'tests']));
  });

  it('finds characters that JSON escapes', async () => {
    const found = hits(await search({ in: 'text', q: 'onerror="window.hacked = 2"', run: 'second' }));
    expect(found.map((hit) => hit.place)).toEqual(
      expect.arrayContaining(['prompt', 'thought', 'observation', 'tests']),
    );
  });

  it('tells which attempts ran a command and which changed a file', async () => {
    const ran = hits(await search({ in: 'command', q: 'ls -la step-41', run: 'first' }));
    expect(ran.map(({ step, place }) => [step, place])).toEqual(Array(3).fill([41, 'action']));
    expect(hits(await search({ in: 'command', q: 'output of step' }))).toEqual([]);
    const changed = hits(await search({ in: 'file', q: 'src/<b>app</b>.py', run: 'first' }));
    expect(changed.filter((hit) => hit.place === 'patch').map((hit) => hit.instanceId)).toEqual([]);
    expect(changed.every((hit) => hit.place === 'edit' && (hit.step ?? 1) % 5 === 0)).toBe(true);
    expect(new Set(changed.map((hit) => hit.instanceId))).toEqual(new Set(['plain', HOSTILE_ID, 'hard']));
  });

  it.each([
    [{ in: 'text', q: 'x' }, 400],
    [{ in: 'somewhere', q: 'text' }, 400],
    [{ q: 'text' }, 400],
    [{ in: 'text', q: 'text', run: 'none' }, 404],
  ])('answers %j with %d', async (query, expected) => {
    expect(await status(`/search?${new URLSearchParams(query as Record<string, string>)}`, bearer())).toBe(expected);
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
    const titles = ({ steps }: AttemptDocument) => steps.map((step) => step.title);
    const path = 'runs/live/attempts/a/1';
    const attempt = await read<AttemptDocument>(`${path}/attempt-soon.json`);
    expect(titles(attempt)).toEqual(['one']);
    expect(attempt.record.state).toBe('running');
    await run.append(make.reply(2, replyOf('two')));
    const news = await read<AttemptDocument>(`${path}/attempt-since-${attempt.known}.json`);
    expect([titles(news), news.adds]).toEqual([['two'], true]);
    await run.append(make.result(2, 'call', 'seen'));
    const more = await read<AttemptDocument>(`${path}/attempt-since-${news.known}.json`);
    expect([titles(more), more.adds]).toEqual([['two'], true]);
    expect(titles(await read<AttemptDocument>(`${path}/attempt.json`))).toEqual(['one', 'two']);
    controller.abort();
    await run.close();
  });

  it('says what there is to say and ends, for who asks now and then', async () => {
    const once = async (heard?: string) => {
      const headers = { ...bearer(), ...(heard === undefined ? {} : { 'last-event-id': heard }) };
      const text = await (await fetch(`${server.origin}/live/first?once`, { headers })).text();
      return /^data: (.*)$/m.exec(text)?.[1];
    };
    const heard = await once();
    expect(heard).toMatch(/^completed-/);
    expect(await once(heard)).toBeUndefined();
  });
});
