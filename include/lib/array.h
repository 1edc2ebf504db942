/* array - arrays that grow by one element at a time. */
#ifndef NAT64D_ARRAY_H
#define NAT64D_ARRAY_H

#include <stddef.h>

/* P, an array of N elements of SIZE bytes (NULL: none yet) that has only ever grown by this
 * function, with room for one more; to be freed with free().  NULL, and P as it was, without
 * memory. */
void *array_grow(void *p, size_t n, size_t size);

#endif
