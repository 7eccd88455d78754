/*
 * How the agent reaches its controller: a plain pair of descriptors, or a session that outlives its connections.
 *
 * A session (for pods, whose exec streams are cut by any restart of a kubelet or API server): the agent listens on an abstract socket, a relay that the
 * container runtime starts carries bytes between that socket and its own stdin and stdout. What was sent is kept until the controller acknowledged it, and what
 * was received is counted, so that a new connection goes on where the last one broke: nothing is lost and nothing comes twice.
 *
 * A connection begins with 80 bytes from the controller: "ASSAYPOD", 32 bytes of key, 16 bytes that it never uses again, the number of bytes received so far (8,
 * little endian), a seal (16) of "G", the 16 bytes and the number. The first connection sets the key; it is made before any program of the sandbox runs. Once that
 * was answered the place of the key is empty. The answer is 40 bytes: "ASSAYPOD", the number of bytes received so far, the wall clock at the agent's start in
 * nanoseconds, a seal of "A", the 16 bytes of the controller and the two numbers. Then packets both ways: kind (1 byte), length (4), payload, seal. Kind 0: data;
 * 1: bytes received so far (8); 2: asks for kind 1. Their seal covers the direction ("C" from the controller, "S" from the sandbox), the place in the session of the
 * first byte (8; 0 where it is no data), kind, length and payload: so a packet means the same whenever and how often it comes.
 */
#ifndef ASSAY_LINK_H
#define ASSAY_LINK_H
#include <poll.h>
#include <stddef.h>
#include <sys/types.h>

enum { LINK_FDS = 3 };

/* Descriptors 0 and 1; their end is the end of the controller. */
void link_plain(void);

/* A session at this name. It ends when no controller was connected for so many seconds. Returns -1 with errno when the name is taken. */
int link_listen(const char *name, int orphan_seconds);

/* At once on a plain link; in a session it is kept and sent as the controller takes it. Returns -1 with errno when it cannot be sent or kept. */
int link_send(const void *data, size_t size);

/* Whether more output should be produced: a session without controller keeps only so much. */
int link_has_room(void);

/* Fills LINK_FDS entries; gives how long poll may wait, in milliseconds. */
int link_watch(struct pollfd *fds);

/* Sends what can be sent; puts up to `room` bytes of the controller into `to`. 0: none now. -1: the controller is gone for good. */
ssize_t link_receive(const struct pollfd *fds, char *to, size_t room);

/* The relay: runs until one side closes. Exit status 75: no agent listens (yet). */
int link_relay(const char *name);
#endif
