/** The pages in a real browser: every view, in light and dark, with hostile content, by keyboard; accessibility by axe; a static export. */

import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { hostChromium } from '../../src/payout/e2e/chromium-places.ts';
import { fileRunStore } from '../../src/store/file-run-store.ts';
import { instanceFolder, runPaths } from '../../src/store/run-folder.ts';
import { exportPages } from '../../src/view/export-pages.ts';
import { loadPageAssets, type PageAsset } from '../../src/view/page-assets.ts';
import { startViewServer, type ViewServer } from '../../src/view/view-server.ts';
import { startFileServer } from '../support/file-server.ts';
import { describeRequiring } from '../support/requirements.ts';
import { eventMaker, manifestOf, replyOf } from '../support/run-fixtures.ts';
import { HOSTILE_ID, writeViewStore } from '../support/view-store.ts';

const executablePath = await hostChromium();
const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const SCREENSHOTS = process.env.ASSAY_SCREENSHOTS;
/** A dozen pages are drawn and examined. */
const AXE_MS = 240_000;
/** Steps of a log that takes several answers to be told of, and several parts to be laid out. */
const ENDLESS = 25_000;
const HOSTILE = `#/run/first/${encodeURIComponent(instanceFolder(HOSTILE_ID))}/1`;

async function turn(page: Page, visibilityState: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate((value) => {
    const { document } = globalThis as unknown as { document: EventTarget };
    Object.defineProperty(document, 'visibilityState', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, visibilityState);
}

const ofStep = (page: Page) => page.locator('.step.current');
/** Name, address, what is there when it is drawn, and what is opened in it. */
const VIEWS: readonly [name: string, hash: string, ready: string, open?: (page: Page) => Promise<void>][] = [
  ['runs', '#/', 'Runs'],
  ['start', '#/', 'Runs', (page) => page.getByText('Start a run').click()],
  ['run', '#/run/first', 'Why it failed'],
  ['attempt', `${HOSTILE}?step=2`, 'window.hacked'],
  [
    'raw',
    '#/run/first/plain/1?step=5',
    'output of step 5',
    async (page) => {
      await ofStep(page).getByText('Request', { exact: true }).click();
      await ofStep(page).getByText('no digest was noted').waitFor();
      await ofStep(page).getByText('Raw', { exact: true }).click();
      await ofStep(page).getByText('"type": "reply-end"').waitFor();
    },
  ],
  [
    'fork',
    '#/run/first/plain/1?step=5',
    'output of step 5',
    async (page) => {
      await ofStep(page).getByRole('button', { name: 'Fork from here' }).click();
      await page.getByRole('combobox', { name: 'Change' }).selectOption('command');
    },
  ],
  [
    'compare',
    '#/compare/first,second',
    'By repository',
    async (page) => {
      await page.getByText('Best of k attempts').click();
      await page.getByRole('img', { name: 'Best of k attempts' }).waitFor();
    },
  ],
  ['search', '#/search?in=text&q=output+of+step+37', '6 places in 6 attempts'],
  ['diff', `#/diff/${encodeURIComponent(instanceFolder(HOSTILE_ID))}/first/1/second/1`, 'All 45 steps'],
  ['nowhere', '#/nowhere', 'There is no such page'],
];

describeRequiring('chromium', executablePath === null ? 'no Chromium found' : undefined, 'pages in a browser', () => {
  let folder: string;
  let runsDir: string;
  let assets: Map<string, PageAsset>;
  let server: ViewServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  /** What pages asked to be done. */
  let asked: [name: string, request: object][];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assay-pages-'));
    runsDir = join(folder, 'runs');
    const outDir = join(folder, 'dist-web');
    // In a process of its own: within tests React would be built for development.
    const env = { ...process.env, NODE_ENV: 'production' };
    const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
    await run(process.execPath, [vite, 'build', '--logLevel', 'warn', '--outDir', outDir, 'web'], { cwd: ROOT, env });
    assets = await loadPageAssets(outDir);
    await writeViewStore(runsDir);
    const ask = (name: string) => async (request: object) => {
      asked.push([name, request]);
      return { runId: 'second' };
    };
    const controls = { start: ask('start'), fork: ask('fork'), requeue: ask('requeue') };
    const none = async () => expect.fail('nothing here is stopped or resumed');
    server = await startViewServer({
      runsDir,
      assets,
      assayVersion: 'test',
      controls: { ...controls, stop: none, resume: none },
    });
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
    page = await context.newPage();
    complaints = [];
    asked = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(server.address);
    await page.getByRole('heading', { name: 'Runs' }).waitFor();
  });
  afterEach(async () => {
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    expect(complaints).toEqual([]);
    await context.close();
  });

  async function visit(hash: string, ready: string) {
    await page.goto(`${server.origin}/${hash}`);
    await page.getByText(ready).first().waitFor();
  }

  it('takes the token out of the address, and needs it no more', async () => {
    expect(page.url()).toBe(`${server.origin}/#/`);
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.reload();
    await page.getByRole('link', { name: 'first', exact: true }).waitFor();
  });

  it('sorts and filters runs, and compares those that are ticked', async () => {
    const rows = () => page.locator('table.runs tbody tr td:nth-child(2) a').allTextContents();
    await page.getByRole('button', { name: 'Resolved' }).click();
    expect(await rows()).toEqual(['first', 'second']);
    await page.getByRole('button', { name: 'Resolved' }).click();
    expect(await rows()).toEqual(['second', 'first']);
    await page.getByLabel('Filter runs').fill('SECOND');
    expect(await rows()).toEqual(['second']);
    await page.getByLabel('Filter runs').fill('');
    await page.getByLabel('Compare first').check();
    await page.getByLabel('Compare second').check();
    await page.getByRole('link', { name: 'Compare 2 runs' }).click();
    await page.getByText('within noise').waitFor();
    await page.getByText('Broke: only the first solves: 1').waitFor();
    const plot = page.getByRole('img', { name: 'Dollars per instance' });
    expect(await plot.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth)).toBeGreaterThan(
      0,
    );
  });

  it('shows the grid of a run, and why attempts failed', async () => {
    await visit('#/run/first', 'Why it failed');
    await page.getByText('rate [95 %]').waitFor();
    expect(await page.locator('.cell').count()).toBe(3);
    await page.getByLabel('Which attempts').selectOption('bad');
    expect(await page.locator('.cell').count()).toBe(1);
    await page.locator('.cell').click();
    await page.getByText('Must pass now, does not').waitFor();
    await page.getByText('The log does not name it.').waitFor();
    await page.getByText('What the tests printed').click();
    await page.getByText('collected 3 items').waitFor();
  });

  it('attempts what is shown again, and says what asks for a second look', async () => {
    await visit('#/run/first', 'changed files of the tests, which were put back');
    await page.getByLabel('Which attempts').selectOption('flagged');
    await page.getByRole('button', { name: 'Attempt this instance again' }).click();
    await page.getByRole('heading', { name: 'second' }).waitFor();
    expect(asked).toEqual([['requeue', { runId: 'first', instances: ['hard'] }]]);
  });

  it('shows hostile content as text', async () => {
    await visit(`${HOSTILE}?step=2`, 'Thinking about step 2');
    await page.getByText('<script>window.hacked = 1</script>').first().waitFor();
    const step = page.locator('.step.current');
    expect(await step.textContent()).toContain('\\u202e\\u2066// check');
    expect(await step.textContent()).toContain('\\x1b[2J');
    expect(await step.locator('.fg-1').first().textContent()).toBe('red');
    expect(await page.locator('script:not([src]), [onerror], a[href^="javascript"]').count()).toBe(0);
    await visit(`${HOSTILE}?step=4`, 'image/svg+xml');
    expect(await page.locator('.step.current img').count()).toBe(1);
    expect(await page.locator('.diff').textContent()).toContain('src/<b>app</b>.py');
  });

  it('reads on in a line of half a megabyte', async () => {
    await visit(`${HOSTILE}?step=3`, 'Thinking about step 3');
    const observation = page.locator('.step.current .observation');
    for (let parts = 0; parts < 3; parts++)
      await observation.getByRole('button', { name: /^Show (more|the next part)/ }).click();
    await expect.poll(() => observation.textContent()).toContain('end of the long line');
  });

  it('goes from step to step by keys, and links to each', async () => {
    await visit(`${HOSTILE}?step=1`, 'Thinking about step 1');
    await page.keyboard.press('j');
    await expect.poll(() => page.url()).toMatch(/step=2$/);
    await page.keyboard.press('k');
    await expect.poll(() => page.url()).toMatch(/step=1$/);
    await visit(`${HOSTILE}?step=44`, 'output of step 44');
    expect(await page.locator('.step.current header a').textContent()).toBe('Step 44');
    await page.getByRole('link', { name: 'step 20', exact: true }).click();
    const step = page.locator('.step.current');
    await step.locator('header a', { hasText: 'Step 20' }).waitFor();
    await step.getByRole('button', { name: '/testbed/src/<b>app</b>.py' }).click();
    expect(await page.locator('.side summary:focus').textContent()).toContain('src/<b>app</b>.py');
    await page.locator('.value-chart').getByRole('link', { name: 'step 45' }).click();
    await step.locator('header a', { hasText: 'Step 45' }).waitFor();
  });

  it('filters steps by kind and by text', async () => {
    await visit(HOSTILE, '45 of 45 steps');
    await page.getByLabel('Which steps').selectOption('edits');
    // Ten calls of the edit tool, and what shells read as a redirection in the hostile command.
    await page.getByText('11 of 45 steps').waitFor();
    await page.getByLabel('Which steps').selectOption('all');
    await page.getByLabel('Search the steps').fill('OUTPUT of step 37');
    await page.getByText('1 of 45 steps').waitFor();
  });

  it('finds text, commands and files in all attempts, and leads to the step', async () => {
    await page.getByRole('link', { name: 'Search' }).click();
    await page.getByLabel('Text to look for').fill('OUTPUT of step 37');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByText('6 places in 6 attempts').waitFor();
    await page.getByLabel('Where to look').selectOption('file');
    await page.getByLabel('Text to look for').fill('<b>app</b>');
    await page.getByLabel('Only this run').fill('first');
    await page.keyboard.press('Enter');
    await page.getByText('in 3 attempts').waitFor();
    await page.getByRole('link', { name: 'step 5, edit' }).first().click();
    await page.locator('.step.current header a', { hasText: 'Step 5' }).waitFor();
    await visit('#/search?in=command&q=never+run', 'Nothing found in 6 attempts');
  });

  it('shows two attempts step by step', async () => {
    await visit('#/compare/first,second', 'within noise');
    await page.getByRole('link', { name: 'both step by step, plain' }).click();
    await page.getByText('All 45 steps are the same.').waitFor();
    await page.getByRole('button', { name: 'ls -la step-7' }).first().click();
    await expect.poll(() => page.locator('.aligned-cell .observation').getByText('output of step 7').count()).toBe(2);
    await page.getByLabel('only what differs').check();
    expect(await page.locator('.aligned-row').count()).toBe(0);
  });

  it('draws curves on demand, and saves drawings as SVG and PNG', async () => {
    await visit('#/compare/first,second', 'within noise');
    await page.getByText('Best of k attempts').click();
    const plot = page.getByRole('img', { name: 'Best of k attempts' });
    await plot.waitFor();
    await page.getByText('resolve rate of the chosen attempt, mean over').waitFor();
    for (const [name, start] of [
      ['Save as PNG', Buffer.from([0x89, 0x50, 0x4e, 0x47])],
      ['Save as SVG', Buffer.from('<svg')],
    ] as const) {
      const saving = page.waitForEvent('download');
      await page.getByText(name).first().click();
      const saved = await readFile(await (await saving).path());
      expect(saved.subarray(0, 4)).toEqual(start);
    }
  });

  it('follows an attempt that is being made', async () => {
    const live = await fileRunStore(runsDir).create(manifestOf('live', ['a']));
    try {
      const make = eventMaker('a');
      await live.append(make.start());
      await visit('#/run/live/a/1', 'No step has been made yet.');
      await live.append(make.reply(1, replyOf('the first word')));
      await page.locator('.step').getByText('the first word').waitFor();
      await live.append(make.reply(2, replyOf('the second word')));
      await page.locator('.step').getByText('the second word').waitFor();
      // Nobody looks: the connection is let go, and what was missed is there when somebody looks again.
      const letGo = page.waitForEvent('requestfailed', (request) => request.url().includes('/live/'));
      await turn(page, 'hidden');
      await letGo;
      await live.append(make.reply(3, replyOf('the third word')));
      await turn(page, 'visible');
      await page.locator('.step').getByText('the third word').waitFor();
    } finally {
      await live.close();
    }
    await rm(live.dir, { recursive: true });
    expect(await page.getByRole('alert').textContent()).toContain('There is no run');
    expect(complaints.splice(0)).toContainEqual(expect.stringContaining('404'));
  });

  it('loads in every tab of many that follow runs', async () => {
    const live = await fileRunStore(runsDir).create(manifestOf('followed', ['a']));
    const make = eventMaker('a');
    await live.append(make.start());
    await live.append(make.reply(1, replyOf('the first word')));
    // Browsers allow six connections to a server.
    const tabs: Page[] = [];
    for (let tab = 0; tab < 8; tab++) {
      const next = await context.newPage();
      await next.goto(`${server.origin}/#/run/followed/a/1`);
      await next.locator('.step').getByText('the first word').waitFor();
      tabs.push(next);
    }
    await live.append(make.reply(2, replyOf('the second word')));
    for (const tab of tabs) await tab.locator('.step').getByText('the second word').waitFor();
    for (const tab of tabs) await tab.close();
    await live.close();
    await rm(live.dir, { recursive: true });
  });

  it('shows any step of a log that is too long to be laid out at once', async () => {
    const long = await fileRunStore(runsDir).create(manifestOf('endless', ['a']));
    const make = eventMaker('a');
    await long.append(make.start());
    await long.close();
    const steps = Array.from({ length: ENDLESS }, (_, at) =>
      JSON.stringify(make.reply(at + 1, replyOf(`word ${at + 1}`))),
    );
    await appendFile(runPaths(long.dir).attemptEvents({ instanceId: 'a', attempt: 1 }), `${steps.join('\n')}\n`);
    await visit(`#/run/endless/a/1?step=${ENDLESS}`, `word ${ENDLESS}`);
    expect(await ofStep(page).locator('header a').textContent()).toBe(`Step ${ENDLESS}`);
    await page.getByText('Steps 20001 to 25000').waitFor();
    await page.getByRole('button', { name: 'Earlier steps' }).click();
    await page.locator('.step').getByText('word 10001', { exact: true }).waitFor();
    await page.getByText(`${ENDLESS} of ${ENDLESS} steps`).waitFor();
    await rm(long.dir, { recursive: true });
  });

  it('says what is wrong and what to do', async () => {
    await page.goto(`${server.origin}/#/run/gone`);
    expect(await page.getByRole('alert').textContent()).toMatch(/There is no run[\s\S]+Go back to the table of runs/);
    expect(complaints.splice(0)).toEqual([expect.stringContaining('404')]);
  });

  // Colours differ by scheme, places by width: each view is examined once in either. Screenshots are taken of all four.
  it.each([
    ['light', 'screen', 1400],
    ['dark', 'phone', 390],
    ...(SCREENSHOTS === undefined
      ? []
      : ([
          ['dark', 'screen', 1400],
          ['light', 'phone', 390],
        ] as const)),
  ] as const)(
    'has no serious fault of accessibility in %s on a %s',
    async (colorScheme, device, width) => {
      const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      for (const [name, hash, ready, open] of VIEWS) {
        await page.goto('about:blank');
        await visit(hash, ready);
        await open?.(page);
        await page.evaluate(axe);
        const { violations } = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as {
          violations: { id: string; impact: string; nodes: { html: string }[] }[];
        };
        const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
        expect(serious.map(({ id, nodes }) => `${name}: ${id}: ${nodes[0]?.html}`)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), name).toBe(true);
        if (SCREENSHOTS !== undefined)
          await page.screenshot({ path: join(SCREENSHOTS, `${name}-${device}-${colorScheme}.png`) });
      }
    },
    AXE_MS,
  );

  it('works as files', async () => {
    const site = join(folder, 'site');
    const signal = new AbortController().signal;
    await exportPages({ runsDir, assets, folder: site, assayVersion: 'test', runIds: ['first', 'second'], signal });
    const files = await startFileServer(site);
    try {
      await page.goto(`${files.origin}/`);
      await page.getByText('static export').waitFor();
      await page.getByRole('link', { name: 'first', exact: true }).click();
      await page.locator('.cell').nth(1).click();
      await page.getByText('45 of 45 steps').waitFor();
      await page.goto(`${files.origin}/${HOSTILE}?step=44`);
      await page.getByText('output of step 44').first().waitFor();
      await page.goto(`${files.origin}/#/compare/second,first`);
      await page.getByText('within noise').waitFor();
      await page.getByText('Best of k attempts').click();
      await page.getByRole('img', { name: 'Best of k attempts' }).waitFor();
      await page.goto(`${files.origin}/#/diff/plain/first/1/second/1`);
      await page.getByText('All 45 steps are the same.').waitFor();
    } finally {
      await files.close();
    }
  });
});
