/**
 * Task instances: what the agent is given, and (kept apart) what decides. The on-disk form is the task folder
 * (`docs/task-format.md`); other datasets map to the same types.
 */
import { z } from 'zod';
import type { Proposal } from './payout.ts';

/** One build step. Runs as bash (`set -e`) in the state left by the step before; the result is a layer keyed by everything above it. */
export const buildStepSchema = z.strictObject({
  name: z.string(),
  run: z.string(),
  /** Network is off unless asked for; a list names the only hosts that can be reached. */
  network: z.union([z.boolean(), z.array(z.string()).min(1)]).default(false),
  timeoutSeconds: z.number().positive().default(900),
});
export type BuildStep = z.infer<typeof buildStepSchema>;

/** Where the repository comes from. */
export const sourceSchema = z.union([
  /** A `git fast-export` stream beside the task (shared by several tasks); `commit` is a ref or mark name in it. */
  z.strictObject({ git: z.string(), commit: z.string() }),
  /** A published npm version; `sha512` is the registry's integrity value of the tarball. */
  z.strictObject({ npm: z.string(), integrity: z.string().optional() }),
  /** A published PyPI sdist, `name==version`; `sha256` of the archive. */
  z.strictObject({ pypi: z.string(), sha256: z.string().optional() }),
  /** A plain folder beside the task, committed as one base commit. */
  z.strictObject({ folder: z.string() }),
]);
export type Source = z.infer<typeof sourceSchema>;

/** `gold.patch` beside task.yaml, or derived at build time as the difference to a fixed published version. */
export const goldSchema = z.union([
  z.strictObject({ patch: z.string() }),
  z.strictObject({ npm: z.string(), integrity: z.string().optional(), include: z.array(z.string()).min(1) }),
  z.strictObject({ pypi: z.string(), sha256: z.string().optional(), include: z.array(z.string()).min(1) }),
]);

/** Serves the application of a task that is graded end to end. Runs in a sandbox of its own, without the tests. */
export const appSchema = z.strictObject({
  /** Run first, as bash in the work directory. */
  build: z.string().optional(),
  /** Keeps running; the application listens on `port` of the loopback. */
  serve: z.string(),
  port: z.number().int().min(1024).max(65_535),
  /** Answers with a status below 500 once the application is ready. */
  readyPath: z.string().startsWith('/').default('/'),
  readySeconds: z.number().positive().default(60),
  /** A script beside the task that plays a user, for agents that ask for one. Hidden like the tests. */
  user: z.string().optional(),
});
export type AppServer = z.infer<typeof appSchema>;

/** The proposals of a manager task. */
export const choiceSchema = z.strictObject({
  proposals: z
    .array(z.strictObject({ id: z.string().min(1), file: z.string() }))
    .min(2)
    .max(20),
  /** `id` of the right one. */
  answer: z.string(),
  /** Order and numbers of the proposals follow from it and the task's id. */
  shuffleSeed: z.number().int().nonnegative().default(0),
});

/** What stands for `grading` in a task with `choice`: one test, which the answer passes or fails. */
export const CHOICE_GRADING = {
  command: ':',
  parser: 'choice',
  failToPass: ['chooses the right proposal'],
  passToPass: [],
  timeoutSeconds: 300,
};

/** `task.yaml`. Strict: an unknown key is an error. */
export const taskFileSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/),
  title: z.string(),
  /** Shown in reports; grouping key for clustered statistics. */
  repo: z.string(),
  language: z.enum(['javascript', 'typescript', 'python', 'c', 'cpp', 'go', 'java', 'php', 'ruby', 'rust']),
  source: sourceSchema,
  gold: goldSchema.default({ patch: 'gold.patch' }),
  environment: z
    .strictObject({
      /** An OCI image to stand on instead of the host's own programs, named as for docker. It needs bash, git and the GNU tools. */
      image: z.string().optional(),
      /** Programs that must be on the host base or in the image; checked before anything runs: `node`, `npm`, `python3`, `git`. */
      tools: z.array(z.string()).default([]),
      /** Run before the repository is there, working directory `/`; equal text is built once for all tasks (e.g. a venv with the test runner). */
      setup: z.array(buildStepSchema).default([]),
      /** Run in the repository; what they change in tracked files becomes part of the base commit. */
      steps: z.array(buildStepSchema).default([]),
      env: z.record(z.string(), z.string()).default({}),
    })
    .default({ tools: [], setup: [], steps: [], env: {} }),
  grading: z
    .strictObject({
      /** Run by bash in the work directory, hidden tests in place. */
      command: z.string(),
      parser: z.string(),
      failToPass: z.array(z.string()).min(1),
      passToPass: z.array(z.string()).default([]),
      timeoutSeconds: z.number().positive().default(300),
      /** Graded end to end: `command` runs in a second sandbox, with a browser, and reaches the application at `$APP_URL`. */
      app: appSchema.optional(),
      /** So often the tests are run before a failure counts, each time from the start. Default 1. */
      tries: z.number().int().min(1).max(10).optional(),
    })
    .default(() => ({ ...CHOICE_GRADING, failToPass: [...CHOICE_GRADING.failToPass], passToPass: [] })),
  /** A manager task: the agent chooses a proposal and changes nothing. Takes the place of `grading`, `gold` and hidden tests. */
  choice: choiceSchema.optional(),
  /** The job behind the task: tasks of one group are paid by one bounty. Default: the task alone. */
  group: z.string().optional(),
  /** Images of issue.md, as paths beside it. */
  images: z.array(z.string()).default([]),
  price: z
    .strictObject({
      amount: z.number().positive(),
      currency: z.literal('USD'),
      basis: z.enum(['paid', 'offered', 'estimated']),
    })
    .optional(),
  difficulty: z.enum(['easy', 'medium', 'hard']).optional(),
  tags: z.array(z.string()).default([]),
  limits: z
    .strictObject({ memoryBytes: z.number(), pids: z.number(), cpus: z.number(), diskBytes: z.number() })
    .partial()
    .optional(),
});
export type TaskFile = z.infer<typeof taskFileSchema>;

/** A hidden file that grading puts in place; `path` is relative to the work directory. */
export interface HiddenFile {
  path: string;
  content: Buffer;
  mode: number;
}

export interface IssueImage {
  name: string;
  mediaType: string;
  data: Buffer;
}

/** One instance, loaded. `dir` is where its folder lies on the host; nothing below it ever reaches an agent's sandbox but `issue` and `images`. */
export interface TaskInstance {
  instanceId: string;
  task: TaskFile;
  dir: string;
  /** issue.md */
  problemStatement: string;
  images: IssueImage[];
  hiddenFiles: HiddenFile[];
  /** The script of `grading.app.user`; it never reaches an agent's sandbox. */
  userScript?: string;
  /** Of a manager task: its proposals in the order of the task file. Agents see them within `problemStatement` only. */
  proposals?: readonly Proposal[];
  /** Of a manager task: ids of the proposals in the order the agent sees them. */
  proposalOrder?: readonly string[];
  /** Digest of everything that determines environment and verdict. */
  digest: string;
}

export interface Dataset {
  name: string;
  /** As the user named it, so that a resume can load it again. */
  reference: string;
  digest: string;
  instances: TaskInstance[];
}

export interface DatasetSource {
  /** True when this source understands the reference (`tasks/starter`, `swe-bench-lite`, `x.parquet`). */
  accepts(reference: string): Promise<boolean>;
  /** Throws `dataset-not-found` or `task-invalid` (listing every problem with its file). */
  load(reference: string): Promise<Dataset>;
}
