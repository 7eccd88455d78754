/*
 * How frozen files get from one sandbox to another: the first listens at a socket in a folder of the layer store, which nothing inside can reach, and hands
 * each caller copies of the frozen mounts as descriptors. A message: u64 bytes that they hold, u32 count, then the mounts, bottom first, 64 with a message.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "assay.h"

enum { BACKLOG = 1024, AT_ONCE = 64, PATIENCE_SECONDS = 30 };

struct head {
  uint64_t bytes;
  uint32_t count;
};

/* Relative to the layer store, which must be the current folder: the whole path may be too long for a socket. */
static bool address_of(const char *name, struct sockaddr_un *address) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  return snprintf(address->sun_path, sizeof address->sun_path, "%s/s", name) < (int)sizeof address->sun_path || fail("the name %s is too long", name);
}

/* The listening socket, or -1. */
int fork_listen(const struct root *root, const char *name) {
  struct sockaddr_un address;
  int listener = address_of(name, &address) ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
  bool listening = listener >= 0 && fchdir(root->layers) == 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
                   listen(listener, BACKLOG) == 0;
  if (!listening) fail("listen for forks");
  if (chdir("/") < 0) listening = fail("go back to the root");
  if (listening) return listener;
  if (listener >= 0) close(listener);
  return -1;
}

/* Room for the descriptors of one message. */
union control {
  struct cmsghdr aligned;
  char bytes[CMSG_SPACE(AT_ONCE * sizeof(int))];
};

static bool send_trees(int connection, const struct head *head, const int *trees, int count) {
  union control control = {0};
  struct iovec data = {(void *)head, sizeof *head};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = CMSG_SPACE((size_t)count * sizeof(int))};
  struct cmsghdr *item = CMSG_FIRSTHDR(&message);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
  memcpy(CMSG_DATA(item), trees, (size_t)count * sizeof(int));
  return sendmsg(connection, &message, MSG_NOSIGNAL) == (ssize_t)sizeof *head || fail("hand the files over");
}

/* Takes one caller; true when it got all. */
bool fork_give(int listener, const struct root *root) {
  int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (connection < 0) return false;
  const struct timeval patience = {.tv_sec = 1}; /* a caller that stalls is a caller that is dying */
  setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const struct head head = {root->frozen.bytes, (uint32_t)root->frozen.count};
  bool given = true;
  for (int at = 0; given && at < root->frozen.count; at += AT_ONCE) {
    int copies[AT_ONCE], count = 0;
    while (count < AT_ONCE && at + count < root->frozen.count && given) {
      copies[count] = tree_clone(root->frozen.trees[at + count], "", false, READ_ONLY | NO_SUID | NO_DEVICES);
      given = copies[count] >= 0;
      if (given) count++;
    }
    given = given && send_trees(connection, &head, copies, count);
    for (int i = 0; i < count; i++) close(copies[i]);
  }
  close(connection);
  return given;
}

/* One message into the frozen ones. */
static bool receive_trees(int connection, struct frozen *frozen, uint32_t *expected) {
  union control control;
  struct head head;
  struct iovec data = {&head, sizeof head};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  ssize_t got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
  struct cmsghdr *item = got == (ssize_t)sizeof head ? CMSG_FIRSTHDR(&message) : NULL;
  if (item == NULL || item->cmsg_type != SCM_RIGHTS || (message.msg_flags & MSG_CTRUNC)) return fail("take the files over");
  int count = (int)((item->cmsg_len - CMSG_LEN(0)) / sizeof(int));
  if (frozen->count + count > MAX_FROZEN || head.count > MAX_FROZEN) return fail("too many frozen file systems");
  memcpy(frozen->trees + frozen->count, CMSG_DATA(item), (size_t)count * sizeof(int));
  frozen->count += count;
  frozen->bytes = head.bytes;
  *expected = head.count;
  return true;
}

bool fork_take(const struct options *options, const char *name, struct frozen *frozen) {
  *frozen = (struct frozen){.count = 0};
  if (name[0] == 0) return true;
  struct sockaddr_un address;
  int connection = address_of(name, &address) ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
  const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
  int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  bool connected = connection >= 0 && here >= 0 && chdir(options->layers) == 0 &&
                   setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
                   connect(connection, (struct sockaddr *)&address, sizeof address) == 0;
  if (!connected) fail("reach the sandbox that is forked");
  if (fchdir(here) < 0) connected = fail("go back");
  uint32_t expected = 1;
  while (connected && (uint32_t)frozen->count < expected) connected = receive_trees(connection, frozen, &expected);
  close(connection);
  close(here);
  return connected;
}
