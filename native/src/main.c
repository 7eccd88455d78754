/* `assay-sandbox zygote ...`: see ../protocol.md. */
#include "assay.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool read_filter(struct options *options, const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat about;
  if (fd < 0 || fstat(fd, &about) < 0) return fail("open %s", path);
  if (about.st_size <= 0 || about.st_size % 8 != 0 || about.st_size > 65535 * 8) return fail("%s is no filter", path);
  options->filter_bytes = (size_t)about.st_size;
  options->filter = malloc(options->filter_bytes);
  bool read = options->filter != NULL && read_all(fd, options->filter, options->filter_bytes);
  close(fd);
  return read || fail("read %s", path);
}

static bool parse(struct options *options, int count, char **words) {
  for (int i = 0; i < count;) {
    const char *name = words[i++];
    if (i >= count) return fail("%s needs a value", name);
    const char *value = words[i++];
    if (strcmp(name, "--layers") == 0) {
      options->layers = value;
    } else if (strcmp(name, "--mount-point") == 0) {
      options->mount_point = value;
    } else if (strcmp(name, "--skeleton") == 0) {
      options->skeleton = value;
    } else if (strcmp(name, "--uid-map") == 0) {
      options->uid_map = value;
    } else if (strcmp(name, "--gid-map") == 0) {
      options->gid_map = value;
    } else if (strcmp(name, "--isolated") == 0) {
      options->sockets[0] = value;
    } else if (strcmp(name, "--host-network") == 0) {
      options->sockets[1] = value;
    } else if (strcmp(name, "--filter") == 0) {
      if (!read_filter(options, value)) return false;
    } else if (strcmp(name, "--cgroup") == 0) {
      if (options->cgroup_count == MAX_CGROUPS) return fail("too many cgroups");
      options->cgroups[options->cgroup_count++] = value;
    } else if (strcmp(name, "--bind") == 0) {
      if (i >= count) return fail("--bind needs two values");
      if (options->bind_count == MAX_BINDS) return fail("too many binds");
      options->binds[options->bind_count++] = (struct bind){.source = value, .target = words[i++]};
    } else {
      return fail("unknown option %s", name);
    }
  }
  return (options->layers && options->mount_point && options->skeleton && options->uid_map && options->gid_map &&
          options->sockets[0] && options->sockets[1] && options->filter) ||
         fail("an option is missing");
}

int main(int count, char **words) {
  struct options options = {0};
  if (count < 2 || strcmp(words[1], "zygote") != 0) {
    fprintf(stderr, "usage: assay-sandbox zygote OPTIONS\n");
    return 2;
  }
  syscall(SYS_close_range, 3, ~0U, 0); /* what the caller's caller left open is nobody's business inside */
  if (!parse(&options, count - 2, words + 2)) {
    fprintf(stderr, "assay-sandbox: %s\n", failure());
    return 2;
  }
  return zygote_main(&options);
}
