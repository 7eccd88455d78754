/** The repository of an environment: made from its source, finished after build steps, checked. Each function runs in a sandbox it is given. */
import { AssayError, type Sandbox } from '../contracts/index.ts';
import { COMMIT_BASE_STATE } from './base-state-script.ts';
import { CHECK_REPOSITORY, FINISH_REPOSITORY, IMPORT_ARCHIVE, IMPORT_STREAM } from './git-scripts.ts';
import { type RunScriptOptions, runScript } from './run-script.ts';

/** Source content, fetched and read, ready to go into a sandbox. */
export type SourceContent =
  | { kind: 'stream'; data: Buffer; commit: string }
  | { kind: 'archive'; data: Buffer; format: 'tar' | 'zip'; strip: 0 | 1; message: string };

export type RepositoryPlace = Pick<RunScriptOptions, 'workdir' | 'scratchRoot' | 'signal' | 'timeoutSeconds'>;

/** Fills the empty work directory; returns the base commit. Equal sources give equal commits. */
export async function prepareRepository(
  sandbox: Sandbox,
  source: SourceContent,
  place: RepositoryPlace,
): Promise<string> {
  if (source.kind === 'stream') {
    return commitOf(await runScript(sandbox, IMPORT_STREAM, { ...place, args: [source.commit], input: source.data }));
  }
  const args = [source.format, String(source.strip), source.message];
  return commitOf(await runScript(sandbox, IMPORT_ARCHIVE, { ...place, args, input: source.data }));
}

/** After build steps: their changes to the tree become part of the base commit, the repository is made anew. Returns the new base commit. */
export async function finishRepository(sandbox: Sandbox, base: string, place: RepositoryPlace): Promise<string> {
  return commitOf(await runScript(sandbox, FINISH_REPOSITORY, { ...place, args: [base] }));
}

/** In an environment made elsewhere: history up to `base` and one commit with what the environment left. Returns that commit. */
export async function commitBaseState(sandbox: Sandbox, base: string, place: RepositoryPlace): Promise<string> {
  return commitOf(await runScript(sandbox, COMMIT_BASE_STATE, { ...place, args: [base] }));
}

/** What is not as it has to be; empty when the repository holds the base state and nothing else. `folders`: where else no repository may lie. */
export async function repositoryProblems(
  sandbox: Sandbox,
  base: string,
  place: RepositoryPlace,
  folders: readonly string[] = [],
): Promise<string[]> {
  const lines = (await runScript(sandbox, CHECK_REPOSITORY, { ...place, args: [base, ...folders] }))
    .toString()
    .trimEnd()
    .split('\n');
  if (lines.pop() !== 'checked') {
    throw new AssayError('environment-unclean', 'the check of the repository did not come to its end', {
      class: 'infra',
      retryable: true,
    });
  }
  return lines;
}

function commitOf(output: Buffer): string {
  const commit = output.toString().trim();
  if (/^[0-9a-f]{40}$/.test(commit)) return commit;
  throw new AssayError('environment-build-failed', 'repository preparation gave no commit', {
    class: 'infra',
    details: { output: output.toString() },
  });
}
