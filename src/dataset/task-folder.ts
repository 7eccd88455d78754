/** One task folder to a `TaskInstance`. Every problem of the folder is found before anything is thrown. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { digestOf, sha256 } from '../base/digest.ts';
import { imageInfo } from '../base/image-info.ts';
import type { HiddenFile, IssueImage, Proposal, TaskFile, TaskInstance } from '../contracts/index.ts';
import { managerPrompt, priceSentence } from '../payout/manager/manager-prompt.ts';
import { proposalOrder } from '../payout/manager/proposal-order.ts';
import { parseTaskFile } from './parse-task-file.ts';
import { readTree, refusal } from './read-tree.ts';
import { fileDigest, sourceDigest } from './source-digest.ts';
import { TASK_LIMITS } from './task-limits.ts';
import { type TaskProblem, taskInvalid } from './task-problem.ts';

export type FolderResult = { instance: TaskInstance; problems: [] } | { instance?: undefined; problems: TaskProblem[] };

/** Loads a task or throws `task-invalid` with all of its problems. */
export async function loadTaskFolder(dir: string): Promise<TaskInstance> {
  const result = await readTaskFolder(dir);
  if (result.instance === undefined) throw taskInvalid(result.problems);
  return result.instance;
}

export interface TaskFolderOptions {
  /** Tell agents what each task is worth. Default false. */
  revealPrice?: boolean;
}

/** The same with problems as data. Only i/o errors throw. */
export async function readTaskFolder(
  dir: string,
  { revealPrice = false }: TaskFolderOptions = {},
): Promise<FolderResult> {
  const folder = new FolderReader(resolve(dir), await realpath(dir));
  const text = await folder.text('task.yaml', TASK_LIMITS.taskFileBytes);
  const issue = await folder.text('issue.md', TASK_LIMITS.issueBytes);
  if (issue?.trim() === '') folder.problem('issue.md', 'is empty');
  const parsed = text === null ? null : parseTaskFile(text, folder.shown('task.yaml'));
  if (parsed !== null) folder.problems.push(...parsed.problems);
  const task = parsed?.task;
  const hiddenFiles = task?.choice === undefined ? await readHiddenFiles(folder) : [];
  const parts = task === undefined ? null : await readTaskParts(folder, task);
  if (task === undefined || parts === null || issue === null || folder.problems.length > 0) {
    return { problems: folder.problems };
  }
  const { source, gold, images, proposals, userScript } = parts;
  const choice = proposals && presentChoice(task, issue, proposals, revealPrice);
  const problemStatement = choice?.problemStatement ?? withPrice(issue, task, revealPrice);
  const { id, environment, grading, language, limits } = task;
  const digest = digestOf({
    ...{ version: 1, id, language, environment, grading, limits, source, gold },
    issue: sha256(problemStatement),
    images: images.map((image) => [image.name, sha256(image.data)]),
    hidden: hiddenFiles.map(fileDigest),
    user: userScript,
    choice: choice && { order: choice.order, answer: task.choice?.answer },
  });
  const instance = {
    instanceId: id,
    task,
    dir: folder.dir,
    problemStatement,
    images,
    hiddenFiles,
    ...(userScript === undefined ? {} : { userScript }),
    ...(proposals === undefined ? {} : { proposals }),
    ...(choice === undefined ? {} : { proposalOrder: choice.order }),
    digest,
  };
  return { instance, problems: [] };
}

async function readHiddenFiles(folder: FolderReader): Promise<HiddenFile[]> {
  const tests = await readTree(join(folder.dir, 'tests'), folder.dir, TASK_LIMITS.hidden, folder.shown('tests'));
  folder.problems.push(...tests.problems);
  if (tests.files.length === 0 && tests.problems.length === 0) folder.problem('tests', 'holds no hidden test');
  return tests.files;
}

/** Only the ablation that reveals prices says what a task is worth. */
function withPrice(issue: string, { price }: TaskFile, revealPrice: boolean): string {
  return revealPrice && price !== undefined ? `${issue.trimEnd()}\n\n${priceSentence(price.amount)}\n` : issue;
}

