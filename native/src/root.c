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
#include <sys/syscall.h>
#include <unistd.h>

#define OPEN_TREE_CLONE_FLAG 1
#define AT_RECURSIVE_FLAG 0x8000
#define MOVE_MOUNT_FROM_DESCRIPTOR 0x4

struct mount_attributes {
  uint64_t set, clear, propagation, user_namespace;
};
enum { READ_ONLY = 1, NO_SUID = 2, NO_DEVICES = 4 };

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

static const char *const NAME_FILES[] = {"/etc/hosts", "/etc/resolv.conf"};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static bool detach(struct prepared *prepared, const char *source, const char *target, uint64_t attributes, int when) {
  int fd = (int)syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE_FLAG | AT_RECURSIVE_FLAG | O_CLOEXEC);
  if (fd < 0) return fail("bind %s", source);
  struct mount_attributes wanted = {.set = attributes};
  if (attributes != 0 && syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE_FLAG, &wanted, sizeof wanted) < 0)
    return fail("bind %s read-only", source);
  prepared->mounts[prepared->count++] = (struct detached){fd, target, when};
  return true;
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

static void loopback_up(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_name = "lo"};
  if (fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
    request.ifr_flags |= IFF_UP;
    ioctl(fd, SIOCSIFFLAGS, &request);
  }
  if (fd >= 0) close(fd);
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
  bool made = make_folder("upper", 0755) && make_folder("work", 0755) && make_folder("root", 0755) && make_folder("tmp", 01777) &&
              make_folder("run", 0755) && prepare_dev() && prepare_proc();
  for (int i = 0; made && i < options->bind_count; i++) {
    made = detach(prepared, options->binds[i].source, options->binds[i].target, READ_ONLY | NO_SUID | NO_DEVICES, OVER_HOST);
  }
  made = made && detach(prepared, "dev", "/dev", 0, ALWAYS) && detach(prepared, "proc", "/proc", 0, ALWAYS) &&
         detach(prepared, "tmp", "/tmp", 0, ALWAYS) && detach(prepared, "run", "/run", 0, ALWAYS);
  /* An image does not know where it runs: names are found as on the host. */
  for (size_t i = 0; made && i < LENGTH(NAME_FILES); i++) {
    char source[4096];
    snprintf(source, sizeof source, "%s%s", options->skeleton, NAME_FILES[i]);
    if (access(source, F_OK) == 0) made = detach(prepared, source, NAME_FILES[i], READ_ONLY | NO_SUID | NO_DEVICES, OVER_IMAGE);
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
  if (syscall(SYS_move_mount, mount->fd, "", AT_FDCWD, mount->target, MOVE_MOUNT_FROM_DESCRIPTOR) < 0) return fail("mount %s", mount->target);
  close(mount->fd);
  return true;
}

static bool mount_overlay(const struct options *options, const struct request *request) {
  char text[4096];
  size_t used = 0;
#define ADD(...)                                                                        \
  do {                                                                                  \
    used += (size_t)snprintf(text + used, sizeof text - used, __VA_ARGS__);             \
    if (used >= sizeof text) return fail("too many layers for one overlay"); \
  } while (0)
  ADD("userxattr,lowerdir=");
  for (int i = request->layer_count - 1; i >= 0; i--) ADD("%s:", request->layers[i]);
  if (request->on_image) used--; /* the last colon */
  else ADD("%s", options->skeleton);
  ADD(",upperdir=%s/upper,workdir=%s/work", options->mount_point, options->mount_point);
#undef ADD
  char target[4096];
  snprintf(target, sizeof target, "%s/root", options->mount_point);
  if (request->on_image && request->layer_count == 0) return fail("an image without layers");
  if (chdir(options->layers) < 0) return fail("enter %s", options->layers);
  errno = 0;
  if (mount("overlay", target, "overlay", MS_NOSUID | MS_NODEV, text) < 0) return fail("mount the overlay of %d layers", request->layer_count);
  if (chdir(target) < 0) return fail("enter the new root");
  return true;
}

/* Belongs to whom it is made for; one that is there stays as it is. */
static bool make_workdir(const struct request *request, struct identity *identity) {
  if (!identity_find(request->user, identity)) return false;
  if (access(request->workdir, F_OK) == 0) return true;
  if (!make_path(request->workdir, false)) return false;
  return chown(request->workdir, identity->user, identity->group) == 0 || fail("give %s to its user", request->workdir);
}

bool root_enter(struct prepared *prepared, const struct options *options, const struct request *request, struct root *root) {
  char size[96];
  snprintf(size, sizeof size, "size=%llu,nr_inodes=%llu", (unsigned long long)request->disk_bytes, (unsigned long long)request->inodes);
  if (mount(NULL, options->mount_point, NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV, size) < 0) return fail("limit the disk");
  *root = (struct root){
      .upper = open("upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
      .layers = open(options->layers, O_PATH | O_DIRECTORY | O_CLOEXEC),
      .memory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
  };
  if (root->upper < 0 || root->layers < 0 || root->memory < 0) return fail("open the folders of the sandbox");
  if (!mount_overlay(options, request)) return false;
  if (syscall(SYS_pivot_root, ".", ".") < 0) return fail("change the root");
  if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) return fail("leave the old root");
  for (int i = 0; i < prepared->count; i++) {
    const struct detached *mount = &prepared->mounts[i];
    bool wanted = mount->when == ALWAYS || (mount->when == OVER_IMAGE) == request->on_image;
    if (!wanted) close(mount->fd);
    else if (!attach(mount)) return false;
  }
  return make_workdir(request, &root->identity);
}
