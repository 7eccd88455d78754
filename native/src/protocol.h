/* Frames on the connection of one sandbox: u32 payload length, u8 type, u32 process number (little endian), payload. See ../protocol.md. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include "assay.h"

enum frame_type {
  /* from the client */
  FRAME_CREATE = 1,
  FRAME_SPAWN = 2,
  FRAME_STDIN = 3,
  FRAME_STDIN_END = 4,
  FRAME_CREDIT = 5,
  FRAME_KILL = 6,
  FRAME_SNAPSHOT = 7,
  FRAME_USAGE = 8,
  FRAME_RELEASE = 9,
  FRAME_FORK = 10,
  /* from the sandbox */
  FRAME_HELLO = 64,
  FRAME_READY = 65,
  FRAME_FAILED = 66,
  FRAME_STARTED = 67,
  FRAME_NOT_STARTED = 68,
  FRAME_OUTPUT = 69,
  FRAME_OUTPUT_END = 70,
  FRAME_STDIN_CREDIT = 71,
  FRAME_EXIT = 72,
  FRAME_LAYER = 73,
  FRAME_USED = 74,
  FRAME_FORKED = 75,
};

enum {
  HEADER_BYTES = 9,
  MAX_PAYLOAD = 8 * 1024 * 1024,
  MAX_STRINGS = 65536,
};

struct header {
  uint32_t length;
  uint8_t type;
  uint32_t number;
};

void put_header(uint8_t bytes[HEADER_BYTES], struct header header);
struct header get_header(const uint8_t bytes[HEADER_BYTES]);
uint32_t get_u32(const uint8_t *bytes);

/* Blocking; for the time before the agent's loop. */
bool send_frame(int connection, uint8_t type, uint32_t number, const void *payload, size_t length);
bool receive_request(int connection, struct request *request);

/* Splits a payload of NUL-terminated strings; the count, or -1 when the last one does not end or there are more than `most`. */
int split_strings(const uint8_t *payload, size_t length, const char **strings, int most);

#endif
