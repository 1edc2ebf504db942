/* reload_impl - what the files of reload share. */
#ifndef NAT64D_RELOAD_IMPL_H
#define NAT64D_RELOAD_IMPL_H

#include "daemon.h"

struct aside_lease {
	struct ip6 host;
	struct prefix6 prefix; /* of length 0 where there was none */
	uint32_t addr;
	int32_t last;
};

/* The leases under a new configuration, on their way. */
struct lease_change {
	const struct conf *old, *new;
	const struct pool *before; /* NULL: none */
	struct pool *after;        /* NULL: none */
	struct aside aside;        /* what will have to wait */
	struct aside back;         /* what has come back from there */
	size_t ended;
};

/* Brings the leases of D that fit under N->new over to N->after, those set aside as well.  0, or -1
 * without memory. */
int reload_move_leases(const struct daemon *d, struct lease_change *n);

/* Tells the log who has lost a lease, and who has it back; D has the new configuration by now, and
 * takes over what is set aside. */
void reload_say_leases(struct daemon *d, struct lease_change *n);

void reload_forget_leases(struct lease_change *n);

#endif
