/* conf_check - the checks that need the whole file: missing directives, defaults that depend on
 * others, and contradictions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"

/* Uses the first directory of STATE_DIR, a list separated by colons, as data-dir. */
static void use_state_dir(struct conf_reader *r, const char *state_dir)
{
	struct conf *c = r->conf;
	char text[CONF_SHORT];

	if (conf_first(r, "data-dir") || !state_dir || !*state_dir)
		return;
	conf_point(r, 0, "data-dir");
	if (*state_dir != '/') {
		conf_error(r, "STATE_DIRECTORY is not an absolute path: %s (add a data-dir line)",
			   conf_short(text, state_dir));
		return;
	}
	if (!conf_copy(r, state_dir, &c->data_dir))
		return;
	c->data_dir[strcspn(c->data_dir, ":")] = '\0';
	r->what = "data-dir: STATE_DIRECTORY";
	conf_path_fits(r, c->data_dir);
}

/* Makes a relative map-file absolute; it is relative to data-dir. */
static bool resolve_map_file(struct conf_reader *r)
{
	struct conf *c = r->conf;
	char *path, text[CONF_SHORT];
	size_t size;

	if (c->map_file[0] == '/')
		return true;
	if (!c->data_dir) /* or its line is already reported as an error */
		return !conf_first(r, "data-dir") &&
		       conf_error(
			       r,
			       "%s is relative, but there is no data-dir (give an absolute path; "
			       "nat64d.service sets STATE_DIRECTORY=" CONF_UNIT_DIR ")",
			       conf_short(text, c->map_file));
	size = strlen(c->data_dir) + strlen(c->map_file) + 2;
	path = malloc(size);
	if (!path) {
		r->no_memory = true;
		return false;
	}
	snprintf(path, size, "%s/%s", c->data_dir, c->map_file);
	free(c->map_file);
	c->map_file = path;
	return conf_path_fits(r, path);
}

static void read_map_file(struct conf_reader *r)
{
	struct conf *c = r->conf;
	char text[CONF_SHORT];
	struct conf_rights was;
	bool opened;
	int error;

	if (!c->map_file || r->diag->mapless || r->no_memory)
		return;
	conf_point_first(r, "map-file");
	if (!resolve_map_file(r))
		return;
	r->in_map_file = true;
	r->file = c->map_file;
	conf_rights_lower(&was, c->map_file);
	error = conf_read_file(r, c->map_file, &opened);
	conf_rights_restore(&was);
	r->in_map_file = false;
	conf_point_first(r, "map-file");
	if (error)
		conf_error(r, "cannot %s %s: %s%s", opened ? "read" : "open",
			   conf_short(text, c->map_file), strerror(error),
			   conf_file_hint(error, " (create it, even if empty, or remove map-file; "
						 "a relative path starts at data-dir)"));
}

static void complain_missing(struct conf_reader *r, const char *name, const char *text)
{
	conf_point(r, 0, name);
	conf_error(r, "missing%s", text);
}

static void check_missing(struct conf_reader *r)
{
	bool prefix = conf_first(r, "prefix");

	if (!conf_first(r, "tun-device"))
		complain_missing(r, "tun-device", " (for example `tun-device nat64`)");
	if (!conf_first(r, "ipv4-addr"))
		complain_missing(r, "ipv4-addr", " (for example `ipv4-addr 192.168.255.1`)");
	if (!prefix && !conf_first(r, "map") && !conf_first(r, "map-file"))
		complain_missing(r, "prefix",
				 ", and there is no map: nothing can be translated (for example "
				 "`prefix 64:ff9b::/96`)");
	else if (!prefix && !conf_first(r, "ipv6-addr"))
		complain_missing(
			r, "ipv6-addr",
			", and there is no prefix to derive it from (for example `ipv6-addr "
			"2001:db8::1`)");
}

/* A map-file can be the only source of translations; then it must not be empty. */
static void check_nothing(struct conf_reader *r)
{
	char text[CONF_SHORT];

	if (conf_first(r, "prefix") || conf_first(r, "map") || r->diag->mapless || r->diag->errors)
		return;
	conf_point_first(r, "map-file");
	conf_error(r,
		   "%s has no maps, and there is no prefix: nothing can be translated (add a `map` "
		   "line to it, or a prefix here)",
		   conf_short(text, r->conf->map_file));
}

static void make_own6(struct conf *c)
{
	static const struct ip6 none;

	if (ip6_equal(&c->xlat.own6, &none) && c->xlat.own4 && map_prefix_count(c->maps))
		addr_embed(&c->xlat.own6, map_prefix_at(c->maps, 0), c->xlat.own4);
}

static bool has_device(const struct conf *c, uint32_t a)
{
	for (size_t i = 0; i < c->tun_ips; i++)
		if (c->tun_ip[i].family == 4 &&
		    (a == c->tun_ip[i].addr4 || a == conf_broadcast(&c->tun_ip[i])))
			return true;
	return false;
}

/* Returns true if A cannot be leased, and sets *LAST to the end of the range of addresses that are
 * excluded for the same reason. */
