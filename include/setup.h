/* setup - which link state, addresses and routes a configuration asks the kernel for, and asking
 * for them.
 *
 * tun-up, tun-ip and tun-route say so in words.  `tun-setup yes` derives it: the link up and a
 * route to the device for every prefix, pool, mapped IPv4 prefix, and for the translator's own
 * addresses; also for what stands for routers as the source of ICMP errors, or a host that checks
 * where sources are routed to (rp_filter) would drop them.  The IPv6 side of a map is a real host
 * elsewhere and gets no route. */
#ifndef NAT64D_SETUP_H
#define NAT64D_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "tun.h"

struct setup {
	bool up;
	unsigned mtu;                   /* 0: as it is */
	struct conf_addr *addr, *route; /* each sorted, no two the same */
	size_t addrs, routes;
	unsigned char *mark; /* what setup_apply() did about each: its own notes */
};

/* What C asks for, to be given back with setup_free(); NULL without memory. */
struct setup *setup_new(const struct conf *c);
void setup_free(struct setup *s);

/* Asks for all of S but the addresses and routes of WAS (NULL: none), which are there already.  0;
 * or -1 with a line in ERR, and what this call has added is removed again, but nothing else: the
 * device is as it was.  The MTU is for a start (WAS is NULL) to set. */
int setup_apply(struct setup *s, const struct setup *was, struct tun *t, char *err);

/* Asks for what S has lost by no fault of ours, as far as it can be had.  Returns how many
 * addresses and routes could not be, with a line in ERR about the first. */
size_t setup_renew(const struct setup *s, struct tun *t, char *err);

/* Removes the addresses and routes of WAS that S does not ask for.  0, or -1 with a line in ERR
 * about the last that could not be.  With an address the kernel may take away others and routes,
 * which S still asks for: setup_renew(). */
int setup_remove(const struct setup *was, const struct setup *s, struct tun *t, char *err);

/* The first route, and the first address, that only one of A and B asks for; NULL: none. */
const struct conf_addr *setup_changed_route(const struct setup *a, const struct setup *b);
const struct conf_addr *setup_changed_addr(const struct setup *a, const struct setup *b);

#endif
