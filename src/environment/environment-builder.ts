/**
 * Tasks to environments: setup steps (shared by tasks with equal text) -> repository at its base state -> steps -> seal. Each link is a layer keyed by everything
 * below it, so nothing is built twice and attempts share everything.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { digestOf, sha256 } from '../base/digest.ts';
import type { AssayPaths } from '../base/paths.ts';
import {
  AssayError,
  type BuildStep,
  type BuiltEnvironment,
  type EnvironmentBuilder,
  type LayerRef,
  type Sandbox,
  type SandboxBackend,
  type SandboxSpec,
  type Source,
  type TaskInstance,
} from '../contracts/index.ts';
import { exec } from '../sandbox/exec.ts';
import { sandboxFiles } from '../sandbox/files.ts';
import { type HostBase, hostBase } from '../sandbox/host-base.ts';
import { WORKSPACE_ENV } from '../sandbox/workspace.ts';
import { downloadNpm, downloadPypi } from './download.ts';
import { folderArchive } from './folder-archive.ts';
import { LayerChain, type LayerStep } from './layer-chain.ts';
import { CHECK, DERIVE_GOLD, FROM_ARCHIVE, FROM_STREAM, GIT_ENV, SEAL } from './repository-scripts.ts';

const WORKDIR = '/testbed';
/** Raise it when the way environments are made changes: older layers are then not used any more. */
const RECIPE_VERSION = 1;
const BUILD_LIMITS = { memoryBytes: 4 * 1024 ** 3, pids: 2048, cpus: 4, diskBytes: 4 * 1024 ** 3, wallSeconds: 7200 };

/** Settings of package managers that build steps with network may see. */
const NETWORK_VARIABLES = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'PIP_CERT',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'npm_config_registry',
  'npm_config_cafile',
  'PIP_INDEX_URL',
  'PIP_EXTRA_INDEX_URL',
  'PIP_DEFAULT_TIMEOUT',
];

export function createEnvironmentBuilder(options: { backend: SandboxBackend; paths: AssayPaths }): EnvironmentBuilder {
  const { backend, paths } = options;
  const chain = new LayerChain(backend, paths.environments);

  return {
    async ensure(instance, signal, onProgress = () => {}): Promise<BuiltEnvironment> {
      const started = performance.now();
      const base = await hostBase();
      demandTools(instance, base);
      const steps = await plan(instance, base, paths, chain, signal);
      const layers: LayerRef[] = [];
      let cached = true;
      let output = '';
      for (const step of steps) {
        if (signal.aborted)
          throw new AssayError('cancelled', 'the build was cancelled', { class: 'cancelled', retryable: true });
        const done = await chain.ensure({ ...step, spec: { ...step.spec, layers: [...layers] } }, signal);
        if (!done.cached) onProgress(`${step.name}: built in ${(done.record.durationMs / 1000).toFixed(1)} s`);
        cached &&= done.cached;
        layers.push(done.record.layer);
        output = done.record.output;
      }
      const last = steps.at(-1);
      return {
        digest: digestOf({ key: last?.key, env: instance.task.environment.env }),
        base: { kind: 'host' },
        layers,
        workdir: WORKDIR,
        env: taskEnv(instance, base),
        baseCommit: output.trim(),
        cached,
        buildMs: performance.now() - started,
      };
    },

    gold: (instance, signal) => goldPatch(instance, backend, paths, signal),
  };
}

function demandTools(instance: TaskInstance, base: HostBase): void {
  const missing = ['git', 'bash', ...instance.task.environment.tools].filter(
    (tool) => (base.tools[tool] ?? null) === null,
  );
  if (missing.length === 0) return;
  throw new AssayError(
    'environment-tool-missing',
    `${instance.instanceId} needs ${missing.join(', ')} on this machine`,
    {
      class: 'infra',
      retryable: false,
      hint: `Install ${missing.map((tool) => (tool === 'python3' ? 'python3 and python3-venv' : tool)).join(', ')}.`,
    },
  );
}

