/* Processes that the client asked for. Each has a supervisor: a small process that adopts all its descendants, so that they can be found and killed. */
#ifndef PROCESS_H
#define PROCESS_H

#include "assay.h"
#include "buffer.h"

/* What a supervisor tells the agent. */
struct report {
  enum { REPORT_PID, REPORT_EXIT } kind;
  int value; /* the pid, or the wait status */
};

struct process {
  uint32_t number;  /* the client's name for it */
  pid_t supervisor; /* 0 once reaped */
  pid_t pid;        /* of the program */
  int starting;     /* closes when the program runs; carries a message when it cannot */
  int report;
  int in, out, err; /* -1 when closed */
  uint32_t credit[2];
  struct buffer input;
  bool input_ends;
  bool started, exited, released;
};

struct spawn_request {
  bool merge;
  const char *cwd;
  const char **argv; /* ends with NULL */
  const char **envp; /* ends with NULL */
};

/* Fills `process`; false with `failure` unset but a message in `error` when no process could be made. */
bool process_start(struct process *process, const struct spawn_request *spawn, const struct options *options, const struct request *request,
                   const struct identity *identity, char error[256]);

/* Ends the program and everything it started, also what hid in other sessions; returns when none is left or after many tries. */
void process_kill_tree(const struct process *process);

/* Ends every process of the sandbox but this one. */
void kill_everything(void);

/* Ends children of this process that are not in `known`: what a killed supervisor left. */
void kill_orphans(const pid_t *known, size_t count);

void process_close(struct process *process);

#endif
