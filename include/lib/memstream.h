/* memstream - the end of a stream that open_memstream(3) has opened. */
#ifndef NAT64D_MEMSTREAM_H
#define NAT64D_MEMSTREAM_H

#include <stdbool.h>
#include <stdio.h>

/* Closes FILE, which stores its content in *TEXT.  Returns true if *TEXT is the whole of it, false
 * if there was no memory for a part.  The caller frees *TEXT in both cases. */
bool memstream_close(FILE *file, char *const *text);

#endif
