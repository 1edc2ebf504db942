/* sandbox - the capabilities of this process: asked about, and given up [capabilities(7)]; its
 * memory hidden.
 *
 * Link, addresses and routes need CAP_NET_ADMIN; packets, leases and messages need nothing. */
#ifndef NAT64D_SANDBOX_H
#define NAT64D_SANDBOX_H

#include <stdbool.h>

#define SANDBOX_ERR 128 /* room for a message */

/* May this process change links, addresses and routes? */
bool sandbox_may_configure(void);

/* Keeps our memory, with the keys and what passes, from processes of the same user and out of core
 * dumps.  To be called again when the user has changed.  False if the kernel does not let us. */
bool sandbox_hide(void);

/* Takes every capability out of reach of whatever this process executes or becomes, if it may.  To
 * be called while it is still root; what it may do itself stays. */
void sandbox_bound(void);

/* Gives up every capability for good.  0, or -1 with one line in ERR. */
int sandbox_drop(char *err);

#endif
