/* status - a one-line summary of the daemon's state, which `systemctl status` shows. */
#ifndef NAT64D_STATUS_H
#define NAT64D_STATUS_H

#include <stdbool.h>

#include "map/pool.h"
#include "daemon/report.h"

#define STATUS_MAX 384 /* room for the line */

struct status {
	const struct counters *counters;
	const struct pool *pool; /* NULL: none */
	const char *full;        /* the name of a full pool; NULL if none is full */
	size_t fulls;            /* number of full pools */
	bool link_down;
	bool reload_refused;
};

/* "3 of 254 addresses leased, 1200 packets translated, 5 refused".  Returns OUT. */
char *status_line(char out[STATUS_MAX], const struct status *s);

#endif
