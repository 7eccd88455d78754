#define _GNU_SOURCE
#include "link.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { DATA = 0, RECEIVED = 1, ASK = 2 };
enum { HEAD = 5, CHUNK = 65536, GREETING = 48, ANSWER = 24, SECRET = 32 };
enum { ACK_EVERY = 65536, KEPT_LIMIT = 8 << 20, GUEST_SECONDS = 2, TICK_MS = 1000 };
static const char MAGIC[8] = {'A', 'S', 'S', 'A', 'Y', 'P', 'O', 'D'};

static int in_session, listener = -1, peer = -1, guest = -1, orphan_seconds;
static time_t peer_seen, guest_since;
static uint64_t start_ns;
static char secret[SECRET], greeting[GREETING];
static int has_secret;
static size_t greeting_size;

/* Sent and not yet acknowledged: kept[kept_from .. kept_to); the first of them is byte number `acknowledged` of the session. */
static char *kept;
static size_t kept_from, kept_to, kept_room;
static uint64_t acknowledged, sent;

/* The packet on its way out. */
static char out[HEAD + CHUNK];
static size_t out_at, out_size;

/* The packet on its way in. */
static unsigned char head[HEAD], number[8];
static size_t head_size, number_size, left;
static uint64_t received, told;
static int must_tell;

static uint64_t get64(const unsigned char *at) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; i--) value = value << 8 | at[i];
  return value;
}

static void put64(unsigned char *at, uint64_t value) {
  for (int i = 0; i < 8; i++) at[i] = (unsigned char)(value >> (8 * i));
}

static time_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static int write_all(int fd, const char *at, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    at += n;
    size -= (size_t)n;
  }
  return 0;
}

static socklen_t address_of(const char *name, struct sockaddr_un *address) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  size_t size = strlen(name);
  if (size > sizeof address->sun_path - 2) size = sizeof address->sun_path - 2;
  memcpy(address->sun_path + 1, name, size); /* the leading NUL makes it abstract: no file that a program could replace */
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + size);
}

void link_plain(void) { in_session = 0; }

int link_listen(const char *name, int seconds) {
  struct sockaddr_un address;
  struct timespec time;
  socklen_t size = address_of(name, &address);
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 16) < 0) return -1;
  clock_gettime(CLOCK_REALTIME_COARSE, &time); /* the clock of files */
  start_ns = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
  orphan_seconds = seconds;
  peer_seen = now();
  in_session = 1;
  return 0;
}

int link_send(const void *data, size_t size) {
  if (!in_session) return write_all(1, data, size);
  if (kept_to + size > kept_room && kept_from > 0) {
    memmove(kept, kept + kept_from, kept_to - kept_from);
    kept_to -= kept_from;
    kept_from = 0;
  }
  if (kept_to + size > kept_room) {
    size_t room = 2 * (kept_to + size);
    char *larger = realloc(kept, room);
    if (larger == NULL) return -1;
    kept = larger;
    kept_room = room;
  }
  memcpy(kept + kept_to, data, size);
  kept_to += size;
  return 0;
}

int link_has_room(void) { return kept_to - kept_from < KEPT_LIMIT; }

static void drop_peer(void) {
  close_fd(&peer);
  peer_seen = now();
}

/* The packet to send next, if there is one. */
static void fill_out(void) {
  size_t waiting = (size_t)(acknowledged + (kept_to - kept_from) - sent);
  out_at = out_size = 0;
  if (must_tell || received - told >= ACK_EVERY) {
    out[0] = RECEIVED;
    memcpy(out + 1, "\10\0\0\0", 4);
    put64((unsigned char *)out + HEAD, received);
    out_size = HEAD + 8;
    told = received;
    must_tell = 0;
  } else if (waiting > 0) {
    size_t size = waiting < CHUNK ? waiting : CHUNK;
    out[0] = DATA;
    for (int i = 0; i < 4; i++) out[1 + i] = (char)(size >> (8 * i));
    memcpy(out + HEAD, kept + kept_from + (sent - acknowledged), size);
    out_size = HEAD + size;
    sent += size;
  }
}

static int has_output(void) {
  return out_at < out_size || must_tell || received - told >= ACK_EVERY || sent < acknowledged + (kept_to - kept_from);
}

static void pump_out(void) {
  while (peer >= 0 && has_output()) {
    if (out_at == out_size) fill_out();
    ssize_t n = send(peer, out + out_at, out_size - out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) { drop_peer(); return; }
    out_at += (size_t)n;
  }
}

static void forget_until(uint64_t count) {
  if (count < acknowledged || count > sent) return;
  kept_from += (size_t)(count - acknowledged);
  acknowledged = count;
}

