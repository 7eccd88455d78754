#include "assay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool write_all(int fd, const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    ssize_t done = write(fd, at, count);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    count -= (size_t)done;
  }
  return true;
}

bool read_all(int fd, void *bytes, size_t count) {
  char *at = bytes;
  while (count > 0) {
    ssize_t done = read(fd, at, count);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    at += done;
    count -= (size_t)done;
  }
  return true;
}

/* For files of /proc and of cgroups, which take their text in one write. */
bool write_file_at(int folder, const char *path, const char *text) {
  int fd = openat(folder, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t length = strlen(text);
  bool written = write(fd, text, length) == (ssize_t)length;
  int error = errno;
  close(fd);
  errno = error;
  return written;
}
