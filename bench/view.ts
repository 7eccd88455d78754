/**
 * The web pages on a large store: 10,000 attempts in one run, and a trajectory of 2,000 steps with 100 MB of observations. Times are from opening a page in Chromium to its first
 * content; cold: the first thing that a server which has just said its address is asked for.
 *
 *     npm run build && npx tsx bench/view.ts
 *
 * Needs Chromium. Writes what it prints to bench/results/view.json.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { chromium, type Page } from 'playwright-core';
import type { RunEvent } from '../src/contracts/index.ts';
import { hostChromium } from '../src/payout/e2e/chromium-places.ts';
import { createRun } from '../src/store/file-run-store.ts';
import { runPaths } from '../src/store/run-folder.ts';
import { eventMaker, manifestOf, replyOf } from '../test/support/run-fixtures.ts';

const INSTANCES = 2_000;
const ATTEMPTS = 5;
const STEPS = 2_000;
const OBSERVATION_BYTES = 52_000;
const SCROLLED_FRAMES = 300;
/** Name, address, and what is there when the page has its first content. */
const PAGES = [
  ['overview', '#/', 'table.runs tbody tr'],
  ['grid', '#/run/wide', '.cell'],
  ['trajectory', '#/run/long/deep/1', '.step .observation'],
] as const;

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'assay-view-bench-'));
const executablePath = (await hostChromium()) ?? '';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--enable-precise-memory-info'] });
try {
  await writeWideRun();
  await writeLongRun();
  const cold = await measureCold();
  const document = {
    attempts: INSTANCES * ATTEMPTS,
    steps: STEPS,
    observationBytes: STEPS * OBSERVATION_BYTES,
    ...cold,
    ...(await withServer(measureWarm)),
    gzipKilobytes: Math.round(loadedBytes() / 1024),
    loadAverage: loadavg()[0],
  };
  writeFileSync(join(import.meta.dirname, 'results/view.json'), `${JSON.stringify(document, null, 2)}\n`);
  console.log(JSON.stringify(document, null, 2));
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}

/** The log of a run has the milestones of all attempts, which is all that its page reads. */
async function writeWideRun(): Promise<void> {
  const instanceIds = Array.from({ length: INSTANCES }, (_, at) => `project__repository-${10_000 + at}`);
  const run = await createRun(folder, manifestOf('wide', instanceIds, { attempts: ATTEMPTS }));
  await run.close();
  const lines: string[] = [];
  for (const [at, instanceId] of instanceIds.entries()) {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const make = eventMaker(instanceId, attempt);
      const usage = {
        inputUncached: 90_000,
        cacheRead: 800_000,
        cacheWrite5m: 0,
        cacheWrite1h: 0,
        output: 9_000,
        reasoning: null,
      };
      const totals = { steps: 40, usage, usd: 0.5 + (at % 7) / 10, unknownCosts: 0, wallMs: 1e5, workingMs: 9e4 };
      for (const event of [make.start(), make.end(totals), make.graded((at + attempt) % 3 === 0)])
        lines.push(JSON.stringify(event));
    }
  }
  const end: RunEvent = { type: 'run-end', at: new Date(0).toISOString(), runId: 'wide', status: 'completed' };
  writeFileSync(runPaths(run.dir).events, `${[...lines, JSON.stringify(end)].join('\n')}\n`);
}

/** Half of the observations are blobs, half lie in the log itself. */
async function writeLongRun(): Promise<void> {
  const run = await createRun(folder, manifestOf('long', ['deep']));
  const make = eventMaker('deep');
  const events: RunEvent[] = [make.start()];
  for (let step = 1; step <= STEPS; step++) {
    const id = `call-${step}`;
    const reply = replyOf('', {
      message: {
        role: 'assistant',
        content: [
          { type: 'text', text: `Looking at part ${step}.` },
          { type: 'tool-call', id, name: 'bash', input: { command: `sed -n ${step},+400p src/file-${step}.py` } },
        ],
      },
    });
    const size = step % 2 === 0 ? 2 * OBSERVATION_BYTES - 24_000 : 24_000;
    const line = `step ${step}: \x1b[32mdef\x1b[0m function_of_some_length(argument, other): return argument + other\n`;
    events.push(
      make.reply(step, reply),
      make.result(step, id, line.repeat(Math.ceil(size / line.length)).slice(0, size)),
    );
  }
  const usage = { ...replyOf('').usage };
  const totals = { steps: STEPS, usage, usd: 500, unknownCosts: 0, wallMs: 1e6, workingMs: 1e6 };
  events.push(make.end(totals), make.graded(true));
  for (let at = 0; at < events.length; at += 200)
    await Promise.all(events.slice(at, at + 200).map((event) => run.append(event)));
  await run.close();
}

