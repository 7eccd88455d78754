/**
 * For tests of an application in a browser, on node:test:
 *   browserTest('adds a client', async ({ page }) => { await page.goto('/'); ... });
 * Each test has a browser context of its own: no service workers, nothing but the application (and what `recording`, a HAR file, holds) answers. A screenshot and a
 * trace of each test stay in the folder `ARTIFACTS`, and what its page looked like meanwhile is filmed.
 */
import { mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { film } from './film.mjs';
import { chromium } from './node_modules/playwright-core/index.mjs';

export const APP_URL = process.env.APP_URL;
const ARTIFACTS = process.env.ARTIFACTS;
/** Generous: a busy machine is no failure of the application. */
const ACTION_MS = 20_000;
const TEST_MS = 120_000;

let browser;
const connected = async () => (browser ??= await chromium.connect(process.env.BROWSER_WS));
test.after(() => browser?.close());

/** `settings`: of the browser context (`timezoneId`, `locale`, ...). */
export function browserTest(name, body, { recording, settings = {} } = {}) {
  test(name, { timeout: TEST_MS }, async () => {
    const context = await (await connected()).newContext({
      ...{ baseURL: APP_URL, viewport: { width: 1100, height: 800 }, acceptDownloads: true },
      ...settings,
      serviceWorkers: 'block',
    });
    context.setDefaultTimeout(ACTION_MS);
    await context.route((url) => url.origin !== APP_URL && /^https?:$/.test(url.protocol), (route) => route.abort());
    if (recording !== undefined) await context.routeFromHAR(recording, { notFound: 'fallback' });
    await context.tracing.start({ snapshots: true });
    const page = await context.newPage();
    const file = fileName(name);
    const endFilm = await film(context, page, file);
    try {
      await body({ page, context });
    } finally {
      await endFilm();
      await keep(context, page, `${ARTIFACTS}/${file}`);
      await context.close();
    }
  });
}

const used = new Map();

/** Letters and digits of the test's name; numbered when another test has the same. */
function fileName(name) {
  const plain = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 80) || 'test';
  const count = (used.get(plain) ?? 0) + 1;
  used.set(plain, count);
  return count === 1 ? plain : `${plain}-${count}`;
}

async function keep(context, page, file) {
  mkdirSync(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: `${file}.png` }).catch(() => {});
  await context.tracing.stop({ path: `${file}.trace.zip` }).catch(() => {});
}

/** Waits until `check` throws no longer; then what it threw last is the error. */
export async function eventually(check, { ms = 10_000 } = {}) {
  for (const end = Date.now() + ms; ; ) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** JSON from the application's own interface. */
export async function api(method, path, body) {
  const response = await fetch(`${APP_URL}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : parse(text), headers: response.headers };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
