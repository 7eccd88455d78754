/*
 * The one long-lived process of a container: starts, feeds and ends all other processes there, over one framed stream.
 *
 * It is process 1 of the container. Frames come and go over its link (link.h): type (1 byte), channel (4), length
 * (4, little endian), then that many bytes. A channel is one started process. Types and credits are described in
 * src/sandbox/docker/agent-protocol.ts. When the link ends for good, everything in the container is killed.
 *
 * Each started process hangs below a keeper, a child subreaper: what the process leaves behind, in whatever session, stays
 * a descendant of its keeper and can be found and killed.
 *
 * Usage: agent FILTER-FILE                                      (a seccomp program, applied to all started processes)
 *        agent FILTER-FILE SESSION ORPHAN-SECONDS FILE-BYTES    a session under this name; no file may be larger
 *        agent relay SESSION                                    stdin and stdout to that session
 *        agent describe                                         the environment and, last, the working directory, each ended by NUL
 *        agent reach                                            see reach.h
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "link.h"
#include "reach.h"

enum { SPAWN = 1, STDIN = 2, STDIN_END = 3, KILL = 4, CREDIT = 5, DROP = 6, KILL_ALL = 7 };
enum { HELLO = 64, STARTED = 65, FAILED = 66, STDOUT = 67, STDERR = 68, OUTPUT_END = 69, EXITED = 70, STDIN_CREDIT = 71, STDIN_GONE = 72, ALL_KILLED = 73 };
enum { MERGE = 1 };
enum { CHUNK = 65536, MAX_FRAME = 1 << 22, WINDOW = 1 << 18 };

struct process {
  uint32_t id;
  pid_t keeper, program; /* program 0: not started yet */
  int status, in, out[2];
  int64_t credit[2];
  int in_ended, told; /* told: EXITED or FAILED was sent */
  char *input;
  size_t input_size, input_at;
  struct process *next;
};

/* As in linux/filter.h, which is not there with every C library. */
struct sock_filter { uint16_t code; uint8_t jump_true, jump_false; uint32_t k; };
struct sock_fprog { unsigned short len; struct sock_filter *filter; };

static struct process *processes;
static struct sock_fprog filter;

static void die(const char *what) {
  dprintf(2, "assay agent: %s: %s\n", what, strerror(errno));
  kill(-1, SIGKILL);
  _exit(70);
}

static void put32(unsigned char *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (unsigned char)(value >> (8 * i));
}

static uint32_t get32(const char *bytes) {
  const unsigned char *at = (const unsigned char *)bytes;
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void send_frame(int type, uint32_t id, const void *data, size_t size) {
  static unsigned char frame[9 + CHUNK];
  frame[0] = (unsigned char)type;
  put32(frame + 1, id);
  put32(frame + 5, (uint32_t)size);
  memcpy(frame + 9, data, size);
  if (link_send(frame, 9 + size) < 0) die("send");
}

static void send_number(int type, uint32_t id, uint32_t value) {
  unsigned char bytes[4];
  put32(bytes, value);
  send_frame(type, id, bytes, 4);
}

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void close_from(int first, int except) {
  for (int fd = first; fd < 65536; fd++) {
    if (fd == except) continue;
    if (fd > except && syscall(436 /* close_range */, fd, ~0u, 0) == 0) return;
    close(fd);
  }
}

/* ---- keeper and program ---- */

static void report(int fd, char kind, int32_t value) {
  char message[5] = {kind};
  put32((unsigned char *)message + 1, (uint32_t)value);
  if (write(fd, message, sizeof message) < 0) return; /* the agent is gone, and with it the container */
}

static void become(char **argv, char **envp, const char *cwd, int problem) {
  if (setsid() < 0 || chdir(cwd) < 0) {
    report(problem, 'D', errno);
    _exit(127);
  }
  if (filter.len > 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, 0, &filter) < 0) {
      report(problem, 'S', errno);
      _exit(127);
    }
  }
  environ = envp;
  execvpe(argv[0], argv, envp);
  report(problem, 'E', errno);
  _exit(127);
}

