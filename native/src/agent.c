/*
 * The loop of a sandbox's first process: frames of the client in, output and ends of processes out. One thread, nothing blocks but the kernel.
 * A reader that stalls costs only its own process: output is read from a pipe as far as the client gave credit for that pipe.
 */
#include "assay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"
#include "process.h"
#include "protocol.h"

enum { CHUNK = 64 * 1024, MOST_WAITING = 1024 * 1024, FIXED = 3 /* descriptors that are always watched */ };

static struct {
  int connection;
  const struct options *options;
  const struct request *request;
  struct root *root;
  int fork_listener, forks_left;
  struct way_out way_out;
  pid_t relay; /* 0: none runs */
  struct buffer incoming, outgoing;
  struct process **processes;
  size_t count, capacity;
  bool over;
} agent;

static void send_header(uint8_t type, uint32_t number, size_t length) {
  uint8_t header[HEADER_BYTES];
  put_header(header, (struct header){(uint32_t)length, type, number});
  if (!buffer_append(&agent.outgoing, header, sizeof header)) agent.over = true;
}

static void reply(uint8_t type, uint32_t number, const void *payload, size_t length) {
  send_header(type, number, length);
  if (!buffer_append(&agent.outgoing, payload, length)) agent.over = true;
}

static struct process *find(uint32_t number) {
  for (size_t i = 0; i < agent.count; i++) {
    if (agent.processes[i]->number == number && !agent.processes[i]->released) return agent.processes[i];
  }
  return NULL;
}

/* Forgets processes that the client let go and whose supervisor is gone. */
static void sweep(void) {
  for (size_t i = 0; i < agent.count;) {
    struct process *process = agent.processes[i];
    if (!process->released || process->supervisor != 0) {
      i++;
      continue;
    }
    process_close(process);
    free(process);
    agent.processes[i] = agent.processes[--agent.count];
  }
}

static void release(struct process *process) {
  process_close(process);
  process->released = true;
}

static void exited(struct process *process, int status) {
  if (process->exited) return;
  process->exited = true;
  uint8_t end[2] = {WIFSIGNALED(status), (uint8_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status))};
  reply(FRAME_EXIT, process->number, end, sizeof end);
}

/* SPAWN: flags, then strings: folder, number of arguments, arguments, environment. */
static void spawn(uint32_t number, const uint8_t *payload, size_t length) {
  static const char *strings[MAX_STRINGS];
  char error[256] = "a malformed request";
  int count = length > 1 ? split_strings(payload + 1, length - 1, strings, MAX_STRINGS - 2) : -1;
  int arguments = count >= 2 ? atoi(strings[1]) : 0;
  struct process *process = NULL;
  if (arguments >= 1 && arguments <= count - 2 && find(number) == NULL) {
    /* The two lists lie one behind the other: moved apart by one place for the NULL between them. */
    const char **argv = strings + 2;
    int variables = count - 2 - arguments;
    memmove(argv + arguments + 1, argv + arguments, (size_t)variables * sizeof *argv);
    argv[arguments] = NULL;
    argv[arguments + 1 + variables] = NULL;
    struct spawn_request request = {payload[0] & 1, strings[0], argv, argv + arguments + 1};
    process = calloc(1, sizeof *process);
    if (agent.count == agent.capacity) {
      size_t capacity = agent.capacity == 0 ? 16 : agent.capacity * 2;
      struct process **larger = realloc(agent.processes, capacity * sizeof *larger);
      if (larger != NULL) agent.processes = larger, agent.capacity = capacity;
    }
    if (process == NULL || agent.count == agent.capacity) {
      snprintf(error, sizeof error, "no memory");
      free(process);
      process = NULL;
    } else {
      *process = (struct process){.number = number, .starting = -1, .report = -1, .in = -1, .out = -1, .err = -1};
      if (process_start(process, &request, agent.options, agent.request, &agent.root->identity, error)) {
        agent.processes[agent.count++] = process;
        return;
      }
      free(process);
    }
  }
  reply(FRAME_NOT_STARTED, number, error, strlen(error));
}

static void stdin_consumed(struct process *process, size_t count) {
  uint8_t bytes[4];
  for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(count >> (8 * i));
  reply(FRAME_STDIN_CREDIT, process->number, bytes, sizeof bytes);
}

