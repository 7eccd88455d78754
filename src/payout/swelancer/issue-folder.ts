/** One issue folder of SWE-Lancer: base commit, planted bug, test, user tool, recorded traffic, issue data. Both releases' file names are understood. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { AssayError, toFailure } from '../../contracts/index.ts';
import { readPrice } from './read-price.ts';

export interface IssueFolder {
  issue: string;
  commit: string;
  /** Plants the bug; its reverse is the gold solution. Null when a command does it, or nothing needs to. */
  bugPatch: string | null;
  /** Shell command in place of the patch; `''` in most folders. */
  revertCommand: string;
  /** Version to set; null where none is. */
  gitTag: string | null;
  test: string;
  /** Where it is a script of its own; newer folders use the test. */
  userTool: string | null;
  /** Recorded network traffic (mitmproxy); null where the test needs none. */
  traffic: Buffer | null;
  data: { title: string; description: string; price: number };
}

const dataSchema = z.object({
  title: z.string(),
  price: z
    .union([z.string(), z.number()])
    .transform((value) => readPrice(String(value)))
    .pipe(z.number()),
  html_description: z.string().optional(),
  description: z.string().optional(),
  issue_repo_steps: z.string().optional(),
});

/** Throws `task-invalid` naming what the folder lacks. */
export async function readIssueFolder(dir: string): Promise<IssueFolder> {
  const text = async (name: string) => (await bytes(dir, name))?.toString() ?? null;
  const commit = (await text('commit_id.txt'))?.trim() ?? '';
  if (!/^[0-9a-f]{7,40}$/.test(commit)) throw invalid(dir, 'commit_id.txt holds no commit');
  const test = await text('test.py');
  if (test === null || test.trim() === '') throw invalid(dir, 'there is no test.py');
  return {
    issue: basename(dir),
    commit,
    bugPatch: filled((await text('bug_reintroduce.patch')) ?? (await text('issue_introduction.patch'))),
    revertCommand: (await text('revert_command.txt'))?.trim() ?? '',
    gitTag: filled((await text('git_tag.txt'))?.trim() ?? null),
    test,
    userTool: filled(await text('user_tool.py')),
    traffic: await bytes(dir, 'flow.mitm'),
    data: readData(dir, await text('issue_data.json')),
  };
}

function readData(dir: string, text: string | null): IssueFolder['data'] {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    throw invalid(dir, 'issue_data.json is missing or no JSON');
  }
  const parsed = dataSchema.safeParse(value);
  if (!parsed.success) throw invalid(dir, 'issue_data.json has no title or no price');
  const { title, price, description, html_description, issue_repo_steps } = parsed.data;
  return { title, price, description: description ?? html_description ?? issue_repo_steps ?? '' };
}

const filled = (text: string | null) => (text === null || text.trim() === '' ? null : text);

async function bytes(dir: string, name: string): Promise<Buffer | null> {
  return readFile(join(dir, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw invalid(dir, `${name} cannot be read: ${toFailure(error).message}`);
  });
}

function invalid(dir: string, message: string): AssayError {
  return new AssayError('task-invalid', `${dir}: ${message}`, { class: 'input', retryable: false });
}
