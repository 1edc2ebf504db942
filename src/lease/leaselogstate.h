/* leaselogstate - the daemon's side of the history, as the keeper is started with it. */
#ifndef NAT64D_LEASELOGSTATE_H
#define NAT64D_LEASELOGSTATE_H

#include "leaselogfile.h"

struct leaselog {
	struct leaselog_shared *shared;
	int wake;        /* eventfd: the keeper has something to write */
	uint64_t filled; /* events in SHARED, also those that the keeper may not see yet */
	bool unaware;    /* it has not been told of all that it may see */
	char *path;      /* as messages call it */

	struct lease_event *queue; /* what waits for room over there: MOVED up to QUEUED */
	size_t room, queued, moved;

	unsigned long lost; /* events, since it was last said */
	int said;           /* errno */
	char news[512];
};

#endif