/* A program that closed its input reads no more: what was meant for it counts as taken. */
static void close_input(struct process *process) {
  if (process->in >= 0) close(process->in);
  process->in = -1;
  size_t left = buffer_size(&process->input);
  buffer_free(&process->input);
  if (left > 0) stdin_consumed(process, left);
}

static void feed(struct process *process) {
  size_t left = buffer_size(&process->input);
  if (left > 0) {
    ssize_t done = write(process->in, process->input.bytes + process->input.start, left);
    if (done < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (done < 0) {
      close_input(process);
      return;
    }
    buffer_take(&process->input, (size_t)done);
    stdin_consumed(process, (size_t)done);
  }
  if (buffer_size(&process->input) == 0 && process->input_ends) close_input(process);
}

static void signal_process(struct process *process, int number) {
  if (number == SIGKILL) process_kill_tree(process);
  else if (process->pid > 0 && !process->exited) kill(-process->pid, number);
}

static void reply_failure(uint32_t number) { reply(FRAME_FAILED, number, failure(), strlen(failure())); }

enum { MAX_NAME = 80 };

/* The name of a folder in the layer store. */
static bool read_name(const uint8_t *payload, size_t length, char name[MAX_NAME]) {
  if (length <= 2 || length >= MAX_NAME || memchr(payload, '/', length) != NULL) return fail("a malformed name");
  memcpy(name, payload, length);
  name[length] = 0;
  return true;
}

static void start_relay(void) {
  if (agent.way_out.listener < 0) return;
  pid_t pid = relay_start(agent.way_out.listener, agent.way_out.folder, agent.request->proxy);
  agent.relay = pid > 0 ? pid : 0;
}

static void end_programs(void) {
  kill_everything();
  for (size_t i = 0; i < agent.count; i++) agent.processes[i]->supervisor = 0; /* reaped; their pipes tell the rest */
}

static void stop_forks(void) {
  if (agent.fork_listener >= 0) close(agent.fork_listener);
  agent.fork_listener = -1;
  agent.forks_left = 0;
}

/* FORK: u32 number of forks that will ask, then the name of an empty folder in the layer store. */
static void fork_files(uint32_t number, const uint8_t *payload, size_t length) {
  char name[MAX_NAME];
  if (length < 4 || !read_name(payload + 4, length - 4, name)) {
    reply_failure(number);
    return;
  }
  stop_forks();
  forget_failure();
  if (!root_can_freeze(agent.request, agent.root)) {
    reply_failure(number);
    return;
  }
  end_programs();
  if (!root_freeze(agent.options, agent.request, agent.root)) {
    reply_failure(number);
    agent.over = true; /* it may have no root any more */
    return;
  }
  start_relay();
  agent.fork_listener = fork_listen(agent.root, name);
  agent.forks_left = (int)get_u32(payload);
  if (agent.fork_listener >= 0) reply(FRAME_FORKED, number, NULL, 0);
  else reply_failure(number);
}

static void serve_fork(void) {
  fork_give(agent.fork_listener, agent.root);
  if (--agent.forks_left <= 0) stop_forks();
}

/* SNAPSHOT: the name of an empty folder in the layer store. */
static void snapshot(uint32_t number, const uint8_t *payload, size_t length) {
  char name[MAX_NAME], digest[65];
  if (!read_name(payload, length, name)) {
    reply_failure(number);
    return;
  }
  forget_failure();
  end_programs();
  if (layer_store(agent.root, name, digest)) reply(FRAME_LAYER, number, digest, 64);
  else reply_failure(number);
  start_relay(); /* the sandbox may live on */
}

static void usage(uint32_t number) {
  struct statfs about;
  char text[32] = "";
  if (fstatfs(agent.root->memory, &about) == 0) {
    unsigned long long own = (unsigned long long)(about.f_blocks - about.f_bfree) * (unsigned long long)about.f_bsize;
    snprintf(text, sizeof text, "%llu", own + (unsigned long long)agent.root->frozen.bytes);
  }
  reply(FRAME_USED, number, text, strlen(text));
}

static void obey(struct header header, const uint8_t *payload) {
  struct process *process = find(header.number);
  switch (header.type) {
    case FRAME_SPAWN:
      spawn(header.number, payload, header.length);
      break;
    case FRAME_STDIN:
      if (process == NULL) break;
      if (process->in < 0) stdin_consumed(process, header.length);
      else if (!buffer_append(&process->input, payload, header.length)) agent.over = true;
      break;
    case FRAME_STDIN_END:
      if (process == NULL) break;
      process->input_ends = true;
      if (buffer_size(&process->input) == 0) close_input(process);
      break;
    case FRAME_CREDIT:
      if (process != NULL && header.length == 5 && payload[0] < 2) process->credit[payload[0]] += get_u32(payload + 1);
      break;
    case FRAME_KILL:
      if (process != NULL && header.length == 1) signal_process(process, payload[0]);
      break;
    case FRAME_RELEASE:
      if (process != NULL) release(process);
      break;
    case FRAME_SNAPSHOT:
      snapshot(header.number, payload, header.length);
      break;
    case FRAME_FORK:
      fork_files(header.number, payload, header.length);
      break;
    case FRAME_USAGE:
      usage(header.number);
      break;
    default:
      agent.over = true; /* a client of another version: nothing sensible can follow */
  }
}

static void receive(void) {
  uint8_t *place = buffer_reserve(&agent.incoming, CHUNK);
  ssize_t got = place == NULL ? 0 : read(agent.connection, place, CHUNK);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    agent.over = true;
    return;
  }
  agent.incoming.end += (size_t)got;
  while (!agent.over && buffer_size(&agent.incoming) >= HEADER_BYTES) {
    const uint8_t *bytes = agent.incoming.bytes + agent.incoming.start;
    struct header header = get_header(bytes);
    if (header.length > MAX_PAYLOAD) agent.over = true;
    if (agent.over || buffer_size(&agent.incoming) < HEADER_BYTES + header.length) break;
    obey(header, bytes + HEADER_BYTES);
    buffer_take(&agent.incoming, HEADER_BYTES + header.length);
  }
}