/* Never returns: starts the program, tells how it went and how it ended, stays as long as it has descendants. */
static void keep(char **argv, char **envp, const char *cwd, int in, int out, int err, int status) {
  int problem[2];
  sigset_t none;
  sigemptyset(&none);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  dup2(in, 0);
  dup2(out, 1);
  dup2(err, 2);
  close_from(3, status);
  if (pipe2(problem, O_CLOEXEC) < 0) {
    report(status, 'E', errno);
    _exit(127);
  }
  pid_t program = fork();
  if (program == 0) {
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    become(argv, envp, cwd, problem[1]);
  }
  for (int fd = 0; fd < 3; fd++) close(fd);
  open("/dev/null", O_RDWR);
  close(problem[1]);
  char message[5];
  if (program < 0) {
    report(status, 'E', errno);
    _exit(127);
  }
  if (read(problem[0], message, sizeof message) == sizeof message) {
    if (write(status, message, sizeof message) < 0) _exit(126);
    _exit(127);
  }
  close(problem[0]);
  report(status, 'P', program);
  for (;;) {
    int how;
    pid_t pid = waitpid(-1, &how, 0);
    if (pid == program) {
      report(status, 'X', how);
      close(status);
    }
    if (pid < 0 && errno == ECHILD) _exit(0);
  }
}

/* ---- starting ---- */

static void fail(struct process *p, char stage, int number) {
  char text[256];
  const char *what = stage == 'D' ? "the working directory" : stage == 'S' ? "the system-call filter" : "the program";
  int size = snprintf(text, sizeof text, "%s: %s", what, strerror(number));
  send_frame(FAILED, p->id, text, (size_t)size);
  p->told = 1;
}

/* Payload: flags (1 byte), number of arguments (4), number of variables (4), then cwd, arguments, variables, each ended by NUL. */
static void spawn(uint32_t id, char *payload, size_t size) {
  struct process *p = calloc(1, sizeof *p);
  if (p == NULL) die("memory");
  *p = (struct process){.id = id, .status = -1, .in = -1, .out = {-1, -1}, .credit = {WINDOW, WINDOW}, .next = processes};
  processes = p;
  if (size < 10 || payload[size - 1] != 0) { fail(p, 'E', EINVAL); return; }
  int merge = payload[0] & MERGE;
  uint32_t argc = get32(payload + 1), envc = get32(payload + 5);
  char *at = payload + 9, *end = payload + size, *cwd = at;
  if (argc > size || envc > size) { fail(p, 'E', E2BIG); return; }
  char **words = calloc(argc + envc + 2, sizeof *words);
  if (words == NULL) die("memory");
  char **argv = words, **envp = words + argc + 1;
  at += strlen(at) + 1;
  for (uint32_t i = 0; i < argc + envc; i++) {
    if (at >= end) { fail(p, 'E', EINVAL); free(words); return; }
    if (i < argc) argv[i] = at; else envp[i - argc] = at;
    at += strlen(at) + 1;
  }
  int in[2], out[2], err[2] = {-1, -1}, status[2];
  if (argc == 0) { fail(p, 'E', EINVAL); free(words); return; }
  if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || (!merge && pipe2(err, O_CLOEXEC) < 0) || pipe2(status, O_CLOEXEC) < 0) die("pipe");
  p->keeper = fork();
  if (p->keeper == 0) keep(argv, envp, cwd, in[0], out[1], merge ? out[1] : err[1], status[1]);
  int number = errno;
  free(words);
  close(in[0]);
  close(out[1]);
  close(status[1]);
  if (!merge) close(err[1]);
  p->in = in[1];
  p->out[0] = out[0];
  p->out[1] = err[0];
  p->status = status[0];
  fcntl(p->in, F_SETFL, O_NONBLOCK);
  for (int i = 0; i < 2; i++) if (p->out[i] >= 0) fcntl(p->out[i], F_SETFL, O_NONBLOCK);
  if (p->keeper < 0) { fail(p, 'E', number); close_fd(&p->status); }
}

