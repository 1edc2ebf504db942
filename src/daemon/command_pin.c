/* command_pin - answers `release`, `pin` and `unpin`: ends a lease, turns it into a map, or turns a
 * map into a lease again.
 *
 * A pin is written to disk before it takes effect, so that a client that reads `ok` can rely on
 * it.  While the keeper writes pinned.map, the client waits and other clients are served.  In the
 * meantime a reload may happen or the lease may end; therefore everything is checked again before
 * the change is applied. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

static void add_done(struct answer *a, bool json, const char *what, uint32_t addr,
		     const struct ip6 *host)
{
	char a4[ADDR_TEXT], a6[ADDR_TEXT];

	addr_text4(a4, addr);
	addr_text6(a6, host);
	answer_add(a, json ? "ok\n{\"ipv4\": \"%s\", \"ipv6\": \"%s\"}\n" : "ok\n%s %s %s\n", a4,
		   a6, what);
}

/* --- finding the lease ------------------------------------------------------------------------ */

static bool read_address(const char *word, struct prefix *out, struct answer *a)
{
	bool one;

	if (!command_read_place(word, out, &one, a))
		return false;
	if (!one)
		answer_add(a, "usage %.100s is a prefix; give an address\n", word);
	return one;
}

/* Returns the first lease of HOST, and sets N to their number: at most one for each prefix. */
static struct lease *find_of_host(const struct daemon *d, const struct ip6 *host, unsigned *n)
{
	size_t prefixes = map_prefix_count(d->active->conf->maps);
	struct lease *first = NULL, *l;

	*n = 0;
	for (size_t i = 0; i < prefixes || i == 0; i++) {
		l = pool_find6(d->active->pool, host, (unsigned)i);
		first = first ? first : l;
		*n += l != NULL;
	}
	return first;
}

static const struct map *find_map(const struct daemon *d, const struct prefix *at)
{
	const struct map_table *maps = d->active->conf->maps;

	return at->family == 4 ? map_find4(maps, at->addr4) : map_find6(maps, &at->addr6);
}

static void say_mapped(const struct daemon *d, const struct map *m, const char *word,
		       const char *but, struct answer *a)
{
	const struct conf *c = d->active->conf;
	struct conf_place place = conf_place(c, "map", map_index(c->maps, m));

	answer_add(a, "error %s is mapped by line %u of %s%s\n", word, place.line, place.file, but);
}

/* Returns NULL if there is none; A then has the reason. */
static struct lease *find_lease(const struct daemon *d, const char *word, struct answer *a)
{
	const struct map *m;
	struct prefix at;
	struct lease *l = NULL;
	unsigned n = 1;

	if (!read_address(word, &at, a))
		return NULL;
	if ((m = find_map(d, &at))) {
		say_mapped(d, m, word, "; it is not a lease", a);
		return NULL;
	}
	if (d->active->pool)
		l = at.family == 4 ? pool_find4(d->active->pool, at.addr4)
				   : find_of_host(d, &at.addr6, &n);
	if (l && n == 1)
		return l;
	answer_add(a,
		   l ? "error %s has leases under several prefixes; give the IPv4 address of one\n"
		     : "error %s has no lease\n",
		   word);
	return NULL;
}

/* A lease of a range that stands by belongs to another translator.  Returns false if ADDR is in
 * one; A then has a message. */
static bool is_ours(const struct daemon *d, uint32_t addr, const char *word, struct answer *a)
{
	char range[ADDR_TEXT];

	if (!pool_stands_by(d->active->pool, addr))
		return true;
	command_range(d, pool_which(d->active->pool, addr), range);
	answer_add(a,
		   "error %s belongs to dynamic-pool %s, which stands by, so only its owner can do "
		   "that\n",
		   word, range);
	return false;
}

/* --- release ---------------------------------------------------------------------------------- */

void command_release(void *arg, const struct control_request *r, struct answer *a)
{
	struct daemon *d = arg;
	struct lease *l = find_lease(d, r->word[1], a);

	if (!l || !is_ours(d, l->addr, r->word[1], a))
		return;
	add_done(a, r->json, "is released", l->addr, &l->host);
	daemon_end_lease(d, l, LEASE_RELEASE);
	daemon_write_leases(d);
}

/* --- pinned.map ------------------------------------------------------------------------------- */

static void say_no_place(const struct daemon *d, struct answer *a)
{
	if (d->active->conf->data_dir)
		answer_add(a, "error no dynamic-pool is configured, so there are no leases\n");
	else
		answer_add(a,
			   "error no data-dir is configured, and it is needed for " CONF_PINS "\n");
}

/* Starts to write pinned.map as it will be after CHANGE.  False if that fails; A then has the
 * reason. */
