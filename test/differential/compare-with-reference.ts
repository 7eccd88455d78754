/**
 * Log parsing and grading against the SWE-bench harness itself, on made-up logs and on saved ones. Not part of the tests: it needs a checkout of the harness and a program that answers
 * with the harness's own functions.
 *
 *     npx tsx test/differential/compare-with-reference.ts --oracle 'python3 oracle.py' --checkout HARNESS --compat 5 [--count 100] [--seed 1]
 *         [--logs FOLDER --dataset FILE --dataset FILE ...]
 *
 * The oracle gets the checkout as its argument and one JSON object a line: `{id, parser, log, instance}` for a parser alone, `{id, log, instance, prediction}` for a report. It answers a line for
 * each: `{raw: [[test, status], ...] | {error}}`, or `{report: {...}}` as in report.json. `--count`: made-up logs for each parser. `--logs`: every `test_output.txt` in a folder named for its
 * instance, and every `INSTANCE.MODEL.eval.log`, put between markers. Exits with 1 when anything differs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import type { Compat, Prediction, SwebenchInstance } from '../../src/swebench/contracts.ts';
import { loadInstances } from '../../src/swebench/dataset/load-instances.ts';
import { gradeLog } from '../../src/swebench/grading/grade-log.ts';
import { pythonJson } from '../../src/swebench/grading/python-json.ts';
import { SWEBENCH_PARSERS } from '../../src/swebench/parsers/parser-registry.ts';
import { seeded, testOutput, wholeLog } from './generate-logs.ts';

const { values: options } = parseArgs({
  options: {
    oracle: { type: 'string' },
    checkout: { type: 'string' },
    compat: { type: 'string', default: '5' },
    count: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    logs: { type: 'string' },
    dataset: { type: 'string', multiple: true, default: [] },
  },
});
const { oracle, checkout } = options;
if (oracle === undefined || checkout === undefined) {
  console.error('give --oracle and --checkout; see the head of this file');
  process.exit(2);
}
const compat: Compat = options.compat === '4' ? 4 : 5;

interface Question {
  id: string;
  log: string;
  instance: SwebenchInstance;
  /** A parser alone. */
  parser?: string;
  /** The whole report. */
  prediction?: Prediction;
}

function row(more: Partial<SwebenchInstance>): SwebenchInstance {
  const lists = { FAIL_TO_PASS: [], PASS_TO_PASS: [], image_assets: { test_patch: [], patch: [] } };
  const fixed = { repo: 'a/b', base_commit: '', patch: '', test_patch: '', eval_type: 'pass_and_fail' as const };
  return { instance_id: 'a__b-1', version: '1.0', ...fixed, ...lists, ...more };
}

/** Ids and versions on which some parsers depend. */
const IDS = [
  'jekyll__jekyll-9141',
  'jekyll__jekyll-8761',
  'immutable-js__immutable-js-2006',
  'immutable-js__immutable-js-2005',
  'a__b-1',
];
const VERSIONS = ['9.5', '10.0', '3.2', '1.27', '2.0', '1.0'];

function* madeUp(): Generator<Question> {
  const random = seeded(Number(options.seed));
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  for (const parser of SWEBENCH_PARSERS.keys()) {
    for (let n = 0; n < Number(options.count); n++) {
      const output = testOutput(parser, random);
      const base = row({ instance_id: pick(IDS), version: pick(VERSIONS), log_parser: parser });
      yield { id: `${parser} ${n}`, log: output, instance: base, parser };
      const parsed = ourStatuses({ id: '', log: output, instance: base, parser });
      const ids = [
        ...new Set([
          ...(Array.isArray(parsed) ? parsed.map(([id]) => id) : []),
          'missing',
          'a[b',
          '__proto__',
          '11304',
        ]),
      ];
      const instance = row({
        ...base,
        // Before harness 5 the repository decided.
        eval_type: n % 4 === 0 && compat === 5 ? 'fail_only' : 'pass_and_fail',
        FAIL_TO_PASS: ids.filter((_, at) => at % 2 === 0),
        // Some cut off in the middle of a parameter, as in the data.
        PASS_TO_PASS: ids
          .filter((_, at) => at % 2 === 1)
          .map((id) => (id.includes('[') && n % 3 === 0 ? id.slice(0, id.lastIndexOf('[') + 1) : id)),
      });
      const prediction = {
        instance_id: base.instance_id,
        model_name_or_path: 'm',
        model_patch: n % 50 === 0 ? null : 'é',
      };
      yield { id: `report ${parser} ${n}`, log: wholeLog(output, random), instance, prediction };
    }
  }
}

