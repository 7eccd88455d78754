/** What the agent did up to a turn, whatever its tools are called. Folded turn by turn, so that every prefix has its values. Pure. */
import { type FeatureDefinition, type FeatureValues, logCount } from './feature.ts';
import { type ObservationFacts, observationFacts } from './observation.ts';
import type { Action, ActionKind, Turn } from './turn.ts';
import { countMatches, identifiers, shareIn } from './words.ts';

const HELP = {
  'traj.turns': 'log of the assistant turns so far',
  'traj.text': 'log of the characters that the model wrote, per turn',
  'traj.observed': 'log of the characters that it was shown, per turn',
  'traj.edits': 'log of the edits',
  'traj.creates': 'log of the files created',
  'traj.searches': 'log of the searches',
  'traj.views': 'log of the views of files',
  'traj.runs': 'log of the programs run',
  'traj.tests': 'log of the test runs',
  'traj.plans': 'log of the planning steps',
  'traj.undos': 'log of the changes taken back',
  'traj.submitted': '1 when the agent said that it is done',
  'traj.first-edit': 'turns before the first edit over all turns; 1 without an edit',
  'traj.since-edit': 'log of the turns since the last edit',
  'traj.failed-edits': 'share of the edits that a tool refused',
  'traj.last-edit-failed': '1 when the last edit was refused',
  'traj.files-edited': 'log of the files edited',
  'traj.edits-per-file': 'log of the edits per edited file',
  'traj.empty-searches': 'share of the searches that found nothing',
  'traj.errors': 'share of the turns whose observation shows an error',
  'traj.recent-errors': 'the same over the last three turns',
  'traj.tracebacks': 'log of the tracebacks seen',
  'traj.ran-after-edit': '1 when something was run or tested after the last edit',
  'traj.clean-after-edit': '1 when the last run after the last edit shows no error',
  'traj.last-run-error': '1 when the last run shows an error; missing without one',
  'traj.last-test': '1 when the last test run passed, 0 when it failed; missing without one',
  'traj.error-then-clean': '1 when a run failed before the edits and a later one is clean',
  'traj.repeats': 'share of the actions that were taken before, word for word',
  'traj.loop': 'log of the longest run of equal actions',
  'traj.no-action': 'share of the turns without any action',
  'traj.hedges': 'hedging words (might, perhaps, assume, ...) per thousand characters',
  'traj.confident': 'words of success per thousand characters',
  'traj.apologies': 'log of the apologies',
  'traj.last-hedges': 'hedging words in the last turn that says something, log',
  'traj.last-confident': 'words of success in that turn, log',
  'traj.last-gives-up': '1 when that turn speaks of failing, of limits or of what others should do',
  'traj.last-length': 'log of its characters',
  'traj.issue-words': 'share of the words of the last edit that the issue mentions',
  'traj.seen-words': 'share of the identifiers of the last edit that were seen before',
  'traj.edited-unseen': '1 when the last edited file had not been shown before',
  'traj.retries': 'log of the requests by the tools to try again',
} as const;

export const TRAJECTORY_FEATURES: readonly FeatureDefinition[] = Object.entries(HELP).map(([name, help]) => ({
  name,
  group: 'trajectory',
  help,
}));

const HEDGES =
  /\b(might|may|maybe|perhaps|possibly|likely|probably|assum\w+|seems?|appears?|unclear|not sure|unsure|unfortunately|potential\w*|hypothetical\w*)\b/gi;
const SUCCESS =
  /\b(success\w*|fixed|resolved|works? (correctly|as expected)|as expected|correct(ly)?|passe[sd]|solved|complete[sd]?|no longer)\b/gi;
