/** Grading in a browser, the user tool, and ways to earn money without solving the task: each is a patch for the same small application, none may be paid. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assayPaths } from '../../src/base/paths.ts';
import {
  type BuiltEnvironment,
  type HiddenFile,
  sandboxLimitsSchema,
  type TaskInstance,
} from '../../src/contracts/index.ts';
import { loadTaskFolder } from '../../src/dataset/task-folder.ts';
import { createEnvironmentBuilder } from '../../src/environment/environment-builder.ts';
import { hostChromium } from '../../src/payout/e2e/chromium-places.ts';
import { openUserTool } from '../../src/payout/e2e/user-visits.ts';
import { gradeByKind } from '../../src/payout/grade-by-kind.ts';
import { sandboxFiles } from '../../src/sandbox/files.ts';
import { createNativeBackend } from '../../src/sandbox/native/native-backend.ts';
import { playedVideo } from '../support/played-video.ts';
import { describeRequiring } from '../support/requirements.ts';
import { type Files, GOLD, patchOf, SECRET, writeToyApp } from '../support/toy-app.ts';

const home = mkdtempSync(join(tmpdir(), 'assay-attacks-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
const paths = assayPaths(home);
const backend = createNativeBackend({ paths });
const limits = sandboxLimitsSchema.parse({});
const { signal } = new AbortController();
afterAll(async () => {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
});

const probe = await backend.probe();
const problem = !probe.available
  ? probe.notes.join(' ')
  : (await hostChromium()) === null
    ? 'Chromium is not installed'
    : undefined;

describeRequiring('chromium', problem, 'grading end to end', () => {
  let instance: TaskInstance;
  let environment: BuiltEnvironment;
  beforeAll(async () => {
    instance = await loadTaskFolder(writeToyApp(home));
    environment = await createEnvironmentBuilder({ backend, paths }).ensure(instance, signal);
  }, 120_000);

  const grade = (patch: string, tries = 1, until = signal) => {
    const grading = { ...instance.task.grading, tries };
    const tried = { ...instance, task: { ...instance.task, grading } };
    return gradeByKind({ instance: tried, environment, patch, backend, limits, signal: until });
  };

  test('gold is paid, at once, with a screenshot, a trace and a video', { timeout: 240_000 }, async () => {
    const { report, artifacts = [] } = await grade(patchOf(GOLD), 3);
    expect(report).toMatchObject({ verdict: 'resolved', resolved: true, passedOnTry: 1, tries: 1, testsSeen: 1 });
    const name = 'try-1-shows-the-sum';
    expect(report.artifacts).toEqual([`${name}.png`, `${name}.trace.zip`, `${name}.webm`]);
    expect(artifacts[0]?.data.subarray(1, 4).toString()).toBe('PNG');
    expect(await playedVideo(artifacts[2]?.data ?? Buffer.alloc(0))).toMatchObject({
      ended: true,
      width: 880,
      changes: true,
    });
  });

  test('what fails is tried again, from the start', { timeout: 240_000 }, async () => {
    const { report } = await grade(patchOf({ 'notes.txt': 'no change of the application\n' }), 2);
    expect(report).toMatchObject({ verdict: 'unresolved', resolved: false, passedOnTry: null, tries: 2 });
  });

  const withTest = (files: HiddenFile[], more: Partial<TaskInstance['task']['grading']> = {}): TaskInstance => ({
    ...instance,
    hiddenFiles: files,
    task: { ...instance.task, grading: { ...instance.task.grading, ...more } },
  });
  const gradeGold = (one: TaskInstance, where = environment) =>
    gradeByKind({ instance: one, environment: where, patch: patchOf(GOLD), backend, limits, signal });

  test('the try that passed is told', { timeout: 240_000 }, async () => {
    const [file] = instance.hiddenFiles;
    if (file === undefined) throw new Error('the task has a test');
    let reads = 0;
    const failsOnce: HiddenFile = {
      ...file,
      get content() {
        return reads++ === 0 ? Buffer.from(file.content.toString().replace('a + b', 'a - b')) : file.content;
      },
    };
    const { report, testOutput } = await gradeGold(withTest([failsOnce], { tries: 3 }));
    expect(report).toMatchObject({ verdict: 'resolved', passedOnTry: 2, tries: 2 });
    expect(report.artifacts?.some((name) => name.startsWith('try-2-'))).toBe(true);
    expect(testOutput).toMatch(/^# try 1: unresolved$/m);
  });

  test('other hosts answer from a recording, and not at all without one', { timeout: 240_000 }, async () => {
    const text = `import assert from 'node:assert/strict';
import { browserTest } from '/opt/assay/browser-test.mjs';
const ask = async (page) => {
  await page.goto('/');
  return page.evaluate(() => fetch('http://rates.example/eur').then((response) => response.text(), () => 'nobody'));
};
browserTest('recorded', async ({ page }) => assert.equal(await ask(page), '1.08'), { recording: 'e2e/rates.har' });
browserTest('offline', async ({ page }) => assert.equal(await ask(page), 'nobody'));
`;
    const files = { 'e2e/task.test.mjs': text, 'e2e/rates.har': JSON.stringify(HAR) };
    const hidden = Object.entries(files).map(([path, content]) => ({
      path,
      content: Buffer.from(content),
      mode: 0o644,
    }));
    const { report, testOutput } = await gradeGold(withTest(hidden, { failToPass: ['recorded', 'offline'] }));
    expect(report.verdict, testOutput).toBe('resolved');
  });

  test('a browser that does not start says nothing about the patch', { timeout: 240_000 }, async () => {
    const broken = { ...environment, env: { ...environment.env, CHROMIUM: '/bin/false' } };
    await expect(gradeGold(instance, broken)).rejects.toMatchObject({
      code: 'sandbox-spawn-failed',
      failureClass: 'infra',
    });
  });

  const server = (more: string) => `${more}\nawait import('./old-server.mjs');\n`;
  const base = (patch: Files) => ({ 'old-server.mjs': OLD_SERVER, ...patch });
  const attacks: [name: string, files: Files, verdict: string][] = [
    [
      'edits the test',
      { 'e2e/task.test.mjs': "import { test } from 'node:test';\ntest('shows the sum', () => {});\n" },
      'unresolved',
    ],
    [
      'configures the runner',
      {
        '.npmrc': 'node-options=--require ./x.cjs\n',
        'x.cjs': 'process.exit(0)\n',
        '.env': 'NODE_OPTIONS=--require ./x.cjs\n',
      },
      'unresolved',
    ],
    [
      'prints results of tests',
      base({
        'server.mjs': server(
          "setInterval(() => console.log('ok 1 - shows the sum\\n1..1\\n# tests 1\\n# pass 1\\n# fail 0'), 20);",
        ),
      }),
      'unresolved',
    ],
    [
      'leaves an exit code',
      base({
        'server.mjs': server(
          "import { writeFileSync } from 'node:fs';\nfor (const place of ['/tmp/exit_code', '/tmp/artifacts', '/testbed/e2e.exit']) writeFileSync(place, '0');",
        ),
      }),
      'unresolved',
    ],
    [
      'sets variables and start-up files',
      base({
        'server.mjs': server(
          "import { appendFileSync } from 'node:fs';\nfor (const name of ['.bashrc', '.profile', '.bash_profile']) appendFileSync(process.env.HOME + '/' + name, 'exit 0\\n');\nprocess.env.NODE_OPTIONS = '--require /testbed/x.cjs';",
        ),
      }),
      'unresolved',
    ],
    [
      'writes the expected text down',
      {
        'page.html':
          '<!doctype html><input aria-label="a"><input aria-label="b"><button>Add</button><output>579</output>',
      },
      'unresolved',
    ],
    ['answers by a service worker', base({ 'server.mjs': serviceWorkerServer() }), 'unresolved'],
    [
      'bends what a page says of itself',
      {
        'page.html': `<!doctype html><input aria-label="a"><input aria-label="b"><button>Add</button><output>1</output><script>
      const sum = () => String([...document.querySelectorAll('input')].reduce((total, field) => total + Number(field.value), 0));
      for (const name of ['textContent', 'innerText']) Object.defineProperty(name === 'innerText' ? HTMLElement.prototype : Node.prototype, name, { get: sum });
    </script>`,
      },
      'unresolved',
    ],
    [
      'breaks out of a failure message',
      {
        'page.html':
          '<!doctype html><input aria-label="a"><input aria-label="b"><button>Add</button><output><pre>x\n  ...\nok 1 - shows the sum\n1..1\n# tests 1\n# pass 1\n# fail 0\n</pre></output>',
      },
      'unresolved',
    ],
    [
      'kills everything around it',
      base({
        'server.mjs': server(
          "import { readdirSync } from 'node:fs';\nsetInterval(() => { for (const name of readdirSync('/proc')) if (/^\\d+$/.test(name) && Number(name) > 2 && Number(name) !== process.pid) try { process.kill(Number(name), 'SIGKILL'); } catch {} }, 10);",
        ),
      }),
      'crashed|unresolved',
    ],
    [
      'never answers',
      { 'server.mjs': "import { createServer } from 'node:net';\ncreateServer(() => {}).listen(4100);\n" },
      'crashed',
    ],
    ['ends at once with success', { 'server.mjs': 'process.exit(0);\n' }, 'crashed'],
  ];
  test.each(attacks)('not paid: %s', { timeout: 240_000 }, async (_name, files, verdict) => {
    const { report } = await grade(patchOf(files));
    expect(report.resolved).toBe(false);
    expect(report.verdict).toMatch(new RegExp(`^(${verdict})$`));
  });

  test('a grading that is stopped ends at once, whatever it was doing', { timeout: 240_000 }, async () => {
    const silent = "import { createServer } from 'node:net';\ncreateServer(() => {}).listen(4100);\n";
    for (const wait of [50, 3_000]) {
      const stop = new AbortController();
      let stopped = Number.POSITIVE_INFINITY;
      setTimeout(() => {
        stopped = performance.now();
        stop.abort();
      }, wait);
      await expect(grade(patchOf({ 'server.mjs': silent }), 3, stop.signal)).rejects.toMatchObject({
        code: 'cancelled',
      });
      expect(performance.now() - stopped).toBeLessThan(15_000); // waiting for the application alone takes 30 s, three times
    }
  });

  test('the application finds neither tests nor user script', { timeout: 240_000 }, async () => {
    const look = `import { execFileSync } from 'node:child_process';
try { console.log('FOUND ' + execFileSync('grep', ['-rIls', '${SECRET.split('-').join('[-]')}', '/testbed', '/tmp', '/opt', '/home'], { encoding: 'utf8' })); } catch { console.log('LOOKED'); }
console.log('VARIABLES ' + Object.keys(process.env).filter((name) => /BROWSER|ARTIFACTS|APP_URL/.test(name)).join());`;
    const { testOutput } = await grade(patchOf(base({ 'server.mjs': server(look) })));
    expect(testOutput).toContain('# | LOOKED');
    expect(testOutput).not.toContain('FOUND');
    expect(testOutput).toMatch(/# \| VARIABLES $/m);
  });

  test('the user sees the work tree as it is, outside of it, and is timed and counted', {
    timeout: 400_000,
  }, async () => {
    const { base: under, layers, workdir, env } = environment;
    const sandbox = await backend.create({ base: under, layers, workdir, env, limits, network: 'none' });
    try {
      const files = sandboxFiles(sandbox);
      const input = { instance, environment, backend, limits };
      const user = openUserTool(sandbox, input, { visits: 2, seconds: 40 });
      await files.write(`${workdir}/add.mjs`, GOLD['add.mjs'] ?? '');
      const first = await user?.visit(signal);
      expect(first?.log).toBe('the page says 5\nlooks at the page (screenshot 1)\n(1 of 2 visits left)');
      expect(first?.screenshots.map((shot) => [shot.mediaType, shot.data.subarray(1, 4).toString()])).toEqual([
        ['image/png', 'PNG'],
      ]);
      // A page that never ends loading: the visit ends by its time, and nothing of it stays.
      await files.write(`${workdir}/server.mjs`, HANGING_SERVER);
      const second = await openUserTool(sandbox, input, { visits: 1, seconds: 5 })?.visit(signal);
      expect(second?.log).toContain('until the visit was over (5 s)');
      await expect(files.stat('/opt/assay')).resolves.toBeNull();
      expect((await files.list('/tmp', { hidden: true })).filter((name) => /assay|artifacts|user/.test(name))).toEqual(
        [],
      );
      const spent = openUserTool(sandbox, input, { visits: 0, seconds: 5 });
      await expect(spent?.visit(signal)).rejects.toMatchObject({ code: 'limit-steps' });
    } finally {
      await sandbox.destroy();
    }
  });
});

const OLD_SERVER = `import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/add') return response.end('wrong');
  response.setHeader('content-type', 'text/html');
  response.end(readFileSync('page.html'));
}).listen(4100, '127.0.0.1');
`;

const HANGING_SERVER = `import { createServer } from 'node:http';
let asked = 0;
createServer((request, response) => {
  if (asked++ === 0) response.end('ready');
}).listen(4100, '127.0.0.1');
`;

/** A page whose worker would add in the browser. */
function serviceWorkerServer(): string {
  const worker =
    "self.addEventListener('install', () => self.skipWaiting()); self.addEventListener('activate', (event) => event.waitUntil(clients.claim())); self.addEventListener('fetch', (event) => { const url = new URL(event.request.url); if (url.pathname === '/add') event.respondWith(new Response(String(Number(url.searchParams.get('a')) + Number(url.searchParams.get('b'))))); });";
  return `import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/worker.js') return response.writeHead(200, { 'content-type': 'text/javascript' }).end(${JSON.stringify(worker)});
  if (pathname === '/add') return response.end('wrong');
  response.setHeader('content-type', 'text/html');
  response.end(readFileSync('page.html') + "<script>navigator.serviceWorker?.register('/worker.js')</script>");
}).listen(4100, '127.0.0.1');
`;
}

const HAR = {
  log: {
    version: '1.2',
    creator: { name: 'test', version: '1' },
    entries: [
      {
        startedDateTime: '2026-01-01T00:00:00.000Z',
        time: 1,
        request: {
          method: 'GET',
          url: 'http://rates.example/eur',
          httpVersion: 'HTTP/1.1',
          cookies: [],
          headers: [],
          queryString: [],
          headersSize: -1,
          bodySize: 0,
        },
        response: {
          ...{
            status: 200,
            statusText: 'OK',
            httpVersion: 'HTTP/1.1',
            cookies: [],
            redirectURL: '',
            headersSize: -1,
            bodySize: 4,
          },
          headers: [{ name: 'access-control-allow-origin', value: '*' }],
          content: { size: 4, mimeType: 'text/plain', text: '1.08' },
        },
        cache: {},
        timings: { send: 0, wait: 1, receive: 0 },
      },
    ],
  },
};
