/* leasekeep - keeps a damaged lease file under another name before it is rewritten. */
#ifndef NAT64D_LEASEKEEP_H
#define NAT64D_LEASEKEEP_H

#include "lease/leasefile.h"

#define LEASEKEEP_NAME LEASEFILE_NAME ".bad-%d"

/* Keeps the lease file FD, which is in the directory DIR, as LEASEKEEP_NAME with a number from 1 to
 * 10.  The first nine are never overwritten, since the first damage is the most informative; number
 * 10 holds the most recent one.  Uses a hard link if LINK is set, which a filter of system calls
 * may forbid, or makes a copy.  Returns the number, or -1 with errno. */
int leasekeep_aside(int dir, int fd, bool link);

#endif
