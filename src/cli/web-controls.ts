/**
 * What web pages may do to runs, done by the commands that people type: `assay run`, `assay requeue` and `assay resume` in processes of their own, and the Ctrl-C of a terminal. A run begun from a
 * page goes on when the pages are closed.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AssayError } from '../contracts/index.ts';
import { readManifest } from '../store/load-run-record.ts';
import { isRunId, newRunId, runPaths } from '../store/run-folder.ts';
import { isRunLocked, runOwner } from '../store/run-lock.ts';
import type { ForkRequest, ResumeRequest, RunControls, StartRequest } from '../view/run-controls.ts';
import { kebab } from './flag.ts';
import { PAUSE_SIGNAL } from './interrupt.ts';

export interface WebControlsOptions {
  runsDir: string;
  /** Program and first arguments of the command line: `[process.execPath, 'bin/assay.mjs']`. */
  assay: readonly [string, ...string[]];
  /** Of commands. Default 2 minutes, in which an engine is opened and checked. */
  startMs?: number;
  /** For the steps under way of a run that is stopped. Default 15 minutes. */
  stopMs?: number;
}

const LOOK_MS = 100;
/** Of what a command that failed printed. */
const TOLD_CHARACTERS = 2_000;

export function webControls(options: WebControlsOptions): RunControls {
  const { runsDir, startMs = 120_000, stopMs = 900_000 } = options;
  const dirOf = (runId: string) => {
    if (isRunId(runId)) return join(runsDir, runId);
    throw new AssayError('run-not-found', `${runId} is no run id.`, { class: 'input', retryable: false });
  };
  return {
    async start(request) {
      const runId = newRunId();
      await launch(options, runId, startArguments(request, runId, runsDir), () => isThere(dirOf(runId)), startMs);
      return { runId };
    },

    async fork(request) {
      await readManifest(dirOf(request.runId));
      const runId = newRunId();
      const args = await forkArguments(request, runId, runsDir);
      await launch(options, runId, args, () => isThere(dirOf(runId)), startMs);
      return { runId };
    },

    async requeue({ runId: source, instances, jobs, budgetUsd }) {
      await readManifest(dirOf(source));
      const runId = newRunId();
      const given = [...flags({ runId, runsDir, jobs, budget: budgetUsd }), ...instanceFlags(instances)];
      await launch(
        options,
        runId,
        ['requeue', ...given, '--quiet', '--', source],
        () => isThere(dirOf(runId)),
        startMs,
      );
      return { runId };
    },

    async stop({ runId, now }) {
      await readManifest(dirOf(runId));
      const pid = await ownerPid(dirOf(runId), runId);
      process.kill(pid, PAUSE_SIGNAL);
      if (!now) return;
      // As on a terminal: what stops already stops at once.
      await sleep(LOOK_MS);
      if ((await runOwner(dirOf(runId)))?.pid === pid) process.kill(pid, 'SIGINT');
    },

    async resume(request) {
      const dir = dirOf(request.runId);
      await readManifest(dir);
      if (await isRunLocked(dir)) {
        process.kill(await ownerPid(dir, request.runId), PAUSE_SIGNAL);
        await until(async () => !(await isRunLocked(dir)), stopMs, 'the steps under way have not ended');
      }
      await launch(options, request.runId, resumeArguments(request, dir), (pid) => isOwner(dir, pid), startMs);
    },
  };
}

/** Of a process that can be signalled. Throws `config-invalid`, `run-locked`. */
async function ownerPid(dir: string, runId: string): Promise<number> {
  const owner = await runOwner(dir);
  if (owner === null) {
    throw new AssayError('config-invalid', `No process works on run ${runId}.`, { class: 'input', retryable: false });
  }
  if (owner.state === 'alive' && owner.pid !== process.pid) return owner.pid;
  throw new AssayError('run-locked', `Process ${owner.pid} on ${owner.host} works on run ${runId}.`, {
    class: 'input',
    retryable: false,
    hint: 'It cannot be reached from here: stop it where it was started.',
  });
}

