/**
 * Critics: say how good an attempt is without seeing its verdict. Trained models, judges and the baselines they are measured against are all `Critic`s;
 * choosing among attempts (`src/select/`) uses nothing else of them.
 */
import type { AgentOutcome } from './agent.ts';
import type { AttemptTotals } from './events.ts';
import type { Cost, ModelMessage } from './model.ts';

/**
 * One finished attempt as a critic sees it. It carries no verdict, hidden test or gold patch: what is not here cannot leak into a score. Imported
 * trajectories of other tools map to the same type.
 */
export interface Trajectory {
  /** The run or the imported set it belongs to. */
  runId: string;
  instanceId: string;
  /** From 1, in the order in which the attempts were made. */
  attempt: number;
  /** Grouping key for splits and clustered statistics. */
  repo: string;
  /** System prompt; `''` when the source kept none. */
  system: string;
  /** The conversation from the first user message on. Each assistant message is one turn. */
  messages: readonly ModelMessage[];
  /** What the attempt came to, against the base commit; `''` when it changed nothing. */
  patch: string;
  /** Null when the source does not say how the attempt ended. */
  outcome: AgentOutcome | null;
  /** Null when the source kept no totals. */
  totals: AttemptTotals | null;
}

export interface CriticScore {
  /** One value per assistant message, in order: how good the attempt looks after that turn. Empty for critics that only judge the whole. */
  perTurn: number[];
  /** Higher is better; finite. Only the order among attempts of one instance means something unless the critic says that it is a probability. */
  final: number;
  /** What this score cost; `unknown` is never zero. */
  cost: Cost;
}

export interface CriticCallOptions {
  signal: AbortSignal;
}

/** Where a trained critic comes from. What it says of these is no measurement: it has seen their verdicts. */
export interface CriticTraining {
  runs: readonly string[];
  repositories: readonly string[];
  /** Null when its file does not name them. */
  instances: readonly string[] | null;
}

export interface Critic {
  /** Stands in reports and in the names of curves. */
  readonly name: string;
  /** True when `final` is a calibrated probability that the attempt resolves its instance. */
  readonly calibrated: boolean;
  /** Absent for critics that were not trained, or do not say on what. */
  readonly trainedOn?: CriticTraining;
  /**
   * Scores one trajectory, also one without any assistant message. The same trajectory gets the same score while the critic is open. May be called many times
   * at once. Throws `AssayError` of class `model`, `infra` or `cancelled` when no score can be had; it never invents one.
   */
  score(trajectory: Trajectory, options: CriticCallOptions): Promise<CriticScore>;
  /** Frees what the critic holds. Idempotent; whoever opened it closes it. */
  close(): Promise<void>;
}

/** Says which of two attempts at one instance is the better one; tournaments among attempts use nothing else of it. */
export interface PairJudge {
  readonly name: string;
  /**
   * Chance in [0, 1] that the attempt shown first is the better one. Models favour a place: ask in both orders. May be called many times at once. Throws like
   * `Critic.score`.
   */
  compare(
    first: Trajectory,
    second: Trajectory,
    options: CriticCallOptions,
  ): Promise<{ firstBetter: number; cost: Cost }>;
  /** Idempotent; whoever opened it closes it. */
  close(): Promise<void>;
}
