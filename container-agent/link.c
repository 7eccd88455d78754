#define _GNU_SOURCE
#include "link.h"
#include "seal.h"
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
enum { HEAD = 5, CHUNK = 65536, NONCE = 16, GREETING = 80, ANSWER = 40 };
enum { ACK_EVERY = 65536, KEPT_LIMIT = 8 << 20, GUEST_SECONDS = 2, TICK_MS = 1000 };
static const char MAGIC[8] = {'A', 'S', 'S', 'A', 'Y', 'P', 'O', 'D'};

static int in_session, listener = -1, peer = -1, guest = -1, orphan_seconds;
static time_t peer_seen, guest_since;
static uint64_t start_ns;
static unsigned char greeting[GREETING];
static int has_key;
static size_t greeting_size;

/* Sent and not yet acknowledged: kept[kept_from .. kept_to); the first of them is byte number `acknowledged` of the session. */
static char *kept;
static size_t kept_from, kept_to, kept_room;
static uint64_t acknowledged, sent;

/* The packet on its way out. */
static unsigned char out[HEAD + CHUNK + SEAL_BYTES];
static size_t out_at, out_size;

/* The packet on its way in. */
static unsigned char in[HEAD + CHUNK + SEAL_BYTES];
static size_t in_size;
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

static void cover_packet(char direction, uint64_t place, const unsigned char *packet, size_t size) {
  unsigned char from[8];
  put64(from, place);
  seal_begin();
  seal_add(&direction, 1);
  seal_add(from, sizeof from);
  seal_add(packet, size);
}

/* Its payload is in its place already. */
static void close_packet(int kind, size_t size, uint64_t place) {
  out[0] = (unsigned char)kind;
  for (int i = 0; i < 4; i++) out[1 + i] = (unsigned char)(size >> (8 * i));
  cover_packet('S', place, out, HEAD + size);
  seal_end(out + HEAD + size);
  out_size = HEAD + size + SEAL_BYTES;
}

/* The packet to send next, if there is one. */
static void fill_out(void) {
  size_t waiting = (size_t)(acknowledged + (kept_to - kept_from) - sent);
  out_at = out_size = 0;
  if (must_tell || received - told >= ACK_EVERY) {
    put64(out + HEAD, received);
    close_packet(RECEIVED, 8, 0);
    told = received;
    must_tell = 0;
  } else if (waiting > 0) {
    size_t size = waiting < CHUNK ? waiting : CHUNK;
    memcpy(out + HEAD, kept + kept_from + (sent - acknowledged), size);
    close_packet(DATA, size, sent);
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

/* Whether the greeting was sealed with the key of the session, which the first one brings. */
static int is_known(void) {
  if (!has_key) seal_set_key(greeting + 8);
  seal_begin();
  seal_add("G", 1);
  seal_add(greeting + 8 + SEAL_KEY, NONCE + 8);
  return seal_is(greeting + GREETING - SEAL_BYTES);
}

static void write_answer(void) {
  memcpy(out, MAGIC, 8);
  put64(out + 8, received);
  put64(out + 16, start_ns);
  seal_begin();
  seal_add("A", 1);
  seal_add(greeting + 8 + SEAL_KEY, NONCE);
  seal_add(out + 8, 16);
  seal_end(out + 24);
  out_at = 0;
  out_size = ANSWER;
}

/* One whole greeting is there: a right one takes the session over, whoever had it before. */
static void judge_guest(void) {
  uint64_t has = get64(greeting + 8 + SEAL_KEY + NONCE);
  if (memcmp(greeting, MAGIC, 8) != 0 || !is_known() || has < acknowledged || has > acknowledged + (kept_to - kept_from)) {
    close_fd(&guest);
    return;
  }
  has_key = 1;
  close_fd(&peer);
  peer = guest;
  guest = -1;
  sent = acknowledged + (kept_to - kept_from);
  forget_until(has);
  sent = has;
  in_size = 0;
  must_tell = 0;
  told = received;
  write_answer();
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

/* Reads on until `size` bytes of the packet are there. 0: not yet, or the peer is gone. */
static int gather(size_t size) {
  while (in_size < size) {
    ssize_t n = read(peer, in + in_size, size - in_size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) { drop_peer(); return 0; }
    in_size += (size_t)n;
  }
  return 1;
}

/* Takes packets until one holds data or nothing more is there. */
static ssize_t hear_peer(char *to, size_t room) {
  while (peer >= 0 && gather(HEAD)) {
    int kind = in[0];
    size_t size = in[1] | (size_t)in[2] << 8 | (size_t)in[3] << 16 | (size_t)in[4] << 24;
    int is_packet = (kind == DATA && size <= CHUNK && size <= room) || (kind == RECEIVED && size == 8) || (kind == ASK && size == 0);
    if (!is_packet) { drop_peer(); return 0; }
    if (!gather(HEAD + size + SEAL_BYTES)) return 0;
    in_size = 0;
    cover_packet('C', kind == DATA ? received : 0, in, HEAD + size);
    if (!seal_is(in + HEAD + size)) { drop_peer(); return 0; }
    if (kind == ASK) must_tell = 1;
    else if (kind == RECEIVED) forget_until(get64(in + HEAD));
    else if (size > 0) {
      memcpy(to, in + HEAD, size);
      received += size;
      return (ssize_t)size;
    }
  }
  return 0;
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
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* the key passes through here */
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