/* ---- ending ---- */

struct entry { pid_t pid, parent; int marked; };

/* Kills all descendants of the keeper, again and again until none is left, for they may fork meanwhile. */
static void kill_tree(pid_t keeper) {
  for (int round = 0; round < 100; round++) {
    size_t count = 0, room = 256;
    struct entry *all = malloc(room * sizeof *all);
    DIR *folder = opendir("/proc");
    if (all == NULL || folder == NULL) die("/proc");
    for (struct dirent *one; (one = readdir(folder)) != NULL;) {
      char path[64], line[512], state;
      int pid = atoi(one->d_name), parent;
      if (pid <= 0) continue;
      snprintf(path, sizeof path, "/proc/%d/stat", pid);
      int fd = open(path, O_RDONLY | O_CLOEXEC);
      ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
      if (fd >= 0) close(fd);
      if (n <= 0) continue;
      line[n] = 0;
      char *name_end = strrchr(line, ')');
      if (name_end == NULL || sscanf(name_end + 1, " %c %d", &state, &parent) != 2 || state == 'Z' || state == 'X') continue;
      if (count == room && (all = realloc(all, (room *= 2) * sizeof *all)) == NULL) die("memory");
      all[count++] = (struct entry){pid, parent, pid == keeper};
    }
    closedir(folder);
    int killed = 0;
    for (int more = 1; more;) {
      more = 0;
      for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count && !all[i].marked; j++)
          if (all[j].marked && all[j].pid == all[i].parent) all[i].marked = more = 1;
    }
    for (size_t i = 0; i < count; i++)
      if (all[i].marked && all[i].pid != keeper) killed += kill(all[i].pid, SIGKILL) == 0;
    free(all);
    if (killed == 0) return;
  }
}

static void kill_all(void) {
  do kill(-1, SIGKILL);
  while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
  for (struct process *p = processes; p != NULL; p = p->next) p->keeper = -1;
  send_frame(ALL_KILLED, 0, "", 0);
}

static void tell_exit(struct process *p, int how) {
  if (p->told) return;
  p->told = 1;
  char bytes[2] = {WIFSIGNALED(how) ? 1 : 0, (char)(WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how))};
  /* The keeper was killed before it could tell of the start: only a program that runs can do that. */
  if (p->program == 0) send_frame(STARTED, p->id, "", 0);
  send_frame(EXITED, p->id, bytes, 2);
}

static void read_status(struct process *p) {
  char message[5];
  ssize_t n = read(p->status, message, sizeof message);
  if (n != sizeof message) { /* the keeper ended: killed from inside, if it has told nothing before */
    tell_exit(p, SIGKILL);
    close_fd(&p->status);
    return;
  }
  int32_t value = (int32_t)get32(message + 1);
  if (message[0] == 'P') {
    p->program = value;
    send_frame(STARTED, p->id, "", 0);
  } else if (message[0] == 'X') tell_exit(p, value);
  else fail(p, message[0], value);
}

/* ---- streams ---- */

static void pump_output(struct process *p, int which) {
  static char buffer[CHUNK];
  size_t room = p->credit[which] < CHUNK ? (size_t)p->credit[which] : CHUNK;
  ssize_t n = read(p->out[which], buffer, room);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n > 0) {
    p->credit[which] -= n;
    send_frame(which == 0 ? STDOUT : STDERR, p->id, buffer, (size_t)n);
    return;
  }
  close_fd(&p->out[which]);
  send_frame(OUTPUT_END, p->id, which == 0 ? "\0" : "\1", 1);
}

