/**
 * The web pages on a large store: 10,000 attempts in one run, and a trajectory of 2,000 steps with 100 MB of observations. Times are from opening a page in Chromium to its first content.
 *
 *     npm run build && npx tsx bench/view.ts
 *
 * Needs Chromium. Writes what it prints to bench/results/view.json.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'assay-view-bench-'));
let server: ChildProcess | undefined;
try {
  await writeWideRun();
  await writeLongRun();
  const { child, address } = await startServer();
  server = child;
  const figures = await measure(address);
  const document = {
    attempts: INSTANCES * ATTEMPTS,
    steps: STEPS,
    observationBytes: STEPS * OBSERVATION_BYTES,
    ...figures,
  };
  writeFileSync(join(import.meta.dirname, 'results/view.json'), `${JSON.stringify(document, null, 2)}\n`);
  console.log(JSON.stringify(document, null, 2));
} finally {
  server?.kill();
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

function startServer(): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(process.execPath, [join(root, 'bin/assay.mjs'), 'view', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.on('exit', (code) => reject(new Error(`assay view ended with ${code}`)));
    createInterface({ input: child.stdout }).once('line', (address) => resolve({ child, address }));
  });
}

async function measure(address: string) {
  const executablePath = (await hostChromium()) ?? '';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--enable-precise-memory-info'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    const open = async (url: string, ready: string) => {
      await page.goto('about:blank');
      const began = performance.now();
      await page.goto(url);
      await page.locator(ready).first().waitFor();
      return Math.round(performance.now() - began);
    };
    const { origin } = new URL(address);
    const overviewFirstMs = await open(address, 'table.runs tbody tr');
    const overviewMs = await open(`${origin}/#/`, 'table.runs tbody tr');
    const gridMs = await open(`${origin}/#/run/wide`, '.cell');
    const trajectoryFirstMs = await open(`${origin}/#/run/long/deep/1`, '.step .observation');
    const trajectoryMs = await open(`${origin}/#/run/long/deep/1`, '.step .observation');
    const deepLinkMs = await open(`${origin}/#/run/long/deep/1?step=1500`, '.step.current .observation');
    const frames = await scrolledFrames(page);
    return {
      overviewFirstMs,
      overviewMs,
      gridMs,
      trajectoryFirstMs,
      trajectoryMs,
      deepLinkMs,
      longestFrameMs: Math.round(Math.max(...frames)),
      framesOver50Ms: frames.filter((ms) => ms > 50).length,
      frames: frames.length,
      heapMegabytes: Math.round(Number(await page.evaluate('performance.memory.usedJSHeapSize')) / 1024 ** 2),
      serverMegabytes: megabytesOf(server?.pid),
      gzipKilobytes: Math.round(loadedBytes() / 1024),
    };
  } finally {
    await browser.close();
  }
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

function megabytesOf(pid: number | undefined): number {
  const pages = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(pages) / 1024);
}

/** What a browser loads before the first document. */
function loadedBytes(): number {
  const files = ['index.html', ...readdirSync(join(root, 'dist-web/assets')).map((name) => join('assets', name))];
  return files.reduce((sum, name) => sum + gzipSync(readFileSync(join(root, 'dist-web', name))).length, 0);
}
