/*
 * The way out of a sandbox whose network is filtered: a process that takes connections on the loopback address and carries their bytes to Assay's proxy, a socket
 * in a folder of the host. It decides nothing; the proxy does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "assay.h"

enum { PORT = 3128, BACKLOG = 256, MOST = 256, CHUNK = 32 * 1024 };

/* Bytes on their way from one end to the other. */
struct flow {
  uint8_t bytes[CHUNK];
  size_t start, end;
  bool read_ended, write_ended;
};

struct link {
  int ends[2];
  struct flow flows[2]; /* [i]: read from ends[i], written to the other */
};

int relay_listen(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (listener >= 0 && bind(listener, (const struct sockaddr *)&address, sizeof address) == 0 && listen(listener, BACKLOG) == 0) return listener;
  fail("listen for the proxy");
  return -1;
}

static int reach_proxy(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (snprintf(address.sun_path, sizeof address.sun_path, "%s", name) >= (int)sizeof address.sun_path) return -1;
  int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (end >= 0 && connect(end, (struct sockaddr *)&address, sizeof address) == 0) return end;
  if (end >= 0) close(end);
  return -1;
}

static struct link *take(int listener, const char *name) {
  int inner = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (inner < 0) return NULL;
  int outer = reach_proxy(name);
  struct link *link = outer < 0 ? NULL : calloc(1, sizeof *link);
  if (link != NULL && fcntl(outer, F_SETFL, O_NONBLOCK) == 0) {
    link->ends[0] = inner;
    link->ends[1] = outer;
    return link;
  }
  free(link);
  close(inner);
  if (outer >= 0) close(outer);
  return NULL;
}

static bool later(void) { return errno == EAGAIN || errno == EINTR; }

/* Moves what can be moved; false when the link is broken. */
static bool move(struct link *link, int from) {
  struct flow *flow = &link->flows[from];
  if (!flow->read_ended && flow->start == flow->end) {
    ssize_t got = read(link->ends[from], flow->bytes, CHUNK);
    if (got < 0 && !later()) return false;
    if (got == 0) flow->read_ended = true;
    flow->start = 0;
    flow->end = got > 0 ? (size_t)got : 0;
  }
  if (flow->start < flow->end) {
    ssize_t put = write(link->ends[1 - from], flow->bytes + flow->start, flow->end - flow->start);
    if (put < 0 && !later()) return false;
    if (put > 0) flow->start += (size_t)put;
  }
  if (flow->read_ended && flow->start == flow->end && !flow->write_ended) {
    flow->write_ended = true;
    shutdown(link->ends[1 - from], SHUT_WR);
  }
  return true;
}

static bool is_done(const struct link *link) { return link->flows[0].write_ended && link->flows[1].write_ended; }

static short interest(const struct link *link, int end) {
  bool reads = !link->flows[end].read_ended && link->flows[end].start == link->flows[end].end;
  bool writes = link->flows[1 - end].start < link->flows[1 - end].end;
  return (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
}

_Noreturn static void serve(int listener, const char *name) {
  static struct link *links[MOST];
  static struct pollfd events[1 + 2 * MOST];
  int count = 0;
  for (;;) {
    events[0] = (struct pollfd){.fd = count < MOST ? listener : -1, .events = POLLIN};
    for (int i = 0; i < count; i++) {
      for (int end = 0; end < 2; end++) {
        short wanted = interest(links[i], end);
        events[1 + 2 * i + end] = (struct pollfd){.fd = wanted == 0 ? -1 : links[i]->ends[end], .events = wanted};
      }
    }
    if (poll(events, (nfds_t)(1 + 2 * count), -1) < 0 && errno != EINTR) _exit(1);
    for (int i = count - 1; i >= 0; i--) {
      if (events[1 + 2 * i].revents == 0 && events[2 + 2 * i].revents == 0) continue;
      if (move(links[i], 0) && move(links[i], 1) && !is_done(links[i])) continue;
      close(links[i]->ends[0]);
      close(links[i]->ends[1]);
      free(links[i]);
      links[i] = links[--count];
    }
    struct link *link = events[0].revents != 0 ? take(listener, name) : NULL;
    if (link != NULL) links[count++] = link;
  }
}

pid_t relay_start(int listener, int folder, const char *name) {
  pid_t pid = fork();
  if (pid != 0) return pid;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_IGN);
  if (fchdir(folder) < 0 || dup2(listener, 3) < 0) _exit(1);
  syscall(SYS_close_range, 4, ~0U, 0);
  serve(3, name);
}
