/* reload - decides what of a configuration can change while the daemon runs, and changes it all at
 * once.
 *
 * Whatever can fail is done first, beside the old configuration; the swap itself cannot. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr_text.h"
#include "reload_impl.h"
#include "linux/sandbox.h"
#include "daemon/service.h"

/* The kernel keeps what comes to its own addresses. */
static void reserve_device(struct pool *p, const struct conf *c)
{
	for (size_t i = 0; i < c->tun_ips; i++) {
		const struct prefix *a = &c->tun_ip[i];
		uint32_t broadcast = conf_broadcast(a);

		if (a->family == 4)
			pool_reserve(p, &(struct prefix4){a->addr4, 32});
		if (broadcast)
			pool_reserve(p, &(struct prefix4){broadcast, 32});
	}
}

struct pool *daemon_new_pool(const struct daemon *d, const struct conf *c)
{
	struct pool *p = pool_new(c->pool, c->pools, &d->pool_key);

	if (!p)
		return NULL;
	pool_set_secret(p, &d->pool_secret);
	pool_reserve(p, &(struct prefix4){c->xlat.own4, 32});
	if (c->xlat.has_icmp_source)
		pool_reserve(p, &c->xlat.icmp_source);
	reserve_device(p, c);
	for (size_t i = 0; i < map_count(c->maps); i++)
		pool_reserve(p, &map_at(c->maps, i)->p4);
	return p;
}

