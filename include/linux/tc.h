/* tc - our program as a tc filter on the egress of a device [tc-bpf(8)], for kernels before 6.6,
 * which have no tcx links.
 *
 * Such a filter outlives the process that has added it: tc_detach() removes it.  It is known by its
 * name, nat64d; filters of anybody else, and the clsact qdisc that holds them all, are left alone.
 * INDEX is that of an interface in our network namespace.  Both need CAP_NET_ADMIN, and the kernel
 * takes as long as it takes to change a device: they are for the start and the end. */
#ifndef NAT64D_TC_H
#define NAT64D_TC_H

#define TC_ERR 256 /* room for a message */

/* Adds the program of PROG_FD (BPF_PROG_TYPE_SCHED_CLS) as a direct-action filter for all
 * protocols, and the clsact qdisc if there is none.  The kernel chooses the priority: behind
 * filters with one below 32768 and before all others.  The kernel holds the program itself; the
 * descriptor stays the caller's.  A second call adds a second filter.  0, or -1 with one line in
 * ERR (TC_ERR bytes) that names the device and the remedy; a qdisc that was made then stays. */
int tc_attach(unsigned index, int prog_fd, char *err);

/* Removes every filter of that name, whoever has added it.  How many there were, 0 as well where
 * there is no clsact qdisc or no such device; -1 with errno if one may have stayed. */
int tc_detach(unsigned index);

#endif
