/* events - a binary heap; events at the same time have the same order in every run. */
#include "events.h"

#include <stdlib.h>

static void swap(struct event *a, struct event *b)
{
	struct event t = *a;

	*a = *b;
	*b = t;
}

static void make_room(struct events *q)
{
	if (q->n < q->room)
		return;
	q->room = q->room ? 2 * q->room : 1024;
	q->heap = realloc(q->heap, q->room * sizeof(*q->heap));
	if (!q->heap)
		abort();
}

void events_add(struct events *q, const struct event *e)
{
	size_t i;

	make_room(q);
	i = q->n++;
	q->heap[i] = *e;
	for (; i > 0 && q->heap[i].at < q->heap[(i - 1) / 2].at; i = (i - 1) / 2)
		swap(&q->heap[i], &q->heap[(i - 1) / 2]);
}

int64_t events_next(const struct events *q)
{
	return q->n ? q->heap[0].at : INT64_MAX;
}

static size_t earlier_child(const struct events *q, size_t i)
{
	size_t left = 2 * i + 1, right = left + 1;

	return right < q->n && q->heap[right].at < q->heap[left].at ? right : left;
}

struct event events_take(struct events *q)
{
	struct event first = q->heap[0];

	q->heap[0] = q->heap[--q->n];
	for (size_t i = 0; 2 * i + 1 < q->n;) {
		size_t child = earlier_child(q, i);

		if (q->heap[i].at <= q->heap[child].at)
			break;
		swap(&q->heap[i], &q->heap[child]);
		i = child;
	}
	return first;
}
