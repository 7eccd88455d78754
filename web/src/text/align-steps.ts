/** Two trajectories of one instance beside each other: which step of one answers to which of the other. */
import type { StepLine } from '../../../src/view/documents.ts';

export interface AlignedStep {
  /** Place among the steps of each; null where the other has none like it. */
  left: number | null;
  right: number | null;
  /** `same`: the same calls as far as the line of a step tells. `similar`: the same tool on the same file, or the same program. */
  kind: 'same' | 'similar' | 'only';
}

/** Steps of the middle part, between the common start and the common end, that are compared all with all. */
const MAX_CELLS = 16_000_000;
const SAME = 3;
const SIMILAR = 1;

/** Keeps the order of both sides and finds the alignment with the most steps that are alike. Where the middle parts are too long for that, they stand one after the other. */
export function alignSteps(left: readonly StepLine[], right: readonly StepLine[]): AlignedStep[] {
  const keys = [left, right].map((side) => side.map(keyOf));
  const kinds = [left, right].map((side) => side.map(kindOf));
  const [leftKeys = [], rightKeys = []] = keys;
  let start = 0;
  while (start < left.length && start < right.length && leftKeys[start] === rightKeys[start]) start++;
  let end = 0;
  const longest = Math.min(left.length, right.length) - start;
  while (end < longest && leftKeys[left.length - 1 - end] === rightKeys[right.length - 1 - end]) end++;
  const score = (i: number, j: number) => {
    if (leftKeys[i] === rightKeys[j]) return SAME;
    return kinds[0]?.[i] === kinds[1]?.[j] ? SIMILAR : 0;
  };
  const same = (i: number, j: number): AlignedStep => ({ left: i, right: j, kind: 'same' });
  return [
    ...Array.from({ length: start }, (_, at) => same(at, at)),
    ...middle({ from: start, to: left.length - end }, { from: start, to: right.length - end }, score),
    ...Array.from({ length: end }, (_, at) => same(left.length - end + at, right.length - end + at)),
  ];
}

interface Range {
  from: number;
  to: number;
}

/** Needleman-Wunsch without costs for gaps: the best sum of scores from each pair of places to the ends, then the way along it. */
function middle(left: Range, right: Range, score: (i: number, j: number) => number): AlignedStep[] {
  const only = (side: 'left' | 'right', { from, to }: Range): AlignedStep[] =>
    Array.from({ length: to - from }, (_, at) => ({ left: null, right: null, kind: 'only', [side]: from + at }));
  const [rows, columns] = [left.to - left.from, right.to - right.from];
  if (rows === 0 || columns === 0 || rows * columns > MAX_CELLS)
    return [...only('left', left), ...only('right', right)];
  const width = columns + 1;
  const best = new Uint16Array((rows + 1) * width);
  const at = (row: number, column: number) => best[row * width + column] ?? 0;
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const paired = at(row + 1, column + 1) + score(left.from + row, right.from + column);
      best[row * width + column] = Math.max(paired, at(row + 1, column), at(row, column + 1));
    }
  }
  const aligned: AlignedStep[] = [];
  let row = 0;
  let column = 0;
  while (row < rows && column < columns) {
    const points = score(left.from + row, right.from + column);
    if (points > 0 && at(row, column) === at(row + 1, column + 1) + points) {
      const kind = points === SAME ? 'same' : 'similar';
      aligned.push({ left: left.from + row++, right: right.from + column++, kind });
    } else if (at(row + 1, column) >= at(row, column + 1)) aligned.push(...only('left', place(left.from + row++)));
    else aligned.push(...only('right', place(right.from + column++)));
  }
  return [
    ...aligned,
    ...only('left', { from: left.from + row, to: left.to }),
    ...only('right', { from: right.from + column, to: right.to }),
  ];
}

const place = (at: number): Range => ({ from: at, to: at + 1 });

function keyOf({ tools, title, edited }: StepLine): string {
  return JSON.stringify([tools, title, edited]);
}

/** A step that only talks is like any other that does. */
function kindOf({ tools, title, edited }: StepLine): string {
  if (tools.length === 0) return 'talk';
  return JSON.stringify([tools[0], edited.length > 0 ? edited : title.trimStart().split(/\s+/, 1)]);
}