interface Running {
  address: string;
  origin: string;
  pid: number;
}

async function withServer<T>(use: (server: Running) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [join(root, 'bin/assay.mjs'), 'view', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  try {
    const first = new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
    const address = await Promise.race([first, ended.then((code) => new Error(`assay view ended with ${code}`))]);
    if (address instanceof Error) throw address;
    return await use({ address, origin: new URL(address).origin, pid: child.pid ?? 0 });
  } finally {
    child.kill();
    await ended;
  }
}

type Opener = (url: string, ready: string) => Promise<number>;

/** A page with an empty cache; `open` tells the milliseconds from an address to its first content. */
async function withPage<T>(use: (page: Page, open: Opener) => Promise<T>): Promise<T> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  try {
    const page = await context.newPage();
    return await use(page, async (url, ready) => {
      await page.goto('about:blank');
      const began = performance.now();
      await page.goto(url);
      await page.locator(ready).first().waitFor();
      return Math.round(performance.now() - began);
    });
  } finally {
    await context.close();
  }
}

/** Each page as the first thing that a server which has just started is asked for; the trajectory once more when its log has an index beside it. */
async function measureCold(): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const [name, hash, ready] of [...PAGES, PAGES[2]]) {
    const key = `${name}${`${name}ColdMs` in figures ? 'Indexed' : ''}ColdMs`;
    figures[key] = await withServer(({ address, origin }) =>
      withPage(async (page, open) => {
        // The page of the token, but for the documents that it would read.
        await page.route('**/data/**', (route) => route.abort());
        await page.goto(address);
        await page.unroute('**/data/**');
        const took = await open(`${origin}/${hash}`, ready);
        // Until the server has read all of it and has had the time to keep what it knows.
        if (name === 'trajectory') await page.getByText(`${STEPS} of ${STEPS} steps`).waitFor();
        return took;
      }),
    );
  }
  return figures;
}

async function measureWarm({ address, origin, pid }: Running) {
  return await withPage(async (page, open) => {
    await open(address, 'table.runs tbody tr');
    const figures: Record<string, number> = {};
    for (const [name, hash, ready] of PAGES) {
      await open(`${origin}/${hash}`, ready);
      figures[`${name}Ms`] = await open(`${origin}/${hash}`, ready);
    }
    const deepLinkMs = await open(`${origin}/#/run/long/deep/1?step=1500`, '.step.current .observation');
    const frames = await scrolledFrames(page);
    return {
      ...figures,
      deepLinkMs,
      longestFrameMs: Math.round(Math.max(...frames)),
      framesOver50Ms: frames.filter((ms) => ms > 50).length,
      frames: frames.length,
      heapMegabytes: Math.round(Number(await page.evaluate('performance.memory.usedJSHeapSize')) / 1024 ** 2),
      pageMegabytes: await pageMegabytes(),
      serverMegabytes: peakMegabytes(pid),
    };
  });
}

/** Memory of the processes that draw pages which belongs to them alone, with their share of what is shared: all of it, not only the heap of scripts. */
async function pageMegabytes(): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const sizes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => proportionalKilobytes(id));
  return Math.round(Math.max(...sizes) / 1024);
}

function proportionalKilobytes(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
}

/** Times between frames while the list of steps is scrolled by most of a screen per frame. */
async function scrolledFrames(page: Page): Promise<number[]> {
  return (await page.evaluate(`new Promise((resolve) => {
    const list = document.querySelector('section.steps');
    const frames = [];
    let last = performance.now();
    list.scrollTop = 0;
    const next = () => {
      const now = performance.now();
      frames.push(now - last);
      last = now;
      list.scrollTop += 600;
      if (frames.length < ${SCROLLED_FRAMES}) requestAnimationFrame(next);
      else resolve(frames.slice(1));
    };
    requestAnimationFrame(next);
  })`)) as number[];
}

function peakMegabytes(pid: number): number {
  const pages = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(pages) / 1024);
}

/** What a browser loads before the first document. */
function loadedBytes(): number {
  const files = ['index.html', ...readdirSync(join(root, 'dist-web/assets')).map((name) => join('assets', name))];
  return files.reduce((sum, name) => sum + gzipSync(readFileSync(join(root, 'dist-web', name))).length, 0);
}