/* One whole greeting is there: a right one takes the session over, whoever had it before. */
static void judge_guest(void) {
  uint64_t has = get64((unsigned char *)greeting + 40);
  int known = !has_secret || memcmp(secret, greeting + 8, SECRET) == 0;
  if (memcmp(greeting, MAGIC, 8) != 0 || !known || has < acknowledged || has > acknowledged + (kept_to - kept_from)) {
    close_fd(&guest);
    return;
  }
  memcpy(secret, greeting + 8, SECRET);
  has_secret = 1;
  close_fd(&peer);
  peer = guest;
  guest = -1;
  sent = acknowledged + (kept_to - kept_from);
  forget_until(has);
  sent = has;
  head_size = number_size = left = 0;
  must_tell = 0;
  told = received;
  memcpy(out, MAGIC, 8);
  put64((unsigned char *)out + 8, received);
  put64((unsigned char *)out + 16, start_ns);
  out_at = 0;
  out_size = ANSWER;
}

static void hear_guest(void) {
  ssize_t n = read(guest, greeting + greeting_size, GREETING - greeting_size);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) { close_fd(&guest); return; }
  greeting_size += (size_t)n;
  if (greeting_size == GREETING) judge_guest();
}

static void let_in(void) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  close_fd(&guest);
  guest = fd;
  guest_since = now();
  greeting_size = 0;
}

int link_watch(struct pollfd *fds) {
  if (!in_session) {
    fds[0] = (struct pollfd){0, POLLIN, 0};
    fds[1] = fds[2] = (struct pollfd){-1, 0, 0};
    return -1;
  }
  /* One guest at a time; one that says nothing gives way. */
  int open_door = guest < 0 || now() - guest_since >= GUEST_SECONDS;
  fds[0] = (struct pollfd){open_door ? listener : -1, POLLIN, 0};
  fds[1] = (struct pollfd){guest, POLLIN, 0};
  fds[2] = (struct pollfd){peer, POLLIN | (has_output() ? POLLOUT : 0), 0};
  return TICK_MS;
}

/* Takes packets until one holds data or nothing more is there. */
static ssize_t hear_peer(char *to, size_t room) {
  for (;;) {
    ssize_t n;
    if (head_size < HEAD) n = read(peer, head + head_size, HEAD - head_size);
    else if (head[0] == DATA) n = read(peer, to, left < room ? left : room);
    else n = read(peer, number + number_size, 8 - number_size);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n <= 0) { drop_peer(); return 0; }
    if (head_size < HEAD) {
      head_size += (size_t)n;
      if (head_size < HEAD) continue;
      left = head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16 | (size_t)head[4] << 24;
      number_size = 0;
      int is_known = head[0] == DATA || (head[0] == RECEIVED && left == 8) || (head[0] == ASK && left == 0);
      if (!is_known) { drop_peer(); return 0; }
      if (head[0] == ASK) must_tell = 1;
      if (left == 0) head_size = 0;
    } else if (head[0] == DATA) {
      left -= (size_t)n;
      received += (uint64_t)n;
      if (left == 0) head_size = 0;
      return n;
    } else {
      number_size += (size_t)n;
      if (number_size < 8) continue;
      forget_until(get64(number));
      head_size = 0;
    }
  }
}

ssize_t link_receive(const struct pollfd *fds, char *to, size_t room) {
  if (!in_session) {
    if (!fds[0].revents) return 0;
    ssize_t n = read(0, to, room);
    if (n > 0) return n;
    return n < 0 && errno == EINTR ? 0 : -1;
  }
  ssize_t n = 0;
  if (fds[0].revents) let_in();
  else if (fds[1].revents && guest >= 0) hear_guest();
  if (fds[2].revents & (POLLIN | POLLHUP | POLLERR) && peer == fds[2].fd && peer >= 0) n = hear_peer(to, room);
  pump_out();
  if (peer < 0 && now() - peer_seen >= orphan_seconds) return -1;
  return n;
}

/* ---- the relay ---- */

static int copy(int from, int to) {
  static char bytes[CHUNK];
  ssize_t n = read(from, bytes, sizeof bytes);
  if (n < 0 && errno == EINTR) return 0;
  return n <= 0 ? -1 : write_all(to, bytes, (size_t)n);
}

int link_relay(const char *name) {
  struct sockaddr_un address;
  struct ucred owner;
  socklen_t size = address_of(name, &address), owner_size = sizeof owner;
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the secret passes through here */
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, size) < 0) return 75;
  /* Who listens must be the container's first process, and no program that took its name. */
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner, &owner_size) < 0 || owner.pid != 1) {
    dprintf(2, "assay agent: process %d listens in the agent's place\n", (int)owner.pid);
    return 77;
  }
  struct pollfd fds[2] = {{0, POLLIN, 0}, {fd, POLLIN, 0}};
  for (;;) {
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return 71;
    if (fds[1].revents && copy(fd, 1) < 0) return 0;
    if (fds[0].revents && copy(0, fd) < 0) return 0;
  }
}
