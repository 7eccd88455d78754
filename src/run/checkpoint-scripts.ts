/**
 * Bash programs that keep and put back the state of a work tree. $1: the git repository that states are kept in, $2: the work tree, $3: the name of a state.
 *
 * A state is a tree with `files` (as git keeps them), `modes` (of folders, empty ones too, and of files that are neither 644 nor 755) and, as git does not look into repositories inside
 * of others, an archive of each of those, with its own `.git`: `nested` has their paths, `nested-1`, `nested-2`, ... are the archives. Written for GNU and busybox tools.
 */

const SET_UP = `
set -eo pipefail
umask 022
[ -d "$1" ] || { git init -q --bare "$1" && printf '%s\\n' '* -text -ident -filter' > "$1/info/attributes"; }
export GIT_DIR=$1 GIT_WORK_TREE=$2
mkdir -p "$2"
cd "$2"

# Paths of repositories inside of this one, the outermost alone.
nested() {
  find . \\( -name node_modules -o -name .venv -o -path ./.git \\) -prune -o -name .git -print0 -prune |
    while IFS= read -r -d '' path; do printf '%s\\0' "\${path%.git}"; done | sort -z | {
      last=
      while IFS= read -r -d '' path; do
        [ -n "$last" ] && [ "\${path#"$last"}" != "$path" ] && continue
        last=$path
        printf '%s\\0' "\${path%/}"
      done
    }
}

# Type and mode in hexadecimal, then the path. Names with line ends are left out.
modes() {
  find . \\( -name node_modules -o -name .venv -o -name .git \\) -prune -o ! -path $'*\\n*' \\( -type d -o -type f ! -perm 644 ! -perm 755 \\) -exec stat -c '%f %n' {} +
}

keep() { git hash-object -w --stdin; }
`;

/** Prints the name of the state. */
export const SAVE = `${SET_UP}
nested > "$1/nested"
roots=()
left_out=()
while IFS= read -r -d '' root; do
  roots+=("$root")
  left_out+=(":(exclude,literal)\${root#./}")
  git rm -r -q --cached --ignore-unmatch -- ":(literal)\${root#./}"
done < "$1/nested"
git add -A -f -- . ':(exclude,glob)**/node_modules/**' ':(exclude,glob)**/.venv/**' "\${left_out[@]}"
files=$(git write-tree)
modes > "$1/modes"
{
  printf '040000 tree %s\\tfiles\\n' "$files"
  printf '100644 blob %s\\tmodes\\n' "$(keep < "$1/modes")"
  printf '100644 blob %s\\tnested\\n' "$(keep < "$1/nested")"
  number=0
  for root in "\${roots[@]}"; do
    number=$((number + 1))
    archive=$(tar -cf - -- "$root" | keep)
    printf '100644 blob %s\\tnested-%d\\n' "$archive" "$number"
  done
} > "$1/state"
git mktree < "$1/state"
`;

export const RESTORE = `${SET_UP}
git cat-file -e "$3:files"
find . \\( -name node_modules -o -name .venv -o -path ./.git \\) -prune -o -type d ! -perm -700 -exec chmod u+rwx {} +
nested > "$1/nested"
while IFS= read -r -d '' root; do
  chmod -R u+rwX -- "$root"
  rm -rf -- "$root"
done < "$1/nested"
git read-tree "$3:files"
git checkout-index -q -a -f
git clean -q -d -ff -x -e node_modules -e .venv
git cat-file blob "$3:nested" > "$1/nested"
number=0
while IFS= read -r -d '' root; do
  number=$((number + 1))
  git cat-file blob "$3:nested-$number" | tar -xpf -
done < "$1/nested"
git cat-file blob "$3:modes" > "$1/modes"
modes > "$1/now"
declare -A now=()
while IFS= read -r line; do now[\${line#* }]=\${line%% *}; done < "$1/now"
while IFS= read -r line; do
  path=\${line#* }
  [ "\${now[$path]-}" != "\${line%% *}" ] || continue
  raw=$((16#\${line%% *}))
  if ((raw >> 12 == 4)); then mkdir -p -- "$path"; fi
  if [ -e "$path" ]; then chmod -- "$(printf '%o' $((raw & 4095)))" "$path"; fi
done < "$1/modes"
`;