static bool begin_write(struct daemon *d, const struct conf_change *change, struct answer *a)
{
	size_t len = 0;
	char *text = conf_pin_text(d->active->conf, change, &len);

	return command_write(d, LEASE_PINS, text, len, a);
}

/* Lets A wait until the result of writing is known. */
static void wait_for_disk(struct daemon *d, const struct map *m, bool pin, bool json,
			  struct answer *a)
{
	d->pins.busy = true;
	d->pins.pin = pin;
	d->pins.json = json;
	d->pins.addr = m->p4.addr;
	d->pins.host = m->p6.addr;
	command_wait(d, a);
}

/* A map always uses the first prefix, and it replaces the leases under all prefixes. */
static bool may_pin(const struct daemon *d, const struct lease *l, struct answer *a)
{
	const struct map_table *maps = d->active->conf->maps;
	char host[ADDR_TEXT], own[ADDR_TEXT], first[ADDR_TEXT];
	unsigned n;

	find_of_host(d, &l->host, &n);
	if (l->prefix == 0 && n == 1)
		return true;
	addr_text6(host, &l->host);
	if (l->prefix == 0)
		answer_add(a,
			   "error %s has leases under several prefixes, and a map would replace "
			   "all of them (release the others first)\n",
			   host);
	else
		answer_add(
			a,
			"error %s uses the prefix %s, but a map always uses the first prefix, %s\n",
			host, addr_text_prefix6(own, map_prefix_at(maps, l->prefix)),
			addr_text_prefix6(first, map_prefix_at(maps, 0)));
	return false;
}

static struct map map_of(uint32_t addr, const struct ip6 *host)
{
	return (struct map){{addr, 32}, {*host, 128}};
}

void command_pin(void *arg, const struct control_request *r, struct answer *a)
{
	struct daemon *d = arg;
	const struct lease *l;
	struct map m;

	if (!d->leases.file) {
		say_no_place(d, a);
		return;
	}
	l = find_lease(d, r->word[1], a);
	if (!l || !is_ours(d, l->addr, r->word[1], a) || !may_pin(d, l, a))
		return;
	m = map_of(l->addr, &l->host);
	if (begin_write(d, &(struct conf_change){.more = &m, .less = CONF_NO_PIN}, a))
		wait_for_disk(d, &m, true, r->json, a);
}

/* Returns true if the address of pin number I will be available for its host, and for no other,
 * after the pin is removed. */
static bool may_unpin(const struct daemon *d, size_t i, const char *word, struct answer *a)
{
	const struct conf *c = d->active->conf;
	const struct map *m = map_at(c->maps, i);
	long around = map_overlap(c->maps, i);

	if (around >= 0 && addr_in4(m->p4.addr, &map_at(c->maps, (size_t)around)->p4))
		say_mapped(d, map_at(c->maps, (size_t)around), word, ", too", a);
	else if (!pool_covers(d->active->pool, m->p4.addr) || active_withholds(c, m->p4.addr))
		answer_add(a,
			   "error no dynamic-pool contains the address of %s any more (remove its "
			   "line from %s, and reload)\n",
			   word, c->pin_file);
	else
		return is_ours(d, m->p4.addr, word, a);
	return false;
}

/* The lease is recorded before the pin is removed, so that a crash in between loses neither. */
static void record_unpinned(struct daemon *d, const struct map *m)
{
	int32_t now = daemon_seconds(d);
	struct lease l = {.host = m->p6.addr, .addr = m->p4.addr, .last = now, .since = now};

	leasefile_append(d->leases.file, &l, now);
	daemon_write_leases(d);
}

void command_unpin(void *arg, const struct control_request *r, struct answer *a)
{
	struct daemon *d = arg;
	const struct conf *c = d->active->conf;
	const struct map *m;
	struct prefix at;
	struct map copy;
	size_t i;

	if (!d->leases.file) {
		say_no_place(d, a);
		return;
	}
	if (!read_address(r->word[1], &at, a))
		return;
	m = find_map(d, &at);
	i = m ? conf_find_pin(c, m) : CONF_NO_PIN;
	if (i == CONF_NO_PIN && m)
		say_mapped(d, m, r->word[1], ", which is not a pinned map", a);
	else if (i == CONF_NO_PIN)
		answer_add(a, "error %s is not pinned\n", r->word[1]);
	if (i == CONF_NO_PIN || !may_unpin(d, i, r->word[1], a))
		return;
	copy = *m;
	record_unpinned(d, &copy);
	if (begin_write(d, &(struct conf_change){.less = i}, a))
		wait_for_disk(d, &copy, false, r->json, a);
}

/* --- after pinned.map was written ----------------------------------------------------------- */

