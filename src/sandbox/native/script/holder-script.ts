/**
 * The shell program that holds a sandbox: in fresh namespaces it prepares what every sandbox needs and prints `ready`, then obeys lines on stdin, and answers each with one
 * line. It ends, and with it the sandbox's mounts, when stdin closes: that is when Assay dies. Every program it starts costs a millisecond.
 *
 * Arguments: 1 run folder, 2 skeleton. Lines: `open BYTES`, followed by lines with the work directory and the layer folders (each with a `:` behind it, top first);
 * `bind`, followed by lines with source and target, for read-only binds; `scratch` binds /tmp and /run; `snapshot FOLDER`; `usage`.
 */
export const HOLDER_SCRIPT = `
set -e
run=$1 skeleton=$2
ip link set lo up 2>/dev/null &
mount -t tmpfs -o "size=16m,mode=755,nosuid,nodev" tmpfs "$run"
mkdir "$run/upper" "$run/work" "$run/root" "$run/run"
mkdir -m 1777 "$run/tmp" "$run/shm"
{ echo sandbox > /proc/sys/kernel/hostname; } 2>/dev/null || true
{ echo 0 > /proc/sys/user/max_user_namespaces; } 2>/dev/null || true
wait
echo ready
while read -r word target; do
  case $word in
    open)
      read -r workdir
      read -r layers
      # Both source and folder: else mount(8) adds options of the first mount, such as ids that do not exist in this user namespace.
      mount -o "remount,nosuid,nodev,size=$target,nr_inodes=400000" tmpfs "$run"
      mkdir -p "$run/upper$workdir"
      mount -t overlay -o "userxattr,lowerdir=$layers$skeleton,upperdir=$run/upper,workdir=$run/work" overlay "$run/root"
      echo opened ;;
    bind)
      read -r source
      read -r target
      if [ -d "$source" ]; then mkdir -p "$run/root$target"; else mkdir -p "$run/root\${target%/*}"; [ -e "$run/root$target" ] || : > "$run/root$target"; fi
      mount --rbind "$source" "$run/root$target"
      mount -o remount,bind,ro,nosuid,nodev "$run/root$target"
      echo bound ;;
    scratch)
      mount --bind "$run/tmp" "$run/root/tmp"
      mount --bind "$run/run" "$run/root/run"
      echo bound ;;
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
