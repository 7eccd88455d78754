/** A real `assay view` whose pages start, watch, stop and resume a real run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { assayPaths } from '../../src/base/paths.ts';
import { hostChromium } from '../../src/payout/e2e/chromium-places.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { describeRequiring } from '../support/requirements.ts';
import { writeSampleTask } from '../support/sample-task.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-control-'));
chmodSync(home, 0o711);
const backend = createNativeBackend({ paths: assayPaths(join(home, 'store')) });
const probe = await backend.probe();
await backend.close();
const executablePath = await hostChromium();
const problem = executablePath === null ? 'no Chromium found' : probe.available ? undefined : probe.notes.join(' ');
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 }));

const FIX = "sed -i 's/Math.abs(value)/value/' src/sum.mjs";
const bash = (command: string) => ({ latencyMs: 1000, calls: [{ tool: 'bash', input: { command } }] });
/** The fourth reply takes so long that the run is stopped before it ends, however slow the browser is. */
const SLOW_MS = 40_000;
const SCRIPT = {
  usdPerReply: 0.01,
  instances: {
    'task-a': [
      ...Array.from({ length: 8 }, (_, at) => ({
        ...bash(`echo look-${at + 1}`),
        say: `Looking, part ${at + 1}.`,
        latencyMs: at === 3 ? SLOW_MS : 1000,
      })),
      bash(FIX),
      { say: 'Done.' },
    ],
  },
};

/** Of one test: an environment is built in it, and a run takes its steps. */
const LONG_MS = 300_000;
/** Of one wait in the browser. */
const WAIT_MS = 120_000;

describeRequiring('sandboxes', problem, 'control from pages', () => {
  let view: ChildProcess;
  let browser: Browser;
  let page: Page;
  let origin: string;

  beforeAll(async () => {
    writeSampleTask(join(home, 'tasks'), 'task-a');
    writeFileSync(join(home, 'script.yaml'), stringify(SCRIPT));
    let address: string;
    ({ child: view, address } = await pagesOf(['view', 'runs']));
    ({ origin } = new URL(address));
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
    page = await browser.newPage();
    page.setDefaultTimeout(WAIT_MS);
    await page.goto(address);
  });
  afterAll(async () => {
    await browser?.close();
    view?.kill();
  });

  /** Starts a command that serves pages, and gives their address as it prints it. */
  async function pagesOf(args: readonly string[]): Promise<{ child: ChildProcess; address: string }> {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../bin/assay.mjs'), ...args], {
      cwd: home,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ASSAY_HOME: join(home, 'store') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const address = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`assay ${args[0]} ended with ${code}`)));
      createInterface({ input: child.stdout }).on('line', (line) => line.includes('#token=') && resolve(line));
    });
    return { child, address };
  }

  async function fillStart(dataset: string): Promise<void> {
    await page.goto(`${origin}/#/`);
    if (!(await page.getByLabel('Data set').isVisible())) await page.getByText('Start a run').click();
    await page.getByLabel('Data set').fill(dataset);
    await page.getByLabel('Model').fill(`scripted:${join(home, 'script.yaml')}`);
    await page.getByRole('button', { name: 'Start', exact: true }).click();
  }

  it('is there beside sandboxes that are served', async () => {
    const { child, address } = await pagesOf(['serve', '--port', '0', '--view', 'runs']);
    try {
      const { origin: served, hash } = new URL(address);
      const headers = { authorization: `Bearer ${hash.replace('#token=', '')}` };
      expect(await (await fetch(`${served}/data/site.json`, { headers })).json()).toMatchObject({
        assayVersion: expect.any(String),
      });
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });

  it('says what the command says when a run cannot begin', async () => {
    await fillStart(join(home, 'nowhere'));
    await page.getByRole('alert').getByText('dataset-not-found').waitFor();
  });

  it(
    'starts a run, follows it live, stops it after the steps under way and resumes it to its verdict',
    async () => {
      await fillStart(join(home, 'tasks'));
      await page.getByRole('heading', { name: 'Attempts' }).waitFor();
      const runId = /#\/run\/([^/]+)$/.exec(page.url())?.[1] ?? '';
      await page.locator('.cell').click();
      await page.locator('.step').getByText('Looking, part 1.').waitFor();
      await page.locator('.timeline').getByText('echo look-2').waitFor();

      await page.goto(`${origin}/#/run/${runId}`);
      await page.getByRole('button', { name: 'Stop after the steps under way' }).click();
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.getByText('1 of 1').waitFor();
      await page.locator('.cell').getByText('resolved').click();
      await page.locator('.timeline').getByText('echo look-8').waitFor();
      expect(await page.locator('.timeline .line').count()).toBe(10);
    },
    LONG_MS,
  );

  it(
    'keeps tags and comments, and shows what the log has of a step',
    async () => {
      await page.goto(`${page.url().split('?', 1)[0]}?step=2`);
      await page.getByLabel('New tag').fill('worth a look');
      await page.getByLabel('New comment').fill('Why <b>again</b>?');
      await page.getByRole('button', { name: 'Add' }).click();
      await page.getByText('Why <b>again</b>?').waitFor();
      await page.reload();
      await page.getByRole('button', { name: 'Remove tag worth a look' }).click();
      await expect.poll(() => page.getByText('worth a look').count()).toBe(0);
      await page.locator('.step.current').getByText('Raw').click();
      await page.locator('.step.current .raw').getByText('"type": "reply-end"').waitFor();
      await page.locator('.step.current').getByText('Request', { exact: true }).click();
      await page.locator('.step.current').getByText('exact', { exact: true }).waitFor();
      await page.locator('.step.current').getByText('the digest that was noted when it was sent; 3 messages').waitFor();
    },
    LONG_MS,
  );

  it(
    'forks from a step with another command, runs on, and shows both branches',
    async () => {
      // The slow reply is not asked for again.
      await page.goto(`${page.url().split('?', 1)[0]}?step=4`);
      await page.locator('.step.current').getByRole('button', { name: 'Fork from here' }).click();
      await page.getByRole('combobox', { name: 'Change' }).selectOption('command');
      expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('echo look-4');
      await page.getByRole('textbox', { name: 'Message' }).fill('echo another way');
      await page.getByRole('button', { name: 'Fork and go on' }).click();
      await page.getByRole('heading', { name: 'Attempts' }).waitFor();
      await page.locator('.cell').getByText('resolved').click();
      await page.locator('.timeline').getByText('echo another way').waitFor();
      await page.getByRole('link', { name: 'both branches step by step' }).click();
      await page.getByText('the same for 3 steps; 9 same, 1 similar, 0 on one side only').waitFor();
      await page.getByRole('button', { name: 'echo another way' }).click();
      await page.locator('.aligned-cell .observation').getByText('look-4').first().waitFor();
      await page.locator('.aligned-cell .observation').getByText('another way').first().waitFor();
    },
    LONG_MS,
  );
});
