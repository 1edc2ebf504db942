/* replay - the functions that a harness provides to replay.c: its seeds and mutations. */
#ifndef NAT64D_TESTS_REPLAY_H
#define NAT64D_TESTS_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#define REPLAY_SEED 6144  /* maximum bytes of a seed */
#define REPLAY_MOST 65560 /* maximum bytes of an input */

extern const unsigned replay_mutations; /* number per seed */

/* Writes seed I to AT (REPLAY_SEED zeros) and its name to NAME.  Returns its length; 0 after the
 * last seed. */
size_t replay_seed(size_t i, uint8_t *at, const char **name);

/* Makes small random changes to the LEN bytes at M; returns the new length. */
size_t replay_mutate(uint8_t *m, size_t len);

/* The same for text: replaces a few bytes by others that occur in words, copies bytes, removes or
 * doubles a line, and sometimes cuts off the end. */
size_t replay_mutate_text(uint8_t *m, size_t len);

/* Returns the next number below BELOW of a fixed sequence. */
uint32_t replay_draw(uint32_t below);

/* Called by libFuzzer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
