/* tun - opens, reads, writes and monitors the TUN device, and sets its link state, addresses and
 * routes.
 *
 * Only files with linux in their names use the network interfaces of the operating
 * system.  Functions with ERR return 0, or -1 with one line there that names the object and the
 * remedy. */
#ifndef NAT64D_TUN_H
#define NAT64D_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/addr.h"
#include "packet/offload.h"
#include "packet/output.h"

#define TUN_MTU_NEW    1500  /* of a newly created device */
#define TUN_ERR        256   /* room for a message */
#define TUN_PACKET_MAX 65600 /* the longest packet, 40 and 65535 bytes, with some margin */

struct tun;

enum tun_change {      /* changes that tun_watch() reports; bits */
	TUN_GONE = 1,  /* deleted */
	TUN_MOVED = 2, /* to another network namespace: it still works, but cannot be monitored */
	TUN_DOWN = 4,
	TUN_UP = 8,
	TUN_MTU = 16,
	TUN_RENAMED = 32,
	TUN_NARROWED = 64, /* its MTU was temporarily too small for IPv6 */
	TUN_UNHEARD = 128, /* notifications were lost: it may have been down or too narrow */
};

enum tun_offload { /* work that the kernel leaves to us or takes over from us; bits */
	TUN_CSUM = 1,
	TUN_TCP = 2, /* GSO packets */
	TUN_ECN = 4, /* TCP GSO packets with ECN */
	TUN_UDP = 8, /* UDP GSO packets; since Linux 6.2 */
};

/* Attaches to the device NAME; creates it if necessary, and then it exists while the descriptor is
 * open.  OFFLOAD: enables all offloads that this kernel supports. */
struct tun *tun_open(const char *name, bool offload, char *err);
void tun_close(struct tun *t);

/* Opens the device NAME only to configure its link, addresses and routes.  The process that has the
 * device open continues to read and write its packets. */
struct tun *tun_reach(const char *name, char *err);
/* Opens the device NAME through FD, which an earlier process used.  Returns NULL if FD is another
 * device or uses another header; the caller then still owns FD. */
struct tun *tun_open_kept(int fd, const char *name, bool offload);
/* Makes the device of FD persistent.  False if FD is not such a device. */
bool tun_hold(int fd);
/* Makes the device non-persistent again, if it is marked. */
void tun_let_go(int fd);
/* tun_is_ours() returns true if a daemon created the device for the lifetime of its service.
 * Persistent devices of an operator are not ours. */
bool tun_is_ours(const struct tun *t);
bool tun_is_marked(const struct tun *t);
/* Marks the device as created by a daemon. */
void tun_mark(struct tun *t);
/* Call it before tun_close() if the next process is to take over the device as it is.  ENDED: a
 * device of ours is deleted when no process has it open any more; otherwise it stays. */
void tun_pass_on(struct tun *t, bool ended);
/* Removes the addresses of the device, and its routes of our protocol, that WANTED rejects. */
typedef bool tun_wanted(const void *arg, bool route, const struct prefix *a);
void tun_sweep(struct tun *t, tun_wanted *wanted, const void *arg);

/* Restores the queue length of a persistent device, if it was changed.  Call it before tun_close(),
 * which clears the offloads in any case. */
int tun_leave(struct tun *t, char *err);

/* Makes NAME persistent, creating it if necessary, for the use of UID and GID (-1: only root), with
 * the given MTU unless it is 0. */
int tun_make(const char *name, unsigned mtu, uid_t uid, gid_t gid, char *err);
/* Removes NAME.  Returns 1 if there is no such device. */
int tun_remove(const char *name, char *err);

const char *tun_name(const struct tun *t);
unsigned tun_index(const struct tun *t);
unsigned tun_mtu(const struct tun *t);
/* Returns the maximum number of packets queued in the device. */
unsigned tun_queue_len(const struct tun *t);
unsigned tun_offloads(const struct tun *t);
bool tun_is_up(const struct tun *t);

/* tun_fd() is a descriptor to poll for POLLIN; then call tun_read().  It stores the next packet or
 * GSO packet at PACKET, which has SIZE bytes and OFFLOAD_HDR more before it.  Returns the length; 0
 * if there is no packet now; -1 with errno, which is EIO while the device is down.  OFFLOAD
 * describes the work that the kernel left to us; if it is not valid, OFFLOAD gets values that fit
 * no packet. */
int tun_fd(const struct tun *t);
ssize_t tun_read(struct tun *t, uint8_t *packet, size_t size, struct offload *offload);
/* Writes one packet or GSO packet.  Returns -1 with errno if the device does not accept it; EINVAL
 * if it does not support the requested offload.  Neither function blocks. */
int tun_write(struct tun *t, const struct output *out);

/* True once the device has been deleted. */
bool tun_is_gone(const struct tun *t);

/* Descriptor to poll for POLLIN; then call tun_watch(), which returns the changes since the last
 * call. */
int tun_watch_fd(const struct tun *t);
unsigned tun_watch(struct tun *t);
/* True if tun_watch() could not ask the kernel: call it again soon, even without POLLIN. */
bool tun_watch_again(const struct tun *t);

/* Returns 1 if it was down. */
int tun_link_up(struct tun *t, char *err);
int tun_link_down(struct tun *t, char *err);
/* Returns 1 if it was different. */
int tun_mtu_set(struct tun *t, unsigned mtu, char *err);
/* Sets the number of packets that the device may queue; 0 restores the number before the first
 * change. */
int tun_queue(struct tun *t, unsigned packets, char *err);
/* Returns 1 if it was added; 0 if the device already has it, and then it is left as it is. */
int tun_addr_add(struct tun *t, const struct prefix *a, char *err);
int tun_addr_del(struct tun *t, const struct prefix *a, char *err);
int tun_route_add(struct tun *t, const struct prefix *r, char *err);
int tun_route_del(struct tun *t, const struct prefix *r, char *err);

/* True if the device already has it.  Needs no privilege. */
bool tun_addr_has(struct tun *t, const struct prefix *a);
bool tun_route_has(struct tun *t, const struct prefix *r);

/* True if the kernel routes packets for A, an address, into the device.  Needs no privilege. */
bool tun_is_way(struct tun *t, const struct prefix *a);

/* Reads the current addresses and networks of all interfaces, for the next two functions. */
void tun_look(struct tun *t);
/* True if R is completely inside a network of another interface.  Then WHERE (TUN_ERR bytes) names
 * both. */
bool tun_elsewhere(struct tun *t, const struct prefix *r, char *where);
/* True if any interface, ours or another, has an address in NET.  Then WHERE names both. */
bool tun_owned(struct tun *t, const struct prefix *net, char *where);

#endif
