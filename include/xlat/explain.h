/* explain - computes what would happen to a packet and why, without any effect.
 *
 * It runs the translator on the smallest packet of its kind, up to the point where the translator
 * would take a lease or write. */
#ifndef NAT64D_EXPLAIN_H
#define NAT64D_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/sample.h"
#include "xlat/xlat.h"

enum xlat_by { /* what decides about one end of a packet */
	BY_NOTHING,
	BY_OWN,     /* the translator's own address */
	BY_ROUTERS, /* an address for routers: icmp-source-pool or icmp-node-id */
	BY_MAP,
	BY_LEASE,
	BY_POOL, /* an address of the pool without a lease, or a host that gets a lease */
	BY_PREFIX,
	BY_ALLOW,        /* whether the host may use the translator */
	BY_DENY,         /* whether the destination is denied */
	BY_TRANSLATABLE, /* whether a host may talk through a prefix if both ends are reached
			    through one */
	BY_STRICT,       /* wkpf-strict */
	BY_ROUTE,        /* a route in the kernel */
	BY_DRAIN,        /* drain: no host gets a new lease */
};

enum xlat_about {
	ABOUT_SOURCE,
	ABOUT_DESTINATION,
	ABOUT_BOTH,
};

struct xlat_item {
	enum xlat_by by;
	enum xlat_about about;
	/* BY_MAP, BY_PREFIX, BY_ALLOW, BY_DENY, BY_TRANSLATABLE: the index, from 0; 0 if none
	 * contains the address */
	size_t number;
	uint32_t addr4; /* BY_LEASE, BY_POOL, BY_ROUTERS: the IPv4 address */
	bool full;      /* BY_POOL: no address is free for this host, and ADDR4 is not valid */
};

#define XLAT_ITEMS 8

struct xlat_explanation {
	enum reason why;
	/* The translated addresses, if WHY is REASON_OK.  For a packet from IPv4 that fails only
	 * because its source has no lease (REASON_NO_MAP_SRC), DST6 is valid if HAS_DST6. */
	uint32_t src4, dst4;
	struct ip6 src6, dst6;
	bool has_dst6;
	bool would_lease; /* the source gets a lease: SRC4, unless another host gets it first */
	struct icmp_answer icmp; /* the ICMP error for the source; type ICMP_NO_ANSWER: none */
	unsigned items;
	struct xlat_item item[XLAT_ITEMS]; /* everything that decides, in the order of xlat_about */
};

/* Explains what would happen to the packet Q at NOW (milliseconds, as for xlat_packet()).  Does not
 * change X. */
void xlat_explain(struct xlat *x, const struct sample *q, int64_t now,
		  struct xlat_explanation *out);

#endif
