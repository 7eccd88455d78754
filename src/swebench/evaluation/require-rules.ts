/** What an instance is tested by. */
import { AssayError } from '../../contracts/index.ts';
import type { SwebenchInstance } from '../contracts.ts';
import { findParser } from '../parsers/parser-registry.ts';

/** The script of its tests. Throws `task-invalid` when nothing says how they are run or read. */
export function requireRules({ instance_id, repo, eval_script, log_parser }: SwebenchInstance): string {
  if (eval_script === undefined || log_parser === undefined) {
    const lacking = eval_script === undefined ? 'eval_script' : 'log_parser';
    throw new AssayError(
      'task-invalid',
      `${instance_id}: the row has no ${lacking}, and there is no rule for ${repo}`,
      {
        class: 'input',
        retryable: false,
        hint: 'Give the rows eval_script and log_parser; docs/swebench.md says which sets have what it takes.',
      },
    );
  }
  findParser(log_parser);
  return eval_script;
}
