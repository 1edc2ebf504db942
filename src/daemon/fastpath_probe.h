/* fastpath_probe - a self-test: compares the program in this kernel with the translator of the
 * daemon. */
#ifndef NAT64D_FASTPATH_PROBE_H
#define NAT64D_FASTPATH_PROBE_H

#include "linux/fastpath_linux.h"

/* Runs the program of F, which must not be attached to a device yet, over a packet of each kind,
 * and compares the results with those of the translator.  Afterwards all pairs in F are
 * invalid.  Returns 0, or -1 with one line in ERR (FASTPATH_ERR). */
int fastpath_probe(struct fastpath *f, char *err);

#endif
