/* daemon_link - handles changes of the device's link, and of the kernel's routes into it. */
#include <errno.h>
#include <string.h>

#include "daemon.h"
#include "lib/wire.h"
#include "linux/sandbox.h"

#define LINES       1 /* per second, about changes of the link */
#define LINES_BURST 10

int daemon_new_routes(struct daemon *d)
{
	d->routes = routes_new(tun_index(d->tun));
	return d->routes ? 0 : -1;
}

/* If netlink fails, only routes that an operator has added by hand are missed. */
void daemon_start_link(struct daemon *d)
{
	d->link.log = (struct log_limit){.rate = LINES, .burst = LINES_BURST};
	xlat_set_mtu(&d->xlat, tun_mtu(d->tun));
	if (routes_load(d->routes, clock_ms()) < 0)
		log_warning("netlink: cannot read the kernel's routes: %s (only the routes of "
			    "tun-setup and tun-route are known to lead into the device)",
			    strerror(errno));
	xlat_set_routes(&d->xlat, routes_table(d->routes));
}

void daemon_set_queue(const struct daemon *d)
{
	char err[TUN_ERR];

	if (tun_queue(d->tun, d->active->conf->tun_queue, err) < 0)
		log_warning("tun-queue: %s", err);
}

/* Only a restart can help.  Without a service manager, continues as far as possible until an
 * operator reads the message. */
static void want_restart(struct daemon *d)
{
	log_error("tun-device %s: the link went down and lost its addresses and routes; nat64d "
		  "cannot restore them without CAP_NET_ADMIN, which it dropped: %s",
		  tun_name(d->tun),
		  d->manager.fd >= 0 ? "exiting for a restart" : "restart nat64d");
	if (d->manager.fd >= 0)
		d->link.lost = true;
}

void daemon_renew_setup(const struct daemon *d)
{
	char err[TUN_ERR];
	size_t failed = setup_renew(d->active->setup, d->tun, log_say_warning, NULL, err);

	if (failed > 1)
		log_warning("%s (%zu more could not be set)", err, failed - 1);
	else if (failed > 0)
		log_warning("%s", err);
}

/* The kernel removes routes when the link goes down.  Adds them again when it is up, if
 * permitted.  If the link comes up for the first time, nothing was lost. */
static void set_up_again(struct daemon *d)
{
	bool lost = d->link.unrouted && d->active->setup->addrs + d->active->setup->routes > 0;

	d->link.unrouted = d->link.unsure = false;
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

/* Below its minimum MTU, the kernel removes IPv6 from the device, with its addresses and routes. */
static void take_mtu(struct daemon *d)
{
	bool was_small = d->xlat.mtu < IP6_MTU_MIN;

	xlat_set_mtu(&d->xlat, tun_mtu(d->tun));
	daemon_outdate_fast(d);
	d->link.unrouted |= d->xlat.mtu < IP6_MTU_MIN;
	if (was_small && d->xlat.mtu >= IP6_MTU_MIN && tun_is_up(d->tun))
		set_up_again(d);
}

static void apply(struct daemon *d, unsigned change)
{
	if (change & TUN_MTU)
		take_mtu(d);
	d->link.lost |= (change & TUN_GONE) != 0;
	d->link.unrouted |= (change & (TUN_NARROWED | TUN_DOWN)) != 0;
	d->link.unsure |= (change & TUN_UNHEARD) != 0;
	if ((change & (TUN_UP | TUN_NARROWED)) && tun_is_up(d->tun))
		set_up_again(d);
}

/* Each of these happens only once. */
static void say_loss(const struct daemon *d, unsigned change)
{
	const char *name = tun_name(d->tun);

	if (change & TUN_GONE)
		log_error("tun-device %s: the device was deleted", name);
	if (change & TUN_MOVED)
		log_warning("tun-device %s: the device was moved to another network namespace; "
			    "nat64d no longer sees changes of its MTU and state",
			    name);
}

static void say_change(const struct daemon *d, unsigned change)
{
	const char *name = tun_name(d->tun);

	if (change & TUN_RENAMED)
		log_notice("tun-device %s: the device was renamed to %s",
			   d->active->conf->tun_device, name);
	if (change & TUN_MTU) {
		log_notice("tun-device %s: MTU %u", name, tun_mtu(d->tun));
		daemon_check_mtu(d);
	}
	if (change & TUN_NARROWED)
		log_notice("tun-device %s: the MTU was temporarily too small for IPv6", name);
	if (change & TUN_DOWN)
		log_warning("tun-device %s: the link is down, nothing is translated", name);
	if (change & TUN_UP)
		log_notice("tun-device %s: the link is up", name);
}

/* A program that changes the link all the time must not fill the log. */
static void say_some(struct daemon *d, unsigned change)
{
	const unsigned any = TUN_RENAMED | TUN_MTU | TUN_NARROWED | TUN_DOWN | TUN_UP;

	if (!(change & any))
		return;
	if (log_limit_take(&d->link.log, d->now))
		say_change(d, change);
	else
		d->link.unsaid++;
}

void daemon_serve_link(struct daemon *d)
{
	unsigned change = tun_watch(d->tun);

	say_loss(d, change);
	say_some(d, change);
	apply(d, change);
	if (change & (TUN_UP | TUN_DOWN | TUN_MTU))
		daemon_watch(d, "link", ", \"up\": %s, \"mtu\": %u",
			     tun_is_up(d->tun) ? "true" : "false", tun_mtu(d->tun));
	if (change)
		daemon_status(d);
}

/* The kernel has dropped notifications, so the link may have been down without us noticing.
 * Checked once a second at most, because there may be many routes. */
static void look_for_loss(struct daemon *d)
{
	d->link.unsure = false;
	if (!setup_missing(d->active->setup, NULL, d->tun))
		return;
	log_notice("tun-device %s: addresses or routes were removed, and the kernel dropped the "
		   "notification",
		   tun_name(d->tun));
	d->link.unrouted = true;
	set_up_again(d);
}

/* The log must end with the present state. */
static void say_rest(struct daemon *d)
{
	bool up = tun_is_up(d->tun);

	if (d->link.unsaid == 0 || !log_limit_take(&d->link.log, d->now))
		return;
	log_notice("tun-device %s: %lu more changes of the link; now it is %s, MTU %u",
		   tun_name(d->tun), d->link.unsaid, up ? "up" : "down", tun_mtu(d->tun));
	d->link.unsaid = 0;
	say_change(d, up ? 0 : TUN_DOWN);
	daemon_check_mtu(d);
}

void daemon_maintain_link(struct daemon *d)
{
	if (tun_watch_again(d->tun))
		daemon_serve_link(d);
	if (d->link.unsure && tun_is_up(d->tun))
		look_for_loss(d);
	say_rest(d);
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
