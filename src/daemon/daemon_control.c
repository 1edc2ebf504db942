/* daemon_control - decides which commands there are, and what each answers. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/addr_text.h"
#include "daemon.h"
#include "linux/sandbox.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "(unversioned)"
#endif

#define TIME_TEXT 32
#define SLICE     100 /* addresses or routes that are listed at a time */

static char *format_time(char buf[TIME_TEXT], int64_t at)
{
	time_t t = (time_t)at;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(buf, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

/* --- status ------------------------------------------------------------------------------- */

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
	char text[TIME_TEXT];

	answer_add(a, "\"since\": \"%s\", \"uptime_seconds\": %lld, ",
		   format_time(text, clock_wall() - uptime(d)), (long long)uptime(d));
	answer_add(a, "\"config_file\": ");
	answer_json(a, d->active->conf->path);
	if (!d->reload.any) {
		answer_add(a, ", \"last_reload\": null");
		return;
	}
	answer_add(a, ", \"last_reload\": {\"time\": \"%s\", \"ok\": %s, \"error\": ",
		   format_time(text, d->reload.at), d->reload.ok ? "true" : "false");
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
		   d->reload.any ? format_time(text, d->reload.at) : "none",
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

static void run_status(void *arg, const struct control_request *r, struct answer *a)
{
	daemon_count_fast(arg);
	answer_add(a, "ok\n");
	(r->json ? status_json : status_text)(a, arg);
}

/* --- setup -------------------------------------------------------------------------------- */

/* Number I of all that D has asked the kernel for, and what it is; NULL: there are no more. */
static const char *asked_for(const struct setup *s, size_t i, const struct prefix **out)
{
	const struct {
		const char *what;
		const struct prefix *at;
		size_t n;
	} all[] = {{"address", s->addr, s->addrs},
		   {"route", s->route, s->routes},
		   {"named", s->named, s->nameds},
		   {"left-out", s->left, s->lefts}};

	for (size_t k = 0; k < sizeof(all) / sizeof(*all); k++) {
		if (i < all[k].n) {
			*out = &all[k].at[i];
			return all[k].what;
		}
		i -= all[k].n;
	}
	return NULL;
}

/* A reload in between would make it a list of two halves. */
static bool more_setup(void *arg, struct answer *a)
{
	const struct daemon *d = arg;
	const struct prefix *addr;
	char text[ADDR_TEXT];

	if (a->epoch != d->reload.changes) {
		answer_add(a, "changed\n");
		return false;
	}
	for (int i = 0; i < SLICE; i++) {
		const char *what = asked_for(d->active->setup, a->cursor++, &addr);

		if (!what) {
			answer_add(a, "end\n");
			return false;
		}
		answer_add(a, "%-8s %s\n", what, addr_text_prefix(text, addr));
	}
	return true;
}

/* Who asks may have another working directory. */
static void add_config(struct answer *a, const struct daemon *d)
{
	char cwd[PATH_MAX] = "";

	if (d->active->conf->path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		cwd[0] = '\0';
	answer_add(a, "config   %s%s%s\n", cwd, cwd[0] ? "/" : "", d->active->conf->path);
}

static void run_setup(void *arg, const struct control_request *r, struct answer *a)
{
	const struct daemon *d = arg;
	const char *state = getenv("STATE_DIRECTORY");

	(void)r;
	answer_add(a, "ok\n");
	add_config(a, d);
	if (state && *state)
		answer_add(a, "state    %s\n", state);
	answer_add(a, "device   %s\n", tun_name(d->tun));
	answer_add(a, "changes  %s\n", sandbox_may_configure() ? "itself" : "by-root");
	a->more = more_setup;
	a->epoch = d->reload.changes;
}

/* --- reload ------------------------------------------------------------------------------- */

#define LEFT_FREE 512 /* bytes of an answer, for its end */

/* The reasons of a refusal, as they come. */
struct reasons {
	struct answer text;
	bool json;
	unsigned said, left_out;
};

static void hear_json(struct reasons *s, const struct reload_reason *why)
{
	answer_add(&s->text, "%s{\"file\": ", s->said ? ", " : "");
	answer_json(&s->text, why->file);
	if (why->line)
		answer_add(&s->text, ", \"line\": %u, \"text\": ", why->line);
	else
		answer_add(&s->text, ", \"line\": null, \"text\": ");
	answer_json(&s->text, why->text);
	answer_add(&s->text, "}");
}

/* A line has at most CONF_LINE bytes, six times as many if JSON has to quote them all. */
static void hear(void *arg, const struct reload_reason *why)
{
	struct reasons *s = arg;
	size_t most = strlen(why->whole) * (s->json ? 6 : 1) + LEFT_FREE;

	if (s->left_out > 0 || s->text.len + most > ANSWER_MAX - LEFT_FREE) {
		s->left_out++;
		return;
	}
	if (s->json)
		hear_json(s, why);
	else
		answer_add(&s->text, "%s\n", why->whole);
	s->said++;
}

static void reload_json(struct answer *a, struct reasons *s, bool ok)
{
	if (s->left_out > 0)
		answer_add(
			&s->text,
			", {\"file\": null, \"line\": null, \"text\": \"%u more reasons are in the "
			"log\"}",
			s->left_out);
	answer_add(a, "{\"ok\": %s, \"errors\": [%s]}\n", ok ? "true" : "false",
		   s->text.text ? s->text.text : "");
}

static void reload_text(struct answer *a, struct reasons *s)
{
	if (s->left_out > 0)
		answer_add(&s->text, "%u more reasons are in the log\n", s->left_out);
	answer_add(a, "%s", s->text.text ? s->text.text : "");
}

static void run_reload(void *arg, const struct control_request *r, struct answer *a)
{
	struct reasons s = {.json = r->json};
	struct reload_call call = {.prepared = r->root && r->words > 1, .hear = hear, .arg = &s};
	bool ok;

	if (r->words > 1 && strcmp(r->word[1], "prepared") != 0) {
		answer_add(a, "usage reload\n");
		return;
	}
	ok = daemon_reload(arg, &call);
	answer_add(a, ok ? "ok\n" : "error the reload is refused, nothing is changed\n");
	if (r->json)
		reload_json(a, &s, ok);
	else
		reload_text(a, &s);
	answer_free(&s.text);
}

static const struct control_command commands[] = {
	{"reload", "", 0, 1, true, run_reload},
	{"setup", "", 0, 0, false, run_setup},
	{"status", "", 0, 0, false, run_status},
};

static void answer(void *arg, const struct control_request *r, struct answer *a)
{
	control_run(commands, sizeof(commands) / sizeof(*commands), arg, r, a);
}

/* --- the socket --------------------------------------------------------------------------- */

/* What has been asked for must be had; the default is a gift. */
int daemon_open_control(struct daemon *d)
{
	const struct conf *c = d->active->conf;
	char path[CONF_SOCKET_MAX], err[CONTROL_ERR], file[CONF_SHORT];
	const char *at = conf_control_path(c, getenv("RUNTIME_DIRECTORY"), path);

	if (!at || (d->opt->chroot && !c->control))
		return 0;
	if (!d->opt->chroot)
		d->control = control_open(at, err);
	else
		snprintf(err, sizeof(err),
			 "not with --chroot, which hides the place (leave out "
			 "one of the two)");
	if (d->control)
		return 0;
	if (!c->control) {
		log_warning("control socket %s: %s", at, err);
		return 0;
	}
	log_error("%s:%u: control: %s: %s", conf_short(file, c->path), c->control_line, at, err);
	return -1;
}

int daemon_control_fd(const struct daemon *d)
{
	return d->control ? control_fd(d->control) : -1;
}

void daemon_serve_control(struct daemon *d)
{
	control_serve(d->control, d->now, answer, d);
}

void daemon_maintain_control(struct daemon *d)
{
	if (d->control)
		control_expire(d->control, d->now);
}