/** All links of the chain, bottom first, with their keys. */
async function plan(
  instance: TaskInstance,
  base: HostBase,
  paths: AssayPaths,
  chain: LayerChain,
  signal: AbortSignal,
): Promise<LayerStep[]> {
  const { environment, source } = instance.task;
  const env = taskEnv(instance, base);
  let key: string = digestOf({ recipe: RECIPE_VERSION, base: base.digest });
  const steps: LayerStep[] = [];
  const add = (
    name: string,
    inputs: unknown,
    network: boolean,
    build: LayerStep['build'],
    stepEnv: Record<string, string> = env,
  ) => {
    key = digestOf({ below: key, inputs });
    steps.push({ key, name, build, spec: buildSpec(stepEnv, network) });
  };
  const addStep = (step: BuildStep, cwd: string) => {
    const log = () => chain.logPath(steps.find((one) => one.build === build)?.key ?? key);
    const build: LayerStep['build'] = (sandbox, write) => runStep(sandbox, step, cwd, write, log);
    add(
      step.name,
      { step, cwd, env: environment.env },
      step.network,
      build,
      step.network ? { ...env, ...networkEnv() } : env,
    );
  };
  for (const step of environment.setup) addStep(step, '/');
  const repository = await readSource(instance, source, paths, signal);
  add(
    'repository',
    { source: sha256(repository.bytes), kind: repository.script, argument: repository.argument },
    false,
    async (sandbox, write) => {
      await sandboxFiles(sandbox).write('/tmp/source', repository.bytes);
      return runGit(sandbox, 'repository', repository.script, [repository.argument], write);
    },
  );
  for (const step of environment.steps) addStep(step, WORKDIR);
  add('seal', { seal: SEAL, check: CHECK, hidden: instance.digest }, false, async (sandbox, write) => {
    const commit = await runGit(sandbox, 'seal', SEAL, [], write);
    await demandClean(sandbox, instance, write);
    return commit;
  });
  return steps;
}

function buildSpec(env: Record<string, string>, network: boolean): SandboxSpec {
  return {
    base: { kind: 'host' },
    layers: [],
    limits: BUILD_LIMITS,
    network: network ? 'host' : 'none',
    env,
    workdir: WORKDIR,
    labels: { purpose: 'environment build' },
  };
}

function taskEnv(instance: TaskInstance, base: HostBase): Record<string, string> {
  const own = Object.entries(instance.task.environment.env).map(([name, value]) => [
    name,
    value.replace(/\$\{?PATH\}?/g, base.path),
  ]);
  return { PATH: base.path, HOME: '/home/agent', LANG: 'C.UTF-8', ...WORKSPACE_ENV, ...Object.fromEntries(own) };
}

