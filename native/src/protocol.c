#include "protocol.h"

#include <stdlib.h>
#include <string.h>

static void put_u32(uint8_t *bytes, uint32_t value) {
  for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (8 * i));
}

uint32_t get_u32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

void put_header(uint8_t bytes[HEADER_BYTES], struct header header) {
  put_u32(bytes, header.length);
  bytes[4] = header.type;
  put_u32(bytes + 5, header.number);
}

struct header get_header(const uint8_t bytes[HEADER_BYTES]) {
  return (struct header){.length = get_u32(bytes), .type = bytes[4], .number = get_u32(bytes + 5)};
}

bool send_frame(int connection, uint8_t type, uint32_t number, const void *payload, size_t length) {
  uint8_t header[HEADER_BYTES];
  put_header(header, (struct header){(uint32_t)length, type, number});
  return write_all(connection, header, sizeof header) && write_all(connection, payload, length);
}

int split_strings(const uint8_t *payload, size_t length, const char **strings, int most) {
  int count = 0;
  for (size_t at = 0; at < length;) {
    const uint8_t *end = memchr(payload + at, 0, length - at);
    if (end == NULL || count == most) return -1;
    strings[count++] = (const char *)payload + at;
    at = (size_t)(end - payload) + 1;
  }
  return count;
}

enum { FIELDS = 9 };

static bool is_name(const char *text) { return strchr(text, '/') == NULL && strchr(text, ':') == NULL; }

/* CREATE: disk bytes, inodes, processes, data bytes, working directory, base, user, fork, proxy, then the layers, bottom first. The strings live as long as the process. */
bool receive_request(int connection, struct request *request) {
  uint8_t bytes[HEADER_BYTES];
  if (!read_all(connection, bytes, sizeof bytes)) return fail("the client went away");
  struct header header = get_header(bytes);
  if (header.type != FRAME_CREATE || header.length > MAX_PAYLOAD) return fail("the first frame is not a CREATE");
  uint8_t *payload = malloc(header.length + 1);
  if (payload == NULL || !read_all(connection, payload, header.length)) return fail("the client went away");
  const char *strings[FIELDS + MAX_LAYERS];
  int count = split_strings(payload, header.length, strings, FIELDS + MAX_LAYERS);
  if (count < FIELDS) return fail("a CREATE frame has too few or too many fields");
  *request = (struct request){
      .disk_bytes = strtoull(strings[0], NULL, 10),
      .inodes = strtoull(strings[1], NULL, 10),
      .max_processes = strtoull(strings[2], NULL, 10),
      .max_data = strtoull(strings[3], NULL, 10),
      .workdir = strings[4],
      .on_image = strcmp(strings[5], "image") == 0,
      .user = strings[6],
      .fork = strings[7],
      .proxy = strings[8],
  };
  if (!is_name(request->fork) || !is_name(request->proxy)) return fail("a fork or a proxy has an odd name");
  for (int i = FIELDS; i < count; i++) {
    if (strings[i][0] == 0 || strings[i][0] == '.' || !is_name(strings[i])) return fail("a layer has an odd name");
    request->layers[request->layer_count++] = strings[i];
  }
  return true;
}
