/** A SWE-bench instance small enough to evaluate in a second: a Python package with a bug, a test patch, a gold patch, and an environment of real pytest. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BuiltEnvironment, type SandboxBackend, sandboxLimitsSchema } from '../../src/contracts/index.ts';
import { networkEnv, sandboxEnv } from '../../src/environment/build-env.ts';
import { registryConfig } from '../../src/environment/registry-config.ts';
import { exec } from '../../src/sandbox/exec.ts';
import { hostBase } from '../../src/sandbox/host-base.ts';
import { evalScript } from '../../src/swebench/dataset/eval-script.ts';
import { parseInstance } from '../../src/swebench/dataset/parse-instance.ts';
import { CONDA_ROOT, ENV_FOLDER } from '../../src/swebench/environment/environment-scripts.ts';

const GIT_ENV = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'A',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_AUTHOR_DATE: '2024-01-01T12:00:00Z',
  GIT_COMMITTER_NAME: 'A',
  GIT_COMMITTER_EMAIL: 'a@example.com',
  GIT_COMMITTER_DATE: '2024-01-01T12:00:00Z',
};

/** Base state of the toy repository. */
export const TOY_FILES: Readonly<Record<string, string>> = {
  'calc/__init__.py': 'def add(a, b):\n    return a - b\n\n\ndef double(a):\n    return 2 * a\n',
  // A linter, which may read any file: its own tests too.
  'calc/lint.py': 'def lines(path):\n    with open(path) as file:\n        return len(file.readlines())\n',
  'tests/test_calc.py': 'import calc\n\n\ndef test_old():\n    assert calc.double(2) == 4\n',
  'setup.py': 'from setuptools import setup\n\nsetup(name="calc", version="1.0", packages=["calc"])\n',
  'setup.cfg': '[metadata]\nlicense = MIT\n\n[tool:pytest]\naddopts = --strict-markers\n',
  '.gitignore': '*.egg-info\n__pycache__\n',
};

export const HIDDEN_TEST = `${TOY_FILES['tests/test_calc.py']}\n\ndef test_new():\n    assert calc.add(2, 3) == 5\n    assert calc.add(-1, 1) == 0\n    from calc import lint\n    assert lint.lines(__file__) > 10\n`;
export const FIXED = (TOY_FILES['calc/__init__.py'] ?? '').replace('a - b', 'a + b');

/** Makes patches against the base state. */
export class ToyRepository {
  readonly folder = mkdtempSync(join(tmpdir(), 'assay-toy-'));
  readonly baseCommit: string;

  constructor() {
    this.git('init', '-q', '-b', 'main');
    this.write(TOY_FILES);
    this.git('add', '-A');
    this.git('commit', '-q', '-m', 'Base');
    this.baseCommit = this.git('rev-parse', 'HEAD').trim();
  }

  /** The difference that writing these files makes; a function changes what is there. */
  patch(files: Readonly<Record<string, string>>): string {
    this.write(files);
    this.git('add', '-A', '-f');
    const patch = this.git('diff', '--cached', '--binary', '--no-renames');
    this.git('reset', '-q', '--hard');
    return patch;
  }

  bundle(): Buffer {
    const path = join(this.folder, '.git', 'toy.bundle');
    this.git('bundle', 'create', '-q', path, 'main');
    return readFileSync(path);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private write(files: Readonly<Record<string, string>>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), content);
    }
  }

  private git(...args: string[]): string {
    return execFileSync('git', args, { cwd: this.folder, env: GIT_ENV }).toString();
  }
}

export function toyInstance(repository: ToyRepository) {
  const row = {
    instance_id: 'toy__calc-1',
    repo: 'toy/calc',
    version: '1.0',
    base_commit: repository.baseCommit,
    patch: repository.patch({ 'calc/__init__.py': FIXED }),
    test_patch: repository.patch({ 'tests/test_calc.py': HIDDEN_TEST }),
    FAIL_TO_PASS: ['tests/test_calc.py::test_new'],
    PASS_TO_PASS: ['tests/test_calc.py::test_old'],
    log_parser: 'parse_log_pytest',
  };
  // A fifth of what pip takes.
  const rules = { command: 'pytest -rA', parser: '', install: 'python setup.py -q develop --no-deps', prepare: [] };
  return parseInstance({ ...row, eval_script: evalScript(row, rules) });
}

const CLONE = `set -e
cat > /tmp/toy.bundle
git clone -q -b main /tmp/toy.bundle /testbed
cd /testbed
git remote remove origin
`;

const INSTALL = `${CLONE}python3 -m venv ${ENV_FOLDER}
${ENV_FOLDER}/bin/pip install -q pytest==8.3.5 setuptools==75.8.0 wheel
${ENV_FOLDER}/bin/python -m pip install -q --no-deps -e .
mkdir -p ${CONDA_ROOT}/bin
echo 'conda() { export PATH="${ENV_FOLDER}/bin:$PATH"; }' > ${CONDA_ROOT}/bin/activate
`;

/** With real pytest, from the package index. */
export function toyEnvironment(backend: SandboxBackend, repository: ToyRepository): Promise<BuiltEnvironment> {
  return build(backend, repository, INSTALL);
}

/** The repository alone; no network needed. */
export function bareToyEnvironment(backend: SandboxBackend, repository: ToyRepository): Promise<BuiltEnvironment> {
  return build(backend, repository, CLONE);
}

async function build(backend: SandboxBackend, repository: ToyRepository, script: string): Promise<BuiltEnvironment> {
  const { path } = await hostBase();
  const env = sandboxEnv({ path }, { PIP_NO_BUILD_ISOLATION: '0', PIP_RETRIES: '0' });
  const network = networkEnv(process.env, await registryConfig(process.env), true);
  const sandbox = await backend.create({
    base: { kind: 'host' },
    layers: [],
    limits: sandboxLimitsSchema.parse({}),
    network: script === INSTALL ? 'host' : 'none',
    env,
    workdir: '/testbed',
  });
  try {
    const result = await exec(sandbox, ['bash', '-c', script], {
      input: repository.bundle(),
      env: network.env,
      stderr: 'merge',
      timeoutSeconds: 300,
    });
    if (result.exitCode !== 0) throw new Error(result.stdout.toString());
    const layer = await sandbox.snapshot();
    return {
      digest: 'sha256:toy',
      base: { kind: 'host' },
      layers: [layer],
      workdir: '/testbed',
      env,
      baseCommit: repository.baseCommit,
      cached: true,
      buildMs: 0,
    };
  } finally {
    await sandbox.destroy();
  }
}
