/*
 * Proof that what comes over a connection was written by the other end of the session. Programs of the sandbox can kill the relay, stop it, and with luck open
 * its pipes in the moment of its start: so it is trusted with nothing but the carrying of bytes.
 *
 * A seal is the first 16 bytes of HMAC-SHA-256 (RFC 2104, FIPS 180-4) under the key of the session.
 */
#ifndef ASSAY_SEAL_H
#define ASSAY_SEAL_H
#include <stddef.h>

enum { SEAL_KEY = 32, SEAL_BYTES = 16 };

/* Of all seals from now on. */
void seal_set_key(const unsigned char key[SEAL_KEY]);

/* Begins a seal, takes what it covers, piece by piece, and ends it. One at a time. */
void seal_begin(void);
void seal_add(const void *data, size_t size);
void seal_end(unsigned char seal[SEAL_BYTES]);

/* Ends it; whether it is the one that came. */
int seal_is(const unsigned char seal[SEAL_BYTES]);
#endif
