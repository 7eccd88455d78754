#include "assay.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char text[512];

/* Keeps the first message, with errno's name where one is set. Always false, so that callers can `return fail(...)`. */
bool fail(const char *format, ...) {
  int error = errno;
  if (text[0] != 0) return false;
  va_list values;
  va_start(values, format);
  int used = vsnprintf(text, sizeof text, format, values);
  va_end(values);
  if (error != 0 && used >= 0 && (size_t)used < sizeof text) {
    snprintf(text + used, sizeof text - (size_t)used, ": %s", strerror(error));
  }
  return false;
}

const char *failure(void) { return text; }

/* Before something whose failure the process survives. */
void forget_failure(void) { text[0] = 0; }
