/* leaselog - keeps events until the keeper has written them.
 *
 * The memory shared with the keeper has room for the events that arrive while a disk is slow.  If a
 * reload ends very many leases at once, the events that do not fit wait in a queue in private
 * memory.  Both only use as much memory as they need. */
#include "lease/leaselog.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "leaselogstate.h"

#define SLACK 65536   /* events of the packet path that may wait after those of a reload */
#define MOST  4194304 /* maximum events: a reload may end a million leases and begin others */

struct leaselog *leaselog_new(const char *dir_name)
{
	const char *slash = *dir_name && dir_name[strlen(dir_name) - 1] == '/' ? "" : "/";
	struct leaselog *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->shared = mmap(NULL, sizeof(*l->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->shared != MAP_FAILED && l->wake >= 0 &&
	    asprintf(&l->path, "%s%s" LEASELOG_NAME, dir_name, slash) >= 0)
		return l;
	l->path = NULL;
	leaselog_free(l);
	return NULL;
}

void leaselog_free(struct leaselog *l)
{
	if (!l)
		return;
	if (l->shared != MAP_FAILED)
		munmap(l->shared, sizeof(*l->shared));
	if (l->wake >= 0)
		close(l->wake);
	free(l->queue);
	free(l->path);
	free(l);
}

static void wake(struct leaselog *l)
{
	const uint64_t one = 1;

	if (write(l->wake, &one, sizeof(one)) < 0)
		errno = 0; /* the counter is full, so the keeper has been woken anyway */
}

void leaselog_use(struct leaselog *l, unsigned days, uint64_t bytes)
{
	if (l->shared->bytes == bytes && l->shared->days == days)
		return;
	SHARED_SET(&l->shared->bytes, bytes);
	SHARED_SET(&l->shared->days, days);
	wake(l);
}

bool leaselog_wanted(const struct leaselog *l)
{
	return l->shared->days > 0;
}

/* False if there is no room. */
static bool put_shared(struct leaselog *l, const struct lease_event *e)
{
	struct leaselog_shared *s = l->shared;

	if (l->filled - SHARED_GET(&s->written) == LEASELOG_ROOM)
		return false;
	s->event[l->filled++ % LEASELOG_ROOM] = *e;
	return true;
}

static bool put_queue(struct leaselog *l, const struct lease_event *e)
{
	if (l->queued == l->room)
		return false;
	l->queue[l->queued++] = *e;
	return true;
}

/* Keeps the order of events. */
static bool put(struct leaselog *l, const struct lease_event *e)
{
	return (l->moved == l->queued && put_shared(l, e)) || put_queue(l, e);
}

void leaselog_put(struct leaselog *l, const struct lease_event *e)
{
	if (!put(l, e))
		l->lost++;
}

/* Makes room for twice as many events.  Not if writing currently fails, since then it is unknown
 * when the queue will shrink. */
static bool grow(struct leaselog *l)
{
	bool bad = SHARED_GET(&l->shared->err) != 0;
	size_t room = 2 * l->room + SLACK;
	struct lease_event *bigger;

	if (bad || room > MOST)
		return false;
	bigger = realloc(l->queue, room * sizeof(*bigger));
	if (!bigger)
		return false;
	l->queue = bigger;
	l->room = room;
	return true;
}

void leaselog_put_many(struct leaselog *l, const struct lease_event *e)
{
	if (l->moved < l->queued && l->room - l->queued < SLACK / 2)
		grow(l);
	if (!put(l, e) && !(grow(l) && put(l, e)))
		l->lost++;
}

static void move_queue(struct leaselog *l)
{
	while (l->moved < l->queued && put_shared(l, &l->queue[l->moved]))
		l->moved++;
	if (l->moved < l->queued || l->room == 0)
		return;
	free(l->queue);
	l->queue = NULL;
	l->queued = l->moved = l->room = 0;
}

void leaselog_hand_over(struct leaselog *l)
{
	move_queue(l);
	if (l->filled == l->shared->put)
		return;
	SHARED_SET(&l->shared->put, l->filled);
	l->unaware = true;
}

void leaselog_commit(struct leaselog *l)
{
	leaselog_hand_over(l);
	if (l->unaware)
		wake(l);
	l->unaware = false;
}

bool leaselog_waits(const struct leaselog *l)
{
	return l->moved < l->queued;
}

static size_t waiting(const struct leaselog *l)
{
	const struct leaselog_shared *s = l->shared;

	return (size_t)(l->filled - SHARED_GET(&s->written)) + l->queued - l->moved;
}

const char *leaselog_news(struct leaselog *l, bool *bad)
{
	int err = SHARED_GET(&l->shared->err);

	*bad = true;
	if (l->lost > 0 && waiting(l) < LEASELOG_ROOM / 2) {
		snprintf(l->news, sizeof(l->news), "%s: %lu events were lost", l->path, l->lost);
		l->lost = 0;
		return l->news;
	}
	if (err == l->said)
		return NULL;
	l->said = err;
	*bad = err != 0;
	if (err)
		snprintf(l->news, sizeof(l->news),
			 "%s: cannot be written: %s (up to %d events wait in memory, further ones "
			 "are lost)",
			 l->path, strerror(err), LEASELOG_ROOM);
	else
		snprintf(l->news, sizeof(l->news), "%s: is written again", l->path);
	return l->news;
}

void leaselog_give_up(struct leaselog *l)
{
	l->lost += waiting(l);
	l->moved = l->queued;
	SHARED_SET(&l->shared->written, l->filled);
}
