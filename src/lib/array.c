/* array - arrays that grow by one element at a time. */
#include "lib/array.h"

#include <stdlib.h>

void *array_grow(void *p, size_t n, size_t size)
{
	if (n & (n - 1)) /* the array is full only if N is 0 or a power of two */
		return p;
	return realloc(p, (n ? 2 * n : 1) * size);
}
