/**
 * Runs an evaluation script so that a patch cannot decide its own verdict: tests and runner configuration are put back, what an installation left running is ended, the tests run
 * as a process of their own whose output, exit code and evidence only this process reads.
 */
import { randomBytes } from 'node:crypto';
import type { Sandbox } from '../../../contracts/index.ts';
import { exec } from '../../../sandbox/exec.ts';
import { sandboxFiles } from '../../../sandbox/files.ts';
import type { SwebenchInstance } from '../../contracts.ts';
import { END_MARKER, patchedFiles, START_MARKER } from '../../dataset/eval-script.ts';
import { ENV_FOLDER } from '../../environment/environment-scripts.ts';
import { applyOrExplain, runTimed, type ScriptOutcome, type ScriptSettings } from '../script-run.ts';
import { changedInWorkTree, markEnvironment, momentIn, tamperedSince } from './environment-guard.ts';
import { type EvidenceOptions, evidenceModule } from './evidence-module.ts';
import { ownGit } from './own-git.ts';
import { type Evidence, readEvidence } from './read-evidence.ts';
import { repositoryState, sourceState } from './repository-state.ts';
import { mustNotChange, ownRunner, restoreTouchedFiles, untrackedFiles } from './restore-touched-files.ts';
import { EVIDENCE_NAME } from './runner-hooks.ts';
import { splitScript } from './split-script.ts';
import { pythonRunner } from './test-evidence.ts';

export interface StrictRun {
  /** The log holds the tests' output alone, between markers of ours. */
  outcome: ScriptOutcome;
  restoredFiles: string[];
  /** Reasons not to believe what the tests say. */
  problems: string[];
  /** Something printed what only evaluation scripts print: the compatible rules may see another log than these. */
  forgesMarkers: boolean;
  /** Undefined where the environment has no Python of its own. */
  evidence?: Evidence;
}

/** Throws `sandbox-*` and `cancelled`. */
export async function runStrictScript(
  sandbox: Sandbox,
  instance: SwebenchInstance,
  settings: ScriptSettings,
): Promise<StrictRun> {
  const { signal, log } = settings;
  const parts = splitScript(instance.eval_script ?? '');
  if (parts === undefined) {
    const problem = 'the script has no markers on lines of their own: it cannot be run strictly';
    return {
      outcome: { output: '', exitCode: null, seconds: 0 },
      restoredFiles: [],
      problems: [problem],
      forgesMarkers: false,
    };
  }
  const untouched = await repositoryState(sandbox, signal);
  const sources = await sourceState(sandbox, signal);
  const base = (await ownGit(sandbox, signal)(['rev-parse', 'HEAD'])).stdout.trim();
  const existing = new Set(await untrackedFiles(sandbox, base, signal));
  const mark = await markEnvironment(sandbox, signal);
  const since = await momentIn(sandbox, signal);
  const failed = await applyOrExplain(sandbox, settings);
  if (failed !== null) return { outcome: { error: failed }, restoredFiles: [], problems: [], forgesMarkers: false };

  const problems: string[] = [];
  const testFiles = new Set(patchedFiles(instance.test_patch).map((file) => file.path));
  const restore = {
    ...{ base, existing, testFiles, signal },
    runnerFiles: ownRunner(instance.repo),
    modules: mark?.modules ?? new Set<string>(),
  };
  const overwritten = (await changedInWorkTree(sandbox, since, signal)).filter(
    (path) => existing.has(path) && mustNotChange(path, restore),
  );
  if (overwritten.length > 0)
    problems.push(`the patch changes what building the environment left: ${overwritten.join(', ')}`);
  const restoredFiles = await restoreTouchedFiles(sandbox, { ...restore, skipGenerated: false });
  const processes = await runningProcesses(sandbox, signal);
  const prologue = await runTimed(sandbox, ['/bin/bash', '-c', parts.prologue], settings);
  log.info(`Preparation:\n${prologue.output}`);
  if ('error' in prologue) return { outcome: prologue, restoredFiles, problems, forgesMarkers: false };
  await endProcesses(sandbox, processes, signal);

  if ((await repositoryState(sandbox, signal)) !== untouched) problems.push('the .git folder was written to');
  const late = await restoreTouchedFiles(sandbox, { ...restore, skipGenerated: true, except: testFiles });
  if (late.length > 0) problems.push(`the installation changed tests or their configuration: ${late.join(', ')}`);
  const installation = { project: projectName(instance.repo), script: parts.prologue, since };
  const tampered = mark === undefined ? [] : await tamperedSince(sandbox, mark, installation, signal);
  if (tampered.length > 0)
    problems.push(`the installation changed the test runner's environment: ${tampered.join(', ')}`);

  if (!(await testPatchIsInPlace(sandbox, instance, signal))) problems.push('the test patch is not in place');

  const sourcesNow = await sourceState(sandbox, signal);
  // Linters and the like read any file, and did so before the patch; some projects are plugins of the runner.
  const isPatched = (path: string) => !sources.has(path) || sources.get(path) !== sourcesNow.get(path);

  const secret = randomBytes(16).toString('hex');
  const evidenceFile = `/tmp/.${randomBytes(8).toString('hex')}`;
  const hasPython = await placeEvidence(
    sandbox,
    { runner: pythonRunner(instance.log_parser), secret, path: evidenceFile, ...testModules(instance, sandbox) },
    signal,
  );
  await sandboxFiles(sandbox).write('/eval.sh', parts.tests, { mode: 0o755 });
  const tests = await runTimed(sandbox, ['/bin/bash', '/eval.sh'], settings);
  if ('error' in tests) return { outcome: tests, restoredFiles, problems, forgesMarkers: false };
  log.info(`Test runtime: ${(prologue.seconds + tests.seconds).toFixed(2)} seconds`);
  const outcome = { ...tests, output: framed(tests.output, tests.exitCode), seconds: prologue.seconds + tests.seconds };
  const forgesMarkers = `${prologue.output}${tests.output}`.includes('>>>>> ');
  const run = { outcome, restoredFiles, problems, forgesMarkers };
  if (!hasPython) return run;
  const files = sandboxFiles(sandbox);
  const text = (await files.stat(evidenceFile)) === null ? '' : (await files.read(evidenceFile)).toString();
  const evidence = readEvidence(text, secret);
  const { readers, hooks } = evidence;
  return {
    ...run,
    evidence: {
      ...evidence,
      readers: readers.filter(isPatched),
      hooks: isRunner(instance) ? [] : hooks.filter(isPatched),
    },
  };
}

