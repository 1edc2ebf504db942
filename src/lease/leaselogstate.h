/* leaselogstate - the daemon's side of the history, which the keeper inherits when it starts. */
#ifndef NAT64D_LEASELOGSTATE_H
#define NAT64D_LEASELOGSTATE_H

#include "leaselogfile.h"

struct leaselog {
	struct leaselog_shared *shared;
	int wake;        /* eventfd: the keeper has something to write */
	uint64_t filled; /* number of events in SHARED, including those that are not handed over yet
			  */
	bool unaware; /* the keeper has not been woken for the last events that were handed over */
	char *path;   /* used in messages */

	struct lease_event
		*queue; /* events that wait for room in SHARED; those from MOVED to QUEUED remain */
	size_t room, queued, moved;

	unsigned long lost; /* number of lost events that were not reported yet */
	int said;           /* the errno that was last reported */
	char news[512];
};

#endif
