/* command_role - answers `promote` and `demote`: a range of a dynamic pool stops standing by for
 * another translator, or stands by for it.
 *
 * As with a pin, the change is written to disk before it takes effect, and everything is checked
 * again then, because a reload may have come in between.  The pool is replaced as a whole by one
 * with the same leases, without reading the configuration. */
#include <inttypes.h>

#include "commands.h"

static void add_done(struct answer *a, const struct prefix4 *range, bool standby, int64_t revision,
		     bool json)
{
	char text[ADDR_TEXT], number[COMMAND_REVISION];

	addr_text_prefix4(text, range);
	if (json)
		answer_add(a, "ok\n{\"pool\": \"%s\", \"standby\": %s, \"revision\": %s}\n", text,
			   standby ? "true" : "false", command_revision(number, revision));
	else
		answer_add(a, "ok\n%s %s\n", text,
			   standby ? "stands by: no new leases come from it"
				   : "is promoted: new hosts get leases from it");
}

/* --- the request ---------------------------------------------------------------------------- */

static bool read_range(const struct conf *c, const char *word, size_t *pool, struct answer *a)
{
	struct prefix p;
	bool one;

	if (!command_read_place(word, &p, &one, a))
		return false;
	if (one || p.family != 4) {
		answer_add(a, "usage %.100s is not a range of IPv4 addresses, like 10.2.0.0/16\n",
			   word);
		return false;
	}
	*pool = conf_find_range(c, &(struct prefix4){p.addr4, p.len});
	if (*pool == c->pools)
		answer_add(
			a,
			"error %s: no dynamic-pool has this range (nat64ctl status lists them)\n",
			word);
	return *pool < c->pools;
}

static bool read_revision(const struct control_request *r, int64_t *revision, struct answer *a)
{
	*revision = CONF_NO_REVISION;
	if (r->words < 3 || conf_scan_revision(r->word[2], revision))
		return true;
	answer_add(a, "usage %.100s is not a revision (a plain number of at most 63 bits)\n",
		   r->word[2]);
	return false;
}

/* Returns true if a later decision than CHANGE is in effect. */
static bool is_late(const struct conf *c, const struct conf_role_change *change)
{
	return change->revision != CONF_NO_REVISION &&
	       change->revision < c->role[change->pool].revision;
}

static bool is_in_effect(const struct conf *c, const struct conf_role_change *change)
{
	const struct conf_role *role = &c->role[change->pool];

	return role->recorded && role->revision == change->revision &&
	       c->pool[change->pool].standby == change->standby;
}

/* --- the change ----------------------------------------------------------------------------- */

static void tell(const struct daemon *d, const struct prefix4 *range, bool standby,
		 int64_t revision)
{
	char text[ADDR_TEXT], number[COMMAND_REVISION];

	addr_text_prefix4(text, range);
	command_revision(number, revision);
	log_notice("dynamic-pool %s: %s%s%s: %s", text, standby ? "demoted" : "promoted",
		   revision == CONF_NO_REVISION ? "" : ", revision ",
		   revision == CONF_NO_REVISION ? "" : number,
		   standby ? "it stands by, and no new leases come from it"
			   : "new hosts get leases from it");
	daemon_watch(d, "pool", ", \"pool\": \"%s\", \"standby\": %s, \"revision\": %s", text,
		     standby ? "true" : "false", number);
}

/* Returns NULL, or the reason why it failed. */
static const char *apply(struct daemon *d, const struct conf_role_change *change)
{
	struct conf *c = d->active->conf;
	const struct pool_conf pool = c->pool[change->pool];
	const struct conf_role role = c->role[change->pool];

	if (is_in_effect(c, change))
		return NULL; /* a reload has applied it */
	conf_set_role(c, change);
	if (pool.standby != change->standby && !daemon_renew_pool(d)) {
		c->pool[change->pool] = pool;
		c->role[change->pool] = role;
		return "out of memory";
	}
	tell(d, &pool.range, change->standby, change->revision);
	return NULL;
}

