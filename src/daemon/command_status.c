/* command_status - decides what is told of how the daemon is. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "lib/addr_text.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "(unversioned)"
#endif

static int64_t uptime(const struct daemon *d)
{
	return (clock_ms() - d->started) / 1000;
}

static const struct {
	unsigned bit;
	const char *name;
} offloads[] = {{TUN_CSUM, "checksums"}, {TUN_TCP, "tcp"}, {TUN_ECN, "ecn"}, {TUN_UDP, "udp"}};

#define OFFLOADS (sizeof(offloads) / sizeof(*offloads))

/* Those there are, QUOTED or not, with commas between. */
static void add_offloads(struct answer *a, unsigned got, const char *quote)
{
	const char *comma = "";

	for (size_t i = 0; i < OFFLOADS; i++) {
		if (!(got & offloads[i].bit))
			continue;
		answer_add(a, "%s%s%s%s", comma, quote, offloads[i].name, quote);
		comma = ", ";
	}
}

/* Range number I of the pool as a prefix. */
static struct pool_range get_range(const struct daemon *d, size_t i, char text[ADDR_TEXT])
{
	struct prefix4 p = {.len = 32};
	struct pool_range r;

	pool_range(d->active->pool, i, &r);
	p.addr = r.first;
	while (p.len > 0 && (r.first | ~addr_mask4(p.len)) != r.last)
		p.len--;
	addr_text_prefix4(text, &p);
	return r;
}

static size_t ranges(const struct daemon *d)
{
	return d->active->pool ? d->active->conf->pools : 0;
}

static void add_times(struct answer *a, const struct daemon *d)
{
	char text[CLOCK_TEXT];

	answer_add(a, "\"since\": \"%s\", \"uptime_seconds\": %lld, ",
		   clock_rfc3339(text, clock_wall() - uptime(d)), (long long)uptime(d));
	answer_add(a, "\"config_file\": ");
	answer_json(a, d->active->conf->path);
	if (!d->reload.any) {
		answer_add(a, ", \"last_reload\": null");
		return;
	}
	answer_add(a, ", \"last_reload\": {\"time\": \"%s\", \"ok\": %s, \"error\": ",
		   clock_rfc3339(text, d->reload.at), d->reload.ok ? "true" : "false");
	answer_json(a, d->reload.ok ? NULL : d->reload.error);
	answer_add(a, "}");
}

static void add_lease_file(struct answer *a, const struct daemon *d)
{
	int trouble = d->leases.file ? leasefile_trouble(d->leases.file) : 0;
	char path[PATH_MAX];

	if (!d->leases.file) {
		answer_add(a, "null");
		return;
	}
	snprintf(path, sizeof(path), "%.*s/" LEASEFILE_NAME, PATH_MAX - 32,
		 d->active->conf->data_dir);
	answer_add(a, "{\"path\": ");
	answer_json(a, path);
	answer_add(a, ", \"ok\": %s, \"error\": ", trouble ? "false" : "true");
	answer_json(a, trouble ? strerror(trouble) : NULL);
	answer_add(a, "}");
}

static void add_fast_path(struct answer *a, const struct daemon *d)
{
	const struct counters *c = &d->counters;

	answer_add(a, "{\"on\": %s, \"entries\": %u, \"packets\": %llu, \"error\": ",
		   d->fast ? "true" : "false", d->active->conf->fast_path,
		   (unsigned long long)(c->fast[DIR_4TO6] + c->fast[DIR_6TO4]));
	if (d->fast_off[0])
		answer_json(a, d->fast_off);
	else
		answer_add(a, "null");
	answer_add(a, "}");
}

static void status_json(struct answer *a, const struct daemon *d)
{
	char text[ADDR_TEXT];

	answer_add(a, "{\"version\": \"" PACKAGE_VERSION "\", \"pid\": %ld, ", (long)getpid());
	add_times(a, d);
	answer_add(a, ", \"device\": ");
	answer_json(a, tun_name(d->tun));
	answer_add(a, ", \"link_up\": %s, \"mtu\": %u, \"offloads\": [",
		   tun_is_up(d->tun) ? "true" : "false", tun_mtu(d->tun));
	add_offloads(a, tun_offloads(d->tun), "\"");
	answer_add(a, "], \"fast_path\": ");
	add_fast_path(a, d);
	answer_add(a, ", \"pools\": [");
	for (size_t i = 0; i < ranges(d); i++) {
		struct pool_range r = get_range(d, i, text);

		answer_add(a, "%s{\"pool\": \"%s\", \"size\": %zu, \"used\": %zu}", i ? ", " : "",
			   text, r.size, r.used);
	}
	answer_add(a, "], \"lease_file\": ");
	add_lease_file(a, d);
	answer_add(a, "}\n");
}

static void status_text(struct answer *a, const struct daemon *d)
{
	char line[STATUS_MAX], text[ADDR_TEXT];
	int trouble = d->leases.file ? leasefile_trouble(d->leases.file) : 0;

	answer_add(a, "nat64d %s, process %ld, up for %lld s\n", PACKAGE_VERSION, (long)getpid(),
		   (long long)uptime(d));
	answer_add(a, "configuration  %s\n", d->active->conf->path);
	answer_add(a, "device         %s, link %s, MTU %u, offloads: ", tun_name(d->tun),
		   tun_is_up(d->tun) ? "up" : "down", tun_mtu(d->tun));
	add_offloads(a, tun_offloads(d->tun), "");
	answer_add(a, "%s\n", tun_offloads(d->tun) ? "" : "none");
	if (d->fast)
		answer_add(a, "fast path      on, %u entries\n", d->active->conf->fast_path);
	else
		answer_add(a, "fast path      off%s%s\n", d->fast_off[0] ? ": " : "", d->fast_off);
	answer_add(a, "last reload    %s%s%s\n",
		   d->reload.any ? clock_rfc3339(text, d->reload.at) : "none",
		   !d->reload.any ? ""
		   : d->reload.ok ? ", done"
				  : ", refused: ",
		   d->reload.any && !d->reload.ok ? d->reload.error : "");
	if (d->leases.file)
		answer_add(a, "lease file     %s/" LEASEFILE_NAME "%s%s\n",
			   d->active->conf->data_dir, trouble ? ": " : ", in order",
			   trouble ? strerror(trouble) : "");
	answer_add(a, "packets        %s\n", daemon_status_line(d, line));
	if (ranges(d) > 0)
		answer_add(a, "\n%-18s %10s %10s\n", "POOL", "SIZE", "USED");
	for (size_t i = 0; i < ranges(d); i++) {
		struct pool_range range = get_range(d, i, text);

		answer_add(a, "%-18s %10zu %10zu\n", text, range.size, range.used);
	}
}

void command_status(void *arg, const struct control_request *r, struct answer *a)
{
	daemon_count_fast(arg);
	answer_add(a, "ok\n");
	(r->json ? status_json : status_text)(a, arg);
}