/** The tests' own output between markers, with what looks like a marker in it made harmless. */
function framed(output: string, exitCode: number | null): string {
  const harmless = output.replaceAll('>>>>> ', '> > > ');
  return `+ : '${START_MARKER}'\n${harmless}\n+ : '${END_MARKER}'\n>>>>> Test Exit Code: ${exitCode ?? 137}\n`;
}

/** Taking it back has to be possible; says nothing of scripts that place tests in another way. */
async function testPatchIsInPlace(sandbox: Sandbox, instance: SwebenchInstance, signal: AbortSignal): Promise<boolean> {
  const result = await ownGit(sandbox, signal)(['apply', '--check', '--reverse', '-'], `${instance.test_patch}\n`);
  return result.exitCode === 0;
}

/** The code under test takes part in running the tests. */
function isRunner(instance: SwebenchInstance): boolean {
  return instance.repo === 'pytest-dev/pytest';
}

/** None where the code under test is the test runner. */
function testModules(instance: SwebenchInstance, sandbox: Sandbox): Pick<EvidenceOptions, 'workdir' | 'testModules'> {
  const { workdir } = sandbox.spec;
  const paths = patchedFiles(instance.test_patch).map((file) => `${workdir}/${file.path}`);
  return { workdir, testModules: isRunner(instance) ? [] : paths.filter((path) => path.endsWith('.py')) };
}

async function placeEvidence(sandbox: Sandbox, options: EvidenceOptions, signal: AbortSignal): Promise<boolean> {
  const found = await exec(sandbox, ['bash', '-c', `ls -d ${ENV_FOLDER}/lib/python*/site-packages`], {
    cwd: '/',
    signal,
  });
  const packages = found.stdout.toString().split('\n')[0] ?? '';
  if (packages === '') return false;
  const files = sandboxFiles(sandbox);
  await files.write(`${packages}/${EVIDENCE_NAME}.py`, evidenceModule(options));
  await files.write(`${packages}/${EVIDENCE_NAME}.pth`, `import ${EVIDENCE_NAME}\n`);
  return true;
}

/** \`pid start-time\` of every process, so that a pid that is used again counts as new. */
const PROCESSES = `for folder in /proc/[0-9]*; do
  [ "\${folder#/proc/}" = $$ ] || { read -r line < "$folder/stat" && set -- \${line##*) } && echo "\${folder#/proc/} \${20}"; } 2>/dev/null
done; true`;

async function runningProcesses(sandbox: Sandbox, signal: AbortSignal): Promise<Set<string>> {
  const result = await exec(sandbox, ['bash', '-c', PROCESSES], { cwd: '/', timeoutSeconds: 60, signal });
  return new Set(
    result.stdout
      .toString()
      .split('\n')
      .filter((line) => line !== ''),
  );
}

/** Kills what was not there before, until nothing new is left (a process may fork while it is looked for). */
async function endProcesses(sandbox: Sandbox, known: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const strangers = [...(await runningProcesses(sandbox, signal))].filter((line) => !known.has(line));
    const pids = strangers.map((line) => line.split(' ')[0] ?? '');
    const result = await exec(sandbox, ['bash', '-c', 'kill -9 "$@" 2>/dev/null', 'bash', ...pids], {
      cwd: '/',
      signal,
    });
    if (pids.length === 0 || result.exitCode !== 0) return; // those that are left have ended by themselves
  }
}

function projectName(repo: string): string {
  return (repo.split('/').at(-1) ?? repo).replace(/-python$/, '');
}
