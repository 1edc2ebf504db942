/* replay - what a harness has to give to replay.c: seeds, and how they are changed. */
#ifndef NAT64D_TESTS_REPLAY_H
#define NAT64D_TESTS_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#define REPLAY_SEED 6144  /* bytes of a seed, at most */
#define REPLAY_MOST 65560 /* of an input */

extern const unsigned replay_mutations; /* of each seed */

/* Writes seed number I to AT (REPLAY_SEED zeros) and its name to NAME; returns its length, 0: there
 * are no more. */
size_t replay_seed(size_t i, uint8_t *at, const char **name);

/* Changes the LEN bytes at M a little, at random; returns how many are left. */
size_t replay_mutate(uint8_t *m, size_t len);

/* The next number below BELOW of a fixed sequence. */
uint32_t replay_draw(uint32_t below);

/* The entry that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
