/*
 * The file system of a sandbox. `root_prepare` does what does not depend on the request (before anybody asks), `root_enter` the rest.
 *
 * Everything private lies on one tmpfs: the overlay's upper, /tmp, /run, /dev/shm. Its size is the disk limit, exactly; it goes with the namespace.
 * Paths that a layer could have put links into are walked only after the change of root.
 */
#include "assay.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A mount without a place yet. */
struct detached {
  int fd;
  const char *target;
  enum { ALWAYS, OVER_HOST, OVER_IMAGE } when;
};

struct prepared {
  struct detached mounts[MAX_BINDS + 8];
  int count;
};

static const char *const DEVICES[] = {"null", "zero", "full", "random", "urandom", "tty"};
static const char *const PROC_READ_ONLY[] = {"sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi"};
static const char *const PROC_HIDDEN[] = {"kcore", "keys", "timer_list", "sched_debug", "latency_stats", "kallsyms", "kmsg"};

static const char *const SYS_HIDDEN[] = {"firmware", "fs/cgroup", "devices/virtual/powercap", "kernel/debug", "kernel/tracing"};

static const char *const NAME_FILES[] = {"/etc/hosts", "/etc/resolv.conf"};

enum { PROTECTED = READ_ONLY | NO_SUID | NO_DEVICES };

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static bool detach(struct prepared *prepared, const char *source, const char *target, uint64_t attributes, int when) {
  int tree = tree_clone(AT_FDCWD, source, true, attributes);
  if (tree >= 0) prepared->mounts[prepared->count++] = (struct detached){tree, target, when};
  return tree >= 0;
}

static bool make_folder(const char *path, mode_t mode) {
  if (mkdir(path, 0755) < 0 || chmod(path, mode) < 0) return fail("mkdir %s", path);
  return true;
}

static bool touch(const char *path) {
  int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0) return fail("make %s", path);
  close(fd);
  return true;
}

static bool prepare_dev(void) {
  if (!make_folder("dev", 0755) || !make_folder("dev/pts", 0755) || !make_folder("dev/shm", 01777)) return false;
  for (size_t i = 0; i < LENGTH(DEVICES); i++) {
    char inside[64], outside[64];
    snprintf(inside, sizeof inside, "dev/%s", DEVICES[i]);
    snprintf(outside, sizeof outside, "/dev/%s", DEVICES[i]);
    if (!touch(inside)) return false;
    if (mount(outside, inside, NULL, MS_BIND, NULL) < 0) return fail("bind %s", outside);
  }
  if (mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620") < 0) return fail("mount devpts");
  const char *const links[][2] = {{"pts/ptmx", "dev/ptmx"},
                                  {"/proc/self/fd", "dev/fd"},
                                  {"/proc/self/fd/0", "dev/stdin"},
                                  {"/proc/self/fd/1", "dev/stdout"},
                                  {"/proc/self/fd/2", "dev/stderr"}};
  for (size_t i = 0; i < LENGTH(links); i++) {
    if (symlink(links[i][0], links[i][1]) < 0) return fail("link %s", links[i][1]);
  }
  return true;
}

static bool prepare_proc(void) {
  const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (!make_folder("proc", 0555)) return false;
  if (mount("proc", "proc", "proc", flags, NULL) < 0) return fail("mount proc (in a container it needs an unmasked /proc)");
  int proc = open("proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  /* A second lock on nested user namespaces, where the kernel has the setting; the first is the system-call filter. */
  if (proc >= 0) write_file_at(proc, "sys/user/max_user_namespaces", "0");
  close(proc);
  for (size_t i = 0; i < LENGTH(PROC_READ_ONLY); i++) {
    char path[64];
    snprintf(path, sizeof path, "proc/%s", PROC_READ_ONLY[i]);
    if (access(path, F_OK) < 0) continue;
    if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) < 0 || mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) < 0)
      return fail("protect /%s", path);
  }
  for (size_t i = 0; i < LENGTH(PROC_HIDDEN); i++) {
    char path[64];
    snprintf(path, sizeof path, "proc/%s", PROC_HIDDEN[i]);
    if (access(path, F_OK) == 0 && mount("dev/null", path, NULL, MS_BIND, NULL) < 0) return fail("hide /%s", path);
  }
  return true;
}

/*
 * What programs of an image read of the machine (processors, block sizes). A new sysfs shows the devices of its own network namespace; where that is the host's, or something lies over
 * the host's /sys, the host's is shown. Without either a sandbox has an empty folder: false, and no failure.
 */