async function* saved(folder: string): AsyncGenerator<Question> {
  const cache = mkdtempSync(join(tmpdir(), 'assay-differential-'));
  const rows = new Map<string, SwebenchInstance>();
  for (const file of options.dataset)
    for (const one of await loadInstances(file, { split: 'test', cache })) rows.set(one.instance_id, one);
  rmSync(cache, { recursive: true });
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const early = /^(.+?-\d+)\..+\.eval\.log$/.exec(basename(name))?.[1];
    const id = early ?? (basename(name) === 'test_output.txt' ? basename(dirname(name)) : undefined);
    const instance = id === undefined ? undefined : (rows.get(id) ?? withoutLists(id, rows));
    if (instance === undefined) continue;
    const log = readFileSync(join(folder, name), 'utf8');
    const prediction = { instance_id: instance.instance_id, model_name_or_path: 'm', model_patch: 'x' };
    yield { id: name, log: early === undefined ? log : between(log), instance, prediction };
  }
}

/** An instance whose row is not in the tables: its log is read all the same, by the parser of its repository. */
function withoutLists(id: string, rows: ReadonlyMap<string, SwebenchInstance>): SwebenchInstance | undefined {
  const repo = id.replace('__', '/').replace(/-\d+$/, '');
  const log_parser = [...rows.values()].find((one) => one.repo === repo)?.log_parser;
  return log_parser === undefined
    ? undefined
    : row({ instance_id: id, repo, log_parser, FAIL_TO_PASS: ['a'], PASS_TO_PASS: ['b'] });
}

/** Logs of early 2024 have no markers of tests; what they have besides would end the grading. */
function between(log: string): string {
  const body = log.replaceAll(/>>>>> (?:Start|End) Test Output|>>>>> Tests (?:Errored|Timed Out)/g, '-');
  return `+ : '>>>>> Start Test Output'\n${body}\n+ : '>>>>> End Test Output'\n`;
}

function ourStatuses({ log, instance, parser = '' }: Question): [string, string][] | { error: string } {
  const settings = { modern: compat === 5, instanceId: instance.instance_id, version: instance.version };
  try {
    return [...(SWEBENCH_PARSERS.get(parser)?.(log.replace(/\r\n?/g, '\n'), settings) ?? [])];
  } catch (error) {
    return { error: String(error) };
  }
}

function ours(question: Question): string {
  const { instance, prediction, log, parser } = question;
  if (prediction === undefined) {
    const statuses = ourStatuses(question);
    return Array.isArray(statuses) ? JSON.stringify(statuses) : 'error';
  }
  try {
    return pythonJson(new Map([[instance.instance_id, gradeLog({ instance, prediction, log, compat })]]));
  } catch {
    return `error${parser ?? ''}`;
  }
}

interface Answer {
  raw?: [string, string][] | { error: string };
  report?: Record<string, unknown>;
  error?: unknown;
}

function theirs({ raw, report, error }: Answer, { prediction }: Question): string {
  if (prediction === undefined) return Array.isArray(raw) ? JSON.stringify(raw) : 'error';
  return report === undefined || 'error' in report || error !== undefined ? 'error' : pythonJson(report);
}

async function ask(questions: readonly Question[]): Promise<Answer[]> {
  const child = spawn(`${oracle} "${checkout}" -`, { shell: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = text(child.stdout);
  for (const question of questions)
    if (!child.stdin.write(`${JSON.stringify(question)}\n`)) await once(child.stdin, 'drain');
  child.stdin.end();
  return (await answers)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Answer);
}

const questions = [...madeUp()];
if (options.logs !== undefined) for await (const question of saved(options.logs)) questions.push(question);
const answers = await ask(questions);
if (answers.length !== questions.length) throw new Error(`${questions.length} questions, ${answers.length} answers`);
const counts = {
  parsers: { same: 0, different: 0 },
  reports: { same: 0, different: 0 },
  saved: { same: 0, different: 0 },
};
let absent = 0;
for (const [at, question] of questions.entries()) {
  const said = answers[at]?.error ?? answers[at]?.report?.error;
  if (/^(KeyError: 'parse_|ValueError: Unknown log parser)/.test(String(said))) {
    absent++; // a parser that this harness does not have
    continue;
  }
  const group = question.prediction === undefined ? 'parsers' : question.id.startsWith('report ') ? 'reports' : 'saved';
  const [mine, reference] = [ours(question), theirs(answers[at] ?? {}, question)];
  counts[group][mine === reference ? 'same' : 'different']++;
  if (mine !== reference && counts[group].different <= 5)
    process.stdout.write(`${question.id}\n  ours: ${mine.slice(0, 400)}\n  reference: ${reference.slice(0, 400)}\n`);
}
process.stdout.write(`${JSON.stringify({ compat, absent, ...counts })}\n`);
process.exitCode = Object.values(counts).some(({ different }) => different > 0) ? 1 : 0;