/** Values stand in one word with their flags, and the data set behind `--`: nothing that a page sends is taken for a flag. */
function startArguments(request: StartRequest, runId: string, runsDir: string): string[] {
  const { dataset, model, instances, attempts, jobs, budgetUsd, maxSteps, wallSeconds, maxCostUsd } = request;
  return [
    'run',
    ...flags({ model, runId, runsDir, attempts, jobs, budget: budgetUsd, maxSteps, wallSeconds, maxCost: maxCostUsd }),
    ...instanceFlags(instances),
    '--quiet',
    '--',
    dataset,
  ];
}

/** Texts of any length go through files beside the log of the command. */
async function forkArguments(request: ForkRequest, runId: string, runsDir: string): Promise<string[]> {
  const { step, attempt, model, edit, prompt } = request;
  const folder = await controlFolder(runsDir);
  const kept = async (name: string, text: string | undefined) => {
    if (text === undefined) return undefined;
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const files = {
    edit: await kept(`${runId}.edit.json`, JSON.stringify(edit)),
    prompt: await kept(`${runId}.prompt.md`, prompt),
  };
  const given = flags({ step, attempt, model, ...files, runId, runsDir });
  return ['fork', ...given, '--quiet', '--', request.runId, request.instanceId];
}

function resumeArguments({ jobs, budgetUsd }: ResumeRequest, dir: string): string[] {
  return ['resume', ...flags({ jobs, budget: budgetUsd }), '--quiet', '--', dir];
}

const instanceFlags = (patterns: readonly string[]) => patterns.map((pattern) => `--instance=${pattern}`);

function flags(values: Record<string, string | number | undefined>): string[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${kebab(name)}=${value}`]));
}

/** Starts a command that outlives this process; what it prints is kept beside the runs. Resolves once it has begun or has ended well; throws what it said when it failed first. */
async function launch(
  { runsDir, assay: [program, ...first] }: WebControlsOptions,
  runId: string,
  args: readonly string[],
  begun: (pid: number) => Promise<boolean>,
  limitMs: number,
): Promise<void> {
  const path = join(await controlFolder(runsDir), `${runId}.${randomBytes(4).toString('hex')}.log`);
  const log = await open(path, 'wx');
  let ended: number | null = null;
  try {
    const child = spawn(program, [...first, ...args], { detached: true, stdio: ['ignore', log.fd, log.fd] });
    child.once('error', () => (ended = -1)).once('exit', (code) => (ended = code ?? -1));
    child.unref();
    const pid = child.pid ?? -1;
    await until(async () => ended !== null || (await begun(pid)), limitMs, `the command has not begun, see ${path}`);
  } finally {
    await log.close();
  }
  if (ended === null || ended === 0) return;
  const said = (await readFile(path, 'utf8')).trim().slice(-TOLD_CHARACTERS);
  throw new AssayError('config-invalid', said === '' ? `assay ${args[0]} ended with ${ended}` : said, {
    class: 'input',
    retryable: false,
    hint: `All that it printed is in ${path}.`,
  });
}

/** Beside the runs, under a name that no run has. */
async function controlFolder(runsDir: string): Promise<string> {
  const folder = join(runsDir, '.control');
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Several commands may be started for one run: the one that has its lock works on it. */
async function isOwner(dir: string, pid: number): Promise<boolean> {
  return (await runOwner(dir))?.pid === pid;
}

async function isThere(dir: string): Promise<boolean> {
  return (await stat(runPaths(dir).manifest).catch(() => null)) !== null;
}

async function until(done: () => Promise<boolean>, limitMs: number, otherwise: string): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await done())) {
    if (Date.now() > end) {
      const message = `After ${Math.round(limitMs / 1000)} s ${otherwise}.`;
      throw new AssayError('io', message, { class: 'infra', retryable: true });
    }
    await sleep(LOOK_MS);
  }
}
