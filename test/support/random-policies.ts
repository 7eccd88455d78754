/**
 * Scripts of attempts at the bundled tasks by agents of different quality: careful ones look around, mend the cause, run the tests; hasty ones edit at once and stop. Which attempt
 * is right is drawn, so the verdicts of a run are known only after grading. For walking the way from a run to a selection without a model.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskInstance } from '../../src/contracts/index.ts';
import { patchPaths } from '../../src/dataset/patch-paths.ts';
import { type SeededRandom, seededRandom } from '../../src/stats/seeded-random.ts';

interface Step {
  say: string;
  calls?: { tool: 'bash'; input: { command: string } }[];
}

interface Policy {
  /** Chances: to mend the cause; when not, to mend a part of it, to break something, to change something without effect (else nothing). */
  right: number;
  wrong: readonly [part: number, breaks: number, noEffect: number];
  /** Chance of a further look before and of a test run after the change. */
  looks: number;
  tests: number;
}

const POLICIES: readonly Policy[] = [
  { right: 0.6, wrong: [0.6, 0.1, 0.3], looks: 0.7, tests: 0.9 },
  { right: 0.3, wrong: [0.4, 0.3, 0.2], looks: 0.5, tests: 0.5 },
  { right: 0.08, wrong: [0.2, 0.4, 0.3], looks: 0.2, tests: 0.1 },
];

/** A script file's content for `attempts` attempts at each instance; the same seed gives the same scripts. */
export function randomScripts(instances: readonly TaskInstance[], attempts: number, seed: number) {
  const random = seededRandom(seed);
  const scripts = instances.flatMap((instance) =>
    Array.from({ length: attempts }, (_, at): [string, Step[]] => {
      const policy = POLICIES[random.below(POLICIES.length)] as Policy;
      return [`${instance.instanceId}#${at + 1}`, attempt(instance, policy, random)];
    }),
  );
  return { usdPerReply: 0.01, instances: Object.fromEntries(scripts) };
}

function attempt(instance: TaskInstance, policy: Policy, random: SeededRandom): Step[] {
  const gold = readFileSync(join(instance.dir, 'gold.patch'), 'utf8');
  const files = patchPaths(gold).filter((path) => /\.(py|js)$/.test(path));
  const file = files[random.below(files.length)] ?? files[0] ?? 'README.md';
  const steps: Step[] = [];
  const bash = (say: string, command: string) => steps.push({ say, calls: [{ tool: 'bash', input: { command } }] });
  bash('I look at what there is.', 'git log --oneline | head -3; ls');
  while (random.uniform() < policy.looks && steps.length < 8)
    bash(
      'I read the code in question.',
      random.uniform() < 0.5 ? `cat ${file}` : `grep -n "" ${file} | head -${10 + random.below(40)}`,
    );
  const change = changeOf(gold, file, policy, random);
  if (change !== null) bash('This is the place to change.', change);
  while (change !== null && random.uniform() < policy.tests && steps.length < 12)
    bash('I run the tests that are there.', testsOf(instance));
  steps.push({ say: change === null ? 'There is nothing to change.' : 'Done: the cause is gone.' });
  return steps;
}

function testsOf({ task }: TaskInstance): string {
  return task.language === 'python' ? 'python3 -m unittest 2>&1 | tail -5' : 'node --test 2>&1 | tail -8';
}

/** A command that changes something; null for an agent that changes nothing. */
function changeOf(gold: string, file: string, policy: Policy, random: SeededRandom): string | null {
  const apply = (patch: string) => `git apply --recount - <<'END_OF_PATCH'\n${patch}END_OF_PATCH`;
  if (random.uniform() < policy.right) return apply(gold);
  const [part, breaks, noEffect] = policy.wrong;
  const drawn = random.uniform();
  if (drawn < part) return apply(partOf(gold, random));
  if (drawn < part + breaks) return `sed -i '0,/return /s//return not /' ${file}`;
  if (drawn < part + breaks + noEffect)
    return `printf '\\n' >> ${file} && sed -i '1s/^/${file.endsWith('.py') ? '#' : '//'} looked at\\n/' ${file}`;
  return null;
}

/** The patch without one of its hunks; a patch of one hunk without its added lines. */
function partOf(gold: string, random: SeededRandom): string {
  const files = gold.split(/^(?=diff --git )/m).map((text) => text.split(/^(?=@@ )/m));
  const hunks = files.reduce((sum, [, ...rest]) => sum + rest.length, 0);
  if (hunks < 2) return gold.replaceAll(/^\+(?!\+\+ ).*\n/gm, '');
  let left = random.below(hunks);
  return files
    .flatMap(([head = '', ...rest]) => {
      const kept = rest.filter(() => left-- !== 0);
      return kept.length === 0 ? [] : [head, ...kept];
    })
    .join('');
}
