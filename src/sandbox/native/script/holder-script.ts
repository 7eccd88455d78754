/**
 * The shell program that sets a sandbox up in fresh namespaces and then holds them: it answers commands on stdin (`snapshot FOLDER`) and ends, and
 * with it the sandbox's mounts, when stdin closes: that is when Assay dies.
 *
 * Arguments: 1 run folder, 2 skeleton, 3 layer folders separated by `:` (top first), 4 size of the writable part in bytes, 5 work directory, then pairs
 * of read-only binds (source, target).
 */
export const HOLDER_SCRIPT = `
set -e
run=$1 skeleton=$2 layers=$3 size=$4 workdir=$5
shift 5
mount -t tmpfs -o "size=$size,nr_inodes=400000,mode=755,nosuid,nodev" tmpfs "$run"
mkdir "$run/upper" "$run/work" "$run/root" "$run/tmp" "$run/run" "$run/shm"
chmod 1777 "$run/tmp" "$run/shm"
mkdir -p "$run/upper$workdir"
mount -t overlay -o "userxattr,lowerdir=$layers$skeleton,upperdir=$run/upper,workdir=$run/work" overlay "$run/root"
while [ $# -ge 2 ]; do
  if [ -d "$1" ]; then mkdir -p "$run/root$2"; else mkdir -p "$run/root\${2%/*}"; [ -e "$run/root$2" ] || : > "$run/root$2"; fi
  mount --rbind "$1" "$run/root$2"
  mount -o remount,bind,ro,nosuid,nodev "$run/root$2"
  shift 2
done
mount --bind "$run/tmp" "$run/root/tmp"
mount --bind "$run/run" "$run/root/run"
ip link set lo up 2>/dev/null || true
hostname sandbox 2>/dev/null || true
echo 0 > /proc/sys/user/max_user_namespaces 2>/dev/null || true
echo ready
while read -r word target; do
  case $word in
    snapshot)
      # Of overlay's own attributes only the opaque mark belongs to the content; the digest leaves times out.
      xattrs='--xattrs --xattrs-include=user.overlay.opaque'
      if tar $xattrs --numeric-owner -C "$run/upper" -c . | tar $xattrs --numeric-owner -p -C "$target" -x &&
         digest=$(tar $xattrs --numeric-owner --sort=name --mtime=@0 --format=posix \\
           --pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime -C "$target" -c . | sha256sum)
      then echo "layer \${digest%% *}"; else echo failed; fi ;;
    usage) du -s --block-size=1 "$run/upper" | cut -f1 ;;
  esac
done
`;
