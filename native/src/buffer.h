/* A growing queue of bytes. */
#ifndef BUFFER_H
#define BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
  uint8_t *bytes;
  size_t start, end, capacity;
};

static inline size_t buffer_size(const struct buffer *buffer) { return buffer->end - buffer->start; }

/* Room for `count` bytes at the end; the place, or NULL without memory. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t count);
bool buffer_append(struct buffer *buffer, const void *bytes, size_t count);
/* Takes bytes from the front. */
void buffer_take(struct buffer *buffer, size_t count);
void buffer_free(struct buffer *buffer);

#endif
