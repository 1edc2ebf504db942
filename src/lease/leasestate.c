/* leasestate - decides when a record counts as written, and what becomes of it when the disk
 * refuses.
 *
 * One buffer feeds the file and, during a rewrite, its successor; each remembers how far it got.
 * A short write leaves half a line at the end of the file. We are the only writer, so the next
 * try goes on exactly behind it and makes the line whole; a newline first would turn it into a
 * bad line, which the next start would have to report as damage. */
#include "leasestate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WRITE_DELAY_MAX 32 /* seconds between tries on a disk that refuses */

void leasestate_note(struct leasefile *f, enum lease_trouble kind, int err)
{
	f->trouble[kind] = err;
}

int leasefile_trouble(const struct leasefile *f)
{
	for (size_t i = 0; i < TROUBLES; i++)
		if (f->trouble[i])
			return f->trouble[i];
	return 0;
}

static const struct {
	const char *bad; /* followed by the errno, then by REMEDY */
	const char *remedy;
	const char *good;
} words[TROUBLES] = {
	[TROUBLE_WRITE] = {"cannot be written", "leases stay in memory and are written later",
			   "is written again, every lease is on record"},
	[TROUBLE_SYNC] = {"cannot be synced to its disk", "it is rewritten", "is synced again"},
	[TROUBLE_MOVED] = {"was removed or replaced by somebody else", "it is rewritten",
			   "was rewritten and has its name again"},
	[TROUBLE_REWRITE] = {"cannot be rewritten", "the old file goes on, tried again later",
			     "was rewritten"},
	[TROUBLE_KEEPER] = {"the process that syncs it is gone", "another one is started",
			    "the process that syncs it works again"},
};

const char *leasefile_news(struct leasefile *f, bool *bad)
{
	for (size_t i = 0; i < TROUBLES; i++) {
		int err = f->trouble[i];

		if (err == f->said[i])
			continue;
		f->said[i] = err;
		*bad = err != 0;
		if (err == ECHILD)
			snprintf(f->news, sizeof(f->news), "%s: %s (%s)", f->path, words[i].bad,
				 words[i].remedy);
		else if (err == ENOENT && i == TROUBLE_REWRITE)
			snprintf(f->news, sizeof(f->news),
				 "%s: %s: its directory has been removed (make it again; after "
				 "--chroot restart nat64d, too)",
				 f->path, words[i].bad);
		else if (err)
			snprintf(f->news, sizeof(f->news), "%s: %s: %s (%s)", f->path, words[i].bad,
				 strerror(err), words[i].remedy);
		else
			snprintf(f->news, sizeof(f->news), "%s: %s", f->path, words[i].good);
		return f->news;
	}
	return NULL;
}

static void sink_write(struct leasefile *f, struct lease_sink *s)
{
	while (s->done < f->len) {
		ssize_t n = write(s->fd, f->buffer + s->done, f->len - s->done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			s->err = n < 0 ? errno : EIO;
			return;
		}
		s->done += (size_t)n;
	}
	s->err = 0;
}

void leasestate_consume(struct leasefile *f)
{
	size_t done = f->file.done;

	if (f->temp.fd >= 0 && f->temp.done < done)
		done = f->temp.done;
	if (done == 0)
		return;
	memmove(f->buffer, f->buffer + done, f->len - done);
	f->len -= done;
	f->file.done -= done;
	f->temp.done -= f->temp.fd >= 0 ? done : f->temp.done;
}

bool leasestate_flush(struct leasefile *f)
{
	int err;

	f->dirty = f->dirty || f->file.done < f->len;
	sink_write(f, &f->file);
	err = f->file.err;
	if (f->temp.fd >= 0) {
		sink_write(f, &f->temp);
		/* After a crash the name may be the new file's: it counts as well. */
		if (f->rewrite == REWRITE_PUBLISHING && !err)
			err = f->temp.err;
	}
	leasestate_consume(f);
	leasestate_note(f, TROUBLE_WRITE, err);
	if (!err) {
		f->write_delay = 1;
		return true;
	}
	f->write_at = f->now + f->write_delay;
	if (f->write_delay < WRITE_DELAY_MAX)
		f->write_delay *= 2;
	errno = err;
	return false;
}

bool leasestate_try_flush(struct leasefile *f)
{
	if (f->len == 0 || (f->trouble[TROUBLE_WRITE] && f->now < f->write_at))
		return true;
	return leasestate_flush(f);
}

static void put_line(struct leasefile *f, const char *line, size_t len)
{
	memcpy(f->buffer + f->len, line, len);
	f->len += len;
	f->file.lines++;
	f->temp.lines++;
}

void leasestate_add(struct leasefile *f, const char *line, size_t len)
{
	char whose[LEASETEXT_MAX];
	size_t n = f->default_due ? leasestate_default(f, whose) : 0;

	if (sizeof(f->buffer) - f->len < n + len)
		leasestate_try_flush(f);
	if (sizeof(f->buffer) - f->len < n + len) {
		f->wanted = true;
		return;
	}
	if (n > 0)
		put_line(f, whose, n);
	f->default_due = false;
	put_line(f, line, len);
}

size_t leasestate_default(const struct leasefile *f, char out[LEASETEXT_MAX])
{
	if (f->prefix_count > 1)
		return 0;
	return leasetext_format_default(out, f->prefix_count ? f->prefixes[0].text : NULL);
}

size_t leasestate_line(const struct leasefile *f, char out[LEASETEXT_MAX], const struct lease *l,
		       int32_t last)
{
	const char *prefix = NULL;

	if (l->prefix >= f->prefix_count && l->prefix > 0)
		return 0;
	if (f->prefix_count > 1)
		prefix = f->prefixes[l->prefix].text;
	return leasetext_format(out, l->addr, &l->host, f->base + (last < f->now ? last : f->now),
				prefix);
}

static bool same_prefixes(const struct leasefile *f, const struct map_table *maps)
{
	if (f->prefix_count != map_prefix_count(maps))
		return false;
	for (size_t i = 0; i < f->prefix_count; i++) {
		const struct prefix6 *p = map_prefix_at(maps, i);

		if (p->len != f->prefixes[i].prefix.len ||
		    !ip6_equal(&p->addr, &f->prefixes[i].prefix.addr))
			return false;
	}
	return true;
}

int leasestate_set_prefixes(struct leasefile *f, const struct map_table *maps)
{
	size_t n = map_prefix_count(maps);
	struct lease_prefix *prefixes;

	if (same_prefixes(f, maps))
		return 0;
	prefixes = calloc(n ? n : 1, sizeof(*prefixes));
	if (!prefixes)
		return -1;
	for (size_t i = 0; i < n; i++) {
		prefixes[i].prefix = *map_prefix_at(maps, i);
		leasetext_format_prefix(prefixes[i].text, &prefixes[i].prefix);
	}
	free(f->prefixes);
	f->prefixes = prefixes;
	f->prefix_count = n;
	f->default_due = true;
	return 1;
}
