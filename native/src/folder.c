/* Lists a folder. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "assay.h"

static int by_name(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

ssize_t folder_names(int folder, char ***names) {
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
