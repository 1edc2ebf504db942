/* reload_impl - what the files of reload share. */
#ifndef NAT64D_RELOAD_IMPL_H
#define NAT64D_RELOAD_IMPL_H

#include "daemon.h"

struct aside_lease {
	struct ip6 host;
	struct prefix6 prefix; /* of length 0 where there was none */
	uint32_t addr;
	int32_t last;
	int32_t keep; /* seconds */
	bool confirmed;
};

/* The leases on their way to another configuration. */
struct lease_change {
	const struct active *before;
	struct active *after;
	int32_t now;       /* seconds */
	struct aside back; /* those set aside that have a lease again */
	size_t ended;
};

/* Brings the leases that fit over to n->after, those set aside as well.  0, or -1 without memory.
 */
int reload_move_leases(struct lease_change *n);

/* Tells the log who has lost a lease, and who has it back. */
void reload_say_leases(struct daemon *d, const struct lease_change *n);

void reload_forget_leases(struct lease_change *n);

#endif
