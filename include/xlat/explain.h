/* explain - what would become of a packet, and what decides: nothing is taken, counted or written.
 *
 * The translator itself is asked, with the least packet of its kind; it only stops before it takes
 * or writes anything. */
#ifndef NAT64D_EXPLAIN_H
#define NAT64D_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/sample.h"
#include "xlat/xlat.h"

enum xlat_by { /* what decides about an end of a packet */
	BY_NOTHING,
	BY_OWN,     /* it is the translator's own address */
	BY_ROUTERS, /* the address stands for routers: icmp-source-pool or icmp-node-id */
	BY_MAP,
	BY_LEASE,
	BY_POOL, /* the address lies in the pool, and no host holds it; or a host is to get one */
	BY_PREFIX,
	BY_ALLOW,        /* who may use the translator */
	BY_DENY,         /* whom nobody reaches through it */
	BY_TRANSLATABLE, /* who may speak through a prefix, where both ends do */
	BY_STRICT,       /* wkpf-strict */
	BY_ROUTE,        /* a route of the kernel */
	BY_DRAIN,        /* no host gets a new lease */
};

enum xlat_about {
	ABOUT_SOURCE,
	ABOUT_DESTINATION,
	ABOUT_BOTH,
};

struct xlat_item {
	enum xlat_by by;
	enum xlat_about about;
	/* BY_MAP, BY_PREFIX, BY_ALLOW, BY_DENY, BY_TRANSLATABLE: which one, from 0; the first one,
	 * where none of them holds the address */
	size_t number;
	uint32_t addr4; /* BY_LEASE, BY_POOL, BY_ROUTERS: the address there */
	bool full; /* BY_POOL: no address of the pools for this host is free, and ADDR4 says nothing
		    */
};

#define XLAT_ITEMS 8

struct xlat_explanation {
	enum reason why;
	/* What the packet becomes, if WHY is REASON_OK.  Of one from IPv4 that only lacks the lease
	 * of its source (REASON_NO_MAP_SRC), DST6 is right if HAS_DST6. */
	uint32_t src4, dst4;
	struct ip6 src6, dst6;
	bool has_dst6;
	bool would_lease;        /* its source gets a lease: SRC4, if nobody is faster */
	struct icmp_answer icmp; /* what its source is sent; type ICMP_NO_ANSWER: nothing */
	unsigned items;
	struct xlat_item item[XLAT_ITEMS]; /* all that decides, in the order of xlat_about */
};

/* Explains the packet Q, if it came at NOW (milliseconds, as for xlat_packet()).  X stays as it is.
 */
void xlat_explain(struct xlat *x, const struct sample *q, int64_t now,
		  struct xlat_explanation *out);

#endif
