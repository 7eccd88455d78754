import type { GridCell } from '../../../src/view/documents.ts';

type Judged = Pick<GridCell, 'state' | 'verdict' | 'failure'>;

/** The colour class of an attempt; the text beside it says the same. */
export function toneOf({ state, verdict }: Judged): 'good' | 'bad' | 'infra' | 'busy' | 'none' {
  if (verdict === 'resolved') return 'good';
  if (state === 'failed' || verdict === 'infra-error') return 'infra';
  if (verdict !== null) return 'bad';
  return state === 'running' || state === 'solved-ungraded' ? 'busy' : 'none';
}

/** The verdict, or the state where there is none yet. */
export function wordsOf({ state, verdict, failure }: Judged): string {
  if (verdict !== null) return verdict;
  return failure === null ? state : `${state}: ${failure}`;
}

export function VerdictBadge(props: Judged) {
  return <span className={`badge tone-${toneOf(props)}`}>{wordsOf(props)}</span>;
}
