/** Expected tests against what a log says of them. */
import type { InstanceReport, SwebenchInstance, TestOutcomes } from '../contracts.ts';
import type { StatusMap } from '../parsers/swebench-parser.ts';

type Kind = 'FAIL_TO_PASS' | 'PASS_TO_PASS';

/** `modern`: rules of harness 5 for skipped tests and cut-off ids. */
export function judgeTests(
  instance: Pick<SwebenchInstance, Kind | 'eval_type'>,
  statuses: StatusMap,
  modern: boolean,
): { outcomes: NonNullable<InstanceReport['tests_status']>; resolved: boolean } {
  const judge = (kind: Kind): TestOutcomes => {
    const outcome: TestOutcomes = { success: [], failure: [] };
    for (const id of instance[kind]) {
      const verdict =
        instance.eval_type === 'fail_only'
          ? statuses.get(id) !== 'FAILED'
          : judgeStatus(lookUp(id, statuses, modern), kind, modern);
      if (verdict !== undefined) outcome[verdict ? 'success' : 'failure'].push(id);
    }
    return outcome;
  };
  const outcomes = {
    FAIL_TO_PASS: judge('FAIL_TO_PASS'),
    PASS_TO_PASS: judge('PASS_TO_PASS'),
    FAIL_TO_FAIL: { success: [], failure: [] },
    PASS_TO_FAIL: { success: [], failure: [] },
  };
  // A list without any judged test counts as passed as a whole.
  const resolved = outcomes.FAIL_TO_PASS.failure.length === 0 && outcomes.PASS_TO_PASS.failure.length === 0;
  return { outcomes, resolved };
}

/** Undefined: the test stands in neither list. */
function judgeStatus(status: string | undefined, kind: Kind, modern: boolean): boolean | undefined {
  if (status === 'PASSED' || status === 'XFAIL') return true;
  if (status === undefined || status === 'FAILED' || status === 'ERROR') return false;
  if (status === 'SKIPPED' && modern) return kind === 'PASS_TO_PASS';
  return undefined;
}

/** Ids that were cut off in the data (more opening brackets than closing) stand for every test that begins so, when these agree. */
function lookUp(id: string, statuses: StatusMap, modern: boolean): string | undefined {
  const exact = statuses.get(id);
  if (exact !== undefined || !modern || count(id, '[') <= count(id, ']')) return exact;
  const found = [...statuses].filter(([key]) => key.startsWith(id)).map(([, status]) => status);
  const passed = found.map((status) => status === 'PASSED' || status === 'XFAIL');
  return new Set(passed).size === 1 ? found[0] : undefined;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
