/** Real builds in real sandboxes; skipped, with the reason, where the native backend cannot start one. */
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { describeRequiring } from '../../test/support/requirements.ts';
import { type AssayPaths, assayPaths } from '../base/paths.ts';
import type { BuiltEnvironment, Sandbox, TaskInstance } from '../contracts/index.ts';
import { sandboxLimitsSchema } from '../contracts/index.ts';
import { loadTaskFolder } from '../dataset/task-folder.ts';
import { exec } from '../sandbox/exec.ts';
import { hostBase } from '../sandbox/host-base.ts';
import { createNativeBackend } from '../sandbox/native/native-backend.ts';
import { collectStore } from './collect-store.ts';
import { createEnvironmentBuilder, type EnvironmentBuilderOptions } from './environment-builder.ts';
import { summarizeStore } from './environment-store.ts';

const root = join(import.meta.dirname, '../..');
const signal = new AbortController().signal;
const home = mkdtempSync(join(tmpdir(), 'assay-home-'));
const probeBackend = createNativeBackend({ paths: assayPaths(home) });
const probe = await probeBackend.probe();
afterAll(async () => {
  await probeBackend.close();
  rmSync(home, { recursive: true, force: true });
});

describeRequiring('sandboxes', probe.available ? undefined : probe.notes.join(' '), 'environment builder', () => {
  let paths: AssayPaths;
  let set: string;
  let number = 0;
  const backends: ReturnType<typeof createNativeBackend>[] = [];
  beforeEach(() => {
    paths = assayPaths(join(home, String(++number)));
    set = mkdtempSync(join(tmpdir(), 'assay-set-'));
    cpSync(join(root, 'test/fixtures/tasks/small'), set, { recursive: true });
  });
  afterEach(async () => {
    for (const backend of backends.splice(0)) await backend.close();
    rmSync(set, { recursive: true, force: true });
    rmSync(paths.home, { recursive: true, force: true });
  });

  const builder = (options: Partial<EnvironmentBuilderOptions> = {}) => {
    const backend = createNativeBackend({ paths });
    backends.push(backend);
    return { backend, ...{ environments: createEnvironmentBuilder({ backend, paths, ...options }) } };
  };
  const greet = () => loadTaskFolder(join(set, 'greet-name'));
  const edit = (name: string, from: string | RegExp, to: string) => {
    const path = join(set, 'greet-name', name);
    writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
  };
  const setSteps = (steps: { name: string; run: string; network?: boolean }[]) =>
    edit('task.yaml', /steps:(?: \[.*|\n.*)\n/, `steps: ${JSON.stringify(steps)}\n`);

  async function inside(environment: BuiltEnvironment, command: string): Promise<string> {
    const backend = backends.at(-1);
    if (backend === undefined) throw new Error('no backend is open');
    const { base, layers, env, workdir } = environment;
    const sandbox: Sandbox = await backend.create({
      base,
      layers,
      env,
      workdir,
      network: 'none',
      limits: sandboxLimitsSchema.parse({}),
    });
    try {
      const result = await exec(sandbox, ['bash', '-c', command], { stderr: 'merge' });
      return result.stdout.toString().trim();
    } finally {
      await sandbox.destroy();
    }
  }

  test('builds, then finds; the result is what an agent may see', async () => {
    const { environments } = builder();
    const lines: string[] = [];
    const instance = await greet();
    const built = await environments.ensure(instance, signal, (line) => lines.push(line));
    expect(built).toMatchObject({ cached: false, workdir: '/testbed', base: { kind: 'host' } });
    expect(lines.filter((line) => line.endsWith(': building'))).toHaveLength(4);
    expect(await inside(built, 'git rev-parse HEAD; git log --format=%s; git status --short; pwd; ls')).toBe(
      `${built.baseCommit}\nTest the greeting\nGreet by name\nStart\n/testbed\ndist\npackage.json\nsrc\ntest`,
    );
    expect(
      await inside(
        built,
        'cat /opt/runner/state dist/out.txt; git show --stat --format= HEAD -- src/version.js | head -1; echo "$GREET_MODE $HOME"',
      ),
    ).toMatch(/^ready\nbuilt\n src\/version\.js \| 1 \+\ntest \/home\/agent$/);
    expect(
      await inside(
        built,
        'git cat-file --batch-all-objects --batch-check | wc -l; find / -xdev -name "*fast-export*" -not -path "/proc/*" 2>/dev/null | grep -c greet',
      ),
    ).toMatch(/^\d+\n0$/);
    const again = await builder().environments.ensure(instance, signal);
    expect(again).toEqual({ ...built, cached: true, buildMs: 0 });
  });

  test('setup layers are shared, variables and steps of a task are not', async () => {
    const { environments } = builder();
    const first = await environments.ensure(await greet(), signal);
    edit('task.yaml', 'GREET_MODE: test', 'GREET_MODE: other');
    const second = await environments.ensure(await greet(), signal);
    expect(second.digest).not.toBe(first.digest);
    expect(second.layers.slice(0, 2)).toEqual(first.layers.slice(0, 2));
    const lines = await environments.ensure(await loadTaskFolder(join(set, 'count-lines')), signal);
    const summary = await summarizeStore(paths);
    expect(summary.environments).toHaveLength(3);
    expect(summary.environments.find((one) => one.digest === first.digest)?.layers[0]?.sharedWith).toBe(1);
    expect(summary.environments.find((one) => one.digest === lines.digest)).toMatchObject({
      instances: ['count-lines'],
      repo: 'counter',
    });
    expect(summary.unusedLayers).toBe(0);
  });

  test('many at once build once', async () => {
    const { environments } = builder();
    const instance = await greet();
    const lines: string[] = [];
    const all = await Promise.all(
      Array.from({ length: 6 }, () => environments.ensure(instance, signal, (line) => lines.push(line))),
    );
    expect(new Set(all.map((one) => JSON.stringify(one.layers))).size).toBe(1);
    expect(lines.filter((line) => line.endsWith(': building'))).toHaveLength(4);
    expect(lines.filter((line) => line.startsWith('checking')).length).toBeGreaterThan(0);
  });

  test('a failing step names itself, its last lines and its log; nothing of it is reused', async () => {
    setSteps([{ name: 'compile', run: 'seq 1 30; echo "no such thing" >&2; exit 7' }]);
    const { environments } = builder();
    const error = await environments.ensure(await greet(), signal).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'environment-build-failed', failureClass: 'task' });
    expect(error.message).toMatch(
      /^Step "compile" ended with exit code 7\.\n12\n13\n[\s\S]*\n30\nno such thing\nLog: /,
    );
    expect(readFileSync(error.details.logPath, 'utf8')).toMatch(/^1\n2\n/);
    setSteps([{ name: 'compile', run: 'sleep 60', timeoutSeconds: 1 } as { name: string; run: string }]);
    await expect(environments.ensure(await greet(), signal)).rejects.toThrow(/did not finish within 1 s/);
    setSteps([{ name: 'two', run: 'echo half > src/half.js; false; echo never' }]);
    await expect(environments.ensure(await greet(), signal)).rejects.toThrow(/Step "two" ended with exit code 1/);
    setSteps([{ name: 'two', run: 'test ! -e src/half.js' }]);
    const built = await environments.ensure(await greet(), signal);
    expect(await inside(built, 'ls src')).toBe('greet.js');
  });

  const LEAKS: [name: string, steps: { name: string; run: string }[], found: RegExp][] = [
    [
      'a hidden test in the tree',
      [{ name: 'x', run: 'mkdir -p node_modules && base64 -d >node_modules/t.js <<<TEST' }],
      /node_modules\/t\.js is a copy of the hidden test test\/greet\.test\.js/,
    ],
    [
      'a hidden test in the home folder',
      [{ name: 'x', run: 'base64 -d >/home/agent/t.js <<<TEST' }],
      /\/home\/agent\/t\.js is a copy of the hidden test/,
    ],
    [
      'a hidden test in the base commit',
      [{ name: 'x', run: 'base64 -d >test/other.test.js <<<TEST' }],
      /the history holds the hidden test/,
    ],
    [
      'the fixed file in /opt',
      [{ name: 'x', run: 'mkdir -p /opt/lib && base64 -d >/opt/lib/greet.js <<<FIXED' }],
      /\/opt\/lib\/greet\.js is a copy of src\/greet\.js with the gold patch applied/,
    ],
    [
      'a nested repository',
      [{ name: 'x', run: 'git init -q vendor/x' }],
      /another repository: \/testbed\/vendor\/x\/\.git/,
    ],
    [
      'a repository in the home folder',
      [{ name: 'x', run: 'git init -q /home/agent/clone' }],
      /another repository: \/home\/agent\/clone\/\.git/,
    ],
  ];
  test.each(LEAKS)('refuses %s', async (_name, steps, found) => {
    const hidden = readFileSync(join(set, 'greet-name/tests/test/greet.test.js')).toString('base64');
    const fixed = execFileSync('git', ['apply', '--include=src/greet.js', '-'], {
      cwd: fixedFolder(set),
      input: readFileSync(join(set, 'greet-name/gold.patch')),
    });
    expect(fixed.toString()).toBe('');
    const gold = readFileSync(join(set, 'fixed/src/greet.js')).toString('base64');
    setSteps(steps.map((step) => ({ ...step, run: step.run.replace('TEST', hidden).replace('FIXED', gold) })));
    await expect(builder().environments.ensure(await greet(), signal)).rejects.toMatchObject({
      code: 'environment-unclean',
      message: expect.stringMatching(found),
    });
  });

  test('refuses hidden tests that the base state has, and gold that does not apply', async () => {
    const { environments } = builder();
    const test = '../greet-name/tests/test/greet.test.js';
    setSteps([]);
    const built = await environments.ensure(await greet(), signal);
    writeFileSync(join(set, 'greet-name', test), `${await inside(built, 'cat test/greet.test.js')}\n`);
    await expect(environments.ensure(await greet(), signal)).rejects.toThrow(
      /all hidden tests are part of the base state/,
    );
    edit('gold.patch', "'Hello ' + name", "'Hullo ' + name");
    await expect(environments.ensure(await greet(), signal)).rejects.toMatchObject({ code: 'task-invalid' });
  });

  test('build steps see nothing of the host, and without network no registry settings', async () => {
    setSteps([{ name: 'look', run: 'env | sort; ls -A /home/agent; exit 1' }]);
    const env = {
      SECRET_TOKEN: 'abc',
      HTTPS_PROXY: 'http://u:p@proxy',
      npm_config_registry: 'https://npm.example.com',
      PATH: process.env.PATH,
    };
    const error = await builder({ env })
      .environments.ensure(await greet(), signal)
      .catch((thrown) => thrown);
    expect(error.message).toContain('HOME=/home/agent');
    expect(error.message).not.toMatch(/SECRET|abc|proxy|npm_config_registry|PIP_INDEX|CA_|CERT/);
    edit('task.yaml', '"name":"look"', '"name":"look","network":true');
    const lines: string[] = [];
    const second = await builder({ env })
      .environments.ensure(await greet(), signal, (line) => lines.push(line))
      .catch((thrown) => thrown);
    expect(second.message).toContain('npm_config_registry=https://npm.example.com/');
    expect(second.message).not.toMatch(/SECRET|u:p/);
    expect(lines).toContain('look: not passed on, because they hold credentials: HTTPS_PROXY');
  });

  test('certificate files of the host that cannot be seen inside are brought to steps with network, and do not stay', async () => {
    const bundle = join(home, 'ca.pem');
    writeFileSync(bundle, 'one certificate\n');
    const env = { PATH: process.env.PATH, SSL_CERT_FILE: bundle, PIP_CERT: bundle, CURL_CA_BUNDLE: join(home, 'no') };
    // biome-ignore lint/suspicious/noTemplateCurlyInString: of a shell
    const run = 'echo "$PIP_CERT ${CURL_CA_BUNDLE-none}" > seen; cat "$SSL_CERT_FILE" >> seen';
    setSteps([{ name: 'bring', run, network: true }]);
    const built = await builder({ env }).environments.ensure(await greet(), signal);
    expect(await inside(built, 'cat seen; ls -A /tmp')).toBe('/tmp/.assay-certificates/0.pem none\none certificate');
  });

  test('a missing tool is named with the way to get it', async () => {
    const base = await hostBase();
    const { environments } = builder({ hostBase: async () => ({ ...base, tools: { ...base.tools, node: null } }) });
    await expect(environments.ensure(await greet(), signal)).rejects.toMatchObject({
      code: 'environment-tool-missing',
      hint: expect.stringMatching(/install Node/),
    });
  });

  test('cancelling ends a build soon and leaves no lock', async () => {
    setSteps([{ name: 'slow', run: 'sleep 60' }]);
    const controller = new AbortController();
    const { environments } = builder();
    const pending = environments.ensure(await greet(), controller.signal, (line) => {
      if (line === 'slow: building') setTimeout(() => controller.abort(), 300);
    });
    const started = performance.now();
    await expect(pending).rejects.toMatchObject({ code: 'cancelled' });
    expect(performance.now() - started).toBeLessThan(20_000);
    await expect.poll(() => readdirSync(join(paths.environments, 'locks')), { timeout: 5_000 }).toEqual([]);
  });

  /** Builds greet-name in another process; prints each progress line, then the result. */
  function otherProcess() {
    const script = join(set, 'build.mts');
    const module = (name: string) => JSON.stringify(join(root, 'src', name));
    writeFileSync(
      script,
      `import { assayPaths } from ${module('base/paths.ts')};
      import { loadTaskFolder } from ${module('dataset/task-folder.ts')};
      import { createEnvironmentBuilder } from ${module('environment/environment-builder.ts')};
      import { createNativeBackend } from ${module('sandbox/native/native-backend.ts')};
      const paths = assayPaths(${JSON.stringify(paths.home)});
      const backend = createNativeBackend({ paths });
      const builder = createEnvironmentBuilder({ backend, paths });
      const instance = await loadTaskFolder(${JSON.stringify(join(set, 'greet-name'))});
      const built = await builder.ensure(instance, new AbortController().signal, (line) => console.log(line));
      console.log('result ' + JSON.stringify(built.layers) + ' ' + built.baseCommit);
      await backend.close();`,
    );
    const child = spawn(process.execPath, ['--import', 'tsx', script], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    return { child, exit, output: () => output };
  }

  test('two processes that build the same digest build each stage once', async () => {
    setSteps([{ name: 'slow', run: 'sleep 1; date +%N > dist-stamp.txt' }]);
    const [a, b] = [otherProcess(), otherProcess()];
    expect([await a.exit, await b.exit]).toEqual([0, 0]);
    const outputs = [a.output(), b.output()];
    for (const stage of ['shared runner', 'repository', 'slow', 'finish']) {
      expect(outputs.join('').split(`${stage}: building`).length - 1).toBe(1);
    }
    const result = (text: string) => /^result .*$/m.exec(text)?.[0];
    expect(result(outputs[0] ?? '')).toBeDefined();
    expect(result(outputs[0] ?? '')).toBe(result(outputs[1] ?? ''));
  });

  test('a build that was killed is built again, with nothing left of the first try', async () => {
    setSteps([{ name: 'slow', run: 'echo x >> src/once.js; sleep 2' }]);
    const first = otherProcess();
    await expect.poll(() => first.output(), { timeout: 30_000 }).toContain('slow: building');
    await sleep(500);
    first.child.kill('SIGKILL');
    await first.exit;
    expect(readdirSync(join(paths.environments, 'locks'))).toHaveLength(1);
    const { environments } = builder();
    const built = await environments.ensure(await greet(), signal);
    expect(await inside(built, 'cat src/once.js')).toBe('x');
    expect(readdirSync(join(paths.environments, 'locks'))).toEqual([]);
  });

  test('gc keeps what is used, removes the rest; what was removed is built again', async () => {
    const { environments } = builder();
    const instance: TaskInstance = await greet();
    const first = await environments.ensure(instance, signal);
    setSteps([{ name: 'closed', run: 'mkdir -p dist/closed && touch dist/closed/x && chmod 000 dist/closed' }]);
    const second = await environments.ensure(await greet(), signal);
    expect(await collectStore(paths, {})).toEqual({
      environments: 0,
      images: 0,
      stages: 0,
      layers: 0,
      bytes: 0,
      overBudgetBytes: 0,
    });
    const record = join(paths.environments, 'environments', `${second.digest.slice(7)}.json`);
    rmSync(record);
    expect(await collectStore(paths, { graceMs: 0, dryRun: true })).toMatchObject({ stages: 2, layers: 1 });
    const report = await collectStore(paths, { graceMs: 0 });
    expect(report).toMatchObject({ environments: 0, stages: 2, layers: 1 });
    expect(report.bytes).toBeGreaterThan(0);
    expect(await environments.ensure(instance, signal)).toEqual({ ...first, cached: true, buildMs: 0 });
    expect(await collectStore(paths, { unusedForMs: 0, graceMs: 0 })).toMatchObject({ environments: 1 });
    expect((await summarizeStore(paths)).layers).toBe(0);
    expect(await environments.ensure(instance, signal)).toMatchObject({ cached: false, baseCommit: first.baseCommit });
  });

  test('damaged records are built again', async () => {
    const { environments } = builder();
    const instance = await greet();
    await environments.ensure(instance, signal);
    for (const folder of ['stages', 'environments', 'proofs']) {
      const path = join(paths.environments, folder);
      for (const name of readdirSync(path).filter((one) => one.endsWith('.json')))
        writeFileSync(join(path, name), '{"torn":');
    }
    expect(await environments.ensure(instance, signal)).toMatchObject({ cached: false });
  });
});

/** The base state of greet-name in a folder, for making what the gold patch makes. */
function fixedFolder(set: string): string {
  const folder = join(set, 'fixed');
  mkdirSync(folder);
  execFileSync('git', ['init', '-q', folder]);
  execFileSync('git', ['fast-import', '--quiet'], {
    cwd: folder,
    input: readFileSync(join(set, '_repos/greet.fast-export')),
  });
  execFileSync('git', ['checkout', '-q', 'base-name'], { cwd: folder });
  expect(existsSync(join(folder, 'src/greet.js'))).toBe(true);
  appendFileSync(join(folder, '.git/info/exclude'), '\n');
  return folder;
}
