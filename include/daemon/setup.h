/* setup - which link state, addresses and routes a configuration asks the kernel for, and asking
 * for them; and what of the machine is in the way.
 *
 * tun-up, tun-ip and tun-route say so in words.  `tun-setup yes` derives it: the link up and a
 * route to the device for every prefix, pool, mapped IPv4 prefix, and for the translator's own
 * addresses; also for what stands for routers as the source of ICMP errors, or a host that checks
 * where sources are routed to (rp_filter) would drop them.  The IPv6 side of a map is a real host
 * elsewhere and gets no route.
 *
 * Nor does it take what the machine needs for something else: a default route, and one for a
 * network of another interface, or a part of it, is left out unless tun-route names it. */
#ifndef NAT64D_SETUP_H
#define NAT64D_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "linux/tun.h"

struct setup {
	bool up;
	bool raised;                 /* setup_apply() has set the link up */
	unsigned mtu;                /* 0: as it is */
	struct prefix *addr, *route; /* each sorted, no two the same */
	struct prefix *left;         /* routes that are left out; sorted */
	struct prefix *named;        /* routes that tun-route names; sorted */
	size_t addrs, routes, lefts, nameds;
	unsigned char *mark; /* what setup_apply() did about each: its own notes */
};

typedef void setup_say(void *arg, const char *line);

/* What C asks for of T, to be given back with setup_free(); NULL without memory.  Routes of WAS
 * (NULL: none) are there, so they are not judged again; without the right to change anything (not
 * MAY) neither are those that it has left out. */
struct setup *setup_new(const struct conf *c, const struct setup *was, bool may, struct tun *t);
void setup_free(struct setup *s);

/* Asks for all of S but the addresses and routes of WAS (NULL: none), which are there already.  0;
 * or -1 with a line in ERR, and what this call has added is removed again, but nothing else: the
 * device is as it was.  The MTU is for a start (WAS is NULL) to set. */
int setup_apply(struct setup *s, const struct setup *was, struct tun *t, char *err);

/* Removes what an earlier process has left on T and S does not ask for. */
void setup_sweep(const struct setup *s, struct tun *t);

/* Asks for what S has lost by no fault of ours, as far as it can be had.  Returns how many
 * addresses and routes could not be, with a line in ERR about the first.  Routes that have to be
 * left out by now are said (SAY may be NULL). */
size_t setup_renew(struct setup *s, struct tun *t, setup_say *say, void *arg, char *err);

/* The same, without leaving anything out: what is there stays. */
size_t setup_restore(const struct setup *s, struct tun *t, char *err);

/* Says which routes are left out, and what to write to have them; and which of the daemon's own
 * addresses the machine has as well. */
void setup_warn(const struct setup *s, const struct conf *c, struct tun *t, setup_say *say,
		void *arg);

/* Takes back what setup_apply(S, WAS, T) has added, a link that it raised included. */
void setup_take_back(const struct setup *s, const struct setup *was, struct tun *t);

/* Something that S asks for, but not WAS, and that T does not have; NULL: there is nothing. */
const struct prefix *setup_missing(const struct setup *s, const struct setup *was, struct tun *t);

/* Removes the addresses and routes of WAS that S does not ask for.  0, or -1 with a line in ERR
 * about the last that could not be.  With an address the kernel may take away others and routes,
 * which S still asks for: setup_renew(). */
int setup_remove(const struct setup *was, const struct setup *s, struct tun *t, char *err);

/* The first route, and the first address, that only one of A and B asks for; NULL: none. */
const struct prefix *setup_changed_route(const struct setup *a, const struct setup *b);
const struct prefix *setup_changed_addr(const struct setup *a, const struct setup *b);

#endif
