/* What the parts of the helper share. One process: no threads, no dynamic loading, no configuration but its arguments. */
#ifndef ASSAY_H
#define ASSAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

/* Newer than some C libraries; the numbers are the same on all architectures. */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#define SYS_fsconfig 431
#define SYS_fsmount 432
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

enum {
  MAX_CGROUPS = 8,
  MAX_BINDS = 64,
  MAX_LAYERS = 256,
  MAX_FROZEN = 200,
  MAX_ID = 64,
  MAX_GROUPS = 64,
};

struct bind {
  const char *source;
  const char *target;
};

/* The arguments of `assay-sandbox zygote`; they hold for all its sandboxes. */
struct options {
  const char *layers;      /* folder with one folder per layer */
  const char *mount_point; /* empty folder to mount over, in private namespaces only */
  const char *skeleton;    /* lowest directory of every root */
  const char *uid_map;     /* "inside outside count" */
  const char *gid_map;
  const char *sockets[2]; /* listening sockets: [0] without network, [1] with the host's */
  const char *cgroups[MAX_CGROUPS];
  int cgroup_count;
  struct bind binds[MAX_BINDS];
  int bind_count;
  uint8_t *filter; /* struct sock_filter[] */
  size_t filter_bytes;
};

/* Memory that a sandbox's first process and its warden share. */
struct shared {
  char id[MAX_ID];
  volatile int taken; /* set once a client has connected */
  volatile pid_t pid; /* of the sandbox's first process, as the host sees it */
};

/* Whom programs run as, inside. */
struct identity {
  uid_t user;
  gid_t group;
  gid_t groups[MAX_GROUPS];
  int group_count;
};

/* What a client asks for in its CREATE frame. */
struct request {
  bool on_image;    /* the layers are a whole root; else they lie over the skeleton and the host's programs */
  const char *user; /* as an image names it: `name`, `uid`, with `:group` or not; empty: root */
  uint64_t disk_bytes;
  uint64_t inodes;
  uint64_t max_processes; /* RLIMIT_NPROC, 0: none */
  uint64_t max_data;      /* RLIMIT_DATA, 0: none */
  const char *workdir;
  const char *fork;               /* folder below options.layers where the sandbox listens whose files are taken over; empty: none */
  const char *proxy;              /* socket beside options.sockets where connections to the outside go; empty: none */
  const char *layers[MAX_LAYERS]; /* names below options.layers, bottom first */
  int layer_count;
};

/* Private file systems of the past, which nobody writes any more: mounts without a place, bottom first. Each has the folders `upper` and `tmp`. */
struct frozen {
  int trees[MAX_FROZEN];
  int count;
  uint64_t bytes; /* that they hold */
};

/* Folders and mounts of a sandbox that outlive the change of root. */
struct root {
  struct identity identity;
  int upper;  /* the writable part */
  int layers; /* the layer store */
  int memory; /* the tmpfs that holds the upper */
  /* Mounts that lie hidden below /proc, to make the next root of: all that is frozen, then these. */
  struct frozen frozen;
  int own, layer_tree, skeleton_tree;
};

/* What a sandbox with a filtered network has, -1 without. */
struct way_out {
  int listener;
  int folder; /* of the host */
};

/* zygote.c */
int zygote_main(const struct options *options);

/* warden.c: one per sandbox, outside of it. Never returns. */
_Noreturn void warden_main(const struct options *options, const char *id, int kind, int listener, int life, int taken);

/* cgroup.c */
bool cgroup_join(const struct options *options, const char *id);
void cgroup_remove(const struct options *options, const char *id);
void cgroup_thaw(const struct options *options, const char *id);

/* mount.c: a mount without a place; a copy of what is mounted at `path`, below `folder` (or at it, with an empty path). -1 when it fails. */
enum { READ_ONLY = 1, NO_SUID = 2, NO_DEVICES = 4 };
int tree_clone(int folder, const char *path, bool recursive, uint64_t attributes);
int tree_tmpfs(void);
bool tree_place(int tree, const char *target);

/* mount.c: an overlay at `target`; lower folders are given top first, from the current folder. */
bool overlay_mount(const char *const *lower, int count, const char *upper, const char *work, const char *target);

/* root.c */
struct prepared;
struct prepared *root_prepare(const struct options *options);
/* Takes the mounts of `below`. */
bool root_enter(struct prepared *prepared, const struct options *options, const struct request *request, const struct frozen *below, struct root *root);
/* Whether `root_freeze` has a chance; nothing has happened when not. */
bool root_can_freeze(const struct request *request, const struct root *root);
/* Freezes the files as they are, and goes on with a fresh upper over them. No other process may run. After a failure nothing works any more. */
bool root_freeze(const struct options *options, const struct request *request, struct root *root);

/* fork.c: how frozen files get from one sandbox to another. */
int fork_listen(const struct root *root, const char *name);
bool fork_give(int listener, const struct root *root);
bool fork_take(const struct options *options, const char *name, struct frozen *frozen);

/* identity.c: looks the user up in the files of the current root. */
bool identity_find(const char *user, struct identity *identity);

/* relay.c: where programs inside find the proxy; a process that serves it, with the socket `name` in `folder`. */
int relay_listen(void);
pid_t relay_start(int listener, int folder, const char *name);

/* agent.c: the first process of a sandbox, once its root stands. Returns when the client is gone. */
void agent_run(int connection, const struct options *options, const struct request *request, struct root *root, struct way_out way_out);

/* layer.c: writes a copy of the upper, and of the frozen ones below, into the existing folder `name` of the layer store, and its digest as hex. */
bool layer_store(const struct root *root, const char *name, char digest[65]);

/* layer-digest.c: of the content of a layer's folder, as hex. */
bool layer_digest(int top, char digest[65]);

/* folder.c: names of a folder in order; the count, or -1. Both lists are the caller's to free. */
ssize_t folder_names(int folder, char ***names);

/* error.c: the first failure of this process in words, for whoever has to be told. */
bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *failure(void);
void forget_failure(void);

/* io.c */
bool write_all(int fd, const void *bytes, size_t count);
bool read_all(int fd, void *bytes, size_t count);
bool write_file_at(int folder, const char *path, const char *text);

#endif
