/* What writing a layer and taking its digest share. */
#ifndef LAYER_H
#define LAYER_H

#include <sys/stat.h>

#include "assay.h"

enum { LAYER_BLOCK = 4096 };

#define LAYER_OPAQUE "user.overlay.opaque"

/* Files with several names, by device and inode: a hash table. Starts as zeros. */
struct links {
  struct linked *table;
  size_t count, capacity;
};

/* The name under which the file was met before, NULL at the first time, when it is remembered under `path`. False without memory. */
bool links_meet(struct links *links, const struct stat *about, const char *path, const char **earlier);
void links_free(struct links *links);

bool is_zero(const uint8_t *bytes, size_t count);
bool layer_is_opaque(int folder);

#endif
