/* sandbox - checks and drops the capabilities of this process [capabilities(7)], and protects its
 * memory.
 *
 * Changing the link, addresses and routes needs CAP_NET_ADMIN.  Packets, leases and messages need
 * no capability. */
#ifndef NAT64D_SANDBOX_H
#define NAT64D_SANDBOX_H

#include <stdbool.h>

#define SANDBOX_ERR 128 /* room for a message */

/* Returns true if this process may change links, addresses and routes. */
bool sandbox_may_configure(void);

/* Protects our memory, which holds keys and packets, from other processes of the same user and
 * keeps it out of core dumps.  Must be called again after the user has changed.  False if the
 * kernel refuses. */
bool sandbox_hide(void);

/* Removes every capability from the bounding set, if permitted, so that no program that this
 * process executes can gain one.  Must be called as root.  The process keeps its current
 * capabilities. */
void sandbox_bound(void);

/* Drops all capabilities permanently.  Returns 0, or -1 with one line in ERR. */
int sandbox_drop(char *err);

#endif
