/**
 * The way from runs to a critic to a selection, walked whole on the bundled tasks: scripted agents of different quality make 112 attempts, which are graded; a critic is trained
 * on them, judged on repositories and instances that it has not seen, and chooses one attempt per task. The scripts use few
 * sentences, so the critic tells them apart without error: this shows that the way is open, not what a critic is worth (docs/critics.md has that).
 *
 *     npm run build && npx tsx bench/critic.ts [--jobs 2]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDiff } from '../src/critic/features/parse-diff.ts';
import type { ScriptStep } from '../src/model/script-file.ts';
import { seededRandom } from '../src/stats/seeded-random.ts';

const ATTEMPTS = 7;
const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { jobs: { type: 'string', default: '2' } } });
const random = seededRandom(5);

type Policy = (task: { gold: string; file: string; files: string[] }) => Partial<ScriptStep>[];

const bash = (say: string, command: string): Partial<ScriptStep> => ({
  say,
  calls: [{ tool: 'bash', input: { command } }],
});
const apply = (say: string, patch: string) =>
  bash(
    say,
    `cat > /tmp/change.diff <<'END_OF_CHANGE'\n${patch}END_OF_CHANGE\ngit apply /tmp/change.diff && git diff --stat`,
  );
const look = (file: string) => [
  bash('I look at the code in question.', `cat ${file} | head -120`),
  bash('Who calls it?', 'git grep -n import | head -20'),
];
const tests = (file: string) =>
  bash(
    'Now the tests that are there.',
    file.endsWith('.py') ? 'python3 -m unittest 2>&1 | tail -5' : 'node --test 2>&1 | tail -8',
  );
const end = (say: string): Partial<ScriptStep> => ({ say });

/** Name, how often it is drawn, and what it does: those that find the right change differ in care, the others in how they go wrong. */
const POLICIES: readonly [share: number, policy: Policy][] = [
  [
    3,
    ({ gold, file }) => [
      ...look(file),
      apply('This is the cause.', gold),
      tests(file),
      end('Fixed: the tests pass and the issue is resolved.'),
    ],
  ],
  [2, ({ gold }) => [apply('The cause is clear from the issue.', gold), end('Done.')]],
  [
    1,
    ({ gold, file }) => [
      ...look(file),
      bash('Perhaps this reproduces it.', 'echo "console.log(1)" > reproduce.js; node reproduce.js'),
      apply('It seems to be here.', gold),
      end('This should probably work.'),
    ],
  ],
  [
    2,
    ({ file }) => [
      ...look(file),
      bash('A note may help.', `echo '${comment(file)} to be checked' >> ${file}`),
      end('It is unclear, maybe the maintainers should decide.'),
    ],
  ],
  [
    2,
    ({ file }) => [
      bash('I assume this helps.', `sed -i '1,3d' ${file}`),
      tests(file),
      bash('Perhaps more.', `echo ')(' >> ${file}`),
      tests(file),
      end('Unfortunately I could not get the tests to pass.'),
    ],
  ],
  [
    1,
    ({ file, files }) => [
      ...look(file),
      ...files.slice(0, 2).map((one) => bash('Perhaps here.', `head -40 ${one}`)),
      end('I was unable to determine the cause without more information.'),
    ],
  ],
];

function comment(file: string): string {
  return file.endsWith('.py') ? '#' : '//';
}

function drawPolicy(): Policy {
  let ticket = random.uniform() * POLICIES.reduce((sum, [share]) => sum + share, 0);
  for (const [share, policy] of POLICIES) {
    ticket -= share;
    if (ticket < 0) return policy;
  }
  throw new Error('the shares are wrong');
}

function script(): string {
  const tasks = resolve(root, 'tasks/starter');
  const ids = readdirSync(tasks, { withFileTypes: true }).filter(
    (one) => one.isDirectory() && !one.name.startsWith('_'),
  );
  const instances: Record<string, Partial<ScriptStep>[]> = {};
  for (const { name } of ids) {
    const gold = readFileSync(join(tasks, name, 'gold.patch'), 'utf8');
    const files = parseDiff(gold).map(({ path }) => path);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++)
      instances[`${name}#${attempt}`] = drawPolicy()({ gold, file: files[0] ?? '.', files });
  }
  return JSON.stringify({ usdPerReply: 0.004, instances }, null, 1);
}

function assay(...args: string[]): void {
  const started = performance.now();
  console.log(`$ assay ${args.join(' ')}`);
  const { stdout, stderr, status } = spawnSync('node', [join(root, 'bin/assay.mjs'), ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  console.log(stdout.trimEnd());
  console.log(`(exit ${status}, ${((performance.now() - started) / 1000).toFixed(1)} s)\n`);
  if (status !== 0 && status !== 1) throw new Error(stderr);
}

const folder = mkdtempSync(join(tmpdir(), 'assay-critic-bench-'));
try {
  const runs = join(folder, 'runs');
  const critic = join(folder, 'critic.json');
  writeFileSync(join(folder, 'agents.yaml'), script());
  assay(
    'run',
    resolve(root, 'tasks/starter'),
    '-m',
    `scripted:${join(folder, 'agents.yaml')}`,
    '-k',
    String(ATTEMPTS),
    '-j',
    values.jobs,
    '--run-id',
    'walk',
    '--runs-dir',
    runs,
    '--quiet',
  );
  assay('critic', 'train', 'walk', '--runs-dir', runs, '--out', critic);
  assay('critic', 'eval', 'walk', '--runs-dir', runs, '--split', 'both');
  assay(
    'select',
    'walk',
    '--runs-dir',
    runs,
    '--by',
    `embedded:${critic}`,
    '--predictions',
    join(folder, 'best.jsonl'),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
