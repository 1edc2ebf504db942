/* daemon_end - ends a lease because of a command. */
#include "daemon.h"

void daemon_record_end(struct daemon *d, struct lease *l, enum lease_cause cause)
{
	daemon_gather_lease(d, l);
	daemon_lease_ended(d, l, cause);
}

void daemon_end_lease(struct daemon *d, struct lease *l, enum lease_cause cause)
{
	daemon_record_end(d, l, cause);
	daemon_hold_fast(d);
	pool_end(d->active->pool, l);
}
