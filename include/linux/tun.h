/* tun - the TUN device: opened, read, written, watched; link, addresses and routes through it.
 *
 * The files whose names have linux in them know the operating system's network.  Functions with ERR
 * return 0, or -1 with one line there that names the thing and the remedy. */
#ifndef NAT64D_TUN_H
#define NAT64D_TUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/addr.h"
#include "packet/offload.h"
#include "packet/output.h"

#define TUN_MTU_NEW    1500  /* of a new device */
#define TUN_ERR        256   /* room for a message */
#define TUN_PACKET_MAX 65600 /* the longest packet, 40 and 65535 bytes, and a margin */

struct tun;

enum tun_change {      /* what tun_watch() saw; bits */
	TUN_GONE = 1,  /* deleted */
	TUN_MOVED = 2, /* into another network namespace: works, but is out of sight */
	TUN_DOWN = 4,
	TUN_UP = 8,
	TUN_MTU = 16,
	TUN_RENAMED = 32,
	TUN_NARROWED = 64, /* its MTU was too small for IPv6 meanwhile, and is not any more */
};

enum tun_offload { /* what the kernel leaves to us, and takes from us; bits */
	TUN_CSUM = 1,
	TUN_TCP = 2, /* GSO packets */
	TUN_ECN = 4, /* such GSO packets with ECN */
	TUN_UDP = 8, /* GSO packets; since Linux 6.2 */
};

/* Attaches to the device NAME, or makes it for as long as the descriptor is open.  With as many
 * offloads as this kernel has if OFFLOAD. */
struct tun *tun_open(const char *name, bool offload, char *err);
void tun_close(struct tun *t);

/* The device NAME, to be told about its link, addresses and routes alone: whoever has it open goes
 * on reading and writing its packets. */
struct tun *tun_reach(const char *name, char *err);
/* The device NAME by way of FD, which an earlier process has had it by; NULL if that is another
 * device or has another header, and FD is the caller's still. */
struct tun *tun_open_kept(int fd, const char *name, bool offload);
/* Lets the device of FD outlive it, if it is one. */
bool tun_hold(int fd);
/* Undoes that, if the device was marked. */
void tun_let_go(int fd);
/* Was the device made by a daemon, to go with its service?  Another one that is persistent was not.
 */
bool tun_is_ours(const struct tun *t);
bool tun_is_marked(const struct tun *t);
/* Marks the device as such. */
void tun_mark(struct tun *t);
/* Before tun_close(), where the next process is to have the device as it is.  ENDED: one of ours
 * vanishes when nobody has it open any more; else it stays. */
void tun_pass_on(struct tun *t, bool ended);
/* Removes the addresses of the device, and the routes of our kind, that are not WANTED. */
typedef bool tun_wanted(const void *arg, bool route, const struct prefix *a);
void tun_sweep(struct tun *t, tun_wanted *wanted, const void *arg);

/* Brings the length of the queue of a persistent device, if we set it, back to what it was.  Before
 * tun_close(), which clears its offloads in any case. */
int tun_leave(struct tun *t, char *err);

/* Makes NAME persistent (making it first, if need be), for the use of UID and GID, -1 for root
 * alone, with an MTU unless that is 0. */
int tun_make(const char *name, unsigned mtu, uid_t uid, gid_t gid, char *err);
/* Removes NAME.  1 if there is no such device. */
int tun_remove(const char *name, char *err);

const char *tun_name(const struct tun *t);
unsigned tun_index(const struct tun *t);
unsigned tun_mtu(const struct tun *t);
/* Packets that may wait in the device. */
unsigned tun_queue_len(const struct tun *t);
unsigned tun_offloads(const struct tun *t);
bool tun_is_up(const struct tun *t);

/* Descriptor to poll for POLLIN, then tun_read(): the length of the next packet or GSO packet,
 * which is put to PACKET, SIZE bytes and OFFLOAD_HDR more in front of it; 0: none now; -1 with
 * errno, which is EBADFD once the device has been deleted.  OFFLOAD: what is left to be done about
 * it; if that cannot be understood, something that fits no packet. */
int tun_fd(const struct tun *t);
ssize_t tun_read(struct tun *t, uint8_t *packet, size_t size, struct offload *offload);
/* Writes one packet or GSO packet; -1 with errno if the device does not take it: EINVAL if it
 * cannot do what is left to be done about it.  Neither waits. */
int tun_write(struct tun *t, const struct output *out);

/* Descriptor to poll for POLLIN, then tun_watch(): what has changed since the last time. */
int tun_watch_fd(const struct tun *t);
unsigned tun_watch(struct tun *t);

/* 1 if it was down. */
int tun_link_up(struct tun *t, char *err);
int tun_link_down(struct tun *t, char *err);
/* 1 if it was another one. */
int tun_mtu_set(struct tun *t, unsigned mtu, char *err);
/* Lets PACKETS wait in the device; 0: as many as before we changed it. */
int tun_queue(struct tun *t, unsigned packets, char *err);
/* An address or route that the device has already is left alone: 0.  1: added. */
int tun_addr_add(struct tun *t, const struct prefix *a, char *err);
int tun_addr_del(struct tun *t, const struct prefix *a, char *err);
int tun_route_add(struct tun *t, const struct prefix *r, char *err);
int tun_route_del(struct tun *t, const struct prefix *r, char *err);

/* Does the device have it already?  This needs no right. */
bool tun_addr_has(struct tun *t, const struct prefix *a);
bool tun_route_has(struct tun *t, const struct prefix *r);

/* Does the kernel send into the device what goes to A, an address?  This needs no right, either. */
bool tun_is_way(struct tun *t, const struct prefix *a);

/* Looks at which addresses and networks all interfaces have now, for the next two. */
void tun_look(struct tun *t);
/* Does all of R lie in a network on another interface?  WHERE (TUN_ERR bytes) then names both. */
bool tun_elsewhere(struct tun *t, const struct prefix *r, char *where);
/* Has any interface, ours or another, an address in NET?  WHERE then names both. */
bool tun_owned(struct tun *t, const struct prefix *net, char *where);

#endif
