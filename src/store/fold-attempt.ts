/** The state of one attempt, folded from its events: all of them, or only the milestones that stand in the run's own log. */
import type { AttemptHistory, AttemptRecord, AttemptRef, RecordedStep, RunEvent } from '../contracts/index.ts';
import { TotalsFold } from './fold-totals.ts';

type EndEvent = Extract<RunEvent, { type: 'attempt-end' }>;
type GradeEvent = Extract<RunEvent, { type: 'grade-end' }>;

export class AttemptFold {
  private readonly ref: AttemptRef;
  private readonly repo: string;
  private readonly totals = new TotalsFold();
  private readonly steps = new Map<number, RecordedStep>();
  private begun = false;
  private skipped = false;
  private seen = false;
  private opened = false;
  private environmentDigest: string | null = null;
  private end: EndEvent | null = null;
  private grade: GradeEvent | null = null;
  private score: AttemptRecord['score'];

  constructor(ref: AttemptRef, repo: string) {
    this.ref = ref;
    this.repo = repo;
  }

  add(event: RunEvent): void {
    this.seen = true;
    this.totals.add(event);
    switch (event.type) {
      case 'attempt-start':
      case 'attempt-resume':
        this.begun = true;
        if (event.type === 'attempt-start') this.environmentDigest = event.environmentDigest;
        // Gone on with after an end that said nothing about the agent.
        this.end = null;
        this.grade = null;
        this.score = undefined;
        break;
      case 'attempt-end':
        this.end = event;
        this.grade = null;
        break;
      case 'prompt-start':
        this.opened = true;
        break;
      case 'attempt-skip':
        this.skipped = true;
        break;
      case 'grade-start':
        this.grade = null;
        break;
      case 'grade-end':
        this.grade = event;
        break;
      case 'score-end':
        this.score = { critic: event.critic, value: event.score, cost: event.cost };
        break;
      case 'reply-end':
        if (!this.steps.has(event.step))
          this.steps.set(event.step, { step: event.step, reply: event.reply, results: [] });
        break;
      case 'step-end': {
        const step = this.steps.get(event.step);
        if (step !== undefined && event.value !== undefined) step.value ??= event.value;
        break;
      }
      case 'intervention': {
        const { kind, reason, toStep, hint } = event;
        const step = this.steps.get(event.step);
        if (step !== undefined) step.intervention ??= { kind, reason, toStep, hint };
        break;
      }
      case 'tool-end':
        // A call that was only run again changes nothing: the first result is what the model saw.
        if (event.repeated === undefined) this.steps.get(event.step)?.results.push(event.result);
        break;
      default:
        break;
    }
  }

  /** False when the log said nothing. */
  get known(): boolean {
    return this.seen;
  }

  /** True when nothing is left to do for this attempt. */
  get settled(): boolean {
    return this.skipped || this.grade !== null || this.end?.gradable === false;
  }

  record(): AttemptRecord {
    return {
      ...this.ref,
      repo: this.repo,
      state: this.state(),
      environmentDigest: this.environmentDigest,
      outcome: this.end?.outcome ?? null,
      totals: this.end?.totals ?? this.totalsSoFar(),
      patchDigest: this.end?.patchDigest ?? null,
      patchBytes: this.end?.patchBytes ?? 0,
      report: this.grade?.report ?? null,
      ...(this.score === undefined ? {} : { score: this.score }),
      ...(this.end?.sandboxUsage === undefined ? {} : { sandboxUsage: this.end.sandboxUsage }),
    };
  }

  history(): AttemptHistory {
    const recorded: RecordedStep[] = [];
    for (let step = this.steps.get(1); step !== undefined; step = this.steps.get(step.step + 1)) recorded.push(step);
    return { record: this.seen ? this.record() : null, recorded, opened: this.opened, totals: this.totals.totals() };
  }

  private totalsSoFar(): AttemptRecord['totals'] {
    const totals = this.totals.totals();
    return totals.steps > 0 ? totals : null;
  }

  private state(): AttemptRecord['state'] {
    if (this.skipped) return 'skipped';
    if (this.end === null) return this.begun ? 'running' : 'pending';
    if (this.grade !== null) return this.grade.report.verdict === 'infra-error' ? 'failed' : 'finished';
    return this.end.gradable === false ? 'failed' : 'solved-ungraded';
  }
}
