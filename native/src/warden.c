/*
 * One warden per sandbox, outside of it and with the rights of the zygote: makes the namespaces, waits for the end, removes what the kernel does not
 * remove by itself. It ends the sandbox when the zygote is gone, whatever ended that.
 */
#include "assay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "protocol.h"

struct birth {
  const struct options *options;
  struct shared *shared;
  int kind;
  int listener;
  int taken;
  int go[2];
};

static bool become_root_inside(void) {
  if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) return fail("take the identity of the sandbox");
  return true;
}

/* While the host's folders can still be seen. */
static bool open_way_out(const struct options *options, const struct request *request, struct way_out *way_out) {
  *way_out = (struct way_out){-1, -1};
  if (request->proxy[0] == 0) return true;
  char folder[4096];
  snprintf(folder, sizeof folder, "%s", options->sockets[0]);
  char *end = strrchr(folder, '/');
  if (end == NULL) return fail("the sockets have no folder");
  *end = 0;
  way_out->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (way_out->folder < 0) return fail("open %s", folder);
  way_out->listener = relay_listen();
  return way_out->listener >= 0;
}

/* The first process of the sandbox: prepares, waits for a client, becomes its agent. */
_Noreturn static void first_process(const struct birth *birth) {
  char go;
  close(birth->go[1]);
  if (read(birth->go[0], &go, 1) != 1) _exit(0);
  close(birth->go[0]);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct prepared *prepared = NULL;
  if (become_root_inside()) {
    prctl(PR_SET_DUMPABLE, 0); /* nobody inside may look into this process */
    prepared = root_prepare(birth->options);
  }
  if (prepared == NULL) {
    dprintf(STDOUT_FILENO, "failed %s\n", failure());
    _exit(1);
  }
  int connection = accept4(birth->listener, NULL, NULL, SOCK_CLOEXEC);
  if (connection < 0) _exit(1);
  birth->shared->taken = 1;
  close(birth->listener);
  write_all(birth->taken, birth->kind == 0 ? "i" : "h", 1);
  close(birth->taken);

  char hello[MAX_ID + 16];
  int length = snprintf(hello, sizeof hello, "%s %d", birth->shared->id, (int)birth->shared->pid);
  send_frame(connection, FRAME_HELLO, 0, hello, (size_t)length);
  struct request request;
  struct root root;
  struct frozen below;
  struct way_out way_out;
  if (!receive_request(connection, &request) || !fork_take(birth->options, request.fork, &below) ||
      !open_way_out(birth->options, &request, &way_out) || !root_enter(prepared, birth->options, &request, &below, &root)) {
    send_frame(connection, FRAME_FAILED, 0, failure(), strlen(failure()));
    _exit(1);
  }
  close(STDOUT_FILENO);
  send_frame(connection, FRAME_READY, 0, NULL, 0);
  agent_run(connection, birth->options, &request, &root, way_out);
  _exit(0);
}

static bool write_maps(pid_t pid, const struct options *options) {
  char folder[32];
  snprintf(folder, sizeof folder, "/proc/%d", (int)pid);
  int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail("open %s", folder);
  if (geteuid() != 0) write_file_at(fd, "setgroups", "deny");
  bool written = write_file_at(fd, "uid_map", options->uid_map) && write_file_at(fd, "gid_map", options->gid_map);
  close(fd);
  return written || fail("map users of the sandbox");
}

/*
 * Runs in a process of its own, so that the warden itself never enters the cgroup and can remove it: joins the cgroup, then makes the first process as a
 * child of the warden.
 */
static bool give_birth(struct birth *birth) {
  if (!cgroup_join(birth->options, birth->shared->id)) return false;
  if (geteuid() == 0 && syscall(SYS_setgroups, 0, NULL) < 0) return fail("leave the groups");
  unsigned long flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PARENT | SIGCHLD;
  if (birth->kind == 0) flags |= CLONE_NEWNET;
#if defined(__s390__) || defined(__cris__)
#error "clone takes its arguments in another order here"
#endif
  pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
  if (pid < 0) return fail("make namespaces");
  if (pid == 0) first_process(birth);
  birth->shared->pid = pid;
  bool mapped = write_maps(pid, birth->options);
  if (mapped) write_all(birth->go[1], "g", 1);
  return mapped;
}

_Noreturn void warden_main(const struct options *options, const char *id, int kind, int listener, int life, int taken) {
  struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  struct birth birth = {options, shared, kind, listener, taken, {-1, -1}};
  bool born = false;
  if (shared == MAP_FAILED || pipe2(birth.go, O_CLOEXEC) < 0) {
    fail("prepare a sandbox");
  } else {
    snprintf(shared->id, sizeof shared->id, "%s", id);
    pid_t midwife = fork();
    if (midwife == 0) {
      bool done = give_birth(&birth);
      if (!done) dprintf(STDOUT_FILENO, "failed %s\n", failure());
      _exit(done ? 0 : 1);
    }
    close(birth.go[0]);
    close(birth.go[1]);
    int status = 1;
    while (midwife > 0 && waitpid(midwife, &status, 0) < 0 && errno == EINTR) continue;
    born = midwife > 0 && status == 0;
  }
  close(listener);
  if (born || (shared != MAP_FAILED && shared->pid > 0)) {
    int handle = (int)syscall(SYS_pidfd_open, shared->pid, 0);
    struct pollfd events[2] = {{.fd = handle, .events = POLLIN}, {.fd = life, .events = POLLIN}};
    while (handle >= 0 && poll(events, 2, -1) < 0 && errno == EINTR) continue;
    kill(shared->pid, SIGKILL);
    cgroup_thaw(options, id); /* what is frozen cannot die */
    while (waitpid(shared->pid, NULL, 0) < 0 && errno == EINTR) continue;
  }
  cgroup_remove(options, id);
  bool was_taken = shared != MAP_FAILED && shared->taken;
  if (was_taken) {
    dprintf(STDOUT_FILENO, "gone %s\n", id);
  } else {
    write_all(taken, kind == 0 ? "I" : "H", 1);
  }
  _exit(0);
}
