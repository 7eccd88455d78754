/**
 * Makes the repository of an environment fit for an agent, in a sandbox: `$1` work directory, `$2` scratch folder, `$3` the instance's base commit. History up to that commit and the tags on it
 * stay, as agents are usually given them. What lies beyond it goes, by making the repository anew from what the base commit reaches; so does every other repository in the work tree. What the
 * environment left beside the commit (built files, changed files) becomes a commit of its own, so that a patch holds the agent's work alone. Prints the commit.
 */
export const COMMIT_BASE_STATE = `set -euo pipefail
umask 022
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
work=$1 scratch=$2
mkdir -p -- "$scratch"
cd -- "$work"
fail() { printf '%s\\n' "$*" >&2; exit 3; }
[ -d .git ] && [ ! -L .git ] || fail "$work is no repository"
base=$(git rev-parse -q --verify "$3^{commit}") || fail "$work has no commit $3"

# Objects of the repository that neither the commit $1 nor a tag on the history of the base commit reaches.
beyond() {
  { printf '%s\\n' "$1"; git for-each-ref --merged="$base" --format='%(objectname)' refs/tags; } |
    git rev-list --objects --stdin | cut -d' ' -f1 | sort -u >"$scratch/reached"
  git cat-file --batch-all-objects --batch-check='%(objectname)' | sort -u | comm -23 - "$scratch/reached"
}

# Only the base commit, or one commit on top of it that an image made of its own state.
tip=$(git rev-parse -q --verify 'HEAD^{commit}' || true)
[ "$tip" = "$base" ] || [ "$(git rev-parse -q --verify "$tip^@" || true)" = "$base" ] || tip=
if [ -z "$tip" ] || [ -L .git/objects ] || [ -e .git/objects/info/alternates ] || [ -n "$(beyond "$tip" | head -n 1)" ]; then
  tip=$base
  clean=$scratch/clean
  git init -q --template= -b main "$clean"
  git for-each-ref --merged="$base" --format='%(objectname) %(refname)' refs/tags >"$scratch/tags"
  { printf '%s\\n' "$base"; cut -d' ' -f1 "$scratch/tags"; } | git pack-objects --revs --stdout -q --threads=1 |
    git --git-dir="$clean/.git" index-pack --stdin >/dev/null
  sed 's/\\([^ ]*\\) \\(.*\\)/create \\2 \\1/' "$scratch/tags" | git --git-dir="$clean/.git" update-ref --stdin
  rm -rf .git
  mv "$clean/.git" .git
fi

rm -rf .git/hooks .git/ORIG_HEAD .git/FETCH_HEAD
printf %s "$ASSAY_CONFIG" >.git/config
mkdir -p .git/info
printf %s "$ASSAY_EXCLUDE" >.git/info/exclude
printf %s "$ASSAY_ATTRIBUTES" >.git/info/attributes
git symbolic-ref HEAD refs/heads/main
git update-ref refs/heads/main "$tip"
git for-each-ref --format='%(refname)' | { grep -v -e '^refs/heads/main$' -e '^refs/tags/' || [ $? = 1 ]; } | sed 's/^/delete /' | git update-ref --stdin
git for-each-ref --no-merged="$base" --format='delete %(refname)' refs/tags | git update-ref --stdin
find . -mindepth 2 -name .git -prune -exec rm -rf {} +
rm -f .git/index .git/index.lock
git read-tree "$tip"
git add -A .
export GIT_AUTHOR_DATE=$(git log -1 --format=%cI "$base")
export GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
git diff-index --cached --quiet "$tip" || git commit -q --no-verify -m 'State of the environment'
rm -rf .git/logs
commit=$(git rev-parse HEAD)
[ -z "$(beyond "$commit" | head -n 1)" ] || fail 'the repository holds more than the history of the base commit'
printf '%s\\n' "$commit"
`;
