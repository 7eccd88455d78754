/** Flags and arguments that several commands over data sets and runs have. */
import { readFile } from 'node:fs/promises';
import { AssayError } from '../contracts/index.ts';

/** Flags that choose instances of a dataset. */
export const FILTER_FLAGS = {
  instance: { kind: 'strings', short: 'i', placeholder: 'pattern', help: 'only these instances; * matches anything' },
  tag: { kind: 'strings', help: 'only instances with one of these tags' },
  limit: { kind: 'integer', min: 1, help: 'at most this many instances' },
  seed: { kind: 'integer', help: 'with --limit: choose by this seed instead of by name' },
} as const;

/** The filter that the flags ask for. */
export function filterOf(flags: {
  instance: string[];
  tag: string[];
  limit: number | undefined;
  seed: number | undefined;
}) {
  return {
    instances: flags.instance,
    tags: flags.tag,
    ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
  };
}

/** Attempts at a time, of runs that do not say it. */
export const DEFAULT_JOBS = 2;

export const RUN_FLAGS = {
  jobs: { kind: 'integer', short: 'j', min: 1, default: DEFAULT_JOBS, placeholder: 'n', help: 'attempts at a time' },
  runsDir: { kind: 'string', default: 'runs', placeholder: 'folder', help: 'folder of the run folders' },
  budget: {
    kind: 'number',
    min: 0,
    placeholder: 'usd',
    help: 'dollars for the whole run; held by reservation, workers cannot overshoot it',
  },
} as const;

export const ATTEMPTS = {
  kind: 'integer',
  short: 'k',
  min: 1,
  max: 10_000,
  default: 1,
  placeholder: 'k',
  help: 'attempts per instance',
} as const;

/** Of commands over task folders. */
export const TASK_SET = {
  name: 'dataset',
  help: 'a folder of tasks, or tasks/starter, tasks/registry, tasks/freelance, tasks/freelance+prices',
  count: 'one',
} as const;

/** A prompt template. Throws `file-not-found`. */
export async function readPrompt(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AssayError('file-not-found', `the prompt ${path} cannot be read`, {
      class: 'input',
      retryable: false,
      cause,
    });
  });
}
