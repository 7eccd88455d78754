/** What `grade` and `validate` have in common on SWE-bench data sets: environments, limits, progress lines. */
import { join, resolve } from 'node:path';
import { readRecord } from '../base/read-record.ts';
import { sandboxLimitsSchema } from '../contracts/index.ts';
import { dropFromStore } from '../environment/drop-from-store.ts';
import { environmentLayout, environmentRecordSchema, stageRecordSchema } from '../environment/environment-layout.ts';
import { layersInUse } from '../sandbox/native/sandbox-records.ts';
import { CACHE_LEVELS, type CacheKeeper, type CacheLevel, cacheKeeper } from '../swebench/environment/cache-level.ts';
import { createImageEnvironments } from '../swebench/environment/image-environments.ts';
import {
  createSwebenchEnvironments,
  type SwebenchEnvironments,
} from '../swebench/environment/swebench-environments.ts';
import {
  type EvaluatePredictionsInput,
  type EvaluationEvent,
  type EvaluationSummary,
  evaluatePredictions,
} from '../swebench/evaluation/evaluate-predictions.ts';
import { openKnownDurations } from '../swebench/evaluation/known-durations.ts';
import { gradeLog } from '../swebench/grading/grade-log.ts';
import { SUITE_LIMITS } from '../swebench/suite-limits.ts';
import { type Engine, keepToBudget } from './compose.ts';

const LIMITS = sandboxLimitsSchema.parse(SUITE_LIMITS);

export const REPOSITORIES = {
  kind: 'strings',
  placeholder: 'folder',
  help: 'build environments from the git repositories in here',
} as const;

export const CACHE_FLAGS = {
  cacheLevel: {
    kind: 'string',
    choices: CACHE_LEVELS,
    default: 'instance',
    help: 'what stays of environments made by this run: the installer, what instances share, or all',
  },
  clean: { kind: 'boolean', help: 'also remove what was there before, above that level' },
} as const;

export const REPOSITORY_IMAGE = {
  kind: 'string',
  placeholder: 'name',
  help: 'with --repos: build on this image instead of the programs of this machine',
} as const;

export interface GradingRequest
  extends Pick<
    EvaluatePredictionsInput,
    | 'instances'
    | 'splitIds'
    | 'predictions'
    | 'instanceIds'
    | 'runId'
    | 'root'
    | 'reportDir'
    | 'dataset'
    | 'jobs'
    | 'pausing'
    | 'signal'
  > {
  /** Folders with git repositories; none: the published images. */
  repos: readonly string[];
  /** Under environments from repositories; undefined: this machine's own programs. */
  image: string | undefined;
  /** One of `CACHE_LEVELS`. */
  cacheLevel: string;
  clean: boolean;
  compat: 4 | 5;
  strict: boolean;
  /** Default: none when strict, else host, as the reference has it. */
  network: 'none' | 'host' | undefined;
  timeoutSeconds: number;
  say: (line: string) => void;
}

/** Where downloaded data sets are kept. */
export function datasetCache({ paths }: Pick<Engine, 'paths'>): string {
  return join(paths.home, 'datasets');
}

/** Where their fetched pictures are kept. */
export function assetCache(engine: Pick<Engine, 'paths'>): string {
  return join(datasetCache(engine), 'assets');
}

export async function gradePredictions(engine: Engine, request: GradingRequest): Promise<EvaluationSummary> {
  const { repos, image, cacheLevel, clean, compat, strict, network, timeoutSeconds, say, ...rest } = request;
  return evaluatePredictions({
    ...rest,
    environments: openSwebenchEnvironments(engine, repos, image),
    cache: openCacheKeeper(engine, cacheLevel, clean),
    settings: {
      backend: engine.backend,
      limits: LIMITS,
      network: network ?? (strict ? 'none' : 'host'),
      compat,
      strict,
      timeoutSeconds,
      gradeLog,
      assetCache: assetCache(engine),
    },
    durations: await openKnownDurations(join(engine.paths.home, 'swebench-durations.json')),
    observe: (event) => {
      const line = eventLine(event);
      if (line !== undefined) say(line);
    },
  });
}

/** Keeps to `ASSAY_DISK_BUDGET` as well, after every instance. */
function openCacheKeeper({ paths, imageSupply }: Engine, cacheLevel: string, clean: boolean): CacheKeeper {
  const level: CacheLevel = CACHE_LEVELS.find((one) => one === cacheLevel) ?? 'instance';
  const layout = environmentLayout(paths.environments);
  const keeper = cacheKeeper({
    level,
    clean,
    drop: async (what) => void (await dropFromStore(paths, what, await layersInUse(paths))),
    dropImage: (reference) => imageSupply.remove(reference),
    async stagesOf({ digest }) {
      const record = await readRecord(layout.environment(digest), environmentRecordSchema);
      const stages = (record?.stages ?? []).map((key) => readRecord(layout.stage(key), stageRecordSchema));
      return (await Promise.all(stages)).filter((stage) => stage !== null);
    },
  });
  return {
    async done(environment) {
      await keeper.done(environment);
      await keepToBudget(paths);
    },
    end: () => keeper.end(),
  };
}

/** Built from repositories where some are named, else the published images. */
export function openSwebenchEnvironments(
  engine: Engine,
  repos: readonly string[],
  image: string | undefined,
): SwebenchEnvironments {
  if (repos.length === 0) return createImageEnvironments(engine.imageSupply);
  const { backend, paths, hostBase } = engine;
  const folders = repos.map((folder) => resolve(folder));
  return createSwebenchEnvironments({
    backend,
    paths,
    hostBase,
    repos: folders,
    ...(image === undefined ? {} : { image }),
  });
}

/** One line for the progress, or nothing. */
function eventLine(event: EvaluationEvent): string | undefined {
  if (event.type === 'message') return event.text;
  if (event.type === 'build') return `${event.instanceId}: ${event.line}`;
  if (event.type === 'selected' && event.work > 0) return `about ${clock(event.expectedSeconds)} for ${event.work}`;
  if (event.type !== 'end') return undefined;
  const { instanceId, outcome, seconds, failure, record } = event.result;
  const why = failure?.message.split('\n')[0] ?? record?.reason;
  const left = event.leftSeconds > 0 ? `, about ${clock(event.leftSeconds)} left` : '';
  return `${instanceId}: ${outcome} (${seconds.toFixed(1)} s${left})${why == null ? '' : `: ${why}`}`;
}

function clock(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
