/**
 * For scripts that play a user: `session(async ({ page, say, look }) => { ... })`. `say` tells what the user does or reads, `look` takes a screenshot. What goes wrong
 * is told without the words of the script.
 */
import { mkdirSync } from 'node:fs';
import { chromium } from './node_modules/playwright-core/index.mjs';

const ARTIFACTS = process.env.ARTIFACTS;

export async function session(body) {
  mkdirSync(ARTIFACTS, { recursive: true });
  const browser = await chromium.connect(process.env.BROWSER_WS);
  const context = await browser.newContext({ baseURL: process.env.APP_URL, serviceWorkers: 'block', viewport: { width: 1000, height: 700 } });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.on('pageerror', (error) => say(`the page reported an error: ${error.message}`));
  let shots = 0;
  const say = (text) => console.log(`user: ${String(text).replace(/\s+/g, ' ').slice(0, 500)}`);
  const look = async (what) => {
    shots++;
    say(`looks at ${what} (screenshot ${shots})`);
    await page.screenshot({ path: `${ARTIFACTS}/${String(shots).padStart(2, '0')}.png` });
  };
  try {
    await body({ page, context, say, look });
  } catch {
    say('did not find what they were looking for, and stopped');
    await look('the page as it is now').catch(() => {});
  }
  await browser.close();
}
