/* leaseinput - tells lines of the lease file from events, and reads both to the same record. */
#include "lease/leaseinput.h"

#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "lease/leaseevent.h"
#include "lib/json_line.h"

/* --- lines of the lease file ---------------------------------------------------------------- */

/* Returns the prefix of T, which is that of an earlier comment if its line has none. */
static struct prefix6 prefix_of(const struct leaseinput *in, const struct leasetext *t)
{
	const struct leasetext *from = t->has_prefix ? t : &in->whose;

	return from->has_prefix ? from->prefix : (struct prefix6){.len = 0};
}

/* HALF: the line before names a prefix, with a checksum, and T should repeat it. */
static enum leaseinput_kind take_whose(struct leaseinput *in, const struct leasetext *t, bool half,
				       char why[LEASETEXT_WHY])
{
	if (half && !leasetext_same_prefix(t, &in->whose)) {
		snprintf(why, LEASETEXT_WHY, "does not repeat the prefix of the line before");
		return LEASEINPUT_BAD;
	}
	in->whose = *t;
	return LEASEINPUT_NOTHING;
}

/* It may be half a lease, of which nothing else is known. */
static enum leaseinput_kind refuse_closed(struct leaseinput *in, bool comment,
					  char why[LEASETEXT_WHY])
{
	if (comment)
		return LEASEINPUT_NOTHING;
	in->next = (struct leasetext){.since = 0};
	snprintf(why, LEASETEXT_WHY, "is cut short");
	return LEASEINPUT_BAD;
}

static enum leaseinput_kind read_lease(struct leaseinput *in, char *line, size_t len,
				       struct leaseinput_record *out, char why[LEASETEXT_WHY])
{
	struct leasetext t = {.addr = 0};
	enum leasetext_kind kind = leasetext_parse(line, len, false, &t, why);
	bool half = in->half && kind == LEASETEXT_DEFAULT;

	in->half = kind == LEASETEXT_CHECKED;
	switch (kind) {
	case LEASETEXT_SINCE:
		in->next.since = t.since;
		return LEASEINPUT_NOTHING;
	case LEASETEXT_UNCONFIRMED:
		in->next.unconfirmed = true;
		return LEASEINPUT_NOTHING;
	case LEASETEXT_CHECKED:
	case LEASETEXT_DEFAULT:
		return take_whose(in, &t, half, why);
	case LEASETEXT_CLOSED:
		return refuse_closed(in, line[0] == '#', why);
	case LEASETEXT_BLANK:
	case LEASETEXT_CHECKSUM: /* what is wrong contradicts what is here, or is harmless */
	case LEASETEXT_END:      /* does not say when */
		return LEASEINPUT_NOTHING;
	case LEASETEXT_BAD:
		in->next = (struct leasetext){.since = 0};
		return LEASEINPUT_BAD;
	case LEASETEXT_LEASE:
		break;
	}
	*out = (struct leaseinput_record){
		.addr = t.addr,
		.host = t.host,
		.prefix = prefix_of(in, &t),
		.last = t.when,
		.since = in->next.since,
		.confirmed = !in->next.unconfirmed,
	};
	in->next = (struct leasetext){.since = 0};
	return LEASEINPUT_RECORD;
}

/* --- events --------------------------------------------------------------------------------- */

struct event {
	struct leaseinput_record *out;
	int64_t at;
	bool other; /* it is not about a lease */
	bool event, has4, has6;
};

/* Parses "2026-11-26T18:00:00Z"; a fraction of the second is left out. */
static bool read_time(const char *text, int64_t *out)
{
	char whole[LEASEEVENT_TIME + 1];
	size_t n = LEASEEVENT_TIME - 1, digits;

	if (strlen(text) < LEASEEVENT_TIME)
		return false;
	digits = text[n] == '.' ? 1 + strspn(text + n + 1, "0123456789") : 0;
	if (strcmp(text + n + digits, "Z") != 0)
		return false;
	memcpy(whole, text, n);
	strcpy(whole + n, "Z");
	return leaseevent_time(whole, out);
}

static bool take_event(struct event *e, const char *name)
{
	e->event = true;
	e->out->ended = strcmp(name, "ended") == 0;
	e->other = !e->out->ended && strcmp(name, "assigned") != 0 &&
		   strcmp(name, "confirmed") != 0 && strcmp(name, "renewed") != 0;
	return !e->other;
}

static bool take_addr(struct event *e, const char *text)
{
	struct prefix p;

	e->has4 = conf_scan_either(text, &p) && p.family == 4 && p.len == 32;
	e->out->addr = e->has4 ? p.addr4 : 0;
	return e->has4;
}

static bool take_host(struct event *e, const char *text)
{
	struct prefix p;

	e->has6 = conf_scan_either(text, &p) && p.family == 6 && p.len == 128;
	e->out->host = e->has6 ? p.addr6 : (struct ip6){{0}};
	return e->has6;
}

static bool take_prefix(struct event *e, const char *value, bool text)
{
	struct prefix p;

	if (!text)
		return strcmp(value, "null") == 0;
	if (!conf_scan_either(value, &p) || p.family != 6)
		return false;
	e->out->prefix = (struct prefix6){p.addr6, p.len};
	return true;
}

/* A later version of nat64d may have more members. */
static bool take_member(void *arg, const char *key, char *value, bool text)
{
	struct event *e = arg;

	if (strcmp(key, "event") == 0)
		return take_event(e, value);
	if (strcmp(key, "time") == 0)
		return read_time(value, &e->at);
	if (strcmp(key, "ipv4") == 0)
		return take_addr(e, value);
	if (strcmp(key, "ipv6") == 0)
		return take_host(e, value);
	if (strcmp(key, "prefix") == 0)
		return take_prefix(e, value, text);
	if (strcmp(key, "last_seen") == 0)
		return read_time(value, &e->out->last);
	if (strcmp(key, "since") == 0)
		return !text || read_time(value, &e->out->since);
	if (strcmp(key, "confirmed") == 0)
		e->out->confirmed = strcmp(value, "true") == 0;
	return true;
}

static enum leaseinput_kind bad_event(char why[LEASETEXT_WHY])
{
	snprintf(why, LEASETEXT_WHY, "is not an event of nat64ctl watch");
	return LEASEINPUT_BAD;
}

static enum leaseinput_kind read_event(char *line, size_t len, struct leaseinput_record *out,
				       char why[LEASETEXT_WHY])
{
	struct event e = {.out = out};
	bool ok;

	*out = (struct leaseinput_record){.addr = 0};
	if (memchr(line, '\0', len) || line[len - 1] != '}')
		return bad_event(why);
	line[len] = '\0';
	ok = json_line_read(line, take_member, &e);
	if (e.other || (ok && !e.event)) /* without the name of an event, it is about lost lines */
		return LEASEINPUT_NOTHING;
	if (!ok || !e.has4 || !e.has6 || e.at <= 0)
		return bad_event(why);
	if (out->last == 0 || out->ended)
		out->last = e.at;
	return LEASEINPUT_RECORD;
}

enum leaseinput_kind leaseinput_read(struct leaseinput *in, char *line, size_t len,
				     struct leaseinput_record *out, char why[LEASETEXT_WHY])
{
	if (len > 0 && line[0] == '{')
		return read_event(line, len, out, why);
	return read_lease(in, line, len, out, why);
}
