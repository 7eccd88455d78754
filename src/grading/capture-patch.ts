/**
 * The agent's changes as a diff against the base commit, whatever the agent did to its index, branches or configuration: git works with a git directory and an
 * index of its own and borrows only the objects of the agent's repository. New files are included, ignored ones and installed packages (`node_modules`, `.venv`) are not, whatever a
 * .gitignore of the agent says. The work tree is not touched.
 */
import { AssayError, type Sandbox } from '../contracts/index.ts';
import { type ExecResult, exec } from '../sandbox/exec.ts';

/** More than this is no answer to a task. */
export const MAX_PATCH_BYTES = 32 * 1024 ** 2;

/** Arguments: 1 work directory, 2 base commit, 3 attributes for all files. Exit 3: the base commit is gone. */
const CAPTURE = `
work=$1 base=$2 attributes=$3
scratch=$(mktemp -d /tmp/assay-capture-XXXXXX)
trap 'rm -rf "$scratch"' EXIT
git init -q --bare "$scratch/git" || exit 1
export GIT_DIR=$scratch/git GIT_WORK_TREE=$work GIT_INDEX_FILE=$scratch/index
export GIT_ALTERNATE_OBJECT_DIRECTORIES=$work/.git/objects
mkdir -p "$GIT_DIR/info"
printf '%s\\n' "$attributes" > "$GIT_DIR/info/attributes"
printf '%s\\n' node_modules/ .venv/ __pycache__/ '*.pyc' .pytest_cache/ > "$GIT_DIR/info/exclude"
cd "$work" || exit 3
git rev-parse -q --verify "$base^{tree}" > "$scratch/tree" 2>/dev/null || exit 3
git read-tree "$base" || exit 3
options=(-c core.autocrlf=false -c core.fileMode=true -c core.symlinks=true -c core.fsmonitor=false)
tried() { "$@" 2> "$scratch/errors" || { cat "$scratch/errors" >&2; exit 1; }; }

# Git takes a repository in the work tree for a submodule, or refuses it. One beside the project's files is something the agent tried out; in one around them they count as anywhere.
inner=()
while IFS= read -r -d '' found; do inner+=("\${found%/.git}"); done < <(
  find . -mindepth 2 \\( -name node_modules -o -name .venv \\) -prune -o -name .git -prune -print0)
besides=()
for folder in "\${inner[@]}"; do besides+=(":(exclude,literal)\${folder#./}"); done
tried git "\${options[@]}" add -A -- . ':(exclude,glob)**/node_modules' ':(exclude,glob)**/node_modules/**' ':(exclude,glob)**/.venv' ':(exclude,glob)**/.venv/**' "\${besides[@]}"
for folder in "\${inner[@]}"; do
  git --literal-pathspecs ls-files -s -z -- "$folder" | grep -zv '^160000 ' | sed -z 's/^[^\t]*\t//' > "$scratch/known"
  [ -s "$scratch/known" ] || continue
  find "$folder" \\( -name .git -o -name node_modules -o -name .venv -o -name __pycache__ -o -name .pytest_cache \\) -prune -o \\( -type f -o -type l \\) ! -name '*.pyc' -print0 |
    sed -z 's,^\\./,,' | cat "$scratch/known" - |
    tried git "\${options[@]}" update-index --add --remove -z --stdin || exit 1
done
git -c core.quotePath=true diff --cached --binary --no-renames --no-ext-diff --no-textconv --no-color --src-prefix=a/ --dst-prefix=b/ "$base" -- .
`;

/** Bytes as they are: no line-end conversion, keyword expansion or filters, whatever the repository's own attributes say. */
const RAW = '* -text -ident -filter -working-tree-encoding !diff';

/** Set for git itself: nothing of the sandbox's or the agent's configuration counts. */
const ENV = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_OPTIONAL_LOCKS: '0',
  LC_ALL: 'C',
  HOME: '/nonexistent',
};

/**
 * The patch, `''` when nothing changed. Throws `limit-output` when it is larger than `MAX_PATCH_BYTES`, `sandbox-file` when the agent destroyed the repository,
 * `sandbox-died`, `cancelled`.
 */
export async function capturePatch(
  sandbox: Sandbox,
  options: { baseCommit: string; workdir: string; signal: AbortSignal },
): Promise<string> {
  const diff = async (attributes: string) => {
    const argv = ['bash', '-c', CAPTURE, 'bash', options.workdir, options.baseCommit, attributes];
    return checked(
      await exec(sandbox, argv, {
        cwd: '/',
        env: ENV,
        timeoutSeconds: 300,
        maxBytes: MAX_PATCH_BYTES + 1,
        signal: options.signal,
      }),
    );
  };
  const patch = await diff(RAW);
  if (isUtf8(patch)) return patch.toString('utf8');
  // Text in another encoding would not survive as a string: all files go as binary differences, which are ASCII.
  return (await diff(RAW.replace('!diff', '-diff'))).toString('utf8');
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}

function checked(result: ExecResult): Buffer {
  if (result.sandboxDied)
    throw new AssayError('sandbox-died', 'the sandbox ended before the patch was taken', {
      class: 'infra',
      retryable: true,
    });
  if (result.stdoutBytes > MAX_PATCH_BYTES) {
    const message = `the patch is larger than ${MAX_PATCH_BYTES} bytes`;
    throw new AssayError('limit-output', message, {
      class: 'limit',
      retryable: false,
      hint: 'The agent left large files in the repository.',
    });
  }
  if (result.exitCode === 3) {
    throw new AssayError(
      'sandbox-file',
      'the repository no longer holds its base commit: the agent removed or replaced it',
      { class: 'task', retryable: false },
    );
  }
  if (result.exitCode !== 0) {
    const reason = result.timedOut ? 'it took too long' : result.stderr.toString().trim().slice(-500);
    throw new AssayError('sandbox-file', `the patch could not be taken: ${reason}`, { class: 'task', retryable: null });
  }
  return result.stdout;
}
