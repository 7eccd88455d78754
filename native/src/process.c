#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* From the kernel's headers, which not every C library brings. */
#define SECCOMP_FILTER_MODE 1
struct filter_program {
  unsigned short count;
  const void *instructions;
};

/*
 * What root of an image needs to install software and to become other users: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, sys_chroot,
 * setfcap (capabilities(7)). They reach no further than the sandbox's own user namespace.
 */
static const uint64_t ROOT_OF_IMAGE = 1u << 0 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 10 | 1u << 18 | 1u << 31;

static void bound_capabilities(uint64_t kept) {
  for (int capability = 0; capability < 64; capability++) {
    if ((kept >> capability & 1) == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

static void set_capabilities(uint64_t kept) {
  struct {
    uint32_t version;
    int pid;
  } header = {0x20080522, 0};
  uint32_t low = (uint32_t)kept, high = (uint32_t)(kept >> 32);
  uint32_t sets[6] = {low, low, 0, high, high, 0}; /* effective, permitted, inheritable */
  syscall(SYS_capset, &header, sets);
}

/* False when the user cannot be taken on. Where only one user exists (Assay runs as an ordinary user) everybody is that one. */
static bool become(const struct identity *identity) {
  if (identity->user == 0 && identity->group == 0 && identity->group_count == 0) return true;
  bool done = syscall(SYS_setgroups, identity->group_count, identity->groups) == 0 && setresgid(identity->group, identity->group, identity->group) == 0 &&
              setresuid(identity->user, identity->user, identity->user) == 0;
  return done || errno == EINVAL || errno == EPERM;
}

static void limit(int resource, uint64_t value) {
  if (value == 0) return;
  setrlimit(resource, &(struct rlimit){value, value});
}

static const char *value_of(const char *const *envp, const char *name) {
  size_t length = strlen(name);
  for (; *envp != NULL; envp++) {
    if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=') return *envp + length + 1;
  }
  return NULL;
}

/* execve along the PATH of the program's own environment. Returns with errno set when nothing could be run. */
static void run_program(const struct spawn_request *spawn) {
  char *const *argv = (char *const *)spawn->argv;
  char *const *envp = (char *const *)spawn->envp;
  const char *program = argv[0];
  if (strchr(program, '/') != NULL) {
    execve(program, argv, envp);
    return;
  }
  const char *path = value_of(spawn->envp, "PATH");
  int error = ENOENT;
  for (const char *at = path == NULL ? "/usr/bin:/bin" : path; at != NULL;) {
    const char *end = strchr(at, ':');
    int length = end == NULL ? (int)strlen(at) : (int)(end - at);
    char full[4096];
    if (snprintf(full, sizeof full, "%.*s/%s", length, length == 0 ? "" : at, program) < (int)sizeof full) {
      if (length == 0) snprintf(full, sizeof full, "./%s", program);
      execve(full, argv, envp);
      if (errno == EACCES) error = EACCES;
      else if (errno != ENOENT && errno != ENOTDIR) return;
    }
    at = end == NULL ? NULL : end + 1;
  }
  errno = error;
}

/* Becomes the program, with no rights beyond the sandbox. Never returns. */
_Noreturn static void become_program(const struct spawn_request *spawn, const struct options *options, const struct request *request,
                                     const struct identity *identity, int stdio[3], int starting) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
  for (int fd = 0; fd < 3; fd++) dup2(stdio[fd], fd);
  int own = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
  write_file_at(own, "oom_score_adj", "500"); /* out of memory is a program's problem, not the agent's */
  limit(RLIMIT_NPROC, request->max_processes);
  limit(RLIMIT_DATA, request->max_data);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  umask(022);
  if (chdir(spawn->cwd) < 0) {
    dprintf(starting, "the folder %s: %s", spawn->cwd, strerror(errno));
    _exit(126);
  }
  uint64_t kept = request->on_image && identity->user == 0 ? ROOT_OF_IMAGE : 0;
  bound_capabilities(kept);
  if (!become(identity)) {
    dprintf(starting, "its user: %s", strerror(errno));
    _exit(126);
  }
  set_capabilities(kept);
  struct filter_program filter = {(unsigned short)(options->filter_bytes / 8), options->filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_FILTER_MODE, 0, &filter) < 0) {
    dprintf(starting, "the system-call filter: %s", strerror(errno));
    _exit(126);
  }
  run_program(spawn);
  dprintf(starting, "%s", errno == ENOENT ? "not found" : errno == EACCES ? "not executable" : strerror(errno));
  _exit(errno == ENOENT ? 127 : 126);
}

/* Adopts and reaps all descendants; tells the program's end at once, and ends itself when nobody is left. */
_Noreturn static void supervise(pid_t program, int report) {
  struct report message = {REPORT_PID, program};
  write_all(report, &message, sizeof message);
  for (;;) {
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) _exit(0);
    if (pid != program) continue;
    message = (struct report){REPORT_EXIT, status};
    write_all(report, &message, sizeof message);
  }
}

static void close_pair(int pair[2]) {
  for (int i = 0; i < 2; i++) {
    if (pair[i] >= 0) close(pair[i]);
  }
}

bool process_start(struct process *process, const struct spawn_request *spawn, const struct options *options, const struct request *request,
                   const struct identity *identity, char error[256]) {
  int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1}, starting[2] = {-1, -1}, report[2] = {-1, -1};
  bool made = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && (spawn->merge || pipe2(err, O_CLOEXEC) == 0) &&
              pipe2(starting, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0;
  pid_t supervisor = made ? fork() : -1;
  if (supervisor < 0) {
    snprintf(error, 256, "no process could be made: %s", errno == EAGAIN ? "the sandbox has as many as it may" : strerror(errno));
    close_pair(in), close_pair(out), close_pair(err), close_pair(starting), close_pair(report);
    return false;
  }
  if (supervisor == 0) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    int stdio[3] = {in[0], out[1], spawn->merge ? out[1] : err[1]};
    pid_t program = fork();
    if (program == 0) become_program(spawn, options, request, identity, stdio, starting[1]);
    if (program < 0) dprintf(starting[1], "no process could be made: %s", strerror(errno));
    if (program < 0) _exit(1);
    /* Holds nothing but the report pipe: no end of the program's pipes, no connection. */
    int keep = dup2(report[1], 0);
    syscall(SYS_close_range, 1, ~0U, 0);
    supervise(program, keep);
  }
  close(in[0]), close(out[1]), close(starting[1]), close(report[1]);
  if (!spawn->merge) close(err[1]);
  process->supervisor = supervisor;
  process->in = in[1];
  process->out = out[0];
  process->err = err[0];
  process->starting = starting[0];
  process->report = report[0];
  const int ours[] = {process->in, process->out, process->err, process->report, process->starting};
  for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
    if (ours[i] >= 0) fcntl(ours[i], F_SETFL, O_NONBLOCK);
  }
  return true;
}

void process_close(struct process *process) {
  int *const ours[] = {&process->in, &process->out, &process->err, &process->report, &process->starting};
  for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
    if (*ours[i] >= 0) close(*ours[i]);
    *ours[i] = -1;
  }
  buffer_free(&process->input);
}
