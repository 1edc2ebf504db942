/* waits - stores all waiting times, to sort them at the end. */
#include "waits.h"

#include <stdlib.h>

void waits_add(struct waits *ws, int64_t wait)
{
	if (ws->n == ws->room) {
		ws->room = ws->room ? 2 * ws->room : 1024;
		ws->wait = realloc(ws->wait, ws->room * sizeof(*ws->wait));
		if (!ws->wait)
			abort();
	}
	ws->wait[ws->n++] = wait;
}

static int by_length(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int64_t waits_of(struct waits *ws, unsigned percent)
{
	if (ws->n == 0)
		return 0;
	qsort(ws->wait, ws->n, sizeof(*ws->wait), by_length);
	return ws->wait[(ws->n - 1) * percent / 100];
}