static void write_first(struct daemon *d, const struct conf_role_change *change, bool json,
			struct answer *a)
{
	const struct conf *c = d->active->conf;
	size_t len = 0;
	char *text = conf_roles_text(c, change, &len);

	if (!command_write(d, LEASE_POOLS, text, len, a))
		return;
	d->role.busy = true;
	d->role.standby = change->standby;
	d->role.json = json;
	d->role.range = c->pool[change->pool].range;
	d->role.revision = change->revision;
	command_wait(d, a);
}

static void apply_unwritten(struct daemon *d, const struct conf_role_change *change, bool json,
			    struct answer *a)
{
	const struct prefix4 range = d->active->conf->pool[change->pool].range;
	const char *trouble = apply(d, change);
	char text[ADDR_TEXT];

	addr_text_prefix4(text, &range);
	if (trouble) {
		answer_add(a, "error %s: %s; nothing is changed\n", text, trouble);
		return;
	}
	log_warning("dynamic-pool %s: there is no data-dir, so this lasts only until a restart",
		    text);
	add_done(a, &range, change->standby, change->revision, json);
}

static void change_role(struct daemon *d, bool standby, const struct control_request *r,
			struct answer *a)
{
	struct conf *c = d->active->conf;
	struct conf_role_change change = {.standby = standby};

	if (!read_range(c, r->word[1], &change.pool, a) || !read_revision(r, &change.revision, a))
		return;
	if (is_late(c, &change))
		answer_add(a,
			   "error %s: revision %" PRId64 " is older than %" PRId64
			   ", which is in effect\n",
			   r->word[1], change.revision, c->role[change.pool].revision);
	else if (is_in_effect(c, &change))
		add_done(a, &c->pool[change.pool].range, standby, change.revision, r->json);
	else if (d->leases.file)
		write_first(d, &change, r->json, a);
	else
		apply_unwritten(d, &change, r->json, a);
}

void command_promote(void *arg, const struct control_request *r, struct answer *a)
{
	change_role(arg, false, r, a);
}

void command_demote(void *arg, const struct control_request *r, struct answer *a)
{
	change_role(arg, true, r, a);
}

/* --- after pools.state was written ---------------------------------------------------------- */

/* Returns NULL, or the reason why it failed. */
static const char *apply_written(struct daemon *d)
{
	const struct conf *c = d->active->conf;
	struct conf_role_change change = {.pool = conf_find_range(c, &d->role.range),
					  .standby = d->role.standby,
					  .revision = d->role.revision};

	if (change.pool == c->pools)
		return "a reload has removed the range in the meantime";
	return apply(d, &change);
}

/* The change failed, so restores pools.state to what is in effect. */
static void write_back(struct daemon *d)
{
	struct answer ignored = {.text = NULL};
	size_t len = 0;
	char *text = conf_roles_text(d->active->conf, NULL, &len);

	command_write(d, LEASE_POOLS, text, len, &ignored);
	answer_free(&ignored);
}

void daemon_serve_role(struct daemon *d)
{
	struct answer text = {.text = NULL};
	const char *trouble, *file = d->active->conf->pools_file;
	int err;

	if (!d->leases.file || !leasefile_put_done(d->leases.file, LEASE_POOLS, &err) ||
	    !d->role.busy)
		return;
	d->role.busy = false;
	trouble = err ? command_disk_trouble(err) : apply_written(d);
	if (!err && trouble)
		write_back(d);
	if (trouble) {
		log_error("%s: %s; nothing is changed", file, trouble);
		answer_add(&text, "error %s: %s; nothing is changed\n", file, trouble);
	} else {
		add_done(&text, &d->role.range, d->role.standby, d->role.revision, d->role.json);
	}
	command_end_wait(d, &text);
	answer_free(&text);
}
