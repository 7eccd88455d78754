/*
 * The digest of a layer is of its content alone (kind, mode, owner, name, data, links, overlay's opaque mark), in the order of names, without times, so
 * equal work gives equal layers. Holes of files are not hashed: a sparse terabyte costs nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "assay.h"
#include "layer.h"
#include "sha256.h"

struct digest {
  struct sha256 hash;
  struct links links;
};

static void add(struct digest *digest, const char *name, const void *value, size_t length) {
  char head[64];
  int used = snprintf(head, sizeof head, "%s %zu\n", name, length);
  sha256_add(&digest->hash, head, (size_t)used);
  sha256_add(&digest->hash, value, length);
}

static void add_number(struct digest *digest, const char *name, unsigned long long value) {
  char text[32];
  add(digest, name, text, (size_t)snprintf(text, sizeof text, "%llu", value));
}

static bool add_data(struct digest *digest, int file, const char *path, off_t size) {
  static uint8_t bytes[256 * LAYER_BLOCK];
  add_number(digest, "size", (unsigned long long)size);
  for (off_t at = 0; at < size;) {
    off_t data = lseek(file, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) return true; /* a hole up to the end */
    if (data < 0) return fail("find the data of %s", path);
    at = data - data % LAYER_BLOCK;
    ssize_t got = pread(file, bytes, sizeof bytes, at);
    if (got <= 0) return fail("read %s", path);
    for (ssize_t part = 0; part < got; part += LAYER_BLOCK) {
      size_t length = got - part < LAYER_BLOCK ? (size_t)(got - part) : LAYER_BLOCK;
      if (is_zero(bytes + part, length)) continue;
      add_number(digest, "at", (unsigned long long)(at + part));
      sha256_add(&digest->hash, bytes + part, length);
    }
    at += got;
  }
  return true;
}

static bool add_file(struct digest *digest, int folder, const char *name, const char *path, const struct stat *about) {
  const char *earlier = NULL;
  if (about->st_nlink > 1 && !links_meet(&digest->links, about, path, &earlier)) return false;
  if (earlier != NULL) {
    add(digest, "same as", earlier, strlen(earlier));
    return true;
  }
  int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return fail("open %s", path);
  bool added = add_data(digest, file, path, about->st_size);
  close(file);
  return added;
}

static bool add_link(struct digest *digest, int folder, const char *name, const char *path) {
  char target[4097];
  ssize_t length = readlinkat(folder, name, target, sizeof target);
  if (length < 0) return fail("read the link %s", path);
  add(digest, "to", target, (size_t)length);
  return true;
}

static bool add_entries(struct digest *digest, int folder, const char *path);

static bool add_folder(struct digest *digest, int parent, const char *name, const char *path) {
  int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return fail("open %s", path);
  if (layer_is_opaque(folder)) add_number(digest, "opaque", 1);
  bool added = add_entries(digest, folder, path);
  close(folder);
  return added;
}

static bool add_entry(struct digest *digest, int folder, const char *name, const char *path) {
  struct stat about;
  if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) < 0) return fail("look at %s", path);
  mode_t kind = about.st_mode & S_IFMT;
  add(digest, "name", name, strlen(name));
  add_number(digest, "mode", kind == S_IFCHR ? S_IFCHR : about.st_mode); /* a whiteout has no mode or owner worth keeping */
  add_number(digest, "user", kind == S_IFCHR ? 0 : about.st_uid);
  add_number(digest, "group", kind == S_IFCHR ? 0 : about.st_gid);
  if (kind == S_IFDIR) return add_folder(digest, folder, name, path);
  if (kind == S_IFREG) return add_file(digest, folder, name, path, &about);
  return kind != S_IFLNK || add_link(digest, folder, name, path);
}

static bool add_entries(struct digest *digest, int folder, const char *path) {
  char **names;
  ssize_t count = folder_names(folder, &names);
  bool added = count >= 0 || fail("list %s", path);
  add_number(digest, "entries", (unsigned long long)(count < 0 ? 0 : count));
  for (ssize_t i = 0; i < count; i++) {
    char *below = NULL;
    if (asprintf(&below, "%s%s%s", path, path[0] == 0 ? "" : "/", names[i]) < 0) abort();
    added = added && add_entry(digest, folder, names[i], below);
    free(below);
    free(names[i]);
  }
  free(names);
  return added;
}

bool layer_digest(int top, char hex[65]) {
  struct digest digest = {.links = {0}};
  sha256_start(&digest.hash);
  add(&digest, "format", "assay-layer-2", 13);
  bool done = add_entries(&digest, top, "");
  links_free(&digest.links);
  sha256_hex(&digest.hash, hex);
  return done;
}
