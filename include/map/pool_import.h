/* pool_import - decides what becomes of a lease that another translator has reported.
 *
 * Each range of addresses belongs to one translator, which makes and ends its leases; others stand
 * by for it.  So a report about an own range adds only what its owner may have lost or could not
 * see, unless its owner has made it.  A report about a range that stands by replaces what is
 * older. */
#ifndef NAT64D_POOL_IMPORT_H
#define NAT64D_POOL_IMPORT_H

#include "map/pool.h"

/* What another translator says about a lease.  Times are those of pool.h. */
struct pool_report {
	struct ip6 host;
	uint32_t addr;
	unsigned prefix;
	int32_t last;  /* when the host was last active, or when the lease ended */
	int32_t since; /* of the assignment, or POOL_UNKNOWN */
	bool confirmed;
	bool ended;
	bool known;    /* must neither make nor end a lease */
	bool recovers; /* we have said it ourselves, and may have lost it */
	bool replaces; /* its owner says so: in its range, another host loses the address, and the
			  host loses another address */
};

enum pool_verdict {
	POOL_TAKE,   /* the lease is made; leases that it contradicts end */
	POOL_SAME,   /* nothing is new */
	POOL_RENEW,  /* the lease is here, and the report has something newer */
	POOL_OLDER,  /* what is here is newer, or the lease must not be made here */
	POOL_ENDED,  /* the lease ends */
	POOL_REFUSE, /* see REFUSAL */
	POOL_VERDICTS,
};

enum pool_refusal {
	POOL_UNFIT,         /* pool_fits() says why */
	POOL_OWNER_ENDS,    /* only this translator ends leases of its own ranges */
	POOL_ADDRESS_TAKEN, /* another host has the address, by a lease of an own range */
	POOL_HOST_HAS,      /* the host has another address, by a lease of an own range */
};

struct pool_judgement {
	enum pool_verdict verdict;
	enum pool_refusal refusal; /* for POOL_REFUSE */
	struct lease *lease;       /* that is meant; or, for POOL_REFUSE, that is contradicted */
	struct lease *loser[2];    /* leases that end for POOL_TAKE; or NULL */
};

/* Judges REPORT at the time NOW, which is not before REPORT->last.  Changes nothing. */
struct pool_judgement pool_judge(const struct pool *p, const struct pool_report *report,
				 int32_t now);

/* Does what the verdict POOL_TAKE says, after the caller has ended the losers.  Returns the new
 * lease; its record must be stored. */
struct lease *pool_take(struct pool *p, const struct pool_report *report);

/* Does what the verdict POOL_RENEW says.  Then pool_outdated(lease, lease->last) says whether the
 * record must be stored.
 *
 * Both make the lease the most recently used one of its pool, although REPORT->last may be earlier
 * than the last use of others: the order is exact again when these have sent again, or after
 * pool_sort(). */
void pool_renew(struct pool *p, struct lease *l, const struct pool_report *report);

#endif
