/* fastpath_linux - loads the program that translates in the kernel, and gives access to its maps
 * and to the memory that it shares with the daemon.
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

/* Loads the program.  Its tables have room for ENTRIES pairs, half of them for each family, and the
 * shared memory for LEASES leases.  Needs CAP_BPF and CAP_NET_ADMIN.  Returns NULL with a line in
 * ERR. fastpath_close() frees it and detaches it from the device, unless it must watch the daemon
 * (see below). */
struct fastpath *fastpath_load(unsigned entries, unsigned leases, char *err);
void fastpath_close(struct fastpath *f);

/* Runs fastpath_load(), TRY and fastpath_attach() to device INDEX in a separate process with the
 * same privileges, because that takes long.  When FD is readable, fastpath_opened() returns the
 * program, which the caller then owns, or NULL with a line in ERR. fastpath_open_aside() returns 0,
 * or -1 with errno. */
struct fastpath_opening {
	int fd;
	int pid; /* 0: no process is running */
};
struct fastpath_plan {
	unsigned entries, leases, index;
	int (*try)(struct fastpath *f, char *err); /* 0, or -1 with a line in ERR */
};
int fastpath_open_aside(struct fastpath_opening *o, const struct fastpath_plan *plan);
struct fastpath *fastpath_opened(struct fastpath_opening *o, char *err);

/* Attaches the program to the egress of device INDEX.  Needs the same privileges. */
int fastpath_attach(struct fastpath *f, unsigned index, char *err);
/* Returns true if the program must check that the daemon is alive.  Before Linux 6.6 it may outlive
 * the daemon [FASTPATH_WATCH]. */
bool fastpath_must_watch(const struct fastpath *f);

/* Returns the number of CPUs that this process may run on. */
unsigned fastpath_may_run_on(void);

/* The shared memory: element 0, the first of the totals, and the first of the leases. */
struct fastpath_control *fastpath_control(const struct fastpath *f);
const union fastpath_element *fastpath_totals(const struct fastpath *f, unsigned *n);
union fastpath_element *fastpath_leases(const struct fastpath *f, unsigned *n);
/* Returns the index of the first lease, as used in struct fastpath_pair. */
unsigned fastpath_first_lease(const struct fastpath *f);

/* Adds N pairs to the program's table; fills in their tags.  Entries that exist and are current are
 * left as they are.  Overwrites KEY and TO.  Needs no privilege.  Return 0, or -1 with errno. */
int fastpath_put4(const struct fastpath *f, struct fastpath_key4 *key, struct fastpath_4to6 *to,
		  unsigned n);
int fastpath_put6(const struct fastpath *f, struct fastpath_key6 *key, struct fastpath_6to4 *to,
		  unsigned n);

/* Lets the kernel run the program over the LEN bytes at IN.  If SEG is not 0, they are a GSO packet
 * with segments of SEG bytes, whose headers count as WIRE bytes.  OUT must have room for LEN + 20
 * bytes. *OUT_LEN becomes the length of the result; *TAKEN whether the program translated the
 * packet.  The kernel takes bytes 12 and 13 for an Ethertype.  Returns 0, or -1 with errno. */
struct fastpath_run {
	const uint8_t *in;
	uint32_t len, seg, wire;
	uint8_t *out;
	uint32_t out_len;
	bool taken;
};
int fastpath_try(const struct fastpath *f, struct fastpath_run *run);

#endif
