import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { counted } from '../../base/counted.ts';
import { assayPaths } from '../../base/paths.ts';
import { type Failure, type SharedStore, toFailure } from '../../contracts/index.ts';
import type { RunControl } from '../../run/run-control.ts';
import { offeredRuns } from '../../share/offer.ts';
import { openSharedStore, STORE_URL_HELP, storeReference } from '../../share/open-shared-store.ts';
import { patientStore } from '../../share/patient-store.ts';
import { defineCommand, type ExitCode } from '../flag.ts';
import { interruptible } from '../interrupt.ts';
import { TABLE_FLAGS } from '../open-task-set.ts';
import { print } from '../output.ts';
import { createProgress, type Progress } from '../progress.ts';
import { BACKEND_FLAGS } from '../sandbox-flags.ts';
import { type OfferResult, type OfferWork, workerFolder, workOnOffer } from '../work-offers.ts';

const LOOK_MS = 5_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const workerCommand = defineCommand({
  name: 'worker',
  summary: 'work on the runs that `assay run --join` offers in a store, until nothing is left of them',
  description:
    'For Slurm, Swarm and plain hosts: any number of workers share the attempts with the processes that offer them, and hand the results in. The first SIGTERM or SIGINT lets the steps under way finish and gives the attempts back as far as they are; the second stops at once. Exit 0: nothing is left, or --max-time is over; 3: a run could not be worked on here; 130: stopped by a signal.',
  arguments: [{ name: 'store', help: STORE_URL_HELP, count: 'one' }],
  flags: {
    run: { kind: 'strings', placeholder: 'id', help: 'only these runs (default: all that are offered)' },
    jobs: {
      kind: 'integer',
      short: 'j',
      min: 1,
      placeholder: 'n',
      help: 'attempts at a time (default: as the run says)',
    },
    dataset: {
      kind: 'string',
      placeholder: 'folder',
      help: 'where the tasks are on this host (default: where the run says)',
    },
    repos: TABLE_FLAGS.repos,
    forever: { kind: 'boolean', help: 'wait for further runs when nothing is left' },
    maxTime: {
      kind: 'number',
      min: 1,
      placeholder: 'seconds',
      help: 'begin nothing new after this time, and give back what is not done',
    },
    folder: {
      kind: 'string',
      placeholder: 'folder',
      help: 'work here, and go on with what an earlier worker left here (default: a new folder)',
    },
    allowUrl: {
      kind: 'strings',
      placeholder: 'url',
      help: 'addresses of model providers and critics that an offered run may name',
    },
    tier: BACKEND_FLAGS.tier,
  },
  examples: [
    'assay worker s3://evals/assay -j 8',
    'srun assay worker /shared/assay --max-time 14000',
    'assay worker postgres://assay@db/assay --forever --dataset tasks/starter',
  ],
  async run({ args, flags }) {
    const reference = storeReference(args[0] ?? '');
    const direct = await openSharedStore(reference, { create: false });
    const progress = createProgress({ quiet: flags.quiet });
    const { control, interrupted, dispose } = interruptible(progress.say);
    const timer = setTimeout(
      () => control.pause(),
      Math.min((flags.maxTime ?? Number.POSITIVE_INFINITY) * 1000, LONGEST_TIMER_MS),
    );
    const store = waitingStore(direct, { control, progress, forever: flags.forever });
    const work: OfferWork = {
      store,
      direct,
      reference,
      folder: flags.folder === undefined ? workerFolder(assayPaths().home, hostname()) : resolve(flags.folder),
      jobs: flags.jobs,
      tier: flags.tier,
      tasks: {
        ...(flags.dataset === undefined ? {} : { reference: flags.dataset }),
        repos: flags.repos.map((one) => resolve(one)),
      },
      urls: flags.allowUrl,
      control,
      progress,
    };
    try {
      const { results, failures } = await workOnAll(work, flags);
      const kept = results.flatMap(({ kept: folder = [] }) => folder);
      const lines = [
        ...failures.map(({ message }) => `${message}\n`),
        ...(results.length + failures.length === 0 ? [`nothing is left to do in ${store.name}\n`] : []),
        ...results.map(resultLine),
        ...kept.map(
          (folder) =>
            `not all could be handed in; go on with: assay worker ${reference} --folder ${resolve(folder, '..')}\n`,
        ),
      ];
      print(flags.json, { runs: results, failures }, lines.join(''));
      if (flags.folder === undefined && kept.length + failures.length === 0)
        await rm(work.folder, { recursive: true, force: true });
      const bad = failures.length > 0 || results.some(({ status }) => status === 'failed');
      return exitCode(bad, interrupted());
    } finally {
      clearTimeout(timer);
      progress.stop();
      dispose();
      await store.close();
    }
  },
});

function resultLine({ runId, status, attempts, failure }: OfferResult): string {
  const why = failure === undefined ? '' : `: ${failure.message}`;
  return `${runId}: ${status}${why}; ${counted(attempts, 'attempt')} ended here\n`;
}

/** Between two runs: an outage is told and waited for, as one within a run is. */
function waitingStore(
  direct: SharedStore,
  { control, progress, forever }: { control: RunControl; progress: Progress; forever: boolean },
): SharedStore {
  const over = new AbortController();
  control.onPause(() => over.abort());
  return patientStore(direct, {
    onTrouble: (message) => progress.say(`${message}; waiting`),
    onAnswer: () => progress.say(`${direct.name} answers again`),
    signal: over.signal,
    pauseMs: LOOK_MS,
    ...(forever ? { longestMs: () => Number.POSITIVE_INFINITY } : {}),
  });
}

interface Which {
  run: string[];
  forever: boolean;
}

/** One run after the other; what cannot be worked on is said once and passed over. */
async function workOnAll(
  work: OfferWork,
  { run, forever }: Which,
): Promise<{ results: OfferResult[]; failures: Failure[] }> {
  const { store, control } = work;
  const results: OfferResult[] = [];
  const failures = new Map<string, Failure>();
  let toldAfter = -1; // results that were there when it was last said that more is waited for
  do {
    const all = await offeredRuns(store);
    for (const id of run.filter((one) => !all.includes(one) && !forever)) failures.set(id, notOffered(id, store.name));
    const offered = all.filter((id) => run.length === 0 || run.includes(id));
    for (const runId of offered.filter((id) => !failures.has(id))) {
      if (control.pausing) break;
      try {
        const result = await workOnOffer(runId, work);
        if (result !== null) results.push(result);
      } catch (error) {
        const failure = toFailure(error);
        failures.set(runId, failure);
      }
    }
    if (!forever) break;
    if (toldAfter !== results.length) work.progress.say(`waiting for runs in ${store.name}`);
    toldAfter = results.length;
    await untilPaused(control, LOOK_MS);
  } while (!control.pausing);
  return { results, failures: [...failures.values()] };
}

function notOffered(runId: string, store: string): Failure {
  return {
    code: 'run-not-found',
    class: 'input',
    message: `No run ${runId} is offered in ${store}.`,
    retryable: false,
  };
}

async function untilPaused(control: RunControl, ms: number): Promise<void> {
  const over = new AbortController();
  const forget = control.onPause(() => over.abort());
  await sleep(ms, undefined, { signal: over.signal }).catch(() => {}); // paused
  forget();
}

function exitCode(bad: boolean, interrupted: boolean): ExitCode {
  if (bad) return 3;
  return interrupted ? 130 : 0;
}
