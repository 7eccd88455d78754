/**
 * Selection over stored attempts, in one process:
 *
 * - 5,000 attempts on disk (500 instances, ten attempts each, 20 steps): reading, votes, choice and curves with intervals, with and without a critic that reads every conversation;
 * - coverage of the 95 % intervals in simulated worlds whose truth is known.
 *
 *     npx tsx bench/select.ts [--simulations 1000] [--resamples 1000] [--repositories 24] [--seconds-limit 10]
 *
 * Exits 1 when selecting takes longer than the limit or a coverage lies outside of 93 to 97 %. Writes everything to bench/results/select.json.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { shortestCritic } from '../src/select/baseline-critics.ts';
import { comparedSelectors } from '../src/select/compared-selectors.ts';
import { type Scores, scoreAttempts } from '../src/select/score-attempts.ts';
import { curveInstances, selectOne } from '../src/select/selection.ts';
import { selectionCurves } from '../src/select/selection-curves.ts';
import { storedInstances } from '../src/select/stored-attempts.ts';
import { loadRunRecord } from '../src/store/load-run-record.ts';
import { measureCoverage } from '../test/support/measure-coverage.ts';
import { writeSelectionRun } from '../test/support/selection-run.ts';
import { WORLD, type World } from '../test/support/selection-world.ts';

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(name);
  return Number((at < 0 ? undefined : process.argv[at + 1]) ?? fallback);
};
const limit = option('--seconds-limit', 10);
/** Few repositories, many instances: exactly 500 are kept. */
const LARGE: World = { ...WORLD, repositories: 60, instancesPerRepository: 12, attempts: 10 };

const folder = mkdtempSync(join(tmpdir(), 'assay-bench-select-'));
try {
  const timing = await timeSelection();
  const coverage = coverages();
  mkdirSync('bench/results', { recursive: true });
  const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model };
  writeFileSync('bench/results/select.json', `${JSON.stringify({ machine, timing, coverage }, null, 2)}\n`);
  const outside = coverage.filter(({ share }) => share < 0.93 || share > 0.97);
  const slow = timing.filter(({ seconds }) => seconds > limit);
  for (const { name, share } of outside) console.log(`outside of 93 to 97 %: ${name}: ${(100 * share).toFixed(1)} %`);
  for (const { name, seconds } of slow) console.log(`slower than ${limit} s: ${name}: ${seconds.toFixed(2)} s`);
  process.exitCode = outside.length + slow.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function timeSelection() {
  const { dir, instances, attempts } = writeSelectionRun(folder, LARGE, { seed: 5, most: 500 });
  console.log(`${attempts} stored attempts at ${instances} instances`);
  const results: { name: string; attempts: number; seconds: number; cpuSeconds: number }[] = [];
  for (const withCritic of [false, true]) {
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    const laps: string[] = [];
    let last = began;
    const lap = (name: string) => {
      laps.push(`${name} ${((performance.now() - last) / 1000).toFixed(2)} s`);
      last = performance.now();
    };
    const run = await loadRunRecord(dir);
    lap('record');
    const stored = await storedInstances([run]);
    lap('patches and votes');
    let scores: Scores | undefined;
    if (withCritic) {
      const all = stored.flatMap((one) => one.attempts);
      scores = await scoreAttempts(shortestCritic, all, new AbortController().signal);
      lap('conversations and scores');
    }
    const winners = stored.map((one) => selectOne(one, { scores }));
    lap('choice');
    const name = withCritic ? 'select by a critic' : 'select by majority';
    const curves = selectionCurves(curveInstances(stored, { scores }), comparedSelectors({ scores }, name));
    lap('curves');
    const seconds = (performance.now() - began) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    // On a machine with other work to do the wall says less than this.
    const cpuSeconds = (cpu.user + cpu.system) / 1e6;
    results.push({ name, attempts, seconds, cpuSeconds });
    console.log(
      `${name}: ${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} s of CPU) for ${attempts} attempts (${laps.join(', ')}); ${winners.length} winners, ${curves.curves.length} curves to k = ${curves.maxK}`,
    );
  }
  return results;
}

function coverages() {
  const simulations = option('--simulations', 1_000);
  const began = performance.now();
  const { share, bias } = measureCoverage(
    { ...WORLD, repositories: option('--repositories', 24) },
    { simulations, maxK: 5, resamples: option('--resamples', 1_000) },
  );
  console.log(`coverage over ${simulations} worlds (${((performance.now() - began) / 1000).toFixed(0)} s):`);
  return [...share].map(([name, value]) => {
    console.log(`  ${name.padEnd(28)} ${(100 * value).toFixed(1)} %, bias ${(bias.get(name) ?? 0).toFixed(4)}`);
    return { name, share: value, bias: bias.get(name) ?? 0 };
  });
}
