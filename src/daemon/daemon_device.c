/* daemon_device - keeps the device between two processes of a service.  It stays, with the packets
 * that wait in it, until the service is stopped.
 *
 * The service manager keeps a descriptor of the device.  It closes that when the unit stops, but
 * also when a start has failed.  Therefore the device is also made persistent.  Only between a
 * clean exit and the next start it is not persistent: then it is deleted when the manager closes
 * its descriptor. */
#include <stdio.h>
#include <unistd.h>

#include "daemon.h"
#include "daemon/service.h"

#define NAME "tun" /* name of the descriptor in the manager's store */

int daemon_hold_device(void)
{
	int fd = service_handed_over(NAME);

	if (fd >= 0)
		tun_hold(fd);
	return fd;
}

/* The manager must have closed its copy, too; otherwise the device is still in use. */
static void drop_kept(struct daemon *d)
{
	tun_let_go(d->device.kept);
	close(d->device.kept);
	d->device.kept = -1;
	service_notify(d->manager.fd, "FDSTOREREMOVE=1\nFDNAME=" NAME);
	service_notify_wait(d->manager.fd);
}

/* If the configuration does not mention link and routes, another program manages them, such as a
 * network manager.  It does not notice that the process was replaced, so they must stay. */
static bool is_set_up(const struct conf *c)
{
	return c->tun_setup || c->tun_ips > 0 || c->tun_routes > 0;
}

/* An earlier configuration may have set another MTU. */
static void make_as_new(struct tun *t, const struct conf *c)
{
	char err[TUN_ERR];

	if (c->tun_mtu == 0 && tun_mtu_set(t, TUN_MTU_NEW, err) < 0)
		log_warning("%s", err);
}

void daemon_sweep_device(struct daemon *d)
{
	if (d->device.left_over && is_set_up(d->active->conf))
		setup_sweep(d->active->setup, d->tun);
}

int daemon_open_device(struct daemon *d, const struct conf *c)
{
	const char *name = c->tun_device;
	bool offload = c->offload;
	char err[TUN_ERR];

	d->device.kept = d->before->kept;
	d->device.unkept = d->manager.fd >= 0;
	if (d->device.kept >= 0) {
		d->tun = tun_open_kept(d->device.kept, name, offload);
		if (!d->tun)
			drop_kept(d);
	}
	if (!d->tun)
		d->tun = tun_open(name, offload, err);
	if (!d->tun) {
		log_error("%s", err);
		return -1;
	}
	if (d->manager.fd < 0 || !tun_is_ours(d->tun))
		return 0;
	d->device.left_over = tun_is_marked(d->tun);
	if (!d->device.left_over)
		tun_mark(d->tun);
	else if (is_set_up(c))
		make_as_new(d->tun, c);
	return 0;
}

/* Called again later if the manager was too busy to receive the message. */
void daemon_keep_device(struct daemon *d)
{
	if (!d->device.unkept)
		return;
	if (d->device.kept < 0 &&
	    !service_notify_fd(d->manager.fd, "FDSTORE=1\nFDNAME=" NAME "\nFDPOLL=0",
			       tun_fd(d->tun)))
		return;
	d->device.unkept = false;
	if (tun_is_marked(d->tun))
		tun_hold(tun_fd(d->tun));
}

/* A start that fails does not change the device of an earlier process, and removes a device that it
 * has created. */
void daemon_leave_device(struct daemon *d)
{
	char err[TUN_ERR];

	if (d->tun && d->manager.fd >= 0 && (d->started || d->device.left_over))
		tun_pass_on(d->tun, d->started != 0);
	else if (d->tun && tun_leave(d->tun, err) < 0)
		log_warning("tun-queue: cannot restore the previous queue length: %s", err);
	tun_close(d->tun);
}
