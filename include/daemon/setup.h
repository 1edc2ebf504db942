/* setup - the link state, addresses and routes that a configuration asks the kernel for.  Derives,
 * adds and removes them, and warns about conflicts with the machine's own network.
 *
 * tun-up, tun-ip and tun-route name them explicitly. `tun-setup yes` derives them: the link up, and
 * a route to the device for each prefix, pool and mapped IPv4 prefix, and for the addresses of the
 * translator itself.  Addresses that represent routers as sources of ICMP errors get a route, too,
 * because hosts that check the route to the source (rp_filter) would otherwise drop such
 * errors.  The IPv6 side of a map is a real host elsewhere and gets no route.
 *
 * It does not take over networks that the machine uses for other purposes.  It leaves out a default
 * route, and routes for all or part of a network of another interface, unless tun-route names them.
 */
#ifndef NAT64D_SETUP_H
#define NAT64D_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "linux/tun.h"

struct setup {
	bool up;
	bool raised;                 /* setup_apply() has set the link up */
	unsigned mtu;                /* 0: do not change it */
	struct prefix *addr, *route; /* each sorted and without duplicates */
	struct prefix *left;         /* routes left out; sorted */
	struct prefix *named;        /* routes that tun-route names; sorted */
	size_t addrs, routes, lefts, nameds;
	unsigned char *mark; /* what setup_apply() did for each; private to setup */
};

typedef void setup_say(void *arg, const char *line);

/* Returns what C asks for on T; free it with setup_free().  NULL without memory.  Routes of WAS
 * (may be NULL) exist already and are not judged again.  Without the right to change anything (MAY
 * false), routes that WAS left out are not judged again either. */
struct setup *setup_new(const struct conf *c, const struct setup *was, bool may, struct tun *t);
void setup_free(struct setup *s);

/* Asks the kernel for all of S except the addresses and routes of WAS (may be NULL), which exist
 * already.  Returns 0; or -1 with a line in ERR, after removing what this call has added, so that
 * the device is as before.  The MTU is set only at the start (WAS is NULL). */
int setup_apply(struct setup *s, const struct setup *was, struct tun *t, char *err);

/* Removes what an earlier process left on T and S does not ask for. */
void setup_sweep(const struct setup *s, struct tun *t);

/* Asks again for those parts of S that were lost, as far as possible.  Returns how many addresses
 * and routes failed, with a line in ERR about the first.  Routes that must be left out by now are
 * reported to SAY (may be NULL). */
size_t setup_renew(struct setup *s, struct tun *t, setup_say *say, void *arg, char *err);

/* The same, but leaves no route out: what exists stays. */
size_t setup_restore(const struct setup *s, struct tun *t, char *err);

/* Reports which routes are left out and how to configure them, and which of the daemon's own
 * addresses the machine has as well. */
void setup_warn(const struct setup *s, const struct conf *c, struct tun *t, setup_say *say,
		void *arg);

/* Removes what setup_apply(S, WAS, T) added, and sets a link down again that it set up. */
void setup_take_back(const struct setup *s, const struct setup *was, struct tun *t);

/* Returns an address or route that S asks for, but not WAS, and that is missing on T; NULL if there
 * is none. */
const struct prefix *setup_missing(const struct setup *s, const struct setup *was, struct tun *t);

/* Removes the addresses and routes of WAS that S does not ask for.  Returns 0, or -1 with a line in
 * ERR about the last failure.  With an address, the kernel may remove further addresses and routes
 * that S still asks for: call setup_renew() afterwards. */
int setup_remove(const struct setup *was, const struct setup *s, struct tun *t, char *err);

/* Return the first route, or the first address, that only one of A and B asks for; NULL if there is
 * none. */
const struct prefix *setup_changed_route(const struct setup *a, const struct setup *b);
const struct prefix *setup_changed_addr(const struct setup *a, const struct setup *b);

#endif
