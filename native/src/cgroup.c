/* The cgroup of one sandbox: a folder of its id below each parent folder that was given. Limits are written by the client. */
#include "assay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool path_of(char *path, size_t size, const char *parent, const char *id) {
  return snprintf(path, size, "%s/%s", parent, id) < (int)size;
}

/* Moves the calling process. On cgroup v1 each move waits for a grace period of the kernel, so this is done before anybody waits for it. */
bool cgroup_join(const struct options *options, const char *id) {
  for (int i = 0; i < options->cgroup_count; i++) {
    char path[4096];
    if (!path_of(path, sizeof path, options->cgroups[i], id)) return fail("a cgroup path is too long");
    if (mkdir(path, 0755) < 0 && errno != EEXIST) return fail("mkdir %s", path);
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return fail("open %s", path);
    bool joined = write_file_at(folder, "cgroup.procs", "0");
    close(folder);
    if (!joined) return fail("join %s", path);
  }
  return true;
}

/* The last process may take a moment to leave: tried for up to two seconds. */
void cgroup_remove(const struct options *options, const char *id) {
  for (int i = 0; i < options->cgroup_count; i++) {
    char path[4096];
    if (!path_of(path, sizeof path, options->cgroups[i], id)) continue;
    for (int tries = 0; tries < 200 && rmdir(path) < 0 && errno == EBUSY; tries++) {
      nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
  }
}

/* v1 and v2 freezers; where there is none, there is nothing to thaw. */
void cgroup_thaw(const struct options *options, const char *id) {
  for (int i = 0; i < options->cgroup_count; i++) {
    char path[4096];
    if (!path_of(path, sizeof path, options->cgroups[i], id)) continue;
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) continue;
    write_file_at(folder, "freezer.state", "THAWED");
    write_file_at(folder, "cgroup.freeze", "0");
    close(folder);
  }
}