/* Applies CHANGE to the maps.  False without memory. */
static bool change_maps(struct daemon *d, const struct conf_change *change)
{
	struct map_table *before = conf_change_pins(d->active->conf, change);

	if (!before)
		return false;
	active_use_maps(d);
	map_table_free(before);
	d->pins.changes++;
	return true;
}

/* Returns true if the change (PIN: to a map) that is now on disk is already in effect.  A reload
 * may have applied it. */
static bool is_done(const struct daemon *d, bool pin)
{
	const struct map *m = map_find4(d->active->conf->maps, d->pins.addr);
	struct ip6 host;

	if (!m)
		return !pin;
	map_to6(m, d->pins.addr, &host);
	return pin && ip6_equal(&host, &d->pins.host);
}

/* Returns NULL, or the reason why it failed. */
static const char *apply_pin(struct daemon *d)
{
	struct pool *p = d->active->pool;
	struct lease *l = p ? pool_find4(p, d->pins.addr) : NULL;
	struct map m = map_of(d->pins.addr, &d->pins.host);

	if (is_done(d, true))
		return NULL;
	if (!l || !ip6_equal(&l->host, &d->pins.host) || l->prefix != 0 ||
	    map_find6(d->active->conf->maps, &d->pins.host))
		return "the lease ended in the meantime";
	if (!change_maps(d, &(struct conf_change){.more = &m, .less = CONF_NO_PIN}))
		return "out of memory";
	daemon_record_end(d, l, LEASE_PIN);
	daemon_hold_fast(d);
	pool_reserve(p, &m.p4);
	daemon_write_leases(d);
	return NULL;
}

/* After a reload, the address may belong to nat64d or to the device. */
static void give_lease(struct daemon *d)
{
	int32_t now = daemon_seconds(d);
	struct pool *p = d->active->pool;
	struct lease *l;

	if (active_withholds(d->active->conf, d->pins.addr))
		return;
	pool_unreserve(p, d->pins.addr);
	if (pool_find4(p, d->pins.addr) || pool_find6(p, &d->pins.host, 0))
		return; /* after a reload, another host got the address first */
	l = pool_restore(p, &d->pins.host, 0, d->pins.addr, now);
	if (!l)
		return;
	l->since = now;
	daemon_lease_began(d, l, LEASE_NEW);
	daemon_record_lease(d, l);
	daemon_write_leases(d);
}

static const char *apply_unpin(struct daemon *d)
{
	const struct conf *c = d->active->conf;
	const struct map *m = map_find4(c->maps, d->pins.addr);
	size_t i = m ? conf_find_pin(c, m) : CONF_NO_PIN;

	if (i != CONF_NO_PIN && !change_maps(d, &(struct conf_change){.less = i}))
		return "out of memory";
	daemon_outdate_fast(d); /* it still knows the map */
	if (d->active->pool && is_done(d, false))
		give_lease(d);
	return NULL;
}

/* What has been done.  An address that was unpinned is no lease of its host if it is reserved now,
 * or if the host or the address had a lease already. */
static const char *outcome(const struct daemon *d)
{
	const struct pool *p = d->active->pool;
	const struct lease *l = p ? pool_find4(p, d->pins.addr) : NULL;

	if (d->pins.pin)
		return "is pinned";
	return l && ip6_equal(&l->host, &d->pins.host) ? "is a lease again" : "is no longer pinned";
}

static void answer_waiting(struct daemon *d, const char *trouble)
{
	struct answer text = {.text = NULL};

	if (trouble)
		answer_add(&text, "error %s: %s; nothing is changed\n", d->active->conf->pin_file,
			   trouble);
	else
		add_done(&text, d->pins.json, outcome(d), d->pins.addr, &d->pins.host);
	command_end_wait(d, &text);
	answer_free(&text);
}

/* The change failed, so restores pinned.map to what is in effect. */
static void write_back(struct daemon *d)
{
	struct answer ignored = {.text = NULL};

	begin_write(d, &(struct conf_change){.less = CONF_NO_PIN}, &ignored);
	answer_free(&ignored);
}

void daemon_serve_pins(struct daemon *d)
{
	const char *trouble;
	char a4[ADDR_TEXT], a6[ADDR_TEXT];
	int err;

	if (!d->leases.file || !leasefile_put_done(d->leases.file, LEASE_PINS, &err) ||
	    !d->pins.busy)
		return;
	d->pins.busy = false;
	trouble = err ? command_disk_trouble(err) : d->pins.pin ? apply_pin(d) : apply_unpin(d);
	if (!err && trouble)
		write_back(d);
	if (!trouble)
		log_notice("%s: %s of %s", d->pins.pin ? "pinned" : "unpinned",
			   addr_text4(a4, d->pins.addr), addr_text6(a6, &d->pins.host));
	else
		log_error("%s: %s; nothing is changed", d->active->conf->pin_file, trouble);
	answer_waiting(d, trouble);
}