/** The allow-listed settings of this process; one that names a user and password stays here. */
function networkEnv(): Record<string, string> {
  const given = NETWORK_VARIABLES.flatMap((name) => {
    const value = process.env[name];
    return value === undefined || /:\/\/[^/]*@/.test(value) ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}

async function runStep(
  sandbox: Sandbox,
  step: BuildStep,
  cwd: string,
  write: (text: string) => void,
  logPath: () => string,
): Promise<string> {
  const result = await exec(sandbox, ['bash', '-euo', 'pipefail', '-c', step.run], {
    cwd,
    stderr: 'merge',
    timeoutSeconds: step.timeoutSeconds,
  });
  const output = result.stdout.toString();
  write(output);
  if (result.exitCode === 0) return '';
  throw buildFailed(
    step.name,
    output,
    result.timedOut ? `ran longer than ${step.timeoutSeconds} s` : `ended with ${result.exitCode ?? result.signal}`,
    logPath(),
  );
}

async function runGit(
  sandbox: Sandbox,
  name: string,
  script: string,
  args: readonly string[],
  write: (text: string) => void,
): Promise<string> {
  const result = await exec(sandbox, ['bash', '-euo', 'pipefail', '-c', script, 'bash', ...args], {
    cwd: WORKDIR,
    env: GIT_ENV,
    timeoutSeconds: 600,
  });
  write(result.stdout.toString() + result.stderr.toString());
  if (result.exitCode === 0) return result.stdout.toString().trim();
  throw buildFailed(name, result.stderr.toString(), `ended with ${result.exitCode ?? result.signal}`);
}

function buildFailed(step: string, output: string, reason: string, logPath?: string): AssayError {
  const tail = output.trimEnd().split('\n').slice(-20).join('\n');
  return new AssayError('environment-build-failed', `the step "${step}" ${reason}; its last lines:\n${tail}`, {
    class: 'infra',
    retryable: null,
    ...(logPath === undefined ? {} : { hint: `The whole log is in ${logPath}.` }),
    details: { step },
  });
}

/** Proves that the agent's repository holds its base state and nothing else, and none of what is hidden. */
async function demandClean(sandbox: Sandbox, instance: TaskInstance, write: (text: string) => void): Promise<void> {
  const findings = (await runGit(sandbox, 'check', CHECK, [], write)).split('\n').filter((line) => line !== '');
  const files = sandboxFiles(sandbox);
  for (const hidden of instance.hiddenFiles) {
    const path = `${WORKDIR}/${hidden.path}`;
    if ((await files.stat(path))?.kind !== 'file') continue;
    if ((await files.read(path)).equals(hidden.content))
      findings.push(`the hidden file ${hidden.path} stands in the repository`);
  }
  if ('patch' in instance.task.gold) {
    await files.write('/tmp/gold', await readFile(join(instance.dir, instance.task.gold.patch)));
    const reverse = await exec(sandbox, ['git', 'apply', '--check', '--reverse', '/tmp/gold'], {
      cwd: WORKDIR,
      env: GIT_ENV,
    });
    if (reverse.exitCode === 0) findings.push('the gold patch is already applied');
  }
  if (findings.length === 0) return;
  throw new AssayError(
    'environment-unclean',
    `the repository of ${instance.instanceId} is not clean:\n  ${findings.join('\n  ')}`,
    { class: 'task', retryable: false, details: { findings } },
  );
}

async function readSource(
  instance: TaskInstance,
  source: Source,
  paths: AssayPaths,
  signal: AbortSignal,
): Promise<{ bytes: Buffer; script: string; argument: string }> {
  if ('git' in source)
    return { bytes: await readFile(join(instance.dir, source.git)), script: FROM_STREAM, argument: source.commit };
  if ('npm' in source)
    return {
      bytes: await downloadNpm(source.npm, source.integrity, paths.downloads, signal),
      script: FROM_ARCHIVE,
      argument: '',
    };
  if ('pypi' in source)
    return {
      bytes: await downloadPypi(source.pypi, source.sha256, paths.downloads, signal),
      script: FROM_ARCHIVE,
      argument: '',
    };
  return { bytes: await folderArchive(join(instance.dir, source.folder)), script: FROM_ARCHIVE, argument: '' };
}

/** The gold patch as text; derived ones are made in a sandbox that no agent sees and cached by what they are made of. */
async function goldPatch(
  instance: TaskInstance,
  backend: SandboxBackend,
  paths: AssayPaths,
  signal: AbortSignal,
): Promise<string> {
  const { gold, source } = instance.task;
  if ('patch' in gold) return readFile(join(instance.dir, gold.patch), 'utf8');
  const before = await readSource(instance, source, paths, signal);
  const after =
    'npm' in gold
      ? await downloadNpm(gold.npm, gold.integrity, paths.downloads, signal)
      : await downloadPypi(gold.pypi, gold.sha256, paths.downloads, signal);
  const cachePath = join(
    paths.environments,
    `gold-${digestOf({ before: sha256(before.bytes), after: sha256(after), include: gold.include, DERIVE_GOLD }).slice(7)}.patch`,
  );
  const known = await readFile(cachePath, 'utf8').catch(() => undefined);
  if (known !== undefined) return known;
  const base = await hostBase();
  const sandbox = await backend.create(buildSpec({ PATH: base.path, HOME: '/home/agent' }, false));
  try {
    const files = sandboxFiles(sandbox);
    await files.write('/tmp/before', before.bytes);
    await files.write('/tmp/after', after);
    const result = await exec(sandbox, ['bash', '-euo', 'pipefail', '-c', DERIVE_GOLD, 'bash', ...gold.include], {
      cwd: '/',
      env: GIT_ENV,
      timeoutSeconds: 300,
      signal,
    });
    const patch = result.stdout.toString();
    if (result.exitCode !== 0 || patch === '') {
      const reason =
        patch === '' && result.exitCode === 0
          ? `no file that matches ${gold.include.join(', ')} differs`
          : result.stderr.toString().slice(-500);
      throw new AssayError(
        'gold-derivation-failed',
        `${instance.instanceId}: the gold patch cannot be derived: ${reason}`,
        { class: 'task', retryable: false },
      );
    }
    await writeFileAtomic(cachePath, patch);
    return patch;
  } finally {
    await sandbox.destroy();
  }
}
