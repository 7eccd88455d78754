#include "buffer.h"

#include <stdlib.h>
#include <string.h>

uint8_t *buffer_reserve(struct buffer *buffer, size_t count) {
  if (buffer->capacity - buffer->end >= count) return buffer->bytes + buffer->end;
  size_t held = buffer_size(buffer);
  if (buffer->start > 0) {
    memmove(buffer->bytes, buffer->bytes + buffer->start, held);
    buffer->start = 0;
    buffer->end = held;
  }
  if (buffer->capacity - held < count) {
    size_t capacity = buffer->capacity == 0 ? 4096 : buffer->capacity;
    while (capacity - held < count) capacity *= 2;
    uint8_t *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL) return NULL;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
  }
  return buffer->bytes + buffer->end;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t count) {
  uint8_t *place = buffer_reserve(buffer, count);
  if (place == NULL) return false;
  if (count > 0) memcpy(place, bytes, count);
  buffer->end += count;
  return true;
}

void buffer_take(struct buffer *buffer, size_t count) {
  buffer->start += count;
  if (buffer->start < buffer->end) return;
  buffer->start = buffer->end = 0;
  if (buffer->capacity > 256 * 1024) buffer_free(buffer); /* an idle sandbox holds little */
}

void buffer_free(struct buffer *buffer) {
  free(buffer->bytes);
  *buffer = (struct buffer){0};
}
