/**
 * What `npm run build`, `npm run demo`, `npm test` and `npm run check` start: installs and builds what is missing or stale, then runs the command.
 * Plain JavaScript with nothing but Node, because it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command, ...rest] = process.argv.slice(2);
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Assay needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(2);
}

/** Runs a program in the project folder; ends this process with its exit code when it fails. */
function run(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error) {
    console.error(`${program}: ${result.error.message}`);
    process.exit(2);
  }
  if (result.status !== 0) process.exit(result.status ?? 1);
}

const local = (name) => join(root, 'node_modules', '.bin', name);

/** `npm ci` when the lock file is not the one that was installed last. */
function install() {
  const stamp = join(root, 'node_modules', '.assay-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.error('installing dependencies (once) ...');
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: ['ignore', 2, 2] });
  writeFileSync(stamp, lock);
}

function build() {
  run(local('tsc'), ['-p', 'tsconfig.build.json']);
  run(local('vite'), ['build', '--logLevel', 'warn', 'web'], { stdio: ['ignore', 2, 2] });
}

install();
if (command === 'build') build();
else if (command === 'demo') {
  build();
  run(process.execPath, ['bin/assay.mjs', 'demo', ...rest]);
} else if (command === 'test') {
  build();
  run(local('vitest'), ['run', ...rest]);
} else if (command === 'check') {
  run(local('biome'), ['check', '--error-on-warnings', '.']);
  run(local('tsc'), ['-p', '.']);
  run(local('tsc'), ['-p', 'web']);
  run(local('tsx'), ['scripts/check-rings.ts']);
  run(local('knip'), ['--no-progress']);
} else {
  console.error('usage: node scripts/bootstrap.mjs build|demo|test|check [arguments]');
  process.exit(2);
}