static void transmit(void) {
  size_t waiting = buffer_size(&agent.outgoing);
  if (waiting == 0) return;
  ssize_t done = write(agent.connection, agent.outgoing.bytes + agent.outgoing.start, waiting);
  if (done < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (done < 0) agent.over = true;
  else buffer_take(&agent.outgoing, (size_t)done);
}

/* Moves one chunk of output to the client; false when nothing could be moved now. */
static bool pump(struct process *process, int which) {
  int *pipe = which == 0 ? &process->out : &process->err;
  uint32_t *credit = &process->credit[which];
  if (*pipe < 0 || *credit == 0 || buffer_size(&agent.outgoing) >= MOST_WAITING) return false;
  size_t most = *credit < CHUNK ? *credit : CHUNK;
  uint8_t *place = buffer_reserve(&agent.outgoing, HEADER_BYTES + 1 + most);
  if (place == NULL) {
    agent.over = true;
    return false;
  }
  ssize_t got = read(*pipe, place + HEADER_BYTES + 1, most);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got <= 0) {
    close(*pipe);
    *pipe = -1;
    uint8_t index = (uint8_t)which;
    reply(FRAME_OUTPUT_END, process->number, &index, 1);
    return false;
  }
  put_header(place, (struct header){(uint32_t)got + 1, FRAME_OUTPUT, process->number});
  place[HEADER_BYTES] = (uint8_t)which;
  agent.outgoing.end += HEADER_BYTES + 1 + (size_t)got;
  *credit -= (uint32_t)got;
  return true;
}

static void start_ended(struct process *process) {
  char message[256];
  ssize_t got = read(process->starting, message, sizeof message);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  close(process->starting);
  process->starting = -1;
  if (got <= 0) {
    process->started = true;
    reply(FRAME_STARTED, process->number, NULL, 0);
    return;
  }
  reply(FRAME_NOT_STARTED, process->number, message, (size_t)got);
  release(process);
}

static void report_came(struct process *process) {
  struct report report;
  ssize_t got = read(process->report, &report, sizeof report);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got == (ssize_t)sizeof report) {
    if (report.kind == REPORT_PID) process->pid = report.value;
    if (report.kind != REPORT_EXIT) return;
    while (pump(process, 0) || pump(process, 1)) continue; /* what it printed comes before its end */
    exited(process, report.value);
    return;
  }
  close(process->report);
  process->report = -1;
  if (process->exited) return;
  /* Somebody killed the supervisor: its program goes too. */
  if (process->pid > 0) kill(process->pid, SIGKILL);
  exited(process, SIGKILL);
}

