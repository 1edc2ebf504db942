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
	LEASE_IDLE,    /* nobody has used it for POOL_KEEP */
	LEASE_FULL,    /* the pool is full, and another host gets the address */
	LEASE_RELEASE, /* somebody has asked for that */
	LEASE_RELOAD,  /* it does not fit the new configuration */
	LEASE_MAP,     /* the new configuration maps its address */
	LEASE_PIN,     /* it has become a map */
	LEASE_CAUSES,
};

struct lease_event {
	enum lease_cause cause;
	uint32_t addr; /* host order */
	struct ip6 host;
	struct prefix6 prefix;   /* of the length 0: there is none */
	uint64_t packets, bytes; /* of both directions; not for LEASE_NEW */
};

#define LEASEEVENT_TEXT 224

/* Writes "assigned new 192.0.2.1 2001:db8::1 64:ff9b::/96 - -" or
 * "ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 10 1200" to OUT; "-" stands for what there is not.
 * Returns its length. */
size_t leaseevent_format(char out[LEASEEVENT_TEXT], const struct lease_event *e);

#endif
