/* Finding and ending processes of the sandbox, from its own /proc. */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PASSES = 200, MOST = 65536 };

struct entry {
  pid_t pid, parent;
  bool marked;
};

static bool read_parent(const char *name, pid_t *parent, char *state) {
  char path[64], text[512];
  if (snprintf(path, sizeof path, "/proc/%s/stat", name) >= (int)sizeof path) return false;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  if (got <= 0) return false;
  text[got] = 0;
  const char *end = strrchr(text, ')'); /* a program may call itself anything */
  return end != NULL && sscanf(end + 1, " %c %d", state, parent) == 2;
}

/* All living processes but zombies; the count. */
static size_t list_processes(struct entry **entries) {
  size_t count = 0, capacity = 0;
  *entries = NULL;
  DIR *proc = opendir("/proc");
  if (proc == NULL) return 0;
  for (struct dirent *item; (item = readdir(proc)) != NULL && count < MOST;) {
    if (item->d_name[0] < '1' || item->d_name[0] > '9') continue;
    struct entry entry = {.pid = atoi(item->d_name)};
    char state;
    if (!read_parent(item->d_name, &entry.parent, &state) || state == 'Z') continue;
    if (count == capacity) {
      capacity = capacity == 0 ? 64 : capacity * 2;
      struct entry *larger = realloc(*entries, capacity * sizeof **entries);
      if (larger == NULL) break;
      *entries = larger;
    }
    (*entries)[count++] = entry;
  }
  closedir(proc);
  return count;
}

/* Marks all below the marked ones; parents may have higher numbers than children, so until nothing changes. */
static void mark_descendants(struct entry *entries, size_t count, pid_t top) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < count; i++) {
      if (entries[i].marked) continue;
      bool below = entries[i].parent == top;
      for (size_t k = 0; !below && k < count; k++) below = entries[k].marked && entries[k].pid == entries[i].parent;
      if (below) entries[i].marked = changed = true;
    }
  }
}

static void wait_a_moment(int pass) { nanosleep(&(struct timespec){.tv_nsec = pass < 4 ? 100 * 1000 : 2 * 1000 * 1000}, NULL); }

/* Again and again, because some may fork while we look. Stopping first keeps a fork bomb from outrunning the search. */
void process_kill_tree(const struct process *process) {
  if (process->supervisor == 0) return;
  kill(process->supervisor, SIGCONT); /* somebody inside may have stopped it, and then it would never tell the end */
  for (int pass = 0; pass < PASSES; pass++) {
    struct entry *entries;
    size_t count = list_processes(&entries);
    mark_descendants(entries, count, process->supervisor);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
      if (entries[i].marked) kill(entries[i].pid, pass % 2 == 0 ? SIGSTOP : SIGKILL), found++;
    }
    free(entries);
    if (found == 0) return;
    if (pass % 2 == 1) wait_a_moment(pass);
  }
}

void kill_orphans(const pid_t *known, size_t count) {
  for (int pass = 0; pass < 10; pass++) {
    struct entry *entries;
    size_t listed = list_processes(&entries);
    size_t found = 0;
    for (size_t i = 0; i < listed; i++) {
      if (entries[i].parent != getpid()) continue;
      bool ours = false;
      for (size_t k = 0; k < count; k++) ours = ours || known[k] == entries[i].pid;
      if (!ours && kill(entries[i].pid, SIGKILL) == 0) found++;
    }
    free(entries);
    if (found == 0) return;
    wait_a_moment(pass);
  }
}

void kill_everything(void) {
  for (int pass = 0; pass < PASSES; pass++) {
    if (kill(-1, SIGKILL) < 0 && errno == ESRCH) break;
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    wait_a_moment(pass);
  }
  while (waitpid(-1, NULL, WNOHANG) > 0) continue;
}