/** What the agent reads of a manager task, and the order it reads it in. */
function presentChoice(task: TaskFile, issue: string, proposals: readonly Proposal[], revealPrice: boolean) {
  const shown = proposalOrder(task.id, proposals, task.choice?.shuffleSeed);
  const statement = { title: task.title, description: issue, price: task.price?.amount ?? 0 };
  const problemStatement = managerPrompt(statement, shown, { revealPrice: revealPrice && task.price !== undefined });
  return { problemStatement, order: shown.map((proposal) => proposal.id) };
}

/** The files task.yaml names: source, gold and images. */
async function readTaskParts(folder: FolderReader, task: TaskFile) {
  if (task.id !== basename(folder.dir)) {
    folder.problem('task.yaml', `id: is ${task.id}, but the folder is called ${basename(folder.dir)}`);
  }
  const source = await sourceDigest(folder.dir, task.source, folder.shown('task.yaml'));
  folder.problems.push(...source.problems);
  let gold: unknown = task.gold;
  const proposals = task.choice === undefined ? undefined : await readProposals(folder, task.choice.proposals);
  if ('patch' in task.gold && proposals === undefined) {
    const patch = await folder.bytes(task.gold.patch, TASK_LIMITS.goldBytes);
    if (patch !== null && patch.toString('latin1').trim() === '') folder.problem(task.gold.patch, 'is empty');
    gold = patch === null ? null : sha256(patch);
  }
  const images: IssueImage[] = [];
  if (task.images.length > TASK_LIMITS.images) folder.problem('task.yaml', `images: more than ${TASK_LIMITS.images}`);
  for (const name of task.images.slice(0, TASK_LIMITS.images)) {
    const data = await folder.bytes(name, TASK_LIMITS.imageBytes);
    const mediaType = data === null ? undefined : imageInfo(data)?.mediaType;
    if (data !== null && mediaType === undefined) folder.problem(name, 'is not a PNG, JPEG, GIF or WebP image');
    if (data !== null && mediaType !== undefined) images.push({ name, mediaType, data });
  }
  const user = task.grading.app?.user;
  const userScript = user === undefined ? undefined : ((await folder.text(user, TASK_LIMITS.issueBytes)) ?? undefined);
  return { source: source.digest, gold, images, proposals, userScript };
}

async function readProposals(
  folder: FolderReader,
  files: readonly { id: string; file: string }[],
): Promise<Proposal[]> {
  const proposals: Proposal[] = [];
  for (const { id, file } of files) {
    const text = await folder.text(file, TASK_LIMITS.issueBytes);
    if (text?.trim() === '') folder.problem(file, 'is empty');
    proposals.push({ id, text: text ?? '' });
  }
  return proposals;
}

/** Reads single files of one folder; what cannot be read becomes a problem and null. */
class FolderReader {
  readonly problems: TaskProblem[] = [];
  readonly dir: string;
  private readonly real: string;

  constructor(dir: string, real: string) {
    this.dir = dir;
    this.real = real;
  }

  /** The path as the user would type it: relative where that is shorter. */
  shown(name: string): string {
    const path = join(this.dir, name);
    const short = relative(process.cwd(), path);
    return short.startsWith('..') ? path : short;
  }

  problem(name: string, message: string): void {
    this.problems.push({ file: this.shown(name), message });
  }

  async bytes(name: string, maxBytes: number): Promise<Buffer | null> {
    const path = resolve(this.dir, name);
    const refused = await refusal(path, this.real);
    if (refused !== null) {
      this.problem(name, refused);
      return null;
    }
    if ((await stat(path)).size > maxBytes) {
      this.problem(name, `is larger than ${maxBytes} bytes`);
      return null;
    }
    return readFile(path);
  }

  async text(name: string, maxBytes: number): Promise<string | null> {
    const bytes = await this.bytes(name, maxBytes);
    if (bytes === null) return null;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      this.problem(name, 'is not valid UTF-8');
      return null;
    }
  }
}