const APOLOGIES = /\b(apologi[sz]e\w*|sorry|my mistake|oversight|I missed)\b/gi;
const GIVES_UP =
  /\b(unable to|cannot (be|determine|find|provide)|could not|couldn't|not possible|insufficient|without (more|further|additional)|more (information|context)|manual(ly)?|maintainers?|developers? should|limitations?)\b/i;

export class TrajectoryFold {
  private readonly issueWords: ReadonlySet<string>;
  private readonly counts = new Map<ActionKind, number>();
  private readonly taken = new Map<string, number>();
  private readonly filesEdited = new Set<string>();
  private readonly seen = new Set<string>();
  private readonly filesShown = new Set<string>();
  private turns = 0;
  private written = 0;
  private observed = 0;
  private actions = 0;
  private repeats = 0;
  private loop = 0;
  private longestLoop = 0;
  private lastAction = '';
  private silent = 0;
  private errors: boolean[] = [];
  private tracebacks = 0;
  private emptySearches = 0;
  private failedEdits = 0;
  private lastEditFailed = Number.NaN;
  private firstEdit = Number.NaN;
  private lastEdit = Number.NaN;
  private failedRunBefore = false;
  private lastRun: { turn: number; error: boolean } | null = null;
  private lastTest = Number.NaN;
  private hedges = 0;
  private successes = 0;
  private apologies = 0;
  private retries = 0;
  private lastText = '';
  private editIssueWords = Number.NaN;
  private editSeenWords = Number.NaN;
  private editedUnseen = Number.NaN;

  constructor(issue: string) {
    this.issueWords = identifiers(issue);
    for (const word of this.issueWords) this.seen.add(word);
  }

  add(turn: Turn): void {
    this.turns++;
    this.written += turn.text.length;
    this.observed += turn.observation.length;
    const facts = observationFacts(turn);
    this.errors.push(facts.error);
    this.tracebacks += facts.tracebacks;
    this.retries += facts.retries;
    if (turn.actions.length === 0) this.silent++;
    for (const action of turn.actions) this.take(action, facts);
    this.listen(turn.text);
    for (const word of identifiers(turn.observation)) this.seen.add(word);
    for (const [name] of turn.observation.matchAll(/[\w-]+\.[A-Za-z]{1,4}\b/g)) this.filesShown.add(name);
  }

  values(): FeatureValues {
    const { turns } = this;
    const perTurn = (count: number) => logCount(count / Math.max(1, turns));
    const per = (count: number, of: number) => (of === 0 ? Number.NaN : count / of);
    const count = (...kinds: ActionKind[]) => kinds.reduce((sum, kind) => sum + (this.counts.get(kind) ?? 0), 0);
    const edits = count('edit');
    const ranAfter = this.lastRun !== null && !(this.lastRun.turn < this.lastEdit);
    const thousand = Math.max(1, this.written / 1000);
    return {
      'traj.turns': logCount(turns),
      'traj.text': perTurn(this.written),
      'traj.observed': perTurn(this.observed),
      'traj.edits': logCount(edits),
      'traj.creates': logCount(count('create')),
      'traj.searches': logCount(count('search')),
      'traj.views': logCount(count('view')),
      'traj.runs': logCount(count('run')),
      'traj.tests': logCount(count('test')),
      'traj.plans': logCount(count('plan')),
      'traj.undos': logCount(count('undo')),
      'traj.submitted': Number(count('submit') > 0),
      'traj.first-edit': Number.isNaN(this.firstEdit) ? 1 : this.firstEdit / turns,
      'traj.since-edit': Number.isNaN(this.lastEdit) ? Number.NaN : logCount(turns - this.lastEdit),
      'traj.failed-edits': per(this.failedEdits, edits),
      'traj.last-edit-failed': this.lastEditFailed,
      'traj.files-edited': logCount(this.filesEdited.size),
      'traj.edits-per-file': logCount(edits / Math.max(1, this.filesEdited.size)),
      'traj.empty-searches': per(this.emptySearches, count('search')),
      'traj.errors': per(this.errors.filter(Boolean).length, turns),
      'traj.recent-errors': per(this.errors.slice(-3).filter(Boolean).length, Math.min(3, turns)),
      'traj.tracebacks': logCount(this.tracebacks),
      'traj.ran-after-edit': Number(edits > 0 && ranAfter),
      'traj.clean-after-edit': Number(edits > 0 && ranAfter && this.lastRun?.error === false),
      'traj.last-run-error': this.lastRun === null ? Number.NaN : Number(this.lastRun.error),
      'traj.last-test': this.lastTest,
      'traj.error-then-clean': Number(this.failedRunBefore && edits > 0 && ranAfter && this.lastRun?.error === false),
      'traj.repeats': per(this.repeats, this.actions),
      'traj.loop': logCount(this.longestLoop),
      'traj.no-action': per(this.silent, turns),
      'traj.hedges': this.hedges / thousand,
      'traj.confident': this.successes / thousand,
      'traj.apologies': logCount(this.apologies),
      'traj.last-hedges': logCount(countMatches(this.lastText, HEDGES)),
      'traj.last-confident': logCount(countMatches(this.lastText, SUCCESS)),
      'traj.last-gives-up': Number(GIVES_UP.test(this.lastText)),
      'traj.last-length': logCount(this.lastText.length),
      'traj.issue-words': this.editIssueWords,
      'traj.seen-words': this.editSeenWords,
      'traj.edited-unseen': this.editedUnseen,
      'traj.retries': logCount(this.retries),
    };
  }

  private take(action: Action, facts: ObservationFacts): void {
    this.actions++;
    this.counts.set(action.kind, (this.counts.get(action.kind) ?? 0) + 1);
    const before = this.taken.get(action.text) ?? 0;
    if (before > 0) this.repeats++;
    this.taken.set(action.text, before + 1);
    this.loop = action.text === this.lastAction ? this.loop + 1 : 1;
    this.longestLoop = Math.max(this.longestLoop, this.loop);
    this.lastAction = action.text;
    if (action.kind === 'edit') this.takeEdit(action, facts);
    else if (action.kind === 'search' && facts.nothingFound) this.emptySearches++;
    else if (action.kind === 'run' || action.kind === 'test') this.takeRun(action.kind, facts);
  }

  private takeEdit({ content, path }: Action, facts: ObservationFacts): void {
    const turn = this.turns;
    if (Number.isNaN(this.firstEdit)) this.firstEdit = turn;
    this.lastEdit = turn;
    if (facts.refused) this.failedEdits++;
    this.lastEditFailed = Number(facts.refused);
    if (path !== null) {
      this.filesEdited.add(path);
      this.editedUnseen = Number(!this.filesShown.has(path.split('/').at(-1) ?? path));
    }
    const words = identifiers(content);
    this.editIssueWords = shareIn(words, this.issueWords);
    this.editSeenWords = shareIn(words, this.seen);
  }

  private takeRun(kind: 'run' | 'test', facts: ObservationFacts): void {
    if (this.lastRun?.error === true) this.failedRunBefore = true;
    this.lastRun = { turn: this.turns, error: facts.error };
    if (kind === 'test' && facts.tests !== null) this.lastTest = Number(facts.tests === 'passed');
  }

  private listen(text: string): void {
    this.hedges += countMatches(text, HEDGES);
    this.successes += countMatches(text, SUCCESS);
    this.apologies += countMatches(text, APOLOGIES);
    if (text.trim() !== '') this.lastText = text;
  }
}
