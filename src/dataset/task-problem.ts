/** What is wrong with a task folder, as data: a file, where known the place in it, and a sentence. */
import { AssayError } from '../contracts/index.ts';

export interface TaskProblem {
  /** Path of the file or folder as the user would name it. */
  file: string;
  /** 1-based; missing when the problem is the file itself. */
  line?: number;
  column?: number;
  message: string;
}

/** `file:line:column: message`, as compilers print it. */
export function problemText(problem: TaskProblem): string {
  const place = problem.line === undefined ? '' : `:${problem.line}:${problem.column ?? 1}`;
  return `${problem.file}${place}: ${problem.message}`;
}

/** One `task-invalid` error that lists every problem; `details.problems` holds them as data. */
export function taskInvalid(problems: readonly TaskProblem[]): AssayError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new AssayError('task-invalid', [`${count} in task files:`, ...problems.map(problemText)].join('\n  '), {
    class: 'input',
    retryable: false,
    hint: 'Mend the files named above; `assay dataset schema` prints the schema of task.yaml.',
    details: { problems },
  });
}