static bool prepare_sys(void) {
  const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
  if (!make_folder("sys", 0555)) return false;
  if (mount("sysfs", "sys", "sysfs", flags, NULL) < 0 && mount("/sys", "sys", NULL, MS_BIND | MS_REC, NULL) < 0) return false;
  for (size_t i = 0; i < LENGTH(SYS_HIDDEN); i++) {
    char path[64];
    snprintf(path, sizeof path, "sys/%s", SYS_HIDDEN[i]);
    if (access(path, F_OK) == 0 && mount("tmpfs", path, "tmpfs", flags, "size=4k,mode=555") < 0) return false;
  }
  return true;
}

static void loopback_up(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo"};
  if (fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
    request.ifr_flags |= IFF_UP;
    ioctl(fd, SIOCSIFFLAGS, &request);
  }
  if (fd >= 0) close(fd);
}

/* What is private to a sandbox, in the current folder. */
static bool make_private(void) {
  return make_folder("upper", 0755) && make_folder("work", 0755) && make_folder("root", 0755) && make_folder("tmp", 01777) &&
         make_folder("run", 0755) && make_folder("frozen", 0755) && prepare_dev();
}

static bool detach_private(struct prepared *prepared) {
  return detach(prepared, "dev", "/dev", 0, ALWAYS) && detach(prepared, "tmp", "/tmp", 0, ALWAYS) && detach(prepared, "run", "/run", 0, ALWAYS);
}

