/* array - arrays that grow by one element at a time. */
#ifndef NAT64D_ARRAY_H
#define NAT64D_ARRAY_H

#include <stddef.h>

/* Returns P, an array of N elements of SIZE bytes (NULL if N is 0), with space for one more
 * element. Only this function may have grown P.  The caller frees the result with free().  Returns
 * NULL without memory; P is then unchanged. */
void *array_grow(void *p, size_t n, size_t size);

#endif
