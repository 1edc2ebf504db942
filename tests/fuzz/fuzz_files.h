/* fuzz_files - files in a directory of their own, for targets whose code reads files. */
#ifndef NAT64D_TESTS_FUZZ_FILES_H
#define NAT64D_TESTS_FUZZ_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/wire.h"

/* Returns the directory, which is in memory where possible.  It is removed at exit. */
const char *fuzz_dir(void);

/* Replaces the file NAME in the directory by the LEN bytes at BYTES.  Returns its path, valid until
 * the next call. */
const char *fuzz_put(const char *name, const void *bytes, size_t len);

/* Removes all files from the directory. */
void fuzz_empty(void);

/* Splits an input at its lines "%%" into at most MOST parts; missing ones are empty. */
void fuzz_split(const uint8_t *data, size_t size, struct span *part, unsigned most);

#endif
