#include "seal.h"
#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, DIGEST = 32 };

struct sha256 { uint32_t state[8]; uint64_t size; unsigned char block[BLOCK]; };

/* HMAC hashes twice; what the key does to each is kept. */
static struct sha256 inner_start, outer_start, inner;

static const uint32_t FIRST[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint32_t ROUND[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74,
  0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
  0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
  0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
  0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turned(uint32_t word, int by) { return word >> by | word << (32 - by); }

static void take_block(uint32_t state[8], const unsigned char *block) {
  uint32_t words[64], s[8];
  for (int i = 0; i < 16; i++) words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t early = turned(words[i - 15], 7) ^ turned(words[i - 15], 18) ^ words[i - 15] >> 3;
    uint32_t late = turned(words[i - 2], 17) ^ turned(words[i - 2], 19) ^ words[i - 2] >> 10;
    words[i] = words[i - 16] + early + words[i - 7] + late;
  }
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t chosen = (s[4] & s[5]) ^ (~s[4] & s[6]), most = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    uint32_t one = s[7] + (turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)) + chosen + ROUND[i] + words[i];
    uint32_t two = (turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)) + most;
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += one;
    s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

static void start(struct sha256 *hash) {
  memcpy(hash->state, FIRST, sizeof hash->state);
  hash->size = 0;
}

static void add(struct sha256 *hash, const void *data, size_t size) {
  const unsigned char *at = data;
  while (size > 0) {
    size_t used = hash->size % BLOCK, part = size < BLOCK - used ? size : BLOCK - used;
    if (part == BLOCK) take_block(hash->state, at);
    else {
      memcpy(hash->block + used, at, part);
      if (used + part == BLOCK) take_block(hash->state, hash->block);
    }
    hash->size += part;
    at += part;
    size -= part;
  }
}

static void finish(struct sha256 *hash, unsigned char digest[DIGEST]) {
  static const unsigned char padding[BLOCK] = {0x80};
  unsigned char bits[8];
  for (int i = 0; i < 8; i++) bits[i] = (unsigned char)(hash->size * 8 >> (56 - 8 * i));
  add(hash, padding, 1 + (BLOCK + 55 - hash->size % BLOCK) % BLOCK);
  add(hash, bits, sizeof bits);
  for (int i = 0; i < DIGEST; i++) digest[i] = (unsigned char)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void seal_set_key(const unsigned char key[SEAL_KEY]) {
  unsigned char inner_pad[BLOCK], outer_pad[BLOCK];
  for (int i = 0; i < BLOCK; i++) {
    unsigned char byte = i < SEAL_KEY ? key[i] : 0;
    inner_pad[i] = byte ^ 0x36;
    outer_pad[i] = byte ^ 0x5c;
  }
  start(&inner_start);
  add(&inner_start, inner_pad, BLOCK);
  start(&outer_start);
  add(&outer_start, outer_pad, BLOCK);
}

void seal_begin(void) { inner = inner_start; }

void seal_add(const void *data, size_t size) { add(&inner, data, size); }

void seal_end(unsigned char seal[SEAL_BYTES]) {
  unsigned char digest[DIGEST];
  struct sha256 outer = outer_start;
  finish(&inner, digest);
  add(&outer, digest, DIGEST);
  finish(&outer, digest);
  memcpy(seal, digest, SEAL_BYTES);
}

int seal_is(const unsigned char seal[SEAL_BYTES]) {
  unsigned char right[SEAL_BYTES], difference = 0;
  seal_end(right);
  for (int i = 0; i < SEAL_BYTES; i++) difference |= right[i] ^ seal[i];
  return difference == 0;
}
