/**
 * Shell programs that make the agent's repository and prove that it is clean. They run in a sandbox: git never touches untrusted content on the host. Names and dates are
 * fixed, so that equal content gives an equal base commit.
 */

/** Settings that keep git from reading anything but the repository itself. */
export const GIT_ENV: Readonly<Record<string, string>> = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Assay',
  GIT_AUTHOR_EMAIL: 'assay@localhost',
  GIT_COMMITTER_NAME: 'Assay',
  GIT_COMMITTER_EMAIL: 'assay@localhost',
  GIT_AUTHOR_DATE: '2000-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2000-01-01T00:00:00Z',
  TZ: 'UTC',
  LC_ALL: 'C',
};

const EXCLUDES = 'node_modules/\\n.venv/\\n__pycache__/\\n*.pyc\\n.pytest_cache/\\n';
const AFTER_INIT = `rm -rf .git/hooks && printf '${EXCLUDES}' > .git/info/exclude`;

/** /tmp/source is a fast-export stream; argument 1 the ref. Only what the ref reaches gets into the repository: it is fetched into a fresh one. */
export const FROM_STREAM = `
git init -q -b import /tmp/import
git -C /tmp/import fast-import --quiet < /tmp/source
commit=$(git -C /tmp/import rev-parse --verify -q "$1^{commit}") || { echo "the stream has no commit $1" >&2; exit 3; }
git -C /tmp/import update-ref refs/heads/assay-base "$commit"
cd /testbed
git init -q -b main .
${AFTER_INIT}
git fetch -q --no-tags /tmp/import refs/heads/assay-base:refs/heads/assay-base
git reset -q --hard assay-base
git update-ref -d refs/heads/assay-base
rm -f .git/FETCH_HEAD .git/ORIG_HEAD
`;

/** /tmp/source is a tar archive with one folder at the top: a published package. One base commit. */
export const FROM_ARCHIVE = `
cd /testbed
tar -xf /tmp/source --strip-components=1 --no-same-owner --no-same-permissions
rm -rf .git
git init -q -b main .
${AFTER_INIT}
git add -A -f
git commit -q --allow-empty -m "Base state"
`;

/** After the steps: what they changed in tracked files becomes part of the base; nothing that is not reachable stays. */
export const SEAL = `
cd /testbed
git add -A
# With the date of the commit below: the base state is not newer than its history.
date=$(git log -1 --format=%cI)
git diff --cached --quiet || GIT_AUTHOR_DATE=$date GIT_COMMITTER_DATE=$date git commit -q -m "Environment"
git reflog expire --expire=now --expire-unreachable=now --all
git gc -q --prune=now
rm -rf .git/logs .git/FETCH_HEAD .git/ORIG_HEAD .git/hooks .git/COMMIT_EDITMSG .git/gc.log
git rev-parse HEAD
`;

/** Prints one line per finding; nothing when the repository holds HEAD's history and nothing else. */
export const CHECK = `
cd /testbed
[ "$(git symbolic-ref HEAD)" = refs/heads/main ] || echo 'HEAD is not main'
git for-each-ref --format='%(refname)' | awk '$0 != "refs/heads/main" { print "ref: " $0 }'
git remote | sed 's/^/remote: /'
[ -z "$(git stash list)" ] || echo 'a stash'
for file in logs FETCH_HEAD ORIG_HEAD MERGE_HEAD hooks objects/info/alternates objects/info/http-alternates shallow worktrees modules refs/replace refs/notes; do
  [ ! -e ".git/$file" ] || echo "left over: .git/$file"
done
git cat-file --batch-all-objects --batch-check='%(objectname)' | sort > /tmp/all
git rev-list --objects --no-object-names HEAD | sort > /tmp/reachable
comm -23 /tmp/all /tmp/reachable | sed 's/^/unreachable object: /' | head -20
base=$(git log -1 --format=%ct)
git log --format='%ct %H' | awk -v base="$base" '$1 > base { print "commit newer than the base: " $2 }' | head -20
[ -z "$(git status --porcelain)" ] || { echo 'the work tree differs from HEAD:'; git status --porcelain | head -20; }
`;

/** /tmp/before and /tmp/after are archives of two versions; the arguments are globs of the files that count. Prints the difference. */
export const DERIVE_GOLD = `
mkdir /tmp/gold && cd /tmp/gold
tar -xf /tmp/before --strip-components=1 --no-same-owner --no-same-permissions
rm -rf .git && git init -q -b main . && git add -A -f && git commit -q --allow-empty -m before
find . -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf {} +
tar -xf /tmp/after --strip-components=1 --no-same-owner --no-same-permissions --exclude='*/.git'
git add -A -f
for glob in "$@"; do set -- "$@" ":(glob)$glob"; shift; done
git diff --cached --binary --no-color --no-ext-diff HEAD -- "$@"
`;
