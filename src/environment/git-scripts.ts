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

# find that passes over what its user may not read and can not open either; every other error counts.
walk() { find "$@" 2>"$scratch/walk-errors" || ! grep -v 'Permission denied$' "$scratch/walk-errors" >&2; }

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

# The files of the base commit into the work directory; what setup steps left beside them stays.
check_out() { git -C "$work" read-tree --reset -u main; }

# Archive $1 of format $2 into the new folder $4 without its first $3 folder levels (0 or 1). No repository comes along.
unpack() {
  mkdir -p "$4"
  if [ "$2" = zip ]; then
    python3 -m zipfile -e "$1" "$4.zip"
    from=$4.zip
    if [ "$3" = 1 ]; then
      tops=("$from"/*)
      [ "\${#tops[@]}" = 1 ] && [ -d "\${tops[0]}" ] || fail 'the archive has not one top folder'
      from=\${tops[0]}
    fi
    cp -R "$from/." "$4/"
    find "$4" -name .git -prune -exec rm -rf {} +
  else
    tar -x -f "$1" -C "$4" --strip-components="$3" --no-same-owner --no-same-permissions -m --delay-directory-restore --exclude=.git
  fi
  chmod -R u+rwX,go+rX,go-w "$4"
}

# The tree of everything in folder $2, also what ignore rules name, in the repository $1.
tree_of() {
  rm -f "$1/.git/index"
  git --git-dir="$1/.git" --work-tree="$2" add -A -f .
  [ -n "$(git --git-dir="$1/.git" ls-files)" ] || fail 'the source holds no files'
  git --git-dir="$1/.git" write-tree
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
adopt "$scratch/import" "$commit"
check_out
printf '%s\\n' "$commit"
`;

/** `$3` tar or zip, `$4` folder levels to strip (0 or 1), `$5` commit message; stdin is the archive. Prints the base commit. */
export const IMPORT_ARCHIVE = `${COMMON}
cat >"$scratch/archive"
unpack "$scratch/archive" "$3" "$4" "$scratch/files"
new_repository "$scratch/first"
tree=$(tree_of "$scratch/first" "$scratch/files")
commit=$(printf '%s\\n' "$5" | git --git-dir="$scratch/first/.git" commit-tree "$tree")
adopt "$scratch/first/.git" "$commit"
check_out
printf '%s\\n' "$commit"
`;

/** stdin is a tar of two archives called `old` and `new`, `$3` and `$4` their formats. Prints the difference between their contents. */
export const DIFF_ARCHIVES = `${COMMON}
tar -x -f - -C "$scratch"
new_repository "$scratch/both"
unpack "$scratch/old" "$3" 1 "$scratch/old-files"
unpack "$scratch/new" "$4" 1 "$scratch/new-files"
old=$(tree_of "$scratch/both" "$scratch/old-files")
new=$(tree_of "$scratch/both" "$scratch/new-files")
git --git-dir="$scratch/both/.git" diff-tree -r -p --binary --full-index --no-renames --no-ext-diff --no-textconv --no-color "$old" "$new"
`;

/**
 * In a checked repository: stdin is a patch. Prints `size sha256` and the path of each file as the patch would leave it, separated by spaces and NULs. Nothing is changed.
 */
export const PATCHED_FILES = `${COMMON}
export GIT_INDEX_FILE=$scratch/index GIT_OBJECT_DIRECTORY=$scratch/objects GIT_ALTERNATE_OBJECT_DIRECTORIES=$work/.git/objects
mkdir "$scratch/objects"
cd "$work"
git read-tree HEAD
git apply --cached --whitespace=nowarn -
git diff-index --cached --no-renames --diff-filter=AMT -z HEAD | while IFS= read -r -d '' entry && IFS= read -r -d '' path; do
  read -r _ _ _ object _ <<<"$entry"
  printf '%s %s %s\\0' "$(git cat-file -s "$object")" "$(git cat-file blob "$object" | sha256sum | cut -d' ' -f1)" "$path"
done
`;

/** `$3...` folders. Opens what its owner closed to himself: an agent could do the same, so the checks have to see it. For sandboxes that are thrown away. */
export const OPEN_CLOSED = `${COMMON}
folders=()
for folder in "\${@:3}"; do [ ! -d "$folder" ] || folders+=("$folder"); done
for _ in {1..32}; do
  walk "\${folders[@]}" -user "$(id -u)" ! -type l \\( ! -readable -o -type d ! -executable \\) -print0 >"$scratch/closed"
  [ -s "$scratch/closed" ] || exit 0
  xargs -0 chmod u+rwX -- <"$scratch/closed"
done
fail 'folders are closed too deep to look into'
`;

/** In a checked repository: stdin names objects, one per line (ids or HEAD:path). Prints for each line the id, or `missing`. */
export const RESOLVE_OBJECTS = `${COMMON}
git -C "$work" cat-file --batch-check='%(objectname)' | awk '/ missing$/ { print "missing"; next } { print }'
`;

/** `$3...` folders; stdin is lines `size sha256`. Prints `sha256 path` NUL-terminated for each file below the folders with such content; the repository's own store is left out. */
export const FIND_COPIES = `${COMMON}
cat >"$scratch/wanted"
sizes=()
while read -r size; do sizes+=(-o -size "\${size}c"); done < <(cut -d' ' -f1 "$scratch/wanted" | sort -un)
folders=()
for folder in "\${@:3}"; do [ ! -d "$folder" ] || folders+=("$folder"); done
walk "\${folders[@]}" -path "$work/.git" -prune -o -type f \\( -false "\${sizes[@]}" \\) -print0 | sort -zu | xargs -0 -r sha256sum -z -- |
  while IFS= read -r -d '' line; do
    if cut -d' ' -f2 "$scratch/wanted" | grep -qxF "\${line%% *}"; then printf '%s\\0' "$line"; fi
  done
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
  [ ! -d "$folder" ] || walk "$folder" -name .git ! -path "$work/.git" -printf '%p\\n' -prune
done | sort -u | first 'another repository: '
echo checked
`;
