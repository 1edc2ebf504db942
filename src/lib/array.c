/* array - arrays that grow by one element at a time. */
#include "lib/array.h"

#include <stdlib.h>

void *array_grow(void *p, size_t n, size_t size)
{
	if (n & (n - 1)) /* full only at powers of two, and at 0 */
		return p;
	return realloc(p, (n ? 2 * n : 1) * size);
}
