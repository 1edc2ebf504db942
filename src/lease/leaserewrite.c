/* leaserewrite - decides when the lease file is written anew, and how that never loses a record.
 *
 * The log only grows; a rewrite replaces it by one line per lease. The temporary is filled in
 * slices between bursts of packets, while new records go to both files; then the keeper gives it
 * the name. A crash at any point leaves one of the two, and either is complete.
 *
 * A line written here bears the time that is on record (saved), not a later one: so what a crash
 * leads to, POOL_RESTAMP more than the record, does not grow with each rewrite. Only the
 * last rewrite of a clean stop has the exact times, and says so in its last line. */
#include "leasestate.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SLICE 32768 /* bytes per step: some 500 leases, half a millisecond */
#define SLACK 1024  /* lines that are not worth a rewrite */
#define REST  10    /* seconds between rewrites */
#define DELAY 64    /* most seconds between tries that fail */

#define HEADER                                                                    \
	"# nat64d: IPv4 address, IPv6 address, last use in unix time[, prefix]\n" \
	"# While nat64d runs, the last use of a host that goes on is up to 10 minutes behind.\n"
_Static_assert(POOL_RESTAMP == 600, "the header of the lease file names it");

static void fail(struct leasefile *f, int err)
{
	leasestate_note(f, TROUBLE_REWRITE, err);
	f->rewrite = REWRITE_NONE;
	f->wanted = true;
	f->rewrite_at = f->now + f->rewrite_delay;
	if (f->rewrite_delay < DELAY)
		f->rewrite_delay *= 2;
}

void leaserewrite_abandon(struct leasefile *f, int err)
{
	close(f->temp.fd);
	f->temp.fd = -1;
	f->temp.err = 0;
	f->drop = true;
	leasestate_consume(f);
	fail(f, err);
}

/* Records that are not yet written need not go to the temporary: the pool has them already. */
static void begin(struct leasefile *f, int fd)
{
	f->temp = (struct lease_sink){.fd = fd, .done = f->len};
	f->cursor = 0;
	f->header_due = true;
	f->wanted = false;
	f->rewrite = REWRITE_FILLING;
}

/* What is in the temporary already would be read by a header that no longer holds. */
void leaserewrite_restart(struct leasefile *f)
{
	if (f->rewrite != REWRITE_FILLING)
		return;
	if (ftruncate(f->temp.fd, 0) < 0)
		leaserewrite_abandon(f, errno);
	else
		begin(f, f->temp.fd);
}

static void finish(struct leasefile *f, int err)
{
	close(f->file.fd); /* the keeper holds it too: the blocks are freed over there */
	f->file = f->temp;
	f->temp.fd = -1;
	f->rewrite = REWRITE_NONE;
	f->rewrite_delay = 1;
	f->rewrite_at = f->now + REST;
	f->dirty = true;
	f->closed = f->closing && !err;
	leasestate_note(f, TROUBLE_REWRITE, 0);
	leasestate_note(f, TROUBLE_MOVED, 0);
	leasestate_note(f, TROUBLE_SYNC, err);
	leasestate_flush(f);
}

void leaserewrite_hear(struct leasefile *f, const struct leasesync_answer *a)
{
	if (a->task == LEASESYNC_DROP) {
		f->drop = a->err == ECHILD;
	} else if (a->task == LEASESYNC_CREATE && a->err) {
		fail(f, a->err);
	} else if (a->task == LEASESYNC_CREATE) {
		begin(f, a->fd);
	} else if (a->task == LEASESYNC_PUBLISH && a->renamed) {
		finish(f, a->err);
	} else if (a->task == LEASESYNC_PUBLISH && a->err == ECHILD) {
		f->rewrite =
			REWRITE_FILLED; /* perhaps renamed, perhaps not: the next keeper looks */
	} else if (a->task == LEASESYNC_PUBLISH) {
		leaserewrite_abandon(f, a->err);
	}
}

static size_t put_leases(struct leasefile *f, char *buf, size_t size, struct pool *pool, bool *end)
{
	size_t n = 0;

	while (size - n >= LEASETEXT_MAX) {
		const struct lease *l = pool_walk(pool, &f->cursor);
		bool recorded;

		*end = !l;
		if (!l)
			break;
		recorded = l->on_record && !f->closing;
		n += leasestate_line(f, buf + n, l, recorded ? l->saved : l->last);
		f->temp.lines++;
	}
	return n;
}

static void fill(struct leasefile *f, struct pool *pool)
{
	char slice[SLICE];
	size_t n = 0;
	bool end = false;
	ssize_t written;

	if (f->header_due) {
		n = strlen(HEADER);
		memcpy(slice, HEADER, n);
		n += leasestate_default(f, slice + n);
		f->header_due = false;
	}
	n += put_leases(f, slice + n, sizeof(slice) - n, pool, &end);
	if (end && f->closing) {
		memcpy(slice + n, LEASE_CLEAN "\n", strlen(LEASE_CLEAN "\n"));
		n += strlen(LEASE_CLEAN "\n");
	}
	written = n > 0 ? write(f->temp.fd, slice, n) : 0;
	if (written < 0)
		leaserewrite_abandon(f, errno);
	else if ((size_t)written < n)
		leaserewrite_abandon(f, ENOSPC);
	else if (end)
		f->rewrite = REWRITE_FILLED;
}

static bool is_due(const struct leasefile *f, const struct pool *pool)
{
	if (f->now < f->rewrite_at)
		return false;
	return f->wanted || f->file.lines > 2 * pool_used(pool) + SLACK;
}

bool leaserewrite_step(struct leasefile *f, struct pool *pool)
{
	if (f->temp.err && (f->rewrite == REWRITE_FILLING || f->rewrite == REWRITE_FILLED))
		leaserewrite_abandon(f, f->temp.err);
	if (f->rewrite == REWRITE_FILLING)
		fill(f, pool);
	if (f->drop && f->rewrite == REWRITE_NONE)
		leasesync_ask(&f->keeper, LEASESYNC_DROP, -1);
	if (f->rewrite == REWRITE_NONE && is_due(f, pool) &&
	    leasesync_ask(&f->keeper, LEASESYNC_CREATE, f->file.fd))
		f->rewrite = REWRITE_OPENING;
	if (f->rewrite == REWRITE_FILLED &&
	    leasesync_ask(&f->keeper, LEASESYNC_PUBLISH, f->temp.fd))
		f->rewrite = REWRITE_PUBLISHING;
	return f->rewrite == REWRITE_FILLING;
}