int daemon_prepare_routes(const struct daemon *d, const struct map_table *maps,
			  const struct setup *setup)
{
	size_t prefixes = map_prefix_count(maps), n = prefixes + map_count(maps);
	struct prefix6 *scope = calloc(n + 1, sizeof(*scope));
	int rc;

	if (!scope)
		return -1;
	for (size_t i = 0; i < n; i++)
		scope[i] = i < prefixes ? *map_prefix_at(maps, i) : map_at(maps, i - prefixes)->p6;
	rc = routes_prepare(d->routes, scope, n, setup->route, setup->routes);
	free(scope);
	return rc;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Where the reasons of a refusal go: to the log, to who has asked, and the first to be remembered.
 */
struct refusal {
	struct daemon *d;
	const struct reload_call *call; /* NULL: a signal */
	const struct conf_diag *diag;   /* while the configuration is read */
	unsigned reasons;
};

static void tell(struct refusal *f, const struct reload_reason *why)
{
	char *kept = f->d->last_reload.error;

	if (f->reasons++ == 0)
		snprintf(kept, sizeof(f->d->last_reload.error), "%s", why->whole);
	if (f->call)
		f->call->hear(f->call->arg, why);
}

static void refuse(struct refusal *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void refuse(struct refusal *f, const char *fmt, ...)
{
	char text[2 * TUN_ERR];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_error("reload: %s; nothing is changed", text);
	tell(f, &(struct reload_reason){.text = text, .whole = text});
}

/* A word about the configuration, which the log has as it is. */
static void say_conf(void *arg, bool error, const char *line)
{
	struct refusal *f = arg;

	log_say(NULL, error, line);
	if (error)
		tell(f, &(struct reload_reason){.file = f->diag->file,
						.line = f->diag->line,
						.text = f->diag->text,
						.whole = line});
}

/* Refuses what of B only a start can put into effect. */
static void refuse_restart(struct refusal *f, const struct conf *b)
{
	const struct conf *a = f->d->conf;
	const struct {
		bool differs;
		const char *what;
	} all[] = {
		{strcmp(a->tun_device, b->tun_device) != 0, "tun-device"},
		{a->offload != b->offload, "offload"},
		{a->tun_mtu != b->tun_mtu, "tun-mtu"},
		{!same(a->data_dir, b->data_dir), "data-dir"},
		{a->control_off != b->control_off || !same(a->control, b->control), "control"},
		{b->data_dir && !a->pools != !b->pools,
		 "dynamic-pool (the first one, or none any more)"},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i].differs)
			refuse(f, "another %s needs a restart", all[i].what);
}

/* What a new configuration brings with it; whatever is NULL stays as it is, or goes. */
struct change {
	struct conf *conf;
	struct setup *setup;
	struct pool *pool;
	struct lease_change leases;
	struct ratelimit *ratelimit; /* NULL: the rate is the same, and so is what has been sent */
};

static bool same_rate(const struct ratelimit_conf *a, const struct ratelimit_conf *b)
{
	return a->all_rate == b->all_rate && a->all_burst == b->all_burst &&
	       a->net_rate == b->net_rate && a->net_burst == b->net_burst;
}

#define NO_RIGHT                                                                      \
	"and nat64d has given up the right to see to that (CAP_NET_ADMIN): as root, " \
	"`nat64ctl reload` and `systemctl reload` do it"

/* Whoever may not remove a route must not get as far as that: half of a configuration would be in
 * effect. */
static void refuse_changes(struct refusal *f, const struct change *n)
{
	const struct daemon *d = f->d;
	const struct prefix *route = setup_changed_route(d->setup, n->setup);
	const struct prefix *addr = setup_changed_addr(d->setup, n->setup);
	char text[ADDR_TEXT];

	if (route || addr)
		refuse(f, "%s %s of the device is new or gone, " NO_RIGHT,
		       route ? "route" : "address", addr_text_prefix(text, route ? route : addr));
	if (d->conf->tun_queue != n->conf->tun_queue)
		refuse(f, "another tun-queue needs a restart: nat64d has given up the right to set "
			  "it (CAP_NET_ADMIN)");
}

/* Root says that all is there. */
static void refuse_missing(struct refusal *f, const struct change *n)
{
	const struct daemon *d = f->d;
	const struct prefix *a = setup_missing(n->setup, d->setup, d->tun);
	char text[ADDR_TEXT];

	if (a)
		refuse(f, "%s is not on the device", addr_text_prefix(text, a));
	if (n->setup->up && !tun_is_up(d->tun))
		refuse(f, "the link is down");
	if (d->conf->tun_queue != n->conf->tun_queue)
		refuse(f, "another tun-queue needs a restart");
}

/* Refuses what this process may not do for N. */
static void judge_rights(struct refusal *f, const struct change *n)
{
	if (sandbox_may_configure())
		return;
	if (f->call && f->call->prepared)
		refuse_missing(f, n);
	else
		refuse_changes(f, n);
}

static bool build_leases(struct daemon *d, struct change *n)
{
	if (n->conf->pools > 0) {
		n->pool = daemon_new_pool(d, n->conf);
		if (!n->pool)
			return false;
	}
	n->leases = (struct lease_change){
		.old = d->conf, .new = n->conf, .before = d->pool, .after = n->pool};
	return reload_move_leases(d, &n->leases) == 0;
}

static bool build(struct daemon *d, struct change *n)
{
	const struct conf *c = n->conf;

	if (!build_leases(d, n))
		return false;
	if (!same_rate(&d->conf->icmp_rate, &c->icmp_rate)) {
		n->ratelimit = ratelimit_new(&c->icmp_rate, &d->ratelimit_key);
		if (!n->ratelimit)
			return false;
	}
	return daemon_prepare_routes(d, c->maps, n->setup) == 0;
}

/* What the device needs comes last: it is all that others see. */
static void prepare(struct refusal *f, struct change *n)
{
	struct daemon *d = f->d;
	bool prepared = f->call && f->call->prepared, may = sandbox_may_configure();
	char err[TUN_ERR];

	n->setup = setup_new(n->conf, d->setup, may || prepared, d->tun);
	if (n->setup)
		judge_rights(f, n);
	if (f->reasons > 0)
		return;
	if (!n->setup || !build(d, n))
		refuse(f, "out of memory");
	else if ((may || !prepared) && setup_apply(n->setup, d->setup, d->tun, err) < 0)
		refuse(f, "%s", err);
}

static void discard(struct change *n)
{
	setup_free(n->setup);
	pool_free(n->pool);
	reload_forget_leases(&n->leases);
	ratelimit_free(n->ratelimit);
	conf_free(n->conf);
}

static void swap(struct daemon *d, struct change *n)
{
	struct conf *old = d->conf;
	struct pool *old_pool = d->pool;
	bool may = sandbox_may_configure();
	bool readdressed = setup_changed_addr(d->setup, n->setup) != NULL;
	char err[TUN_ERR];

	if (may && setup_remove(d->setup, n->setup, d->tun, err) < 0)
		log_warning("%s", err);
	if (n->leases.ended > 0)
		log_warning("%zu %s not fit the new configuration and %s ended", n->leases.ended,
			    n->leases.ended == 1 ? "lease does" : "leases do",
			    n->leases.ended == 1 ? "has" : "have");
	if (n->ratelimit) {
		ratelimit_free(d->xlat.ratelimit);
		d->xlat.ratelimit = n->ratelimit;
	}
	d->xlat.conf = &n->conf->xlat;
	d->xlat.maps = n->conf->maps;
	d->xlat.pool = n->pool;
	routes_commit(d->routes, d->now);
	d->xlat.routes6 = routes_table(d->routes);
	setup_free(d->setup);
	d->conf = n->conf;
	d->setup = n->setup;
	d->pool = n->pool;
	reload_say_leases(d, &n->leases);
	reload_forget_leases(&n->leases);
	conf_free(old);
	pool_free(old_pool);
	daemon_set_queue(d);
	setup_warn(d->setup, d->conf, d->tun, log_say_warning, NULL);
	if (may && readdressed) /* the kernel takes away more than the one that is gone */
		daemon_renew_setup(d);
	d->leases_at =
		d->now; /* the lease file must hear of the new prefixes before the next record */
	d->reloads++;
}

static struct conf *load(struct refusal *f)
{
	struct conf_diag diag = {.say = say_conf, .arg = f, .hurried = true};
	struct conf *c;

	f->diag = &diag;
	c = conf_load(f->d->opt->config, getenv("STATE_DIRECTORY"), &diag);
	f->diag = NULL;
	if (!c)
		log_error("reload: nothing is changed");
	return c;
}

static bool reload(struct refusal *f)
{
	struct daemon *d = f->d;
	struct change n = {.conf = NULL};

	if (d->opt->chroot) {
		refuse(f, "the configuration cannot be read from inside the chroot (restart "
			  "instead)");
		return false;
	}
	n.conf = load(f);
	if (!n.conf)
		return false;
	refuse_restart(f, n.conf);
	if (f->reasons == 0)
		prepare(f, &n);
	if (f->reasons > 0) {
		discard(&n);
		return false;
	}
	swap(d, &n);
	log_notice("reload: %s is in effect", d->conf->path);
	return true;
}

bool daemon_reload(struct daemon *d, const struct reload_call *call)
{
	struct refusal f = {.d = d, .call = call};
	char state[64];
	bool ok;

	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)clock_monotonic_us());
	service_notify(d->notify, state);
	ok = reload(&f);
	d->refused = !ok;
	d->last_reload.any = true;
	d->last_reload.ok = ok;
	d->last_reload.at = clock_wall();
	daemon_ready(d);
	return ok;
}
