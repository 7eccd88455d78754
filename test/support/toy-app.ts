/** A task whose application is graded in a browser: a page that adds two numbers, wrongly until the gold patch. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';

/** Stands in the hidden files; must not be found anywhere near the application. */
export const SECRET = 'zebra-crossing-at-midnight';

const SERVER = `import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { add } from './add.mjs';
const page = new URL('page.html', import.meta.url);
createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/add') return response.end(String(add(Number(url.searchParams.get('a')), Number(url.searchParams.get('b')))));
  response.setHeader('content-type', 'text/html');
  response.end(readFileSync(page));
}).listen(4100, '127.0.0.1');
`;
const PAGE = `<!doctype html><title>Add</title><input aria-label="a"><input aria-label="b"><button>Add</button><output></output>
<script>
document.querySelector('button').onclick = async () => {
  const [a, b] = [...document.querySelectorAll('input')].map((field) => field.value);
  document.querySelector('output').textContent = await (await fetch('/add?a=' + a + '&b=' + b)).text();
};
</script>
`;
const BASE = { 'server.mjs': SERVER, 'page.html': PAGE, 'add.mjs': 'export const add = (a, b) => a * b;\n' };

/** Numbers nobody knows before: an answer that is written down somewhere is wrong. */
const TEST = `import assert from 'node:assert/strict';
import { browserTest, eventually } from '/opt/assay/browser-test.mjs';
browserTest('shows the sum', async ({ page }) => {
  // ${SECRET}
  const [a, b] = [0, 1].map(() => 100 + Math.floor(Math.random() * 900));
  await page.goto('/');
  await page.getByLabel('a').fill(String(a));
  await page.getByLabel('b').fill(String(b));
  await page.getByRole('button').click();
  await eventually(async () => assert.equal(await page.locator('output').textContent(), String(a + b)), { ms: 1_500 });
});
`;
const USER = `import { session } from '/opt/assay/user-session.mjs';
// ${SECRET}
session(async ({ page, say, look }) => {
  await page.goto('/');
  await page.getByLabel('a').fill('2');
  await page.getByLabel('b').fill('3');
  await page.getByRole('button').click();
  await page.waitForTimeout(300);
  say('the page says ' + (await page.locator('output').textContent()));
  say('expects nothing');
  await look('the page');
});
`;

export type Files = Record<string, string>;

/** The patch from the base state to these files. */
export function patchOf(files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), 'assay-toy-'));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder }).toString();
  git('init', '-q');
  writeAll(folder, BASE);
  git('add', '-A');
  git('commit', '-qm', 'base');
  writeAll(folder, files);
  git('add', '-A');
  const patch = git('diff', '--cached', '--binary', 'HEAD');
  rmSync(folder, { recursive: true });
  return patch;
}

export const GOLD: Files = { 'add.mjs': 'export const add = (a, b) => a + b;\n' };

/** Writes the task folder and returns its path. */
export function writeToyApp(set: string): string {
  const dir = join(set, 'toy-app');
  writeAll(join(dir, 'repo'), BASE);
  writeAll(dir, { 'issue.md': 'Two numbers are not added.\n', 'gold.patch': patchOf(GOLD), 'user.mjs': USER });
  writeAll(join(dir, 'tests'), { 'e2e/task.test.mjs': TEST });
  const app = { serve: 'exec node server.mjs', port: 4100, user: 'user.mjs', readySeconds: 30 };
  const command = 'node --test --test-reporter=tap e2e/task.test.mjs';
  const task = {
    ...{ id: 'toy-app', title: 'Sums', repo: 'toy', language: 'javascript', source: { folder: 'repo' } },
    environment: { tools: ['node'] },
    grading: { command, app, parser: 'node-test', failToPass: ['shows the sum'], timeoutSeconds: 120 },
    price: { amount: 100, currency: 'USD', basis: 'estimated' },
  };
  writeFileSync(join(dir, 'task.yaml'), stringify(task));
  return dir;
}

function writeAll(folder: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
