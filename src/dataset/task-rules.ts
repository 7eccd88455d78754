/** Rules of `task.yaml` that stand between its fields or need more than a type. Each finding carries the path it is about. */
import { CHOICE_GRADING, type TaskFile } from '../contracts/index.ts';
import { normalPypiName, type PackageSpec, parsePackageSpec } from './package-spec.ts';

export interface RuleProblem {
  path: readonly PropertyKey[];
  message: string;
}

const COMMIT = /^(?::\d+|[A-Za-z0-9_][A-Za-z0-9_./-]*)$/;
const INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/;
const SHA256 = /^[0-9a-f]{64}$/;
const MAX_STEP_LENGTH = 64 * 1024;

/** Everything that is wrong with a task that has the right shape; empty when nothing is. */
export function taskRuleProblems(task: TaskFile): RuleProblem[] {
  return [
    ...packageRules(task),
    ...choiceRules(task),
    ...testRules(task),
    ...environmentRules(task),
    ...textRules(task),
  ];
}

function packageRules(task: TaskFile): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const source = specOf(task.source);
  const gold = 'patch' in task.gold ? undefined : specOf(task.gold);
  for (const [key, value, spec] of [
    ['source', task.source, source],
    ['gold', task.gold, gold],
  ] as const) {
    if (spec === null) {
      const wanted = 'npm' in value ? 'an exact version such as name@1.2.3' : 'an exact version such as name==1.2.3';
      problems.push({ path: [key, 'npm' in value ? 'npm' : 'pypi'], message: `must be ${wanted}` });
    }
    if ('integrity' in value && value.integrity !== undefined && !INTEGRITY.test(value.integrity)) {
      problems.push({ path: [key, 'integrity'], message: 'must be sha512- followed by the digest in base64' });
    }
    if ('sha256' in value && value.sha256 !== undefined && !SHA256.test(value.sha256)) {
      problems.push({ path: [key, 'sha256'], message: 'must be 64 lower-case hex digits' });
    }
  }
  if (gold && (!source || !samePackage(source, gold))) {
    problems.push({
      path: ['gold'],
      message: 'a derived answer needs a source that is another version of the same package',
    });
  }
  if (gold && source && gold.version === source.version) {
    problems.push({ path: ['gold'], message: 'is the same version as the source' });
  }
  if ('commit' in task.source && !COMMIT.test(task.source.commit)) {
    problems.push({
      path: ['source', 'commit'],
      message: 'must be a ref name such as refs/tags/base, or a mark such as :12',
    });
  }
  return problems;
}

/** A task is graded by tests or by a choice. */
function choiceRules({ choice, grading }: TaskFile): RuleProblem[] {
  const byChoice = grading.parser === CHOICE_GRADING.parser;
  if (choice === undefined) return byChoice ? [{ path: ['grading'], message: 'is missing' }] : [];
  const ids = choice.proposals.map((proposal) => proposal.id);
  return [
    ...(byChoice ? [] : [{ path: ['grading'], message: 'a task with choice has no tests' }]),
    ...(new Set(ids).size === ids.length ? [] : [{ path: ['choice', 'proposals'], message: 'two have the same id' }]),
    ...(ids.includes(choice.answer) ? [] : [{ path: ['choice', 'answer'], message: 'is the id of no proposal' }]),
  ];
}

function specOf(value: TaskFile['source'] | TaskFile['gold']): PackageSpec | null | undefined {
  if ('npm' in value) return parsePackageSpec('npm', value.npm);
  if ('pypi' in value) return parsePackageSpec('pypi', value.pypi);
  return undefined;
}

function samePackage(a: PackageSpec, b: PackageSpec): boolean {
  if (a.registry !== b.registry) return false;
  return a.registry === 'npm' ? a.name === b.name : normalPypiName(a.name) === normalPypiName(b.name);
}

function testRules(task: TaskFile): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const seen = new Map<string, string>();
  for (const list of ['failToPass', 'passToPass'] as const) {
    task.grading[list].forEach((id, index) => {
      const before = seen.get(id);
      const path = ['grading', list, index];
      if (id.trim() === '') problems.push({ path, message: 'a test id must not be empty' });
      else if (before !== undefined) problems.push({ path, message: `the test already stands in ${before}` });
      seen.set(id, list);
    });
  }
  return problems;
}

function environmentRules(task: TaskFile): RuleProblem[] {
  const problems: RuleProblem[] = [];
  for (const [name, value] of Object.entries(task.environment.env)) {
    const path = ['environment', 'env', name];
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) problems.push({ path, message: 'is not a name of a variable' });
    if (value.includes('\0')) problems.push({ path, message: 'must not contain NUL' });
  }
  for (const list of ['setup', 'steps'] as const) {
    task.environment[list].forEach((step, index) => {
      const path = ['environment', list, index];
      if (step.name.trim() === '') problems.push({ path: [...path, 'name'], message: 'must not be empty' });
      if (step.run.trim() === '') problems.push({ path: [...path, 'run'], message: 'must not be empty' });
      if (step.run.length > MAX_STEP_LENGTH)
        problems.push({ path: [...path, 'run'], message: 'is longer than 64 KiB' });
    });
  }
  return problems;
}

function textRules(task: TaskFile): RuleProblem[] {
  const problems: RuleProblem[] = [];
  if (task.title.trim() === '') problems.push({ path: ['title'], message: 'must not be empty' });
  if (task.repo.trim() === '') problems.push({ path: ['repo'], message: 'must not be empty' });
  if (task.grading.command.trim() === '') problems.push({ path: ['grading', 'command'], message: 'must not be empty' });
  if (
    'include' in task.gold &&
    task.gold.include.some((glob) => glob.startsWith('/') || glob.split('/').includes('..'))
  ) {
    problems.push({ path: ['gold', 'include'], message: 'patterns are relative to the root of the package' });
  }
  return problems;
}
