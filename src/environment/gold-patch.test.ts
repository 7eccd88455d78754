/** Derived gold patches and package sources, from packages a registry of ours serves; real sandboxes, else skipped. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { describeRequiring } from '../../test/support/requirements.ts';
import { assayPaths } from '../base/paths.ts';
import { sandboxLimitsSchema } from '../contracts/index.ts';
import { loadTaskFolder } from '../dataset/task-folder.ts';
import { exec } from '../sandbox/exec.ts';
import { createNativeBackend } from '../sandbox/native/native-backend.ts';
import { createEnvironmentBuilder } from './environment-builder.ts';

const signal = new AbortController().signal;
const home = mkdtempSync(join(tmpdir(), 'assay-gold-'));
chmodSync(home, 0o755); // sandboxes of root run as another user
const paths = assayPaths(join(home, 'data'));
const backend = createNativeBackend({ paths });
const probe = await backend.probe();
afterAll(async () => {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
});

/** Everything but what the open backend stands on. */
function forget(): void {
  for (const path of [paths.environments, paths.downloads]) rmSync(path, { recursive: true, force: true });
}

type Files = Record<string, string | Buffer>;

function writeFiles(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

const OLD: Files = {
  'package.json': '{ "name": "sums", "version": "1.0.0" }\n',
  'lib/sum.js': `// Adds numbers, however many there are, from left to right.\nexports.sum = (a, b) => a;\n`,
  'lib/with space.js': 'exports.x = 1;\r\n',
  'lib/table.bin': Buffer.from([0, 1, 2, 255, 0]),
  'CHANGES.md': '# 1.0.0\n',
};
const NEW: Files = {
  ...OLD,
  'package.json': '{ "name": "sums", "version": "1.0.1" }\n',
  'lib/sum.js': `// Adds numbers, however many there are, from left to right.\nexports.sum = (a, b) => a + b;\n`,
  'lib/with space.js': 'exports.x = 2;\r\n',
  'lib/table.bin': Buffer.from([0, 9, 2, 255, 0]),
  'lib/deep/new.js': 'exports.y = "ü";\n',
  'CHANGES.md': '# 1.0.1\ndiff --git a/lib/fake.js b/lib/fake.js\n',
};

describeRequiring('sandboxes', probe.available ? undefined : probe.notes.join(' '), 'packages', () => {
  let server: Server;
  let base: string;
  let archives: Record<string, Buffer>;
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(home, 'case-'));
    archives = {};
    for (const [version, files] of Object.entries({ '1.0.0': OLD, '1.0.1': NEW })) {
      writeFiles(join(folder, version, 'package'), files);
      archives[`/sums-${version}.tgz`] = execFileSync('tar', ['-czf', '-', '-C', join(folder, version), 'package']);
      const zip =
        "import sys, zipfile, pathlib; z = zipfile.ZipFile(sys.argv[1], 'w'); [z.write(p, p.relative_to(sys.argv[2])) for p in pathlib.Path(sys.argv[2]).rglob('*')]; z.close()";
      execFileSync('python3', ['-c', zip, join(folder, `${version}.zip`), join(folder, version)]);
      archives[`/sums-${version}.zip`] = readFileSync(join(folder, `${version}.zip`));
    }
    server = createServer((request, response) => {
      const url = request.url ?? '';
      const archive = archives[url];
      if (archive !== undefined) response.end(archive);
      else if (url === '/simple/sums/') {
        const files = ['1.0.0', '1.0.1'].map((version) => ({
          filename: `sums-${version}.zip`,
          url: `/sums-${version}.zip`,
        }));
        response
          .writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' })
          .end(JSON.stringify({ files }));
      } else response.end(JSON.stringify({ dist: { tarball: `${base}${url.split('/').join('-').slice(1)}.tgz` } }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    forget();
  });

  async function load(source: string, gold: string) {
    const dir = join(folder, 'sums-task');
    cpSync(join(import.meta.dirname, '../../test/fixtures/tasks/small/greet-name'), dir, { recursive: true });
    const text = readFileSync(join(dir, 'task.yaml'), 'utf8')
      .replace('id: greet-name', 'id: sums-task')
      .replace(/source: .*/, `source: { ${source} }\ngold: { ${gold} }`)
      .replace(/ {2}setup:[\s\S]*?(?= {2}env:)/, '');
    writeFileSync(join(dir, 'task.yaml'), text);
    return loadTaskFolder(dir);
  }
  const builder = () =>
    createEnvironmentBuilder({
      backend,
      paths,
      env: { npm_config_registry: base, PIP_INDEX_URL: `${base}simple` },
      http: { waitMs: 1, tries: 2 },
    });

  test.each([
    ['npm tarballs', 'npm: sums@1.0.0', "npm: sums@1.0.1, include: ['lib/**']"],
    ['zipped sdists', 'pypi: sums==1.0.0', "pypi: sums==1.0.1, include: ['lib/**']"],
  ])('%s: the patch makes the fixed files of the base state, and only those', async (_name, source, gold) => {
    const instance = await load(source, gold);
    const patch = await builder().gold(instance, signal);
    expect(patch).not.toMatch(/CHANGES|package\.json|fake/);
    expect(patch).toContain('GIT binary patch');
    const built = await builder().ensure(instance, signal);
    const { layers, env, workdir } = built;
    const sandbox = await backend.create({
      base: built.base,
      layers,
      env,
      workdir,
      network: 'none',
      limits: sandboxLimitsSchema.parse({}),
    });
    try {
      const command = 'git apply - && git add -A && git diff --cached --name-only && sha256sum lib/*.* lib/deep/*';
      const result = await exec(sandbox, ['bash', '-c', command], { input: patch });
      expect(result.stderr.toString()).toBe('');
      const sum = (name: string) =>
        `${createHash('sha256')
          .update(NEW[name] ?? '')
          .digest('hex')}  ${name}`;
      expect(result.stdout.toString().trim().split('\n')).toEqual([
        ...['lib/deep/new.js', 'lib/sum.js', 'lib/table.bin', 'lib/with space.js'],
        ...['lib/sum.js', 'lib/table.bin', 'lib/with space.js', 'lib/deep/new.js'].map(sum),
      ]);
    } finally {
      await sandbox.destroy();
    }
    archives = {};
    server.closeAllConnections();
    expect(await builder().gold(instance, signal)).toBe(patch);
  });

  test('an empty or missing difference is an error', async () => {
    const none = await load('npm: sums@1.0.0', "npm: sums@1.0.1, include: ['src/**']");
    await expect(builder().gold(none, signal)).rejects.toMatchObject({
      code: 'gold-derivation-failed',
      message: expect.stringMatching(/no file that matches src\/\*\* differs/),
    });
    archives['/sums-1.0.1.tgz'] = Buffer.from('not an archive');
    forget();
    const broken = await load('npm: sums@1.0.0', "npm: sums@1.0.1, include: ['lib/**']");
    await expect(builder().gold(broken, signal)).rejects.toMatchObject({ code: 'gold-derivation-failed' });
  });

  test('a fixed version among the installed packages is found', async () => {
    const instance = await load('npm: sums@1.0.0', "npm: sums@1.0.1, include: ['lib/*.js']");
    const file = Buffer.from(String(NEW['lib/sum.js'])).toString('base64');
    const run = `mkdir -p node_modules/dep/node_modules/sums && base64 -d >node_modules/dep/node_modules/sums/s.js <<<${file}`;
    instance.task.environment.steps = [{ name: 'install', run, network: false, timeoutSeconds: 60 }];
    await expect(builder().ensure(instance, signal)).rejects.toMatchObject({
      code: 'environment-unclean',
      message: expect.stringMatching(/node_modules\/sums\/s\.js is a copy of lib\/sum\.js with the gold patch applied/),
    });
  });

  test('what setup leaves in the work directory stays beside the repository and out of the base commit', async () => {
    const instance = await load('npm: sums@1.0.0', "npm: sums@1.0.1, include: ['lib/*.js']");
    const setup = (run: string) => [{ name: 'early', run, network: false, timeoutSeconds: 60 }];
    instance.task.environment.setup = setup(
      'mkdir -p /testbed/node_modules/early && touch /testbed/node_modules/early/x',
    );
    const built = await builder().ensure(instance, signal);
    const sandbox = await backend.create({ ...built, network: 'none', limits: sandboxLimitsSchema.parse({}) });
    const result = await exec(sandbox, ['bash', '-c', 'ls node_modules/early; git ls-files | wc -l']);
    await sandbox.destroy();
    expect(result.stdout.toString()).toBe('x\n5\n');
    instance.task.environment.setup = setup('touch /testbed/stray.txt');
    await expect(builder().ensure(instance, signal)).rejects.toThrow(
      /work tree differs from the base commit: \?\? stray\.txt/,
    );
  });
});
