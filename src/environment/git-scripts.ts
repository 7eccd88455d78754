/**
 * Bash programs that make, finish and check the repository of an environment. They run inside sandboxes: git on the host never reads what a task brings. Arguments: `$1` work
 * directory, `$2` scratch folder (private, not part of any layer), the rest as said. All of them end with a non-zero code when anything they rely on fails.
 *
 * The repository is never cleaned in place. A new one receives exactly the objects that the base commit reaches (`pack-objects --revs` into `index-pack`), so nothing else
 * can be left over, whatever the old one held: refs, reflogs, stashes, hooks, alternates, packs, configuration. The check then proves the result against a closed list.
 */

/** The one configuration an agent's repository has. */
export const REPOSITORY_CONFIG = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = false
	logallrefupdates = true
	autocrlf = false
[user]
	name = Assay
	email = assay@example.invalid
[gc]
	auto = 0
`;

/** `.git/info/exclude`: what runs and installs leave behind is neither base state nor part of a patch. */
export const REPOSITORY_EXCLUDE = 'node_modules/\n.venv/\n__pycache__/\n.pytest_cache/\n';

/** `.git/info/attributes`: files are bytes; a package's own attributes must not change line ends or run filters. */
export const REPOSITORY_ATTRIBUTES = '* -text -ident -filter -working-tree-encoding\n';

/** For every git the scripts start: no configuration but the repository's own, fixed identity and dates where a commit is made. */
export const GIT_SCRIPT_ENV: Readonly<Record<string, string>> = {
  LC_ALL: 'C',
  TZ: 'UTC',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: '*',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_AUTHOR_NAME: 'Assay',
  GIT_AUTHOR_EMAIL: 'assay@example.invalid',
  GIT_AUTHOR_DATE: '946684800 +0000',
  GIT_COMMITTER_NAME: 'Assay',
  GIT_COMMITTER_EMAIL: 'assay@example.invalid',
  GIT_COMMITTER_DATE: '946684800 +0000',
  ASSAY_CONFIG: REPOSITORY_CONFIG,
  ASSAY_EXCLUDE: REPOSITORY_EXCLUDE,
  ASSAY_ATTRIBUTES: REPOSITORY_ATTRIBUTES,
};

const COMMON = `set -euo pipefail
umask 022
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
work=$1 scratch=$2
mkdir -p -- "$work" "$scratch"
fail() { printf '%s\\n' "$*" >&2; exit 3; }

# An empty repository in the folder $1.
new_repository() {
  git init -q --template= -b main "$1"
  mkdir -p "$1/.git/info"
  printf %s "$ASSAY_CONFIG" >"$1/.git/config"
  printf %s "$ASSAY_EXCLUDE" >"$1/.git/info/exclude"
  printf %s "$ASSAY_ATTRIBUTES" >"$1/.git/info/attributes"
}

# What commit $2 of git directory $1 reaches becomes a new repository, branch main, in folder $3.
copy_history() {
  new_repository "$3"
  printf '%s\\n' "$2" | git --git-dir="$1" pack-objects --revs --stdout -q --threads=1 |
    git --git-dir="$3/.git" index-pack --stdin >/dev/null
  git --git-dir="$3/.git" -c core.logAllRefUpdates=false update-ref refs/heads/main "$2"
}

# The same in place of whatever repository the work directory has; files stay as they are.
adopt() {
  rm -rf "$scratch/final"
  copy_history "$1" "$2" "$scratch/final"
  rm -rf "$work/.git"
  mv "$scratch/final/.git" "$work/.git"
}

# Everything in the work directory, also what ignore rules name, as one first commit with message $1.
first_commit() {
  new_repository "$scratch/first"
  inner() { git --git-dir="$scratch/first/.git" --work-tree="$work" "$@"; }
  inner add -A -f .
  [ -n "$(inner ls-files)" ] || fail 'the source holds no files'
  commit=$(printf '%s\\n' "$1" | inner commit-tree "$(inner write-tree)")
  adopt "$scratch/first/.git" "$commit"
  git -C "$work" read-tree main
  git -C "$work" update-index -q --refresh
  printf '%s\\n' "$commit"
}
`;

/** `$3` a ref or a mark; stdin is a fast-export stream. Prints the base commit. */
export const IMPORT_STREAM = `${COMMON}
git init -q --bare --template= "$scratch/import"
cd "$scratch/import"
git -c core.logAllRefUpdates=false fast-import --quiet --export-marks="$scratch/marks" >&2
if [ "\${3#:}" != "$3" ]; then commit=$(awk -v mark="$3" '$1 == mark { print $2 }' "$scratch/marks")
else commit=$(git rev-parse --verify --quiet --end-of-options "$3^{commit}") || commit=
fi
[ -n "$commit" ] && git cat-file -e "$commit^{commit}" 2>/dev/null ||
  fail "the stream has no commit $3; it has: $(git for-each-ref --format='%(refname)' | awk 'NR <= 20' | tr '\\n' ' ')"
