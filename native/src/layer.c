/*
 * Freezes the upper into a folder of the layer store. The digest is of the content alone (kind, mode, owner, name, data, links, overlay's opaque mark),
 * in the order of names, without times, so equal work gives equal layers. Holes of files stay holes, and are not hashed: a sparse terabyte costs nothing.
 */
#include <dirent.h>
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
#include "sha256.h"

enum { BLOCK = 4096, MAX_DEPTH = 512, FIRST_LINKS = 64 };
static const char OPAQUE[] = "user.overlay.opaque";

/* Files with several names: the second one becomes a link to the first. */
struct linked {
  dev_t device;
  ino_t inode;
  char *path; /* below the layer's top */
};

struct copy {
  struct sha256 hash;
  int top; /* of the layer */
  struct linked *links; /* a hash table */
  size_t count, capacity;
};

static void hash_fact(struct copy *copy, const char *name, const void *value, size_t length) {
  char head[64];
  int used = snprintf(head, sizeof head, "%s %zu\n", name, length);
  sha256_add(&copy->hash, head, (size_t)used);
  sha256_add(&copy->hash, value, length);
}

static void hash_number(struct copy *copy, const char *name, unsigned long long value) {
  char text[32];
  hash_fact(copy, name, text, (size_t)snprintf(text, sizeof text, "%llu", value));
}

