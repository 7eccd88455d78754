/**
 * What grading in a browser takes beside the tests themselves: two sandboxes, Playwright, the served application, the relay, the browser, screenshots, trace and video. The
 * gold patch of a small application with one test is graded again and again; the test runner says how long it and its test took.
 *
 *     npx tsx bench/browser-tests.ts [--samples 9]
 *
 * Prints medians in seconds, writes all samples to bench/results/browser-tests.json. Exits 3 where there is no sandbox or no Chromium.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { assayPaths } from '../src/base/paths.ts';
import { sandboxLimitsSchema } from '../src/contracts/index.ts';
import { loadTaskFolder } from '../src/dataset/task-folder.ts';
import { createEnvironmentBuilder } from '../src/environment/environment-builder.ts';
import { hostChromium } from '../src/payout/e2e/chromium-places.ts';
import { gradeByKind } from '../src/payout/grade-by-kind.ts';
import { createNativeBackend } from '../src/sandbox/native/native-backend.ts';
import { GOLD, patchOf, writeToyApp } from '../test/support/toy-app.ts';

const samples = Number(process.argv[process.argv.indexOf('--samples') + 1]) || 9;
const home = mkdtempSync(join(tmpdir(), 'assay-bench-'));
chmodSync(home, 0o711); // the unprivileged user that sandboxes run as must get in
const paths = assayPaths(home);
const backend = createNativeBackend({ paths });
const { signal } = new AbortController();

interface Sample {
  /** Seconds, all of them. */
  total: number;
  /** The test command, from its start to its end as it says. */
  runner: number;
  /** The one test in it. */
  test: number;
  load: number;
}

try {
  if (!(await backend.probe()).available || (await hostChromium()) === null) {
    console.log('not measured: no sandbox or no Chromium on this machine');
    process.exitCode = 3;
  } else await measure();
} finally {
  await backend.close();
  rmSync(home, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const instance = await loadTaskFolder(writeToyApp(home));
  const environment = await createEnvironmentBuilder({ backend, paths }).ensure(instance, signal);
  const input = { instance, environment, patch: patchOf(GOLD), backend, limits: sandboxLimitsSchema.parse({}), signal };
  const results: Sample[] = [];
  for (let at = 0; at < samples; at++) {
    const { report, testOutput } = await gradeByKind(input);
    if (!report.resolved) throw new Error(`the gold patch does not resolve: ${testOutput}`);
    const seconds = (pattern: RegExp) => Number(pattern.exec(testOutput)?.[1]) / 1000;
    results.push({
      total: report.durationMs / 1000,
      runner: seconds(/^# duration_ms ([\d.]+)$/m),
      test: seconds(/^\s+duration_ms: ([\d.]+)$/m),
      load: loadavg()[0] ?? 0,
    });
  }
  const overhead = median(results.map(({ total, test }) => total - test));
  const before = median(results.map(({ total, runner }) => total - runner));
  const first = results[0] === undefined ? Number.NaN : results[0].total - results[0].test;
  console.log(
    `one browser test: ${median(results.map((one) => one.test)).toFixed(2)} s; beside it ${overhead.toFixed(2)} s (first ${first.toFixed(2)} s), ${before.toFixed(2)} s of them outside of the test runner; load ${median(results.map((one) => one.load)).toFixed(1)}`,
  );
  mkdirSync('bench/results', { recursive: true });
  const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model };
  writeFileSync('bench/results/browser-tests.json', `${JSON.stringify({ machine, results }, null, 2)}\n`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
