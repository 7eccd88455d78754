/* Files with several names: the second one becomes a link to the first. */
#include <stdlib.h>
#include <string.h>

#include "layer.h"

enum { FIRST_LINKS = 64 };

struct linked {
  dev_t device;
  ino_t inode;
  char *path; /* below the layer's top */
};

/* Where a file is in the table, or would be. The table is never more than half full. */
static struct linked *slot_of(struct linked *table, size_t capacity, dev_t device, ino_t inode) {
  size_t at = (size_t)((inode ^ device) * 0x9e3779b97f4a7c15u) & (capacity - 1);
  while (table[at].path != NULL && (table[at].inode != inode || table[at].device != device)) at = (at + 1) & (capacity - 1);
  return &table[at];
}

static bool grow(struct links *links) {
  size_t capacity = links->capacity == 0 ? FIRST_LINKS : links->capacity * 2;
  struct linked *larger = calloc(capacity, sizeof *larger);
  if (larger == NULL) return fail("no memory");
  for (size_t i = 0; i < links->capacity; i++) {
    const struct linked *old = &links->table[i];
    if (old->path != NULL) *slot_of(larger, capacity, old->device, old->inode) = *old;
  }
  free(links->table);
  links->table = larger;
  links->capacity = capacity;
  return true;
}

bool links_meet(struct links *links, const struct stat *about, const char *path, const char **earlier) {
  if (2 * (links->count + 1) > links->capacity && !grow(links)) return false;
  struct linked *slot = slot_of(links->table, links->capacity, about->st_dev, about->st_ino);
  *earlier = slot->path;
  if (slot->path != NULL) return true;
  *slot = (struct linked){about->st_dev, about->st_ino, strdup(path)};
  links->count++;
  return slot->path != NULL || fail("no memory");
}

void links_free(struct links *links) {
  for (size_t i = 0; i < links->capacity; i++) free(links->table[i].path);
  free(links->table);
  *links = (struct links){0};
}
