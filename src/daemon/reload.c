/* reload - applies a changed configuration while the daemon runs, all of it at once, and refuses
 * changes that need a restart.  Replaces the pool if only the roles of its ranges have changed.
 *
 * Everything that can fail is done first, without affecting the old configuration.  The switch to
 * the new one cannot fail. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr_text.h"
#include "reload_impl.h"
#include "daemon/datadir.h"
#include "linux/sandbox.h"
#include "daemon/service.h"

/* Passes the reasons of a refusal to the log and to the caller, and stores the first one. */
struct refusal {
	struct daemon *d;
	const struct reload_call *call; /* NULL: requested by a signal */
	const struct conf_diag *diag;   /* while the configuration is read */
	unsigned reasons;
};

static void tell(struct refusal *f, const struct reload_reason *why)
{
	struct daemon *d = f->d;

	if (f->reasons++ == 0)
		snprintf(d->reload.error, sizeof(d->reload.error), "%s", why->whole);
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

/* Logs a message about the configuration unchanged; an error is a reason, too. */
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

/* Refuses changes of B that only take effect with a restart. */
static void refuse_restart(struct refusal *f, const struct conf *b)
{
	const struct conf *a = f->d->active->conf;
	const char *name;

	for (size_t cursor = 0; (name = conf_needs_restart(a, b, &cursor));) {
		if (!*name) {
			refuse(f, "out of memory");
			return;
		}
		refuse(f, "a changed %s needs a restart", name);
	}
	if (b->data_dir && !a->pools != !b->pools)
		refuse(f,
		       "adding the first dynamic-pool, or removing the last one, needs a restart");
}

#define NO_RIGHT \
	"but nat64d dropped CAP_NET_ADMIN: run `nat64ctl reload` or `systemctl reload` as root"

/* A process that may not remove a route must refuse here.  Otherwise only half of the configuration
 * could be applied. */
static void refuse_changes(struct refusal *f, const struct active *n)
{
	const struct active *was = f->d->active;
	const struct prefix *route = setup_changed_route(was->setup, n->setup);
	const struct prefix *addr = setup_changed_addr(was->setup, n->setup);
	char text[ADDR_TEXT];

	if (route || addr)
		refuse(f, "%s %s must be added to or removed from the device, " NO_RIGHT,
		       route ? "route" : "address", addr_text_prefix(text, route ? route : addr));
	if (was->conf->tun_queue != n->conf->tun_queue)
		refuse(f,
		       "a changed tun-queue needs a restart, because nat64d dropped CAP_NET_ADMIN");
}

/* nat64ctl, as root, claims that all of it is present: checks that. */
static void refuse_missing(struct refusal *f, const struct active *n)
{
	const struct active *was = f->d->active;
	const struct prefix *a = setup_missing(n->setup, was->setup, f->d->tun);
	char text[ADDR_TEXT];

	if (a)
		refuse(f, "%s is not on the device", addr_text_prefix(text, a));
	if (n->setup->up && !tun_is_up(f->d->tun))
		refuse(f, "the link is down");
	if (was->conf->tun_queue != n->conf->tun_queue)
		refuse(f, "a changed tun-queue needs a restart");
}

/* Refuses changes that this process may not make, or makes them on the device.  That comes last,
 * since only these changes are visible outside. */
static void set_up(struct refusal *f, struct active *n)
{
	bool prepared = f->call && f->call->prepared, may = sandbox_may_configure();
	char err[TUN_ERR];

	if (!may && prepared)
		refuse_missing(f, n);
	else if (!may)
		refuse_changes(f, n);
	if (f->reasons > 0 || (prepared && !may))
		return;
	if (setup_apply(n->setup, f->d->active->setup, f->d->tun, err) < 0)
		refuse(f, "%s", err);
}

/* Returns false if the reload is refused. */
static bool find_key(struct refusal *f, const struct conf *c, struct siphash_key *key)
{
	char err[LEASEKEY_ERR], line[CONF_LINE];

	*key = f->d->leases.secret;
	if (c->pools == 0 || daemon_find_key(f->d, c, key, err) == 0)
		return true;
	datadir_say_key(line, c, err);
	log_line(LEVEL_ERROR, line);
	log_error("reload: nothing is changed");
	tell(f, &(struct reload_reason){
			.file = c->path, .line = c->pool_key_line, .text = err, .whole = line});
	return false;
}

/* Builds everything that C asks for, ready to be used.  Returns NULL if there is a reason against
 * it. */
static struct active *build(struct refusal *f, struct conf *c, const struct siphash_key *key,
			    struct lease_change *leases)
{
	bool prepared = f->call && f->call->prepared;
	struct active *n = active_new(f->d, c, key, sandbox_may_configure() || prepared);

	if (!n) {
		conf_free(c);
		refuse(f, "out of memory");
		return NULL;
	}
	if (reload_move_leases(f->d, n, leases) < 0)
		refuse(f, "out of memory");
	else
		set_up(f, n);
	if (f->reasons == 0)
		return n;
	active_free(n);
	return NULL;
}

static void use_key(struct daemon *d, const struct siphash_key *key)
{
	if (memcmp(&d->leases.secret, key, sizeof(*key)) == 0)
		return;
	log_notice("pool-key: the secret changed: hosts without a lease get other addresses than "
		   "before");
	daemon_keep_secret(d, key);
}

/* Cannot fail, except where the kernel refuses to remove something. */
static void use(struct daemon *d, struct active *n, struct lease_change *leases)
{
	struct active *was = active_use(d, n);
	bool may = sandbox_may_configure();
	bool readdressed = setup_changed_addr(was->setup, n->setup) != NULL;
	char err[TUN_ERR];

	if (may && setup_remove(was->setup, n->setup, d->tun, err) < 0)
		log_warning("%s", err);
	reload_say_leases(d, leases);
	active_say_open(n, was);
	active_free(was);
	daemon_set_queue(d);
	setup_warn(n->setup, n->conf, d->tun, log_say_warning, NULL);
	if (may && readdressed) /* with an address the kernel may remove others */
		daemon_renew_setup(d);
	daemon_serve_leases(d); /* the next record may belong to a new prefix */
	reload_store_leases(d, leases);
	d->reload.changes++;
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

/* Returns the new configuration, and its secret in *KEY; NULL if there is a reason against it. */
static struct conf *accept(struct refusal *f, struct siphash_key *key)
{
	struct conf *c;

	if (f->d->opt->chroot) {
		refuse(f, "cannot read the configuration from inside the chroot (restart instead)");
		return NULL;
	}
	c = load(f);
	if (!c)
		return NULL;
	if (!c->data_dir)
		conf_keep_roles(c, f->d->active->conf);
	refuse_restart(f, c);
	if (f->reasons == 0 && find_key(f, c, key))
		return c;
	conf_free(c);
	return NULL;
}

static bool reload(struct refusal *f)
{
	struct lease_change leases = {.ended = 0};
	struct siphash_key key = {0, 0};
	struct conf *c = accept(f, &key);
	struct active *n = c ? build(f, c, &key, &leases) : NULL;

	if (n) {
		use(f->d, n, &leases);
		use_key(f->d, &key);
	}
	explicit_bzero(&key, sizeof(key));
	reload_forget_leases(&leases);
	if (n)
		log_notice("reload: %s is in effect", n->conf->path);
	return n != NULL;
}

static void tell_watchers(const struct daemon *d)
{
	struct answer error = {.text = NULL};

	answer_json(&error, d->reload.ok ? NULL : d->reload.error);
	daemon_watch(d, "reload", ", \"ok\": %s, \"error\": %s", d->reload.ok ? "true" : "false",
		     error.text ? error.text : "null");
	answer_free(&error);
}

static void note(struct daemon *d, bool ok)
{
	d->reload.any = true;
	d->reload.ok = ok;
	d->reload.at = clock_wall();
	d->reload.done += ok;
	d->reload.refused += !ok;
	tell_watchers(d);
}

bool daemon_check_reload(struct daemon *d, const struct reload_call *call)
{
	struct refusal f = {.d = d, .call = call};
	struct siphash_key key = {0, 0};
	struct conf *c = accept(&f, &key);
	bool ok = c != NULL;

	explicit_bzero(&key, sizeof(key));
	conf_free(c);
	if (!ok)
		note(d, false);
	return ok;
}

bool daemon_reload(struct daemon *d, const struct reload_call *call)
{
	struct refusal f = {.d = d, .call = call};
	char state[64];
	bool ok;

	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)clock_monotonic_us());
	service_notify(d->manager.fd, state);
	ok = reload(&f);
	note(d, ok);
	daemon_ready(d);
	return ok;
}

bool daemon_renew_pool(struct daemon *d)
{
	struct lease_change leases = {.ended = 0};
	struct active n;
	bool ok;

	if (!active_new_pool(d, d->active, &n))
		return false;
	ok = reload_move_leases(d, &n, &leases) == 0;
	if (ok) {
		active_use_pool(d, &n); /* from now on, N is the former one */
		leases.before = &n;
		leases.after = d->active;
		reload_say_leases(d, &leases);
		daemon_serve_leases(d);
		reload_store_leases(d, &leases);
		d->reload.changes++;
	}
	reload_forget_leases(&leases);
	active_free_pool(&n);
	return ok;
}