static bool is_zero(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

static bool copy_data(struct copy *copy, int from, int to, const char *path, off_t size) {
  static uint8_t bytes[256 * BLOCK];
  hash_number(copy, "size", (unsigned long long)size);
  for (off_t at = 0; at < size;) {
    off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break; /* a hole up to the end */
    if (data < 0) return fail("find the data of %s", path);
    at = data - data % BLOCK;
    ssize_t got = pread(from, bytes, sizeof bytes, at);
    if (got <= 0) return fail("read %s", path);
    for (ssize_t part = 0; part < got; part += BLOCK) {
      size_t length = got - part < BLOCK ? (size_t)(got - part) : BLOCK;
      if (is_zero(bytes + part, length)) continue;
      hash_number(copy, "at", (unsigned long long)(at + part));
      sha256_add(&copy->hash, bytes + part, length);
      if (pwrite(to, bytes + part, length, at + part) != (ssize_t)length) return fail("write %s", path);
    }
    at += got;
  }
  return ftruncate(to, size) == 0 || fail("set the size of %s", path);
}

/* Where a file is in the table, or would be. The table is never more than half full. */
static struct linked *slot_of(struct linked *table, size_t capacity, dev_t device, ino_t inode) {
  size_t at = (size_t)((inode ^ device) * 0x9e3779b97f4a7c15u) & (capacity - 1);
  while (table[at].path != NULL && (table[at].inode != inode || table[at].device != device)) at = (at + 1) & (capacity - 1);
  return &table[at];
}

static bool grow(struct copy *copy) {
  size_t capacity = copy->capacity == 0 ? FIRST_LINKS : copy->capacity * 2;
  struct linked *larger = calloc(capacity, sizeof *larger);
  if (larger == NULL) return fail("no memory");
  for (size_t i = 0; i < copy->capacity; i++) {
    const struct linked *old = &copy->links[i];
    if (old->path != NULL) *slot_of(larger, capacity, old->device, old->inode) = *old;
  }
  free(copy->links);
  copy->links = larger;
  copy->capacity = capacity;
  return true;
}

/* The name under which the file was met before, NULL at the first time, when it is remembered under `path`. False without memory. */
static bool meet(struct copy *copy, const struct stat *about, const char *path, const char **earlier) {
  if (2 * (copy->count + 1) > copy->capacity && !grow(copy)) return false;
  struct linked *slot = slot_of(copy->links, copy->capacity, about->st_dev, about->st_ino);
  *earlier = slot->path;
  if (slot->path != NULL) return true;
  *slot = (struct linked){about->st_dev, about->st_ino, strdup(path)};
  copy->count++;
  return slot->path != NULL || fail("no memory");
}

static bool copy_file(struct copy *copy, int from_folder, int to_folder, const char *name, const char *path, const struct stat *about) {
  const char *earlier = NULL;
  if (about->st_nlink > 1 && !meet(copy, about, path, &earlier)) return false;
  if (earlier != NULL) {
    hash_fact(copy, "same as", earlier, strlen(earlier));
    return linkat(copy->top, earlier, to_folder, name, 0) == 0 || fail("link %s", path);
  }
  int from = openat(from_folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  int to = openat(to_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool done = (from >= 0 && to >= 0) || fail("open %s", path);
  done = done && copy_data(copy, from, to, path, about->st_size);
  if (from >= 0) close(from);
  if (to >= 0) close(to);
  return done;
}

static bool copy_link(struct copy *copy, int from_folder, int to_folder, const char *name, const char *path) {
  char target[4097];
  ssize_t length = readlinkat(from_folder, name, target, sizeof target - 1);
  if (length < 0) return fail("read the link %s", path);
  target[length] = 0;
  hash_fact(copy, "to", target, (size_t)length);
  return symlinkat(target, to_folder, name) == 0 || fail("make the link %s", path);
}

static bool copy_attributes(int to_folder, const char *name, const char *path, const struct stat *about) {
  if (fchownat(to_folder, name, about->st_uid, about->st_gid, AT_SYMLINK_NOFOLLOW) < 0) return fail("set the owner of %s", path);
  if (!S_ISLNK(about->st_mode) && fchmodat(to_folder, name, about->st_mode & 07777, 0) < 0) return fail("set the mode of %s", path);
  const struct timespec times[2] = {about->st_mtim, about->st_mtim};
  return utimensat(to_folder, name, times, AT_SYMLINK_NOFOLLOW) == 0 || fail("set the time of %s", path);
}

static bool copy_folder(struct copy *copy, int from, int to, const char *path, int depth);

static bool copy_subfolder(struct copy *copy, int from_folder, int to_folder, const char *name, const char *path, int depth) {
  if (mkdirat(to_folder, name, 0700) < 0) return fail("make the folder %s", path);
  int from = openat(from_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  int to = openat(to_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  bool done = (from >= 0 && to >= 0) || fail("open %s", path);
  char mark;
  if (done && fgetxattr(from, OPAQUE, &mark, 1) == 1 && mark == 'y') {
    hash_number(copy, "opaque", 1);
    done = fsetxattr(to, OPAQUE, "y", 1, 0) == 0 || fail("mark %s as opaque", path);
  }
  done = done && copy_folder(copy, from, to, path, depth + 1);
  if (from >= 0) close(from);
  if (to >= 0) close(to);
  return done;
}

static bool copy_entry(struct copy *copy, int from, int to, const char *name, const char *path, int depth) {
  struct stat about;
  if (fstatat(from, name, &about, AT_SYMLINK_NOFOLLOW) < 0) return fail("look at %s", path);
  mode_t kind = about.st_mode & S_IFMT;
  if (kind == S_IFSOCK) return true; /* nobody listens any more */
  hash_fact(copy, "name", name, strlen(name));
  hash_number(copy, "mode", about.st_mode);
  hash_number(copy, "user", about.st_uid);
  hash_number(copy, "group", about.st_gid);
  bool done;
  if (kind == S_IFDIR) done = copy_subfolder(copy, from, to, name, path, depth);
  else if (kind == S_IFREG) done = copy_file(copy, from, to, name, path, &about);
  else if (kind == S_IFLNK) done = copy_link(copy, from, to, name, path);
  else {
    /* A whiteout is a device 0:0; a pipe is a pipe; other devices cannot exist here. */
    if (kind == S_IFCHR && about.st_rdev != makedev(0, 0)) return fail("%s is a device", path);
    done = mknodat(to, name, about.st_mode, about.st_rdev) == 0 || fail("make the node %s", path);
    if (kind == S_IFCHR) return done; /* has no owner or time worth keeping */
  }
  return done && copy_attributes(to, name, path, &about);
}

static int by_name(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

/* Names of a folder in order; the count, or -1. */
static ssize_t list_names(int folder, char ***names) {
  size_t count = 0, capacity = 0;
  *names = NULL;
  int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *entries = own < 0 ? NULL : fdopendir(own);
  if (entries == NULL) return -1;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (count == capacity) {
      capacity = capacity == 0 ? 32 : capacity * 2;
      *names = realloc(*names, capacity * sizeof **names);
      if (*names == NULL) abort();
    }
    (*names)[count] = strdup(entry->d_name);
    if ((*names)[count++] == NULL) abort();
  }
  closedir(entries);
  if (count > 0) qsort(*names, count, sizeof **names, by_name);
  return (ssize_t)count;
}

static bool copy_folder(struct copy *copy, int from, int to, const char *path, int depth) {
  if (depth > MAX_DEPTH) return fail("folders are nested more than %d deep", MAX_DEPTH);
  char **names;
  ssize_t count = list_names(from, &names);
  bool done = count >= 0 || fail("list %s", path);
  hash_number(copy, "entries", (unsigned long long)(count < 0 ? 0 : count));
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

bool layer_store(const struct root *root, const char *name, char digest[65]) {
  struct copy copy = {.top = openat(root->layers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (copy.top < 0) return fail("open the folder of the layer");
  sha256_start(&copy.hash);
  hash_fact(&copy, "format", "assay-layer-1", 13);
  bool done = copy_folder(&copy, root->upper, copy.top, "", 0);
  if (done && syncfs(copy.top) < 0) done = fail("write to disk");
  close(copy.top);
  sha256_hex(&copy.hash, digest);
  for (size_t i = 0; i < copy.capacity; i++) free(copy.links[i].path);
  free(copy.links);
  return done;
}
