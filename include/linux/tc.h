/* tc - attaches our program as a tc filter to the egress of a device [tc-bpf(8)], for kernels
 * before 6.6, which have no tcx links.
 *
 * Such a filter remains after its process ends, so tc_detach() must remove it.  It is identified by
 * its name, nat64d.  Filters of other programs, and the clsact qdisc that contains all filters, are
 * not touched.  INDEX is that of an interface in our network namespace.  Both functions need
 * CAP_NET_ADMIN and may block while the kernel changes a device, so they are only for the start and
 * the end. */
#ifndef NAT64D_TC_H
#define NAT64D_TC_H

#define TC_ERR 256 /* room for a message */

/* Adds the program of PROG_FD (BPF_PROG_TYPE_SCHED_CLS) as a direct-action filter for all
 * protocols, and the clsact qdisc if there is none.  The kernel chooses the priority: after filters
 * with one below 32768, and before all others.  The kernel keeps its own reference to the program;
 * the caller keeps the descriptor.  A second call adds a second filter.  Returns 0, or -1 with one
 * line in ERR (TC_ERR bytes) that names the device and the remedy; a newly added qdisc then stays.
 */
int tc_attach(unsigned index, int prog_fd, char *err);

/* Removes all filters of that name, even if another process added them.  Returns how many there
 * were; 0 if there is no clsact qdisc or no such device; -1 with errno if one may have stayed. */
int tc_detach(unsigned index);

#endif
