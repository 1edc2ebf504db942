/* leaselogstate - the daemon's side of the history, as the keeper is started with it. */
#ifndef NAT64D_LEASELOGSTATE_H
#define NAT64D_LEASELOGSTATE_H

#include "leaselogfile.h"

struct leaselog {
	struct leaselog_shared *shared;
	int wake;   /* eventfd: the keeper has something to write */
	bool fresh; /* and does not know it yet */
	char *path; /* as messages call it */

	struct lease_event *queue; /* what waits for room over there: MOVED up to QUEUED */
	size_t room, queued, moved;

	unsigned long lost; /* events, since it was last said */
	int said;           /* errno */
	char news[512];
};

#endif
