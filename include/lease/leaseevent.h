/* leaseevent - the beginning or the end of a lease, and its line in the log and the history. */
#ifndef NAT64D_LEASEEVENT_H
#define NAT64D_LEASEEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

/* Why a lease begins or ends.  The first two are beginnings, all others are ends. */
enum lease_cause {
	LEASE_NEW,      /* the host had no lease */
	LEASE_IMPORTED, /* another translator has made it, and it was imported */
	LEASE_IDLE,     /* it was unused for longer than its pool keeps it */
	LEASE_FULL,     /* the pool was full, and another host got the address */
	LEASE_RELEASE,  /* an operator released it */
	LEASE_RELOAD,   /* it does not fit the new configuration */
	LEASE_MAP,      /* the new configuration maps its address */
	LEASE_PIN,      /* it was pinned and is a map now */
	LEASE_REPLACED, /* what was imported says that it has ended, or contradicts it */
	LEASE_CAUSES,
};

struct lease_event {
	int64_t at;    /* unix time, not negative */
	int64_t since; /* unix time of the assignment, 0: unknown; unused for beginnings */
	uint64_t packets, bytes; /* sum of both directions; unused for beginnings */
	struct ip6 host;
	struct prefix6 prefix; /* length 0: none */
	uint32_t addr;         /* host order */
	enum lease_cause cause;
};

static inline bool leaseevent_begins(enum lease_cause cause)
{
	return cause <= LEASE_IMPORTED;
}

const char *leaseevent_what(enum lease_cause cause);  /* "assigned", "ended" */
const char *leaseevent_cause(enum lease_cause cause); /* "idle" */

#define LEASEEVENT_TIME 20  /* "2026-11-26T18:00:00Z", comparable as text */
#define LEASEEVENT_MAX  256 /* bytes of a line with its newline, or of the JSON text */

/* Writes one of
 *
 *   2026-11-26T18:00:00Z assigned new 192.0.2.1 2001:db8::1 64:ff9b::/96 - -
 *   2026-11-26T19:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 10 1200 2026-11-26T18:00:00Z
 *
 * and a newline to OUT, where "-" represents a missing value.  Returns the length.  OUT is not
 * NUL-terminated. */
size_t leaseevent_format(char out[LEASEEVENT_MAX], const struct lease_event *e);

/* Parses such a time to unix time. */
bool leaseevent_time(const char *s, int64_t *out);

/* Returns the median of the times of three lines, of which one may be damaged. */
int64_t leaseevent_median(int64_t a, int64_t b, int64_t c);

/* Parses the line of LEN bytes, without its newline.  False if it is not such a line. */
bool leaseevent_parse(const char *line, size_t len, struct lease_event *e);

/* Writes the JSON members from `cause` on to OUT, preceded by a comma.  Returns OUT. */
char *leaseevent_json(char out[LEASEEVENT_MAX], const struct lease_event *e);

/* The same for the members that say whose lease it is, and for those that say how it is used: since
 * and until when (unix time, 0: unknown), and whether it is confirmed. */
char *leaseevent_who_json(char out[LEASEEVENT_MAX], const struct lease_event *e);
char *leaseevent_use_json(char out[LEASEEVENT_MAX], int64_t since, int64_t last, bool confirmed);

/* Write a lease and its time: e->since is its beginning (0: unknown), and e->at its end (0: it has
 * not ended).  The output is a JSON object in one line, or a row of text below the header
 * LEASEEVENT_HELD.  Return the length, which includes the newline but not the NUL. */
size_t leaseevent_held_json(char out[LEASEEVENT_MAX], const struct lease_event *e);
size_t leaseevent_held_text(char out[LEASEEVENT_MAX], const struct lease_event *e);
#define LEASEEVENT_HELD                                                                            \
	"IPV4            IPV6                                    PREFIX             FROM         " \
	"        UNTIL\n"

/* Parses an object that this or a later version of nat64d wrote.  False if it is not valid. */
bool leaseevent_held_parse(const char *line, struct lease_event *e);

#endif
