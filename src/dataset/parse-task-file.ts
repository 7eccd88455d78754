/** `task.yaml` text to a checked `TaskFile`: YAML 1.2 without surprises (no duplicate keys, no merges), every problem with its line. */
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { type TaskFile, taskFileSchema } from '../contracts/index.ts';
import type { TaskProblem } from './task-problem.ts';
import { taskRuleProblems } from './task-rules.ts';

export type ParsedTaskFile = { task: TaskFile; problems: [] } | { task?: undefined; problems: TaskProblem[] };

type Path = readonly PropertyKey[];

/** Nobody reads more, and finding the place of each takes time. */
const MAX_PROBLEMS = 100;

/** `file` is only used in messages. Never throws; a task is given exactly when there is no problem. */
export function parseTaskFile(text: string, file: string): ParsedTaskFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, merge: false });
  const at = (offset: number, message: string): TaskProblem => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, message };
  };
  const syntax = [...document.errors, ...document.warnings].map((error) => at(error.pos[0], error.message));
  if (syntax.length > 0) return { problems: syntax };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return { problems: [at(0, error instanceof Error ? error.message : String(error))] };
  }
  const parsed = taskFileSchema.safeParse(value);
  if (!parsed.success) {
    const found = parsed.error.issues.flatMap((issue) => plainIssues(issue, value));
    const shown = found.slice(0, MAX_PROBLEMS);
    const problems = shown.map(({ path, message }) => at(offsetOf(document, path), `${pathText(path)}${message}`));
    const more = found.length - shown.length;
    return { problems: more === 0 ? problems : [...problems, at(0, `and ${more} more problems`)] };
  }
  const rules = taskRuleProblems(parsed.data);
  if (rules.length > 0) {
    return { problems: rules.map(({ path, message }) => at(offsetOf(document, path), `${pathText(path)}${message}`)) };
  }
  return { task: parsed.data, problems: [] };
}

interface PlainIssue {
  path: Path;
  message: string;
}

/** Unions are reduced to the branch the author most likely meant; unknown keys become one issue each, at the key. */
function plainIssues(issue: z.core.$ZodIssue, root: unknown): PlainIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'unknown key' }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const branches = issue.errors.map((errors) => errors.flatMap((inner) => plainIssues(inner, undefined)));
    const value = valueAt(root, issue.path);
    const given = value !== null && typeof value === 'object' ? Object.keys(value)[0] : undefined;
    const cost = (branch: PlainIssue[]) =>
      branch.length + (branch.some((one) => one.message === 'unknown key' && one.path.at(-1) === given) ? 100 : 0);
    const best = [...branches].sort((a, b) => cost(a) - cost(b))[0] ?? [];
    return best.map((one) => ({ path: [...issue.path, ...one.path], message: one.message }));
  }
  return [{ path: issue.path, message: issue.message }];
}

function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      value !== null && typeof value === 'object' ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  );
}

/** Where a path stands in the text: its key, else its value, else the nearest parent that is there. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parentPath = path.slice(0, length - 1);
    const parent = parentPath.length === 0 ? document.contents : document.getIn(parentPath, true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => (isScalar(item.key) ? item.key.value : item.key) === key);
      if (pair !== undefined && isNode(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function pathText(path: Path): string {
  const text = path.reduce<string>((all, key) => {
    if (typeof key === 'number') return `${all}[${key}]`;
    return all === '' ? String(key) : `${all}.${String(key)}`;
  }, '');
  return text === '' ? '' : `${text}: `;
}
