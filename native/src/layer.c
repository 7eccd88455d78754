/*
 * Freezes the files of a sandbox into a folder of the layer store: the uppers of its past, bottom first, each over the one before as overlayfs would show them, and
 * the present one last. Holes of files stay holes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "assay.h"
#include "layer.h"

enum { MAX_DEPTH = 512 };

struct copy {
  int top; /* of the layer */
  struct links links;
};

bool is_zero(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

bool layer_is_opaque(int folder) {
  char mark;
  return fgetxattr(folder, LAYER_OPAQUE, &mark, 1) == 1 && mark == 'y';
}

static bool copy_data(int from, int to, const char *path, off_t size) {
  static uint8_t bytes[256 * LAYER_BLOCK];
  for (off_t at = 0; at < size;) {
    off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break; /* a hole up to the end */
    if (data < 0) return fail("find the data of %s", path);
    at = data - data % LAYER_BLOCK;
    ssize_t got = pread(from, bytes, sizeof bytes, at);
    if (got <= 0) return fail("read %s", path);
    for (ssize_t part = 0; part < got; part += LAYER_BLOCK) {
      size_t length = got - part < LAYER_BLOCK ? (size_t)(got - part) : LAYER_BLOCK;
      if (is_zero(bytes + part, length)) continue;
      if (pwrite(to, bytes + part, length, at + part) != (ssize_t)length) return fail("write %s", path);
    }
    at += got;
  }
  return ftruncate(to, size) == 0 || fail("set the size of %s", path);
}

static bool copy_file(struct copy *copy, int from_folder, int to_folder, const char *name, const char *path, const struct stat *about) {
  const char *earlier = NULL;
  if (about->st_nlink > 1 && !links_meet(&copy->links, about, path, &earlier)) return false;
  if (earlier != NULL) return linkat(copy->top, earlier, to_folder, name, 0) == 0 || fail("link %s", path);
  int from = openat(from_folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  int to = openat(to_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool done = (from >= 0 && to >= 0) || fail("open %s", path);
  done = done && copy_data(from, to, path, about->st_size);
  if (from >= 0) close(from);
  if (to >= 0) close(to);
  return done;
}

static bool copy_link(int from_folder, int to_folder, const char *name, const char *path) {
  char target[4097];
  ssize_t length = readlinkat(from_folder, name, target, sizeof target - 1);
  if (length < 0) return fail("read the link %s", path);
  target[length] = 0;
  return symlinkat(target, to_folder, name) == 0 || fail("make the link %s", path);
}

static bool copy_attributes(int to_folder, const char *name, const char *path, const struct stat *about) {
  if (fchownat(to_folder, name, about->st_uid, about->st_gid, AT_SYMLINK_NOFOLLOW) < 0) return fail("set the owner of %s", path);
  if (!S_ISLNK(about->st_mode) && fchmodat(to_folder, name, about->st_mode & 07777, 0) < 0) return fail("set the mode of %s", path);
  const struct timespec times[2] = {about->st_mtim, about->st_mtim};
  return utimensat(to_folder, name, times, AT_SYMLINK_NOFOLLOW) == 0 || fail("set the time of %s", path);
}

/* Removes what a lower level left there. */
static bool clear(int folder, const char *name, const char *path) {
  if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR && errno != EPERM) return fail("replace %s", path);
  int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (inner < 0) return fail("replace %s", path);
  fchmod(inner, 0700); /* it may be closed to its owner */
  char **names;
  ssize_t count = folder_names(inner, &names);
  bool cleared = count >= 0 || fail("list %s", path);
  for (ssize_t i = 0; i < count; i++) {
    cleared = cleared && clear(inner, names[i], path);
    free(names[i]);
  }
  free(names);
  close(inner);
  return cleared && (unlinkat(folder, name, AT_REMOVEDIR) == 0 || fail("replace %s", path));
}

static bool is_folder(int folder, const char *name) {
  struct stat about;
  return fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(about.st_mode);
}

static bool copy_folder(struct copy *copy, int from, int to, const char *path, int depth);

/* Goes into the folder of the level below, unless it hides that. */
static bool copy_subfolder(struct copy *copy, int from_folder, int to_folder, const char *name, const char *path, int depth) {
  int from = openat(from_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (from < 0) return fail("open %s", path);
  bool opaque = layer_is_opaque(from);
  bool done = !opaque && is_folder(to_folder, name) ? fchmodat(to_folder, name, 0700, 0) == 0 || fail("open up %s", path)
                                                    : clear(to_folder, name, path) && (mkdirat(to_folder, name, 0700) == 0 || fail("make the folder %s", path));
  int to = done ? openat(to_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  done = done && (to >= 0 || fail("open %s", path));
  if (done && opaque) done = fsetxattr(to, LAYER_OPAQUE, "y", 1, 0) == 0 || fail("mark %s as opaque", path);
  done = done && copy_folder(copy, from, to, path, depth + 1);
  close(from);
  if (to >= 0) close(to);
  return done;
}

static bool copy_entry(struct copy *copy, int from, int to, const char *name, const char *path, int depth) {
  struct stat about;
  if (fstatat(from, name, &about, AT_SYMLINK_NOFOLLOW) < 0) return fail("look at %s", path);
  mode_t kind = about.st_mode & S_IFMT;
  bool done;
  if (kind == S_IFDIR) return copy_subfolder(copy, from, to, name, path, depth) && copy_attributes(to, name, path, &about);
  if (!clear(to, name, path)) return false;
  if (kind == S_IFSOCK) return true; /* nobody listens any more */
  if (kind == S_IFREG) done = copy_file(copy, from, to, name, path, &about);
  else if (kind == S_IFLNK) done = copy_link(from, to, name, path);
  else {
    /* A whiteout is a device 0:0; a pipe is a pipe; other devices cannot exist here. */
    if (kind == S_IFCHR && about.st_rdev != makedev(0, 0)) return fail("%s is a device", path);
    done = mknodat(to, name, about.st_mode, about.st_rdev) == 0 || fail("make the node %s", path);
    if (kind == S_IFCHR) return done; /* has no owner or time worth keeping */
  }
  return done && copy_attributes(to, name, path, &about);
}

static bool copy_folder(struct copy *copy, int from, int to, const char *path, int depth) {
  if (depth > MAX_DEPTH) errno = 0;
  if (depth > MAX_DEPTH) return fail("folders are nested more than %d deep", MAX_DEPTH);
  char **names;
  ssize_t count = folder_names(from, &names);
  bool done = count >= 0 || fail("list %s", path);
  for (ssize_t i = 0; i < count; i++) {
    char *below = NULL;
    if (done && asprintf(&below, "%s%s%s", path, path[0] == 0 ? "" : "/", names[i]) < 0) abort();
    done = done && copy_entry(copy, from, to, names[i], below, depth);
    free(below);
    free(names[i]);
  }
  free(names);
  return done;
}

static bool copy_level(int upper, int top) {
  if (upper < 0) return fail("open a level");
  struct copy copy = {.top = top};
  bool done = copy_folder(&copy, upper, top, "", 0);
  links_free(&copy.links);
  return done;
}

bool layer_store(const struct root *root, const char *name, char digest[65]) {
  int top = openat(root->layers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (top < 0) return fail("open the folder of the layer");
  bool done = true;
  for (int i = 0; done && i < root->frozen.count; i++) {
    int upper = openat(root->frozen.trees[i], "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    done = copy_level(upper, top);
    if (upper >= 0) close(upper);
  }
  done = done && copy_level(root->upper, top) && layer_digest(top, digest);
  if (done && syncfs(top) < 0) done = fail("write to disk");
  close(top);
  return done;
}
