/**
 * Files a patch must not decide about: the hidden tests themselves and what configures the test runner. Where a patch touched one, the base state is put back before the tests run.
 */
import { isDeepStrictEqual } from 'node:util';
import { parse as parseToml } from 'smol-toml';

const RUNNER_FILES: readonly RegExp[] = [
  /(^|\/)conftest\.py$/,
  /(^|\/)(\.?pytest\.(ini|toml)|tox\.ini|setup\.cfg|\.coveragerc|noxfile\.py)$/,
  /(^|\/)(sitecustomize|usercustomize)\.py$/,
  /(^|\/)(tests?|testing|specs?)\/__init__\.py$/,
  /\.pth$/,
  // Python reads plugins from these wherever its path leads, and that begins with the work tree.
  /\.(dist-info|egg-info)\//,
  /(^|\/)\.(mocha|nyc|c8|babel|swc)rc(\.[a-z]+)?$/,
  /(^|\/)(jest|vitest|vite|karma|ava|babel|nyc|c8|playwright)\.config\.[a-z]+$/,
  /(^|\/)vitest\.(workspace|projects)\.[a-z]+$/,
  /(^|\/)(\.npmrc|\.noderc|\.taprc|\.yarnrc(\.yml)?|bunfig\.toml)$/,
  /(^|\/)(node_modules|\.venv|\.git)\//,
];

/** Does the path belong to the runner or to the hidden tests? `hidden`: paths of the hidden files. */
export function isProtected(path: string, hidden: ReadonlySet<string>): boolean {
  return hidden.has(path) || RUNNER_FILES.some((pattern) => pattern.test(path));
}

/** The module or package at the start of a path that Python would take for its test runner; it is one only where the base has none there. */
export function runnerShadow(path: string): string | undefined {
  return /^((?:.*\/)?(?:pytest|_pytest|pluggy|unittest|doctest|nose2?|coverage)(?:\.py$|(?=\/)))/.exec(path)?.[1];
}

interface Versions {
  /** The base's text, '' when it has no such file. */
  before(): Promise<string>;
  after(): Promise<string>;
}

/** For files that configure more than a runner: the patched text with the runner's part as in the base, `restore` when only all of it can be put back. */
export async function mendedRunnerConfig(
  path: string,
  versions: Versions,
): Promise<{ text: string } | 'restore' | undefined> {
  const kind = /(?:^|\/)(package\.json|pyproject\.toml)$/.exec(path)?.[1];
  if (kind === undefined) return undefined;
  const [before, after] = [await versions.before(), await versions.after()];
  if (kind === 'pyproject.toml') return changesRunnerSection(before, after) ? 'restore' : undefined;
  const text = restoreRunnerKeys(before, after);
  return text === before ? 'restore' : text === undefined ? undefined : { text };
}

/** Keys of package.json that configure a runner; the rest of the file is source like any other. */
const RUNNER_KEYS = ['scripts', 'config', 'jest', 'mocha', 'vitest', 'ava', 'tap', 'c8', 'nyc', 'babel'] as const;

/** The patched package.json with the base's runner keys, the base's text when the patched one cannot be read as JSON; undefined when they agree. */
export function restoreRunnerKeys(base: string, patched: string): string | undefined {
  const [before, after] = [parseObject(base === '' ? '{}' : base), parseObject(patched)];
  if (before === undefined || after === undefined) return base === patched ? undefined : base;
  const changed = RUNNER_KEYS.filter((key) => !isDeepStrictEqual(before[key], after[key]));
  if (changed.length === 0) return undefined;
  for (const key of changed) {
    if (before[key] === undefined) delete after[key];
    else after[key] = before[key];
  }
  return `${JSON.stringify(after, null, 2)}\n`;
}

/** Does a change of pyproject.toml touch a runner's tables? One that cannot be read does. */
export function changesRunnerSection(base: string, patched: string): boolean {
  if (base === patched) return false;
  const [before, after] = [runnerTables(base), runnerTables(patched)];
  return before === undefined || after === undefined || !isDeepStrictEqual(before, after);
}

function runnerTables(text: string): Record<string, unknown> | undefined {
  try {
    const { tool } = parseToml(text.replace(BYTE_ORDER_MARK, ''));
    return Object.fromEntries(
      Object.entries(tool ?? {}).filter(([name]) => /^(pytest|coverage|tox|nose2|nox)/.test(name)),
    );
  } catch {
    return undefined;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(BYTE_ORDER_MARK, ''));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Runners pass over it. */
const BYTE_ORDER_MARK = /^\uFEFF/;