struct prepared *root_prepare(const struct options *options) {
  struct prepared *prepared = calloc(1, sizeof *prepared);
  umask(022);
  if (prepared == NULL) fail("no memory");
  if (prepared == NULL) return NULL;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) fail("make mounts private");
  else if (mount("tmpfs", options->mount_point, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=755") < 0) fail("mount a tmpfs");
  else if (chdir(options->mount_point) < 0) fail("enter %s", options->mount_point);
  if (failure()[0] != 0) return NULL;
  bool made = make_private() && prepare_proc();
  for (int i = 0; made && i < options->bind_count; i++) {
    made = detach(prepared, options->binds[i].source, options->binds[i].target, PROTECTED, OVER_HOST);
  }
  made = made && detach_private(prepared) && detach(prepared, "proc", "/proc", 0, ALWAYS);
  if (made && prepare_sys()) made = detach(prepared, "sys", "/sys", PROTECTED, OVER_IMAGE);
  /* An image does not know where it runs: names are found as on the host. */
  for (size_t i = 0; made && i < LENGTH(NAME_FILES); i++) {
    char source[4096];
    snprintf(source, sizeof source, "%s%s", options->skeleton, NAME_FILES[i]);
    if (access(source, F_OK) == 0) made = detach(prepared, source, NAME_FILES[i], PROTECTED, OVER_IMAGE);
  }
  if (!made) return NULL;
  loopback_up();
  sethostname("sandbox", 7);
  return prepared;
}

/* Makes missing folders of an absolute path; follows links, so only inside the new root. */
static bool make_path(const char *path, bool file) {
  char partial[4096];
  if (snprintf(partial, sizeof partial, "%s", path) >= (int)sizeof partial) return fail("%s is too long", path);
  for (char *at = partial + 1; (at = strchr(at, '/')) != NULL; at++) {
    *at = 0;
    if (mkdir(partial, 0755) < 0 && errno != EEXIST) return fail("mkdir %s", partial);
    *at = '/';
  }
  struct stat about;
  if (stat(path, &about) == 0) return S_ISDIR(about.st_mode) != file || fail("%s is of the wrong kind", path);
  if (file) return touch(path);
  return mkdir(path, 0755) == 0 || fail("mkdir %s", path);
}

static bool attach(const struct detached *mount) {
  struct stat about;
  if (fstat(mount->fd, &about) < 0) return fail("look at the mount for %s", mount->target);
  if (!make_path(mount->target, !S_ISDIR(about.st_mode))) return false;
  if (!tree_place(mount->fd, mount->target)) return false;
  close(mount->fd);
  return true;
}

static bool wanted(const struct detached *mount, const struct request *request) {
  return mount->when == ALWAYS || (mount->when == OVER_IMAGE) == request->on_image;
}

/* Paths of `folder` in the frozen file systems, top first. The strings live as long as the process. */
static int frozen_paths(const struct options *options, const struct frozen *below, const char *folder, const char **paths) {
  for (int i = 0; i < below->count; i++) {
    char *path = NULL;
    if (asprintf(&path, "%s/frozen/%d/%s", options->mount_point, below->count - 1 - i, folder) < 0) abort();
    paths[i] = path;
  }
  return below->count;
}

static bool private_overlay(const struct options *options, const char *const *lower, int count, const char *upper, const char *work,
                            const char *target) {
  char paths[3][4096];
  const char *const names[] = {upper, work, target};
  for (int i = 0; i < 3; i++) snprintf(paths[i], sizeof paths[i], "%s/%s", options->mount_point, names[i]);
  return overlay_mount(lower, count, paths[0], paths[1], paths[2]);
}

static bool mount_root(const struct options *options, const struct request *request, const struct frozen *below) {
  const char *lower[MAX_FROZEN + MAX_LAYERS + 1];
  int count = frozen_paths(options, below, "upper", lower);
  for (int i = request->layer_count - 1; i >= 0; i--) lower[count++] = request->layers[i];
  if (!request->on_image) lower[count++] = options->skeleton;
  else if (request->layer_count == 0) return fail("an image without layers");
  if (chdir(options->layers) < 0) return fail("enter %s", options->layers);
  return private_overlay(options, lower, count, "upper", "work", "root");
}

/* /tmp over what is frozen of it. */
static bool mount_tmp(struct prepared *prepared, const struct options *options, const struct frozen *below) {
  const char *lower[MAX_FROZEN];
  int count = frozen_paths(options, below, "tmp", lower);
  if (!make_folder("tmp-work", 0755) || !make_folder("tmp-root", 0755)) return false;
  if (!private_overlay(options, lower, count, "tmp", "tmp-work", "tmp-root")) return false;
  for (int i = 0; i < prepared->count; i++) {
    struct detached *mount = &prepared->mounts[i];
    if (strcmp(mount->target, "/tmp") != 0) continue;
    close(mount->fd);
    mount->fd = tree_clone(AT_FDCWD, "tmp-root", true, 0);
    return mount->fd >= 0;
  }
  return fail("no /tmp is prepared");
}

static bool place_frozen(const struct frozen *below, struct root *root) {
  root->frozen = *below;
  for (int i = 0; i < below->count; i++) {
    char path[32];
    snprintf(path, sizeof path, "frozen/%d", i);
    if (!make_folder(path, 0755) || !tree_place(below->trees[i], path)) return false;
    close(below->trees[i]);
    root->frozen.trees[i] = tree_clone(AT_FDCWD, path, false, 0);
    if (root->frozen.trees[i] < 0) return false;
  }
  return true;
}

/* A mount can be copied only while it has a place in this namespace: one that nothing inside can reach, because /proc covers it. */
static bool hide_kept(const struct root *root) {
  bool hidden = make_path("/proc", false);
  for (int i = 0; hidden && i < root->frozen.count; i++) hidden = tree_place(root->frozen.trees[i], "/proc");
  return hidden && tree_place(root->own, "/proc") && tree_place(root->layer_tree, "/proc") && tree_place(root->skeleton_tree, "/proc");
}

static bool limit_disk(const struct options *options, const struct request *request, const struct frozen *below) {
  if (request->disk_bytes <= below->bytes) return fail("limit the disk: what is taken over holds all of it");
  char size[96];
  snprintf(size, sizeof size, "size=%llu,nr_inodes=%llu", (unsigned long long)(request->disk_bytes - below->bytes),
           (unsigned long long)request->inodes);
  return mount(NULL, options->mount_point, NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV, size) == 0 || fail("limit the disk");
}

/* Belongs to whom it is made for; one that is there stays as it is. */
static bool make_workdir(const struct request *request, struct identity *identity) {
  if (!identity_find(request->user, identity)) return false;
  if (access(request->workdir, F_OK) == 0) return true;
  if (!make_path(request->workdir, false)) return false;
  return chown(request->workdir, identity->user, identity->group) == 0 || fail("give %s to its user", request->workdir);
}

bool root_enter(struct prepared *prepared, const struct options *options, const struct request *request, const struct frozen *below, struct root *root) {
  if (!limit_disk(options, request, below)) return false;
  *root = (struct root){
      .upper = open("upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
      .layers = open(options->layers, O_PATH | O_DIRECTORY | O_CLOEXEC),
      .memory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
      .own = tree_clone(AT_FDCWD, ".", false, 0),
      .layer_tree = tree_clone(AT_FDCWD, options->layers, true, PROTECTED),
      .skeleton_tree = tree_clone(AT_FDCWD, options->skeleton, true, PROTECTED),
  };
  if (root->upper < 0 || root->layers < 0 || root->memory < 0) return fail("open the folders of the sandbox");
  if (root->own < 0 || root->layer_tree < 0 || root->skeleton_tree < 0) return false;
  if (!place_frozen(below, root)) return false;
  if (below->count > 0 && !mount_tmp(prepared, options, below)) return false;
  if (!mount_root(options, request, below)) return false;
  if (fchdir(root->memory) < 0 || chdir("root") < 0) return fail("enter the new root");
  if (syscall(SYS_pivot_root, ".", ".") < 0) return fail("change the root");
  if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) return fail("leave the old root");
  if (!hide_kept(root)) return false;
  for (int i = 0; i < prepared->count; i++) {
    const struct detached *mount = &prepared->mounts[i];
    if (!wanted(mount, request)) close(mount->fd);
    else if (!attach(mount)) return false;
  }
  return make_workdir(request, &root->identity);
}

static uint64_t used_bytes(const struct root *root) {
  struct statfs about;
  if (fstatfs(root->memory, &about) < 0) return UINT64_MAX / 2;
  return root->frozen.bytes + (uint64_t)(about.f_blocks - about.f_bfree) * (uint64_t)about.f_bsize;
}

/* What a fresh private file system must have for itself. */
enum { LEAST_BYTES = 64 * 1024 };

bool root_can_freeze(const struct request *request, const struct root *root) {
  errno = 0; /* these are refusals, not failed calls */
  if (root->frozen.count == MAX_FROZEN) return fail("it was forked %d times already", MAX_FROZEN);
  if (used_bytes(root) + LEAST_BYTES > request->disk_bytes) return fail("its files leave no room for a fork's own");
  return true;
}

/* Copies of all that is frozen and of the present private file system, which is frozen from now on. */
static bool freeze(const struct root *root, struct frozen *frozen) {
  *frozen = root->frozen;
  frozen->bytes = used_bytes(root);
  frozen->count++;
  for (int i = 0; i < frozen->count; i++) {
    frozen->trees[i] = tree_clone(i < root->frozen.count ? root->frozen.trees[i] : root->own, "", false, PROTECTED);
    if (frozen->trees[i] < 0) return false;
  }
  return true;
}

/* The mounts that pass from the present root to the next one. */
static bool take_over(struct prepared *prepared, const struct options *options, const struct root *root) {
  bool taken = detach(prepared, "/proc", "/proc", 0, ALWAYS);
  for (int i = 0; taken && i < options->bind_count; i++) {
    const char *target = options->binds[i].target;
    if (access(target, F_OK) == 0) taken = detach(prepared, target, target, 0, OVER_HOST);
  }
  for (size_t i = 0; taken && i < LENGTH(NAME_FILES); i++) {
    const char *target = NAME_FILES[i];
    if (faccessat(root->skeleton_tree, target + 1, F_OK, 0) == 0) taken = detach(prepared, target, target, 0, OVER_IMAGE);
  }
  if (taken && access("/sys/kernel", F_OK) == 0) taken = detach(prepared, "/sys", "/sys", 0, OVER_IMAGE);
  return taken;
}

/* A new private file system as the root, with the layers and the skeleton in it: where `root_enter` can start from. */
static bool enter_stage(struct prepared *prepared, const struct root *root) {
  int stage = tree_tmpfs();
  if (stage < 0 || !tree_place(stage, "/proc") || fchdir(stage) < 0) return fail("make a new file system");
  /* Not what lies on top of them in their hiding place. */
  int layers = tree_clone(root->layer_tree, "", false, 0), skeleton = tree_clone(root->skeleton_tree, "", false, 0);
  bool made = layers >= 0 && skeleton >= 0 && make_private() && detach_private(prepared) && make_folder("layers", 0755) &&
              make_folder("skeleton", 0755) && tree_place(layers, "layers") && tree_place(skeleton, "skeleton");
  close(layers);
  close(skeleton);
  close(stage);
  if (!made) return false;
  if (syscall(SYS_pivot_root, ".", ".") < 0) return fail("change to the new file system");
  return (umount2(".", MNT_DETACH) == 0 && chdir("/") == 0) || fail("leave the frozen root");
}

static void close_kept(const struct root *root) {
  for (int i = 0; i < root->frozen.count; i++) close(root->frozen.trees[i]);
  close(root->own);
  close(root->layer_tree);
  close(root->skeleton_tree);
  close(root->memory);
  close(root->upper);
}

bool root_freeze(const struct options *options, const struct request *request, struct root *root) {
  struct prepared prepared = {.count = 0};
  struct frozen below;
  struct root next;
  umask(022);
  if (!freeze(root, &below) || !take_over(&prepared, options, root) || !enter_stage(&prepared, root)) return false;
  struct options staged = *options;
  staged.layers = "/layers";
  staged.skeleton = "/skeleton";
  staged.mount_point = "/";
  if (!root_enter(&prepared, &staged, request, &below, &next)) return false;
  close_kept(root);
  close(next.layers); /* cannot be written to */
  next.layers = root->layers;
  *root = next;
  return true;
}