static bool is_taken(const struct conf *c, const struct prefix4 *pool, uint32_t a, uint32_t *last)
{
	const struct prefix4 *p = &c->xlat.icmp_source;
	const struct map *m = map_find4(c->maps, a);

	if (a == pool->addr || a == c->xlat.own4 || has_device(c, a))
		*last = a;
	else if (c->xlat.has_icmp_source && addr_in4(a, p))
		*last = p->addr | ~addr_mask4(p->len);
	else if (m)
		*last = m->p4.addr | ~addr_mask4(m->p4.len);
	else
		return false;
	return true;
}

/* Takes one step per excluded range, not per address. */
static bool has_room(const struct conf *c, const struct prefix4 *pool)
{
	uint32_t end = pool->addr | ~addr_mask4(pool->len), last = pool->addr;

	for (uint32_t a = pool->addr; is_taken(c, pool, a, &last); a = last + 1)
		if (last >= end)
			return false;
	return true;
}

/* A pool that lies completely in icmp-source-pool is reported as an error of icmp-source-pool. */
static bool is_icmp_source(const struct xlat_conf *x, const struct prefix4 *pool)
{
	return x->has_icmp_source && x->icmp_source.len <= pool->len &&
	       addr_in4(pool->addr, &x->icmp_source);
}

static void check_room(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	char text[ADDR_TEXT];

	for (size_t i = 0; i < c->pools; i++) {
		if (is_icmp_source(&c->xlat, &c->pool[i].range) || has_room(c, &c->pool[i].range))
			continue;
		conf_point_at(r, "dynamic-pool", i);
		conf_warn(
			r,
			"%s has no address for hosts: each one is its first, ipv4-addr, in tun-ip, "
			"mapped or in icmp-source-pool (use a larger range, or remove this line)",
			addr_text_prefix4(text, &c->pool[i].range));
	}
}

/* nat64d.service provides the default directory, which is not set when the file is only checked. */
static void check_lease_log(struct conf_reader *r)
{
	if (r->conf->lease_days == 0 || r->conf->data_dir || conf_first(r, "data-dir") ||
	    r->diag->judged)
		return;
	conf_point_first(r, "lease-log");
	conf_error(r, "there is no data-dir to store it in (for example `data-dir " CONF_UNIT_DIR
		      "`)");
}

static void check_pools(struct conf_reader *r)
{
	if (!conf_first(r, "dynamic-pool"))
		return;
	conf_point_first(r, "dynamic-pool");
	if (!r->conf->data_dir && !conf_first(r, "data-dir") && !r->diag->judged)
		conf_warn(r,
			  "leases will be lost at a restart (nat64d.service provides a "
			  "directory; without it, add for example `data-dir " CONF_UNIT_DIR "`)");
	if (!conf_first(r, "prefix"))
		conf_warn(r, "without a prefix, its hosts reach only mapped addresses");
	check_room(r);
}

static void check_icmp_rules(struct conf_reader *r)
{
	const struct xlat_conf *x = &r->conf->xlat;

	if (x->node_id && conf_first(r, "icmp-source-pool")) {
		conf_point_first(r, "icmp-node-id");
		conf_error(r, "conflicts with icmp-source-pool on line %u (choose one of the two)",
			   conf_first(r, "icmp-source-pool"));
	}
	if (x->icmp_errors != ICMP_ERRORS_LIMIT && conf_first(r, "icmp-rate")) {
		conf_point_first(r, "icmp-rate");
		conf_warn(r,
			  "has no effect with `icmp-errors %s` (only `icmp-errors limit` uses it)",
			  x->icmp_errors == ICMP_ERRORS_SEND ? "send" : "never");
	}
}

/* icmp-source-pool may be a part of a dynamic pool, but must not take all of it. */
static void check_icmp_source(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	char text[ADDR_TEXT];

	conf_point_first(r, "icmp-source-pool");
	for (size_t i = 0; i < c->pools; i++)
		if (is_icmp_source(&c->xlat, &c->pool[i].range))
			conf_error(r,
				   "leaves nothing of dynamic-pool %s on line %u (use a part of "
				   "it, or other addresses)",
				   addr_text_prefix4(text, &c->pool[i].range),
				   conf_line_of(r, "dynamic-pool", i));
}

void conf_check(struct conf_reader *r, const char *state_dir)
{
	use_state_dir(r, state_dir);
	read_map_file(r);
	conf_read_pins(r);
	if (!r->no_memory && map_seal(r->conf->maps) < 0)
		r->no_memory = true;
	if (r->no_memory)
		return;
	check_missing(r);
	check_nothing(r);
	make_own6(r->conf);
	conf_check_translatable(r);
	conf_check_pools(r);
	conf_read_roles(r);
	conf_check_pool_key(r);
	conf_check_access(r);
	conf_check_own(r);
	conf_check_maps(r);
	check_pools(r);
	check_lease_log(r);
	check_icmp_rules(r);
	check_icmp_source(r);
}
