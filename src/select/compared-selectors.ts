/** The curves that stand side by side: the ends of the scale, every baseline, and what was asked for. */
import { deciderOf, type Evidence } from './selection.ts';
import {
  criticSelector,
  majoritySelector,
  oracleSelector,
  passSelector,
  plainSelectors,
  randomSelector,
  type Selector,
  wholeSelector,
} from './selector.ts';

/** `by`: how the user calls what decides. */
export function comparedSelectors(evidence: Evidence, by: string): Selector[] {
  const { scores, tests } = evidence;
  const baselines = [oracleSelector, randomSelector, ...plainSelectors, majoritySelector];
  return [
    passSelector,
    ...baselines,
    ...(scores === undefined || baselines.some((one) => one.name === scores.critic)
      ? []
      : [criticSelector(scores.critic)]),
    ...(tests === undefined || tests.size === 0 ? [] : [wholeSelector(`tests, then ${by}`, deciderOf(evidence))]),
  ];
}