static void pump_input(struct process *p) {
  while (p->in >= 0 && p->input_at < p->input_size) {
    ssize_t n = write(p->in, p->input + p->input_at, p->input_size - p->input_at);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) {
      close_fd(&p->in);
      send_frame(STDIN_GONE, p->id, "", 0);
      break;
    }
    p->input_at += (size_t)n;
    send_number(STDIN_CREDIT, p->id, (uint32_t)n);
  }
  free(p->input);
  p->input = NULL;
  p->input_size = p->input_at = 0;
  if (p->in_ended) close_fd(&p->in);
}

static void take_input(struct process *p, const char *data, size_t size) {
  if (p->in < 0) return;
  size_t left = p->input_size - p->input_at;
  char *joined = malloc(left + size);
  if (joined == NULL) die("memory");
  if (left > 0) memcpy(joined, p->input + p->input_at, left);
  memcpy(joined + left, data, size);
  free(p->input);
  p->input = joined;
  p->input_size = left + size;
  p->input_at = 0;
  pump_input(p);
}

/* ---- the loop ---- */

static struct process *find(uint32_t id) {
  struct process *p = processes;
  while (p != NULL && p->id != id) p = p->next;
  return p;
}

static void handle(int type, uint32_t id, char *data, size_t size) {
  if (type == SPAWN) { spawn(id, data, size); return; }
  if (type == KILL_ALL) { kill_all(); return; }
  struct process *p = find(id);
  if (p == NULL) return; /* it ended while the frame was on its way */
  if (type == STDIN) take_input(p, data, size);
  else if (type == STDIN_END) {
    p->in_ended = 1;
    pump_input(p);
  } else if (type == KILL && size == 1 && data[0] == SIGKILL) kill_tree(p->keeper);
  else if (type == KILL && size == 1 && p->program > 0) kill(-p->program, data[0]);
  else if (type == CREDIT && size == 5) p->credit[data[0] == 1] += get32(data + 1);
  else if (type == DROP && size == 1) close_fd(&p->out[data[0] == 1]);
}

/* Takes what is complete out of the bytes received so far; gives the number of bytes used. */
static size_t handle_frames(char *bytes, size_t size) {
  size_t at = 0;
  while (size - at >= 9) {
    uint32_t length = get32(bytes + at + 5);
    if (length > MAX_FRAME) { errno = EMSGSIZE; die("frame"); }
    if (size - at - 9 < length) break;
    handle((unsigned char)bytes[at], get32(bytes + at + 1), bytes + at + 9, length);
    at += 9 + length;
  }
  return at;
}

static int is_over(const struct process *p) {
  return p->status < 0 && p->out[0] < 0 && p->out[1] < 0 && p->told;
}

static void reap(void) {
  int how;
  for (pid_t pid; (pid = waitpid(-1, &how, WNOHANG | WUNTRACED)) > 0;)
    for (struct process *p = processes; p != NULL; p = p->next) {
      if (p->keeper != pid) continue;
      if (WIFSTOPPED(how)) kill(pid, SIGCONT); /* from inside all may be stopped, but a keeper must go on telling */
      else p->keeper = -1;
    }
  for (struct process **at = &processes; *at != NULL;) {
    struct process *p = *at;
    if (!is_over(p) || p->keeper > 0) { at = &p->next; continue; }
    close_fd(&p->in);
    free(p->input);
    *at = p->next;
    free(p);
  }
}

static void load_filter(const char *path) {
  static struct sock_filter program[4096];
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t size = fd < 0 ? -1 : read(fd, program, sizeof program);
  if (size <= 0 || size % (ssize_t)sizeof *program != 0) die("the system-call filter");
  close(fd);
  filter = (struct sock_fprog){(unsigned short)((size_t)size / sizeof *program), program};
}

