/**
 * Files a patch must not decide about: the hidden tests themselves and what configures the test runner. Where a patch touched one, the base state is put back before the tests run.
 */
const RUNNER_FILES: readonly RegExp[] = [
  /(^|\/)conftest\.py$/,
  /(^|\/)(pytest\.ini|\.pytest\.ini|tox\.ini|setup\.cfg|\.coveragerc|noxfile\.py)$/,
  /(^|\/)(sitecustomize|usercustomize)\.py$/,
  /\.pth$/,
  /(^|\/)\.mocharc(\.[a-z]+)?$/,
  /(^|\/)(jest|vitest|vite|karma|ava)\.config\.[a-z]+$/,
  /(^|\/)\.(npmrc|noderc|taprc)$/,
  /(^|\/)(node_modules|\.venv|\.git)\//,
];

/** Does the path belong to the runner or to the hidden tests? `hidden`: paths of the hidden files. */
export function isProtected(path: string, hidden: ReadonlySet<string>): boolean {
  return hidden.has(path) || RUNNER_FILES.some((pattern) => pattern.test(path));
}

/** Keys of package.json that configure a runner; the rest of the file is source like any other. */
export const RUNNER_KEYS = ['scripts', 'jest', 'mocha', 'vitest', 'ava', 'tap', 'c8', 'nyc'] as const;

/** The patched package.json with the base's runner keys; undefined when they agree or the file cannot be read as JSON (the tests will tell). */
export function restoreRunnerKeys(base: string, patched: string): string | undefined {
  const [before, after] = [parseObject(base), parseObject(patched)];
  if (before === undefined || after === undefined) return undefined;
  const changed = RUNNER_KEYS.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]));
  if (changed.length === 0) return undefined;
  for (const key of changed) {
    if (before[key] === undefined) delete after[key];
    else after[key] = before[key];
  }
  return `${JSON.stringify(after, null, 2)}\n`;
}

/** Does a change of pyproject.toml touch a runner's section? */
export function changesRunnerSection(base: string, patched: string): boolean {
  const sections = (text: string) => (text.match(/^\[tool\.(pytest|coverage|tox)[^\]]*\][^[]*/gm) ?? []).join('\n');
  return sections(base) !== sections(patched);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