static void children_ended(int signals) {
  struct signalfd_siginfo ignored;
  while (read(signals, &ignored, sizeof ignored) > 0) continue;
  bool lost = false;
  for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;) {
    bool known = pid == agent.relay;
    if (known) start_relay(); /* somebody inside killed it */
    for (size_t i = 0; i < agent.count; i++) {
      if (agent.processes[i]->supervisor != pid) continue;
      agent.processes[i]->supervisor = 0;
      known = true;
      lost = lost || !agent.processes[i]->exited;
    }
    lost = lost || !known;
  }
  if (!lost) return;
  pid_t *known = malloc((agent.count + 1) * sizeof *known);
  size_t count = 0;
  if (known != NULL && agent.relay != 0) known[count++] = agent.relay;
  for (size_t i = 0; known != NULL && i < agent.count; i++) {
    if (agent.processes[i]->supervisor != 0) known[count++] = agent.processes[i]->supervisor;
  }
  if (known != NULL) kill_orphans(known, count);
  free(known);
}

static void serve_process(struct process *process, const struct pollfd events[5]) {
  if (events[0].revents != 0 && process->starting >= 0) start_ended(process);
  if (events[1].revents != 0 && process->out >= 0) pump(process, 0);
  if (events[2].revents != 0 && process->err >= 0) pump(process, 1);
  if (events[3].revents != 0 && process->report >= 0) report_came(process);
  if (events[4].revents != 0 && process->in >= 0) feed(process);
}

/* What of a process to wait for; nothing but its start until it has started, so that the client hears of that first. */
static void watch(const struct process *process, struct pollfd events[5]) {
  bool room = buffer_size(&agent.outgoing) < MOST_WAITING;
  events[0] = (struct pollfd){.fd = process->starting, .events = POLLIN};
  events[1] = (struct pollfd){.fd = process->started && room && process->credit[0] > 0 ? process->out : -1, .events = POLLIN};
  events[2] = (struct pollfd){.fd = process->started && room && process->credit[1] > 0 ? process->err : -1, .events = POLLIN};
  events[3] = (struct pollfd){.fd = process->started ? process->report : -1, .events = POLLIN};
  events[4] = (struct pollfd){.fd = buffer_size(&process->input) > 0 ? process->in : -1, .events = POLLOUT};
}

static int open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Descriptors 0 to 2 of the zygote are not this process's any more. */
static void detach_stdio(void) {
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; fd++) dup2(nothing, fd);
  if (nothing > 2) close(nothing);
}

void agent_run(int connection, const struct options *options, const struct request *request, struct root *root, struct way_out way_out) {
  detach_stdio();
  int signals = open_signals();
  agent.connection = connection;
  agent.options = options;
  agent.request = request;
  agent.root = root;
  agent.fork_listener = -1;
  agent.way_out = way_out;
  start_relay();
  fcntl(connection, F_SETFL, O_NONBLOCK);
  struct pollfd *events = NULL;
  while (!agent.over) {
    size_t watched = agent.count;
    struct pollfd *larger = realloc(events, (FIXED + 5 * watched) * sizeof *events);
    if (larger == NULL) break;
    events = larger;
    events[0] = (struct pollfd){.fd = connection, .events = (short)(POLLIN | (buffer_size(&agent.outgoing) > 0 ? POLLOUT : 0))};
    events[1] = (struct pollfd){.fd = signals, .events = POLLIN};
    events[2] = (struct pollfd){.fd = agent.fork_listener, .events = POLLIN};
    for (size_t i = 0; i < watched; i++) watch(agent.processes[i], events + FIXED + 5 * i);
    if (poll(events, (nfds_t)(FIXED + 5 * watched), -1) < 0 && errno != EINTR) break;
    for (size_t i = 0; i < watched; i++) serve_process(agent.processes[i], events + FIXED + 5 * i);
    if (events[1].revents != 0) children_ended(signals);
    if (events[2].revents != 0) serve_fork();
    if (events[0].revents & (POLLIN | POLLHUP | POLLERR)) receive();
    transmit();
    sweep();
  }
}
