/* fastpath_probe - whether the program does on this kernel what the translator does. */
#ifndef NAT64D_FASTPATH_PROBE_H
#define NAT64D_FASTPATH_PROBE_H

#include "linux/fastpath_linux.h"

/* Has the kernel run the program of F, which is on no device yet, over a packet of each kind, and
 * compares with what the translator makes of it.  Afterwards nothing that F was told holds any
 * more. 0, or -1 with one line in ERR (FASTPATH_ERR). */
int fastpath_probe(struct fastpath *f, char *err);

#endif