/* What the image says about itself, as the container runtime gave it to this process. */
static int describe(void) {
  char folder[4096];
  for (char **one = environ; *one != NULL; one++) fwrite(*one, 1, strlen(*one) + 1, stdout);
  if (getcwd(folder, sizeof folder) == NULL) return 71;
  fwrite(folder, 1, strlen(folder) + 1, stdout);
  return fflush(stdout) == 0 ? 0 : 74;
}

static void limit_files(const char *bytes) {
  struct rlimit file = {strtoull(bytes, NULL, 10), strtoull(bytes, NULL, 10)}, core = {0, 0};
  if (setrlimit(RLIMIT_FSIZE, &file) < 0 || setrlimit(RLIMIT_CORE, &core) < 0) die("limits");
}

/* True when the container runtime asked for the end; signals from inside mean nothing. */
static int drain_signals(int signals) {
  struct signalfd_siginfo info;
  int end = 0;
  while (read(signals, &info, sizeof info) > 0) end |= info.ssi_signo == SIGTERM && info.ssi_pid == 0;
  return end;
}

static void end_everything(int code) {
  kill(-1, SIGKILL);
  _exit(code);
}

int main(int argc, char **argv) {
  static char received[MAX_FRAME + 9 + CHUNK];
  size_t size = 0;
  sigset_t handled;
  if (argc == 3 && strcmp(argv[1], "relay") == 0) return link_relay(argv[2]);
  if (argc == 2 && strcmp(argv[1], "describe") == 0) return describe();
  if (argc == 2 && strcmp(argv[1], "reach") == 0) return reach();
  if ((argc != 2 && argc != 5) || getpid() != 1) { /* kill(-1) below must never mean a whole machine */
    dprintf(2, "assay agent: runs as process 1 of a container, with the system-call filter as its first argument\n");
    return 64;
  }
  load_filter(argv[1]);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&handled);
  sigaddset(&handled, SIGCHLD);
  if (argc == 5) {
    sigaddset(&handled, SIGTERM);
    limit_files(argv[4]);
    if (link_listen(argv[2], atoi(argv[3])) < 0) die("session");
  } else link_plain();
  sigprocmask(SIG_BLOCK, &handled, NULL);
  int signals = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) die("signalfd");
  send_number(HELLO, 0, 1);
  for (;;) {
    size_t count = 1 + LINK_FDS;
    for (struct process *p = processes; p != NULL; p = p->next) count += 4;
    struct pollfd *fds = calloc(count, sizeof *fds);
    if (fds == NULL) die("memory");
    fds[0] = (struct pollfd){signals, POLLIN, 0};
    int patience = link_watch(fds + 1), room = link_has_room();
    size_t at = 1 + LINK_FDS;
    for (struct process *p = processes; p != NULL; p = p->next, at += 4) {
      fds[at] = (struct pollfd){p->status, POLLIN, 0};
      fds[at + 1] = (struct pollfd){p->input_size > p->input_at ? p->in : -1, POLLOUT, 0};
      for (int i = 0; i < 2; i++) fds[at + 2 + i] = (struct pollfd){room && p->credit[i] > 0 ? p->out[i] : -1, POLLIN, 0};
    }
    if (poll(fds, count, patience) < 0 && errno != EINTR) die("poll");
    at = 1 + LINK_FDS;
    for (struct process *p = processes; p != NULL; p = p->next, at += 4) {
      if (fds[at + 1].revents) pump_input(p);
      for (int i = 0; i < 2; i++) if (fds[at + 2 + i].revents) pump_output(p, i);
      if (fds[at].revents) read_status(p);
    }
    /* Not 0: a kubelet that ended the pod for a reason (an eviction, a deadline) forgets the reason of what ended well. */
    if (fds[0].revents && drain_signals(signals)) end_everything(128 + SIGTERM);
    reap();
    ssize_t n = link_receive(fds + 1, received + size, sizeof received - size);
    if (n < 0) end_everything(0);
    size += (size_t)n;
    size_t used = handle_frames(received, size);
    memmove(received, received + used, size - used);
    size -= used;
    free(fds);
  }
}
