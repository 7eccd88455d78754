/** What a run needs from the other parts, given from outside so that a run knows no backend, agent, model or grader by name. */
import type {
  Agent,
  AgentLimits,
  AttemptRef,
  BuiltEnvironment,
  Checkpoints,
  Critic,
  EnvironmentBuilder,
  GradeArtifact,
  GradeReport,
  Model,
  Sandbox,
  SandboxBackend,
  SandboxLimits,
  TaskInstance,
  UserTool,
  Verdict,
  Workspace,
} from '../contracts/index.ts';

export interface GradeInput {
  instance: TaskInstance;
  environment: BuiltEnvironment;
  /** Unified diff against the environment's base commit; may be empty. */
  patch: string;
  backend: SandboxBackend;
  limits: SandboxLimits;
  signal: AbortSignal;
  /** Called before the tests run once more, with the number of that try (from 2) and the verdict of the one before. What it throws ends the grading. */
  beforeTry?: (number: number, verdict: Verdict) => Promise<void>;
}

export interface GradeResult {
  report: GradeReport;
  /** What the test command printed. */
  testOutput: string;
  /** The script that ran. */
  evalScript: string;
  /** What the tests left behind; the report names each. */
  artifacts?: GradeArtifact[];
}

/** Judges one patch in a fresh sandbox that it makes and destroys itself. Throws only for infrastructure and when the signal is aborted. */
export type GradeAttempt = (input: GradeInput) => Promise<GradeResult>;

/** The agent's changes as a unified diff against `baseCommit`, new files included; `''` when there are none. Throws when none can be taken. */
export type CapturePatch = (
  sandbox: Sandbox,
  options: { baseCommit: string; workdir: string; signal: AbortSignal },
) => Promise<string>;

/** Shell and files of a sandbox; `commandSeconds` is the default timeout of a command. */
export type OpenWorkspace = (sandbox: Sandbox, options: { commandSeconds: number }) => Workspace | Promise<Workspace>;

/** A user for the attempt in this sandbox; undefined for tasks without one. */
export type OpenUserTool = (
  sandbox: Sandbox,
  input: Pick<GradeInput, 'instance' | 'environment' | 'limits'>,
) => UserTool | undefined;

/** Where an attempt works. */
export interface AttemptPlace {
  sandbox: Sandbox;
  workspace: Workspace;
  limits: AgentLimits;
}

/** What grading alone needs. */
export interface GradePorts {
  backend: SandboxBackend;
  environments: EnvironmentBuilder;
  gradeAttempt: GradeAttempt;
}

export interface RunPorts extends GradePorts {
  /** Why nothing more should be started on this machine now; undefined when there is room. Absent: there always is. */
  hostShortage?: () => Promise<string | undefined>;
  agent: Agent;
  /** Called once, and only when there is something to solve. The run closes what it gets. Throws e.g. `model-key-missing`. */
  openModel: () => Promise<Model>;
  capturePatch: CapturePatch;
  openWorkspace: OpenWorkspace;
  /** Where the agent can be brought back. Absent, or undefined for an attempt: nowhere. */
  checkpoints?: (sandbox: Sandbox, ref: AttemptRef) => Checkpoints | undefined;
  /** Values attempts while they go on, and when they are solved. Whoever gives it closes it. */
  critic?: Critic;
  /** The model as one attempt asks it, which may try replies in copies of the attempt's sandbox. Absent: as the run has it. */
  attemptModel?: (model: Model, place: AttemptPlace) => Model;
  /** Absent: no task has a user. */
  openUserTool?: OpenUserTool;
}
