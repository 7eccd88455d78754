/* Mounts by file descriptor, and overlays of any number of folders. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "assay.h"

#define CLONE_TREE 1
#define RECURSIVE 0x8000
#define FROM_DESCRIPTOR 0x4

enum { SET_FLAG = 0, SET_STRING = 1, CREATE = 6, CLOSE_ON_EXEC = 1 };

struct mount_attributes {
  uint64_t set, clear, propagation, user_namespace;
};

int tree_clone(int folder, const char *path, bool recursive, uint64_t attributes) {
  unsigned empty = path[0] == 0 ? AT_EMPTY_PATH : 0;
  int tree = (int)syscall(SYS_open_tree, folder, path, CLONE_TREE | O_CLOEXEC | empty | (recursive ? RECURSIVE : 0));
  if (tree < 0) {
    fail("bind %s", empty ? "a kept mount" : path);
    return -1;
  }
  struct mount_attributes wanted = {.set = attributes};
  if (attributes == 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | RECURSIVE, &wanted, sizeof wanted) == 0) return tree;
  fail("bind %s read-only", path);
  close(tree);
  return -1;
}

bool tree_place(int tree, const char *target) {
  return syscall(SYS_move_mount, tree, "", AT_FDCWD, target, FROM_DESCRIPTOR) == 0 || fail("mount %s", target);
}

static int set(int context, unsigned command, const char *name, const char *value) {
  return (int)syscall(SYS_fsconfig, context, command, name, value, 0);
}

/* Closes the context. */
static int finish(int context, bool configured) {
  int tree = -1;
  if (configured && set(context, CREATE, NULL, NULL) == 0) tree = (int)syscall(SYS_fsmount, context, CLOSE_ON_EXEC, NO_SUID | NO_DEVICES);
  int cause = errno;
  close(context);
  errno = cause;
  return tree;
}

int tree_tmpfs(void) {
  int context = (int)syscall(SYS_fsopen, "tmpfs", CLOSE_ON_EXEC);
  int tree = context < 0 ? -1 : finish(context, set(context, SET_STRING, "size", "16m") == 0 && set(context, SET_STRING, "mode", "755") == 0);
  if (tree < 0) fail("mount a tmpfs");
  return tree;
}

/* -1 with errno EINVAL or ENOSYS where the kernel is older than 6.7 and takes all lower folders in one option only. */
static int overlay_tree(const char *const *lower, int count, const char *upper, const char *work) {
  int context = (int)syscall(SYS_fsopen, "overlay", CLOSE_ON_EXEC);
  if (context < 0) return -1;
  bool configured = set(context, SET_FLAG, "userxattr", NULL) == 0;
  for (int i = 0; configured && i < count; i++) configured = set(context, SET_STRING, "lowerdir+", lower[i]) == 0;
  configured = configured && set(context, SET_STRING, "upperdir", upper) == 0 && set(context, SET_STRING, "workdir", work) == 0;
  return finish(context, configured);
}

static bool overlay_by_options(const char *const *lower, int count, const char *upper, const char *work, const char *target) {
  char text[4096]; /* a page is what the kernel takes */
  size_t used = (size_t)snprintf(text, sizeof text, "userxattr,upperdir=%s,workdir=%s", upper, work);
  for (int i = 0; i < count && used < sizeof text; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? ",lowerdir=" : ":", lower[i]);
  }
  if (used >= sizeof text) return fail("%d layers are too many for one overlay on this kernel", count);
  return mount("overlay", target, "overlay", MS_NOSUID | MS_NODEV, text) == 0 || fail("mount the overlay of %d layers", count);
}

bool overlay_mount(const char *const *lower, int count, const char *upper, const char *work, const char *target) {
  int tree = overlay_tree(lower, count, upper, work);
  if (tree < 0) return overlay_by_options(lower, count, upper, work, target);
  bool placed = tree_place(tree, target);
  close(tree);
  return placed;
}
