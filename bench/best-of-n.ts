/**
 * The way from a run to a selection on the bundled starter tasks, with scripted agents of different quality in place of a model: at least 100 attempts are made, graded, and chosen from by
 * votes, by baselines and with tests.
 *
 *     npm run build && npx tsx bench/best-of-n.ts [--attempts 7] [--jobs 2] [--seed 1]
 *
 * Needs what `assay demo` needs. Writes what it prints to bench/results/best-of-n.json.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadDataset } from '../src/dataset/load-dataset.ts';
import { randomScripts } from '../test/support/random-policies.ts';

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(name);
  return Number((at < 0 ? undefined : process.argv[at + 1]) ?? fallback);
};
const attempts = option('--attempts', 7);
const jobs = option('--jobs', 2);
const seed = option('--seed', 1);

const folder = mkdtempSync(join(tmpdir(), 'assay-best-of-n-'));
chmodSync(folder, 0o711); // the user of sandboxes passes through
try {
  const script = join(folder, 'script.json');
  const { instances } = await loadDataset('tasks/starter');
  writeFileSync(script, JSON.stringify(randomScripts(instances, attempts, seed)));
  const began = performance.now();
  const runs = ['--runs-dir', join(folder, 'runs')];
  const report = assay(
    'run',
    'tasks/starter',
    '-m',
    `scripted:${script}`,
    '-k',
    String(attempts),
    '-j',
    String(jobs),
    '--run-id',
    'policies',
    ...runs,
  );
  const verdicts: Record<string, number> = report.verdicts;
  console.log(
    `${report.finished} graded attempts in ${((performance.now() - began) / 1000).toFixed(0)} s: ${Object.entries(
      verdicts,
    )
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')}`,
  );
  const results = [
    { by: 'majority', flags: [] },
    { by: 'majority', flags: ['--tests'] },
    { by: 'shortest', flags: ['--tests'] },
  ].map(({ by, flags }) => {
    const selected = performance.now();
    const document = assay('select', 'policies', '--by', by, '-j', String(jobs), ...flags, ...runs);
    const winners = document.instances.filter(
      (one: { winner: { verdict: string } | null }) => one.winner?.verdict === 'resolved',
    ).length;
    const name = [by, ...flags].join(' ');
    console.log(
      `select --by ${name}: ${winners} of ${document.instances.length} winners resolve (${((performance.now() - selected) / 1000).toFixed(1)} s)`,
    );
    return { name, winners, instances: document.instances.length, curves: document.curves };
  });
  mkdirSync('bench/results', { recursive: true });
  const { finished, resolved } = report;
  writeFileSync(
    'bench/results/best-of-n.json',
    `${JSON.stringify({ seed, finished, resolved, verdicts, results }, null, 2)}\n`,
  );
  process.stdout.write(
    assayText('select', 'policies', ...runs)
      .split('\n\n')
      .at(-1) ?? '',
  );
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
}

/** The JSON that a command of the built program prints. Exits when the command fails. */
function assay(...args: string[]) {
  return JSON.parse(assayText(...args, '--json', '--quiet'));
}

function assayText(...args: string[]): string {
  const result = spawnSync(process.execPath, [join(import.meta.dirname, '../bin/assay.mjs'), ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (result.status === 0) return result.stdout;
  console.error(`assay ${args.join(' ')} ended with ${result.status}\n${result.stderr}${result.stdout.slice(-2000)}`);
  process.exit(1);
}
