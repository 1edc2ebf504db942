/* daemon_link - decides what a change of the device's link, or of the kernel's routes into it,
 * means for the translator. */
#include <errno.h>
#include <string.h>

#include "daemon.h"
#include "lib/wire.h"
#include "linux/sandbox.h"

int daemon_new_routes(struct daemon *d)
{
	d->routes = routes_new(tun_index(d->tun));
	return d->routes ? 0 : -1;
}

/* Without netlink a router that has not set its routes by hand misses nothing. */
void daemon_start_link(struct daemon *d)
{
	xlat_set_mtu(&d->xlat, tun_mtu(d->tun));
	if (routes_load(d->routes, clock_ms()) < 0)
		log_warning("netlink: the kernel's routes cannot be read: %s (only tun-setup and "
			    "tun-route tell what leads into the device)",
			    strerror(errno));
	xlat_set_routes(&d->xlat, routes_table(d->routes));
}

void daemon_set_queue(const struct daemon *d)
{
	char err[TUN_ERR];

	if (tun_queue(d->tun, d->active->conf->tun_queue, err) < 0)
		log_warning("tun-queue: %s", err);
}

/* Only a new start helps.  Without a service manager, half of a translator is left until
 * somebody reads the line. */
static void want_restart(struct daemon *d)
{
	log_error("tun-device %s: its addresses and routes have gone with the link, and nat64d has "
		  "given up the right to set them again (CAP_NET_ADMIN): %s",
		  tun_name(d->tun),
		  d->manager.fd >= 0 ? "ending, to be started anew" : "restart nat64d");
	if (d->manager.fd >= 0)
		d->link.lost = true;
}

void daemon_renew_setup(const struct daemon *d)
{
	char err[TUN_ERR];
	size_t failed = setup_renew(d->active->setup, d->tun, log_say_warning, NULL, err);

	if (failed > 1)
		log_warning("%s (and %zu more that could not be set)", err, failed - 1);
	else if (failed > 0)
		log_warning("%s", err);
}

/* Routes go with the link, and come back with it if we may.  A link that comes up for the first
 * time has lost nothing. */
static void set_up_again(struct daemon *d)
{
	bool lost = d->link.unrouted && d->active->setup->addrs + d->active->setup->routes > 0;

	d->link.unrouted = false;
	if (sandbox_may_configure())
		daemon_renew_setup(d);
	else if (lost)
		want_restart(d);
}

void daemon_check_mtu(const struct daemon *d)
{
	if (tun_mtu(d->tun) < IP6_MTU_MIN)
		log_warning("tun-device %s: MTU %u is too small for IPv6, which needs %u",
			    tun_name(d->tun), tun_mtu(d->tun), IP6_MTU_MIN);
}

/* Below its minimum IPv6 leaves the device, and its addresses and routes with it. */
static void take_mtu(struct daemon *d)
{
	bool was_small = d->xlat.mtu < IP6_MTU_MIN;

	xlat_set_mtu(&d->xlat, tun_mtu(d->tun));
	daemon_outdate_fast(d);
	log_notice("tun-device %s: MTU %u", tun_name(d->tun), d->xlat.mtu);
	daemon_check_mtu(d);
	d->link.unrouted |= d->xlat.mtu < IP6_MTU_MIN;
	if (was_small && d->xlat.mtu >= IP6_MTU_MIN && tun_is_up(d->tun))
		set_up_again(d);
}

void daemon_serve_link(struct daemon *d)
{
	unsigned change = tun_watch(d->tun);
	const char *name = tun_name(d->tun);

	if (change & TUN_GONE) {
		log_error("tun-device %s: has been deleted", name);
		d->link.lost = true;
	}
	if (change & TUN_MOVED)
		log_warning("tun-device %s: is in another network namespace now: changes of its "
			    "MTU and state are not seen any more",
			    name);
	if (change & TUN_RENAMED)
		log_notice("tun-device %s: is now named %s", d->active->conf->tun_device, name);
	if (change & TUN_MTU)
		take_mtu(d);
	if (change & TUN_NARROWED) {
		log_notice("tun-device %s: the MTU was too small for IPv6 for a moment", name);
		d->link.unrouted = true;
	}
	if (change & TUN_DOWN) {
		log_warning("tun-device %s: the link is down, nothing is translated", name);
		d->link.unrouted = true;
	}
	if (change & TUN_UP)
		log_notice("tun-device %s: the link is up", name);
	if ((change & (TUN_UP | TUN_NARROWED)) && tun_is_up(d->tun))
		set_up_again(d);
	if (change & (TUN_UP | TUN_DOWN | TUN_MTU))
		daemon_watch(d, "link", ", \"up\": %s, \"mtu\": %u",
			     tun_is_up(d->tun) ? "true" : "false", tun_mtu(d->tun));
	if (change)
		daemon_status(d);
}

void daemon_serve_routes(struct daemon *d)
{
	unsigned long before = routes_changes(d->routes);

	routes_serve(d->routes, d->now);
	if (routes_changes(d->routes) != before)
		daemon_outdate_fast(d);
	xlat_set_routes(&d->xlat, routes_table(d->routes));
}

int64_t daemon_routes_due(const struct daemon *d)
{
	return routes_due(d->routes);
}
