/* leaseevent - the beginning or the end of a lease, and the line that the log and the history have
 * for it. */
#ifndef NAT64D_LEASEEVENT_H
#define NAT64D_LEASEEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

/* Why a lease begins or ends.  The first one begins it, all others end it. */
enum lease_cause {
	LEASE_NEW,     /* its host has none, or has it again */
	LEASE_IDLE,    /* nobody has used it for longer than its pool keeps it */
	LEASE_FULL,    /* the pool is full, and another host gets the address */
	LEASE_RELEASE, /* somebody has asked for that */
	LEASE_RELOAD,  /* it does not fit the new configuration */
	LEASE_MAP,     /* the new configuration maps its address */
	LEASE_PIN,     /* it has become a map */
	LEASE_CAUSES,
};

struct lease_event {
	int64_t at;              /* unix time, not negative */
	int64_t since;           /* unix time of the assignment, 0: unknown; not for LEASE_NEW */
	uint64_t packets, bytes; /* of both directions; not for LEASE_NEW */
	struct ip6 host;
	struct prefix6 prefix; /* of the length 0: there is none */
	uint32_t addr;         /* host order */
	enum lease_cause cause;
};

const char *leaseevent_what(enum lease_cause cause);  /* "assigned", "ended" */
const char *leaseevent_cause(enum lease_cause cause); /* "idle" */

#define LEASEEVENT_TIME 20  /* characters of "2026-11-26T18:00:00Z": two of them compare as text */
#define LEASEEVENT_MAX  256 /* bytes of a line, with its newline, or of the text for JSON */

/* Writes one of
 * "2026-11-26T18:00:00Z assigned new 192.0.2.1 2001:db8::1 64:ff9b::/96 - -"
 * "2026-11-26T19:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 10 1200 2026-11-26T18:00:00Z"
 * and a newline to OUT, where "-" stands for what there is not.  Returns the length; there is no
 * NUL. */
size_t leaseevent_format(char out[LEASEEVENT_MAX], const struct lease_event *e);

/* Reads the line of LEN bytes, without its newline.  False: it is none of these. */
bool leaseevent_parse(const char *line, size_t len, struct lease_event *e);

/* Writes the keys from `cause' on to OUT, with a comma in front.  Returns OUT. */
char *leaseevent_json(char out[LEASEEVENT_MAX], const struct lease_event *e);

/* A lease and its time: e->since is its beginning, 0 if that is not known, and e->at its end, 0 if
 * it still holds.  As an object of JSON in one line, or as a row for people under its header; each
 * returns the length with the newline and without the NUL. */
size_t leaseevent_held_json(char out[LEASEEVENT_MAX], const struct lease_event *e);
size_t leaseevent_held_text(char out[LEASEEVENT_MAX], const struct lease_event *e);
#define LEASEEVENT_HELD                                                                            \
	"IPV4            IPV6                                    PREFIX             FROM         " \
	"        UNTIL\n"

/* Reads the object that an nat64d of this or of a later version has written.  False: it is none. */
bool leaseevent_held_parse(const char *line, struct lease_event *e);

#endif
