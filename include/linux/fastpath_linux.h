/* fastpath_linux - the program in the kernel, its maps, and the memory that is shared with it.
 *
 * Functions with ERR return 0, or -1 with one line there that says what is missing. */
#ifndef NAT64D_FASTPATH_LINUX_H
#define NAT64D_FASTPATH_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/fastpath.h"

#define FASTPATH_ERR 256

struct fastpath;

/* Loads the program, with room for ENTRIES pairs, half of them of each family, and for LEASES
 * leases in the shared memory.  Needs CAP_BPF and CAP_NET_ADMIN.  NULL: ERR says why.  Given back
 * with fastpath_close(), after which the program is on no device any more, unless it is left to
 * watch (see below). */
struct fastpath *fastpath_load(unsigned entries, unsigned leases, char *err);
void fastpath_close(struct fastpath *f);

/* The same, then TRY, then fastpath_attach() to device INDEX, in a process of its own with our
 * rights, for it takes long.  When FD is readable fastpath_opened() tells what has come of it: NULL
 * with a line in ERR, or what is ours from then on.  0, or -1 with errno. */
struct fastpath_opening {
	int fd;
	int pid; /* 0: nothing is to come */
};
struct fastpath_plan {
	unsigned entries, leases, index;
	int (*try)(struct fastpath *f, char *err); /* 0, or -1 with a line in ERR */
};
int fastpath_open_aside(struct fastpath_opening *o, const struct fastpath_plan *plan);
struct fastpath *fastpath_opened(struct fastpath_opening *o, char *err);

/* Puts the program on the egress of device INDEX.  Needs the same rights. */
int fastpath_attach(struct fastpath *f, unsigned index, char *err);
/* Must the program watch whether we live?  Before Linux 6.6 it may outlive us [FASTPATH_WATCH]. */
bool fastpath_must_watch(const struct fastpath *f);

/* The processors that this process may run on. */
unsigned fastpath_may_run_on(void);

/* The shared memory: element 0, and the first of the totals and of the leases. */
struct fastpath_control *fastpath_control(const struct fastpath *f);
const union fastpath_element *fastpath_totals(const struct fastpath *f, unsigned *n);
union fastpath_element *fastpath_leases(const struct fastpath *f, unsigned *n);
/* What struct fastpath_pair calls the first lease. */
unsigned fastpath_first_lease(const struct fastpath *f);

/* Tells the program N pairs, whose tags are filled in here.  What it knows already, and is current,
 * is left as it is: KEY and TO are overwritten.  No right is needed.  0, or -1 with errno. */
int fastpath_put4(const struct fastpath *f, struct fastpath_key4 *key, struct fastpath_4to6 *to,
		  unsigned n);
int fastpath_put6(const struct fastpath *f, struct fastpath_key6 *key, struct fastpath_6to4 *to,
		  unsigned n);

/* Has the kernel run the program over the LEN bytes at IN, a GSO packet of segments of SEG bytes if
 * SEG is not 0, whose headers count as WIRE bytes.  OUT takes at least LEN + 20 bytes.  *OUT_LEN:
 * what came of them; *TAKEN: the program has translated them.  The kernel takes bytes 12 and 13 for
 * an ethertype.  0, or -1 with errno. */
struct fastpath_run {
	const uint8_t *in;
	uint32_t len, seg, wire;
	uint8_t *out;
	uint32_t out_len;
	bool taken;
};
int fastpath_try(const struct fastpath *f, struct fastpath_run *run);

#endif
