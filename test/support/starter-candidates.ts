/** Candidates for six of the starter tasks: right, wrong, regressing, not applying, without end, empty. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Kind =
  | 'right'
  | 'right again'
  | 'wrong'
  | 'other wrong'
  | 'breaks'
  | 'breaks more'
  | 'no patch'
  | 'endless'
  | 'empty';

interface TaskCandidates {
  /** File of the repository that the candidates change. */
  path: string;
  /** In the order of the attempts. */
  kinds: readonly Kind[];
  edits: Partial<Record<Kind, readonly [from: string, to: string]>>;
  /** What a model answers when it is asked for a script, in turn. */
  scripts: readonly string[];
}

const PYTHON_ENDLESS = 'while True:\n    pass\n';
const SCRIPT_ENDLESS = 'for (;;);\n';
/** Says nothing of use, as models do. */
const SILENT = "print('Issue reproduced, or Issue resolved?')";

export const STARTER_CANDIDATES: Readonly<Record<string, TaskCandidates>> = {
  'almanac-month-end': {
    path: 'almanac/rules.py',
    kinds: ['wrong', 'breaks', 'right', 'no patch', 'endless'],
    edits: {
      wrong: ['import calendar\n', 'import calendar\n\nMONTHS = 12\n'],
      breaks: ['days=amount', 'days=2 * amount'],
    },
    scripts: [
      SILENT,
      `import datetime
from almanac.rules import Rule

dates = Rule(start=datetime.date(2021, 1, 31), unit="month").dates()
days = [next(dates).day for _ in range(3)]
print("Issue resolved" if days == [31, 28, 31] else "Issue reproduced")
`,
      'print("Issue resolved")',
    ],
  },
  'pennyledger-garbled-payee': {
    path: 'src/csv.js',
    kinds: ['empty', 'wrong', 'no patch', 'breaks', 'right'],
    edits: {
      wrong: ["  let record = [];\n  let field = '';", "  let field = '';\n  let record = [];"],
      breaks: ['quoted = true;', 'quoted = false;'],
    },
    scripts: [
      `import { readCsv } from './src/csv.js';
const bytes = Buffer.from('a,\\u00e4\\n');
const rows = [];
for await (const row of readCsv([bytes.subarray(0, 3), bytes.subarray(3)])) rows.push(row);
console.log(rows[0][1] === '\\u00e4' ? 'Issue resolved' : 'Issue reproduced');
`,
    ],
  },
  'shelf-short-pages': {
    path: 'shelf/query.py',
    kinds: ['endless', 'breaks', 'wrong', 'right', 'right again'],
    edits: {
      wrong: ['heapq.nlargest(offset + limit,', 'heapq.nlargest(limit + offset,'],
      breaks: ['prefix = normalize(word[:-1])', 'prefix = normalize(word)'],
    },
    scripts: [
      `from shelf.index import Index
from shelf.query import search

index = Index()
index.add("a", "word", tags=["work"])
index.add("b", "word")
total = search(index, "word", tag="work").total
print("Issue resolved" if total == 1 else "Issue reproduced")
`,
    ],
  },
  'sluice-stale-cache': {
    path: 'src/cache.js',
    kinds: ['no patch', 'empty', 'endless', 'breaks', 'wrong'],
    edits: {
      wrong: [
        '    let loading = this.#loading.get(key);\n',
        '    let loading;\n    loading = this.#loading.get(key);\n',
      ],
      breaks: ['this.#now() < entry.expires', 'entry.expires < this.#now()'],
    },
    scripts: [
      `import { setTimeout as sleep } from 'node:timers/promises';
import { AsyncCache } from './src/cache.js';
let loads = 0;
const cache = new AsyncCache(async () => {
  const value = ++loads;
  await sleep(20);
  return value;
});
const first = cache.get('k');
await sleep(5);
cache.invalidate('k');
await first;
console.log((await cache.get('k')) === 2 ? 'Issue resolved' : 'Issue reproduced');
`,
    ],
  },
  'strata-lost-includes': {
    path: 'strata/loader.py',
    kinds: ['breaks more', 'breaks', 'no patch', 'empty', 'endless'],
    edits: {
      breaks: ['raise ConfigError(path, f"no profile {profile!r}")', 'return {}'],
      'breaks more': ['result = merge(result, {', 'result = merge({}, {'],
    },
    scripts: ['print("Issue resolved")'],
  },
  'termplot-negative-bars': {
    path: 'lib/bars.js',
    kinds: ['wrong', 'other wrong', 'right', 'right again', 'breaks'],
    edits: {
      wrong: ["const BAR = '█';", "const [BAR] = ['█'];"],
      'other wrong': ["const BAR = '█';", "const BAR = '\\u2588';"],
      breaks: ["const BAR = '█';", "const BAR = '#';"],
    },
    scripts: [
      `import { bars } from './lib/bars.js';
const chart = bars([{ label: 'a', value: -1 }, { label: 'b', value: 1 }]);
console.log(chart.includes('\\u2592') ? 'Issue resolved' : 'Issue reproduced');
`,
    ],
  },
};

/** `base`: text of the file in the base state. */
export function candidatePatch(instanceId: string, kind: Kind, base: string): string {
  const { path, edits } = STARTER_CANDIDATES[instanceId] ?? { path: '', edits: {} };
  switch (kind) {
    case 'empty':
      return '';
    case 'right':
      return goldPatch(instanceId);
    case 'right again':
      return inOtherWords(goldPatch(instanceId), path);
    case 'no patch':
      return wholeFilePatch(path, 'not what is there\n', 'nothing\n');
    case 'endless':
      return wholeFilePatch(path, base, `${path.endsWith('.py') ? PYTHON_ENDLESS : SCRIPT_ENDLESS}${base}`);
    default: {
      const [from, to] = edits[kind] ?? ['', ''];
      if (from === '' || !base.includes(from)) throw new Error(`${instanceId}: ${kind} does not fit its base`);
      return wholeFilePatch(path, base, base.replace(from, to));
    }
  }
}

function goldPatch(instanceId: string): string {
  return readFileSync(join(import.meta.dirname, '../../tasks/starter', instanceId, 'gold.patch'), 'utf8');
}

/** The same patch with a remark at the end of its first added line of code. */
function inOtherWords(patch: string, path: string): string {
  const remark = path.endsWith('.py') ? '  # as the issue says' : ' // as the issue says';
  return patch.replace(/^(\+[^+\n].*[;)])$/m, `$1${remark}`);
}

/** Removes every line and adds the new ones. */
function wholeFilePatch(path: string, before: string, after: string): string {
  const side = (text: string, mark: string) =>
    text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => `${mark}${line}`);
  const [removed, added] = [side(before, '-'), side(after, '+')];
  const head = [
    `diff --git a/${path} b/${path}`,
    `--- a/${path}`,
    `+++ b/${path}`,
    `@@ -1,${removed.length} +1,${added.length} @@`,
  ];
  return `${[...head, ...removed, ...added].join('\n')}\n`;
}
