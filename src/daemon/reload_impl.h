/* reload_impl - shared by the files that implement reload. */
#ifndef NAT64D_RELOAD_IMPL_H
#define NAT64D_RELOAD_IMPL_H

#include "daemon.h"

struct aside_lease {
	struct ip6 host;
	struct prefix6 prefix; /* length 0: the lease had no prefix */
	uint32_t addr;
	int32_t last;
	int32_t keep; /* seconds that its pool kept idle leases */
	bool confirmed;
};

/* The transfer of the leases to another configuration. */
struct lease_change {
	const struct active *before;
	struct active *after;
	int32_t now;       /* seconds, by the clock of the pool */
	struct aside back; /* leases that were set aside and are restored now */
	size_t ended;
};

/* Moves the leases of the active configuration that fit to AFTER, and restores those set aside if
 * possible.  N describes that.  Returns 0, or -1 without memory. */
int reload_move_leases(struct daemon *d, struct active *after, struct lease_change *n);

/* Reports which leases ended and which are restored, to the log and elsewhere. */
void reload_say_leases(struct daemon *d, const struct lease_change *n);

/* Puts the restored leases on record.  Call it after daemon_serve_leases(), because the records
 * may belong to new prefixes. */
void reload_store_leases(struct daemon *d, const struct lease_change *n);

void reload_forget_leases(struct lease_change *n);

#endif
