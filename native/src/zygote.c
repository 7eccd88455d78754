/*
 * Keeps prepared sandboxes ("spares") waiting at the listening sockets, so that what is slow (joining cgroups, making namespaces) is done before
 * somebody asks. The kernel hands a connection to one of them; it tells by a byte that it is taken, and another one is made.
 *
 * Ends when its standard input ends, that is, when its owner is gone; the wardens see the end of the `life` pipe and end their sandboxes.
 */
#include "assay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MIN_SPARES = 2, MAX_SPARES = 8, BACKLOG = 1024, RETRY_MS = 200, ISOLATED = 0, HOST_NETWORK = 1 };

struct pool {
  int listener;
  int idle;   /* made and not taken */
  int wanted; /* spares to keep; grows while all get taken at once */
};

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  mode_t mask = umask(0077);
  bool bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, BACKLOG) == 0;
  umask(mask);
  if (bound) return fd;
  close(fd);
  return -1;
}

/* Start time of this process in clock ticks after boot: with the pid it names the owner of cgroups without doubt. */
static unsigned long long start_time(void) {
  char text[1024] = {0};
  int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  const char *at = got > 0 ? strrchr(text, ')') : NULL;
  for (int field = 2; at != NULL && field < 22; field++) at = strchr(at + 1, ' ');
  unsigned long long ticks = 0;
  if (at != NULL) sscanf(at, "%llu", &ticks);
  return ticks;
}

static void make_spare(const struct options *options, struct pool *pools, int kind, const int life[2], const int taken[2]) {
  static unsigned counter;
  static unsigned long long started;
  static pid_t zygote;
  if (started == 0) started = start_time();
  if (zygote == 0) zygote = getpid();
  char id[MAX_ID];
  snprintf(id, sizeof id, "%d-%llu-%u", (int)zygote, started, ++counter);
  pid_t child = fork();
  if (child < 0) return; /* tried again when somebody waits */
  if (child == 0) {
    signal(SIGCHLD, SIG_DFL);
    close(life[1]);
    close(taken[0]);
    close(pools[1 - kind].listener);
    warden_main(options, id, kind, pools[kind].listener, life[0], taken[1]);
  }
  pools[kind].idle++;
}

/* A letter from a warden: i / h a spare of that pool was taken, I / H one ended before that. False when it ended. */
static bool note(struct pool *pools, char letter) {
  struct pool *pool = &pools[letter == 'h' || letter == 'H' ? HOST_NETWORK : ISOLATED];
  if (pool->idle > 0) pool->idle--;
  if (letter == 'i' && pool->idle == 0 && pool->wanted < MAX_SPARES) pool->wanted *= 2;
  return letter == 'i' || letter == 'h';
}

int zygote_main(const struct options *options) {
  struct pool pools[2] = {{.wanted = MIN_SPARES}, {.wanted = 0}};
  int life[2], taken[2];
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN); /* nobody waits for wardens */
  signal(SIGINT, SIG_IGN);  /* Ctrl-C is the owner's to handle */
  signal(SIGTERM, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  for (int kind = 0; kind < 2; kind++) {
    pools[kind].listener = listen_at(options->sockets[kind]);
    if (pools[kind].listener < 0) {
      fprintf(stderr, "assay-sandbox: listen at %s: %s\n", options->sockets[kind], strerror(errno));
      return 1;
    }
  }
  if (pipe2(life, O_CLOEXEC) < 0 || pipe2(taken, O_CLOEXEC) < 0) {
    fprintf(stderr, "assay-sandbox: pipe: %s\n", strerror(errno));
    return 1;
  }
  if (!write_all(STDOUT_FILENO, "listening\n", 10)) return 1;
  bool wait_a_little = false; /* after a spare that failed: no storm of tries */
  for (;;) {
    for (int kind = 0; kind < 2 && !wait_a_little; kind++) {
      while (pools[kind].idle < pools[kind].wanted) {
        int before = pools[kind].idle;
        make_spare(options, pools, kind, life, taken);
        if (pools[kind].idle == before) break;
      }
    }
    struct pollfd events[4] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = taken[0], .events = POLLIN},
        {.fd = pools[0].idle == 0 && !wait_a_little ? pools[0].listener : -1, .events = POLLIN},
        {.fd = pools[1].idle == 0 && !wait_a_little ? pools[1].listener : -1, .events = POLLIN},
    };
    int happened = poll(events, 4, pools[0].idle < pools[0].wanted ? RETRY_MS : -1);
    if (happened < 0 && errno != EINTR) return 1;
    if (happened <= 0) {
      wait_a_little = false;
      continue;
    }
    if (events[0].revents != 0) {
      char ignored[64];
      if (read(STDIN_FILENO, ignored, sizeof ignored) <= 0) break;
    }
    if (events[1].revents & POLLIN) {
      char letters[256];
      ssize_t count = read(taken[0], letters, sizeof letters);
      for (ssize_t i = 0; i < count; i++) wait_a_little |= !note(pools, letters[i]);
    }
    for (int kind = 0; kind < 2; kind++) {
      if (events[2 + kind].revents & POLLIN && pools[kind].idle == 0) make_spare(options, pools, kind, life, taken);
    }
  }
  for (int kind = 0; kind < 2; kind++) unlink(options->sockets[kind]);
  return 0;
}