[ -z "$(ls -A "$work")" ] || fail "$work is not empty before the repository is there"
adopt "$scratch/import" "$commit"
git -C "$work" read-tree --reset -u main
printf '%s\\n' "$commit"
`;

/** `$3` tar or zip, `$4` folder levels to strip (0 or 1), `$5` commit message; stdin is the archive. Prints the base commit. */
export const IMPORT_ARCHIVE = `${COMMON}
cat >"$scratch/archive"
[ -z "$(ls -A "$work")" ] || fail "$work is not empty before the repository is there"
if [ "$3" = zip ]; then
  python3 -m zipfile -e "$scratch/archive" "$scratch/unpacked"
  from=$scratch/unpacked
  if [ "$4" = 1 ]; then
    tops=("$from"/*)
    [ "\${#tops[@]}" = 1 ] && [ -d "\${tops[0]}" ] || fail 'the archive has not one top folder'
    from=\${tops[0]}
  fi
  cp -R "$from/." "$work/"
  find "$work" -name .git -prune -exec rm -rf {} +
else
  tar -x -f "$scratch/archive" -C "$work" --strip-components="$4" --no-same-owner --no-same-permissions -m --delay-directory-restore --exclude=.git
fi
chmod -R u+rwX,go+rX,go-w "$work"
first_commit "$5"
`;

/**
 * `$3` the base commit. What build steps changed in tracked files, and files they added that nothing ignores, become part of the base commit (same author, dates and message,
 * another tree); the repository is made anew. Prints the base commit.
 */
export const FINISH_REPOSITORY = `${COMMON}
copy_history "$work/.git" "$3" "$scratch/base"
inner() { git --git-dir="$scratch/base/.git" --work-tree="$work" "$@"; }
inner read-tree main
inner add -A .
tree=$(inner write-tree)
commit=$3
if [ "$tree" != "$(inner rev-parse 'main^{tree}')" ]; then
  commit=$(inner cat-file commit main |
    awk -v tree="$tree" 'body { print; next } /^$/ { body = 1; print; next } /^ / { if (!signature) print; next }
      { signature = /^gpgsig/ } signature { next } /^tree / { print "tree " tree; next } { print }' |
    inner hash-object -t commit -w --stdin)
fi
adopt "$scratch/base/.git" "$commit"
git -C "$work" read-tree main
git -C "$work" update-index -q --refresh
printf '%s\\n' "$commit"
`;

/** `$3` the commit that has to be the only tip, `$4...` further folders where no repository may lie. Prints one line per problem, then `checked`. */
export const CHECK_REPOSITORY = `${COMMON}
cd "$work"
first() { awk -v text="$1" 'NR <= 10 { print text $0 } END { if (NR > 10) print text "and " NR - 10 " more" }'; }
if [ ! -d .git ] || [ -L .git ]; then echo '.git is not a folder'; echo checked; exit 0; fi
none() { "$@" || [ $? = 1 ]; }

find .git -mindepth 1 ! -type d ! -type f -printf '%p\\n' | first 'not a regular file: '
find .git -mindepth 1 -type f -printf '%p\\n' | none grep -vxE \\
  '\\.git/(HEAD|config|index|info/(exclude|attributes)|refs/heads/main|objects/[0-9a-f]{2}/[0-9a-f]{38}|objects/info/packs|objects/pack/pack-[0-9a-f]{40}\\.(pack|idx|rev))' |
  first 'does not belong there: '
same() { [ "$(cat "$1" 2>/dev/null; echo .)" = "$2." ] || { echo "$1 has other content"; return 1; }; }
same .git/config "$ASSAY_CONFIG" || { echo checked; exit 0; }
same .git/info/exclude "$ASSAY_EXCLUDE" || :
same .git/info/attributes "$ASSAY_ATTRIBUTES" || :
same .git/HEAD 'ref: refs/heads/main
' || { echo checked; exit 0; }

git for-each-ref --format='%(refname) %(objectname)' | none grep -vxF "refs/heads/main $3" | first 'another ref: '
[ "$(git rev-parse --verify HEAD)" = "$3" ] || { echo "HEAD is not $3"; echo checked; exit 0; }
[ "$(git rev-parse --is-shallow-repository)" = false ] || echo 'the repository is shallow'

git rev-list --objects --no-object-names HEAD | sort -u >"$scratch/reachable"
git cat-file --batch-all-objects --batch-check='%(objectname)' | sort -u >"$scratch/all"
comm -23 "$scratch/all" "$scratch/reachable" | first 'object not reachable from the base commit: '
comm -13 "$scratch/all" "$scratch/reachable" | first 'object missing: '
base=$(git log -1 --format=%ct HEAD)
git log --format='%ct %H' HEAD | awk -v base="$base" '$1 > base { print $2 }' | first 'commit newer than the base commit: '

git diff-index --cached --name-only HEAD | first 'index differs from the base commit: '
git ls-files -v | none grep -v '^H ' | first 'hidden by a flag of the index: '
git status --porcelain --untracked-files=all | first 'work tree differs from the base commit: '
for folder in "$work" "\${@:4}"; do
  [ ! -d "$folder" ] || find "$folder" -name .git ! -path "$work/.git" -printf '%p\\n' -prune
done | sort -u | first 'another repository: '
echo checked
`;
