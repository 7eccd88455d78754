/**
 * Rows of sets made after SWE-bench, under SWE-bench's names: what each set calls the same thing, and where it keeps its images. What a row says under those names is kept.
 * Sources: the README of SWE-bench Pro; `harness/dataset.py` and `image.py` of Multi-SWE-bench; `evaluation.py` of SWE-bench-Live.
 */
import { plainEvalScript } from './eval-script.ts';
import { imageName } from './image-name.ts';
import type { Row } from './read-rows.ts';
import { stringList } from './string-list.ts';

const MISSING: Row = { FAIL_TO_PASS: [], PASS_TO_PASS: [], patch: '', test_patch: '' };

export function uniformRow(row: Row): Row {
  const given = withoutNulls(row);
  return { ...MISSING, ...ofSet(given), ...byOtherNames(given), ...given, ...misnamed(given) };
}

function withoutNulls(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined));
}

/** Spellings that several sets share. */
const OTHER_NAMES: readonly (readonly [name: string, others: readonly string[]])[] = [
  ['FAIL_TO_PASS', ['fail_to_pass']],
  ['PASS_TO_PASS', ['pass_to_pass']],
  ['image', ['image_name', 'docker_image']],
  ['patch', ['gold_patch', 'fix_patch']],
];

function byOtherNames(row: Row): Row {
  const found = OTHER_NAMES.map(([name, others]) => [name, others.map((other) => row[other]).find(isThere)] as const);
  return withoutNulls(Object.fromEntries(found));
}
const isThere = (value: unknown) => value !== undefined;

/** What the rows of a set say in words of its own. */
function ofSet(row: Row): Row {
  if (isMultiSwe(row)) return multiSweFields(row);
  if (isLive(row)) return liveFields(row);
  return typeof row.dockerhub_tag === 'string' ? { image: `jefzda/sweap-images:${row.dockerhub_tag}` } : {};
}

/** Fields that have SWE-bench's name and mean something else. */
function misnamed(row: Row): Row {
  if (isMultiSwe(row)) return { repo: multiSweRepo(row) };
  return isLive(row) && row.log_parser === 'pytest' ? { log_parser: 'parse_log_pytest' } : {};
}

function isMultiSwe(row: Row): boolean {
  return typeof row.org === 'string' && row.repo !== undefined && row.number !== undefined;
}

function multiSweRepo({ org, repo }: Row): string {
  return String(repo).includes('/') ? String(repo) : `${org}/${repo}`;
}

/** Tests that did not pass before: failed, were skipped, or were not there. */
const FIXED = ['fixed_tests', 'f2p_tests', 's2p_tests', 'n2p_tests'];

function multiSweFields(row: Row): Row {
  const repo = multiSweRepo(row);
  const number = String(row.number);
  const base: unknown = typeof row.base === 'object' ? (row.base as Row).sha : undefined;
  return {
    instance_id: `${repo.replace('/', '__')}-${number}`,
    ...(base === undefined ? {} : { base_commit: base }),
    FAIL_TO_PASS: [...new Set(FIXED.flatMap((name) => testNames(row[name])))],
    PASS_TO_PASS: testNames(row.p2p_tests),
    image: `mswebench/${repo.replace('/', '_m_')}:pr-${number}`.toLowerCase(),
  };
}

/** From `{name: {run, test, fix}}`, in parquet with nulls for the tests of other rows, or a list. */
function testNames(tests: unknown): string[] {
  if (typeof tests !== 'object' || tests === null) return [];
  return stringList(tests) ?? Object.keys(withoutNulls(tests as Row));
}

function isLive(row: Row): boolean {
  return (stringList(row.test_cmds) ?? []).length > 0;
}

/** Its images hold what the tests need; the row has the commands. */
function liveFields(row: Row): Row {
  const { instance_id, base_commit, test_patch = '' } = row;
  if (typeof instance_id !== 'string' || typeof base_commit !== 'string' || typeof test_patch !== 'string') return {};
  const [build = [], test = [], print = []] = [row.rebuild_cmds, row.test_cmds, row.print_cmds].map(stringList);
  return {
    image: imageName(instance_id, 'starryzhang'),
    eval_script: plainEvalScript({ base_commit, test_patch }, { build, test: [...test, ...print] }),
  };
}
