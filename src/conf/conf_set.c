/* conf_set - the directive table: what each directive takes, and how it gets into the
 * configuration.
 *
 * Only what a line says by itself is judged here; what depends on other lines waits for
 * conf_check.c. */
#include <string.h>
#include <strings.h>

#include "conf_text.h"
#include "lib/wire.h"

#define QUEUE_MAX 100000 /* packets: the kernel allocates 8 bytes for each in one piece */

/* The kernel would take more.  But the name goes into commands and rules of others, where a blank
 * or a quote means something, and "-h" is no name. */
static bool is_device_name(const char *s)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	return *s != '-' && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 &&
	       s[strspn(s, letters)] == '\0';
}

static void set_tun_device(struct conf_reader *r, char **arg, unsigned n)
{
	const char *name = arg[0];

	(void)n;
	if (strlen(name) >= sizeof(r->conf->tun_device))
		conf_error(r, WORD " is too long (an interface name has at most %zu characters)",
			   name, sizeof(r->conf->tun_device) - 1);
	else if (!is_device_name(name))
		conf_error(r,
			   WORD " cannot be an interface name here: letters, digits, '.', '_' and "
				"'-' only, no '-' first (for example nat64)",
			   name);
	else
		strcpy(r->conf->tun_device, name);
}

static void set_ipv4_addr(struct conf_reader *r, char **arg, unsigned n)
{
	uint32_t own;
	bool link_local;

	(void)n;
	if (!conf_parse_addr4(r, arg[0], &own))
		return;
	link_local = conf_is_link_local4(&(struct prefix4){own, 32});
	if (link_local)
		conf_warn(r, WORD " " LINK_LOCAL, arg[0]);
	if (link_local || addr_passes4(own))
		r->conf->xlat.own4 = own;
	else
		conf_error(r,
			   WORD " may never be routed (an address of your own is wanted, for "
				"example 192.168.255.1)",
			   arg[0]);
}

static void set_ipv6_addr(struct conf_reader *r, char **arg, unsigned n)
{
	struct ip6 *own = &r->conf->xlat.own6;

	(void)n;
	if (conf_parse_addr6(r, arg[0], own) && !addr_passes6(own))
		conf_error(r,
			   WORD " may never be routed (an address of your own is wanted, for "
				"example 2001:db8::1)",
			   arg[0]);
}

/* Could any address behind P be translated?  The Well-Known Prefix and all others like it can. */
static bool embeds(const struct prefix6 *p)
{
	struct ip6 sample;

	addr_embed(&sample, p, 0xc0000221); /* 192.0.2.33 [6052-2.4] */
	return addr_passes6(&p->addr) && addr_passes6(&sample);
}

static bool prefix_ok(struct conf_reader *r, const char *s, const struct prefix6 *p)
{
	if (!addr_embed_len_ok(p->len))
		conf_error(r,
			   WORD ": a translation prefix has a length of 32, 40, 48, 56, 64 or 96",
			   s);
	else if (p->len == 96 && p->addr.b[8] != 0) /* [6052-2.2] */
		conf_error(r,
			   WORD ": bits 64 to 71 must be zero (the first two of the four digits "
				"after the fourth colon)",
			   s);
	else if (!embeds(p))
		conf_error(r, WORD " may never be routed (for example 64:ff9b::/96)", s);
	else
		return true;
	return false;
}

static void set_prefix(struct conf_reader *r, char **arg, unsigned n)
{
	static const struct conf_want want = {.example = 96};
	struct map_table *maps = r->conf->maps;
	struct prefix6 p;

	(void)n;
	if (!conf_parse_prefix6(r, arg[0], &want, &p) || !prefix_ok(r, arg[0], &p))
		return;
	if (map_prefix_count(maps) > UINT16_MAX) {
		conf_error(r, "more than %u prefixes", UINT16_MAX + 1);
		return;
	}
	if (map_add_prefix(maps, &p)) {
		conf_note_line(r, &r->prefix_at);
		return;
	}
	conf_error(r, WORD " is there already, in line %u", arg[0],
		   r->prefix_at.at[map_prefix_index(maps, &p)]);
}

static bool pool_ok(struct conf_reader *r, const char *s, const struct prefix4 *p)
{
	if (p->len > 31) {
		conf_error(r,
			   WORD " has no room: its first address is never given away (for example "
				"a /24)",
			   s);
		return false;
	}
	if (!conf_is_link_local4(p))
		return conf_check_pool4(r, s, p, "192.168.255.0/24");
	conf_warn(r, WORD " " LINK_LOCAL, s);
	return true;
}

/* Is P apart from every other pool? */
static bool pool_apart(struct conf_reader *r, const char *s, const struct prefix4 *p)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < r->conf->pools; i++) {
		const struct prefix4 *q = &r->conf->pool[i];

		if (!addr_in4(p->addr, q) && !addr_in4(q->addr, p))
			continue;
		if (p->addr == q->addr && p->len == q->len)
			conf_error(r, WORD " is there already, in line %u", s, r->pool_at.at[i]);
		else
			conf_error(r, WORD " overlaps %s in line %u (leave one of them out)", s,
				   addr_text_prefix4(text, q), r->pool_at.at[i]);
		return false;
	}
	return true;
}

static void set_dynamic_pool(struct conf_reader *r, char **arg, unsigned n)
{
	static const struct conf_want want = {.example = 24};
	struct conf *c = r->conf;
	struct prefix4 p, *pool;

	(void)n;
	if (!conf_parse_prefix4(r, arg[0], &want, &p) || !pool_ok(r, arg[0], &p) ||
	    !pool_apart(r, arg[0], &p))
		return;
	pool = conf_grow(r, c->pool, c->pools, sizeof(*pool));
	if (!pool)
		return;
	c->pool = pool;
	if (conf_note_line(r, &r->pool_at))
		c->pool[c->pools++] = p;
}

/* A path has no blanks in it: it is one word. */
static void set_data_dir(struct conf_reader *r, char **arg, unsigned n)
{
	char text[CONF_SHORT];

	(void)n;
	if (arg[0][0] != '/')
		conf_error(r, "%s is not an absolute path (for example " CONF_UNIT_DIR ")",
			   conf_short(text, arg[0]));
	else if (conf_path_fits(r, arg[0]))
		r->conf->data_dir = conf_copy(r, arg[0]);
	r->conf->data_dir_line = r->line;
}

static void set_map_file(struct conf_reader *r, char **arg, unsigned n)
{
	(void)n;
	if (conf_path_fits(r, arg[0]))
		r->conf->map_file = conf_copy(r, arg[0]);
}

static void set_control(struct conf_reader *r, char **arg, unsigned n)
{
	char text[CONF_SHORT];

	(void)n;
	r->conf->control_line = r->line;
	if (strcasecmp(arg[0], "off") == 0)
		r->conf->control_off = true;
	else if (arg[0][0] != '/')
		conf_error(
			r,
			"%s is neither off nor an absolute path (for example /run/nat64d/control)",
			conf_short(text, arg[0]));
	else if (strlen(arg[0]) >= CONF_SOCKET_MAX)
		conf_error(r, "%s is too long (the path of a socket has at most %d characters)",
			   conf_short(text, arg[0]), CONF_SOCKET_MAX - 1);
	else
		r->conf->control = conf_copy(r, arg[0]);
}

static const struct log_word {
	const char *word;
	enum log_class class;
} log_words[] = {
	{"drop", CLASS_DROP}, {"reject", CLASS_REJECT}, {"icmp", CLASS_ICMP},
	{"self", CLASS_SELF}, {"lease", CLASS_LEASE},   {"dyn", CLASS_LEASE}, /* of Tayga 0.9.6 */
};

static enum log_class find_log_class(const char *word)
{
	for (size_t i = 0; i < sizeof(log_words) / sizeof(*log_words); i++)
		if (strcasecmp(word, log_words[i].word) == 0)
			return log_words[i].class;
	return CLASS_NONE;
}

static void set_log(struct conf_reader *r, char **arg, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		enum log_class class = find_log_class(arg[i]);

		r->conf->log |= class;
		if (!class)
			conf_error(r, WORD " is none of drop, reject, icmp, self, lease", arg[i]);
	}
}

static void set_tun_up(struct conf_reader *r, char **arg, unsigned n)
{
	(void)n;
	conf_parse_bool(r, arg[0], &r->conf->tun_up);
}

static void set_tun_setup(struct conf_reader *r, char **arg, unsigned n)
{
	(void)n;
	conf_parse_bool(r, arg[0], &r->conf->tun_setup);
}

static bool same_addr(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && a->len == b->len && a->addr4 == b->addr4 &&
	       ip6_equal(&a->addr6, &b->addr6);
}

/* Puts A, which was written S, behind the N elements of ARRAY; returns the array. */
static struct prefix *append_addr(struct conf_reader *r, struct prefix *array, size_t *n,
				  struct conf_lines *lines, const char *s, const struct prefix *a)
{
	struct prefix *bigger;

	for (size_t i = 0; i < *n; i++) {
		if (same_addr(&array[i], a)) {
			conf_error(r, WORD " is there already, in line %u", s, lines->at[i]);
			return array;
		}
	}
	bigger = conf_grow(r, array, *n, sizeof(*array));
	if (!bigger)
		return array;
	if (conf_note_line(r, lines))
		bigger[(*n)++] = *a;
	return bigger;
}

/* A device may have a link-local address, though no packet with one passes. */
static bool may_be_device(const struct prefix *a)
{
	if (a->family == 4)
		return addr_passes4(a->addr4) ||
		       conf_is_link_local4(&(struct prefix4){a->addr4, 32});
	return addr_passes6(&a->addr6) || (a->addr6.b[0] == 0xfe && a->addr6.b[1] >> 6 == 2);
}

/* A device has an IPv6 address with one length only; IPv4 addresses it may have with several. */
static bool has_other_length(struct conf_reader *r, const char *s, const struct prefix *a)
{
	const struct conf *c = r->conf;
	char text[ADDR_TEXT];

	for (size_t i = 0; i < c->tun_ips; i++) {
		const struct prefix *b = &c->tun_ip[i];

		if (a->family != 6 || b->family != 6 || a->len == b->len ||
		    !ip6_equal(&a->addr6, &b->addr6))
			continue;
		conf_error(r,
			   WORD " is there already as %s, in line %u (a device has an IPv6 address "
				"once: leave one of them out)",
			   s, addr_text_prefix(text, b), r->tun_ip_at.at[i]);
		return true;
	}
	return false;
}

static void set_tun_ip(struct conf_reader *r, char **arg, unsigned n)
{
	static const struct conf_want want = {.bare = true, .host_bits = true};
	struct conf *c = r->conf;
	struct prefix a;

	(void)n;
	if (!conf_parse_either(r, arg[0], &want, &a))
		return;
	if (has_other_length(r, arg[0], &a))
		return;
	if (may_be_device(&a))
		c->tun_ip = append_addr(r, c->tun_ip, &c->tun_ips, &r->tun_ip_at, arg[0], &a);
	else
		conf_error(r,
			   WORD " cannot be the address of a device (for example 192.168.254.1/32)",
			   arg[0]);
}

static void set_tun_route(struct conf_reader *r, char **arg, unsigned n)
{
	static const struct conf_want want = {.bare = true};
	struct conf *c = r->conf;
	struct prefix a;

	(void)n;
	if (conf_parse_either(r, arg[0], &want, &a))
		c->tun_route =
			append_addr(r, c->tun_route, &c->tun_routes, &r->tun_route_at, arg[0], &a);
}

static void set_offload(struct conf_reader *r, char **arg, unsigned n)
{
	(void)n;
	if (strcasecmp(arg[0], "auto") == 0)
		r->conf->offload = true;
	else if (strcasecmp(arg[0], "off") == 0)
		r->conf->offload = false;
	else
		conf_error(r, WORD " is neither auto nor off", arg[0]);
}

static void set_tun_queue(struct conf_reader *r, char **arg, unsigned n)
{
	(void)n;
	conf_parse_number(r, arg[0], 0, QUEUE_MAX, &r->conf->tun_queue);
}

/* Below the least of IPv6 the kernel would take IPv6 away from the device. */
static void set_tun_mtu(struct conf_reader *r, char **arg, unsigned n)
{
	(void)n;
	conf_parse_number(r, arg[0], IP6_MTU_MIN, IP_LEN_MAX, &r->conf->tun_mtu);
}

static void set_strict_frag_hdr(struct conf_reader *r, char **arg, unsigned n)
{
	(void)arg;
	(void)n;
	conf_warn(r, "accepted and ignored (no atomic fragments are made [RFC 8021])");
}

static void set_workers(struct conf_reader *r, char **arg, unsigned n)
{
	unsigned unused;

	(void)n;
	if (conf_parse_number(r, arg[0], 0, 65535, &unused))
		conf_warn(r, "accepted and ignored (one thread does all)");
}

const struct conf_directive conf_directives[D_COUNT] = {
	[D_TUN_DEVICE] = {"tun-device", 1, 1, false, "NAME", set_tun_device},
	[D_IPV4_ADDR] = {"ipv4-addr", 1, 1, false, "IPV4", set_ipv4_addr},
	[D_IPV6_ADDR] = {"ipv6-addr", 1, 1, false, "IPV6", set_ipv6_addr},
	[D_PREFIX] = {"prefix", 1, 1, true, "IPV6/LENGTH", set_prefix},
	[D_MAP] = {"map", 2, 2, true, "IPV4[/LENGTH] IPV6[/LENGTH]", conf_set_map},
	[D_MAP_FILE] = {"map-file", 1, 1, false, "PATH", set_map_file},
	[D_DYNAMIC_POOL] = {"dynamic-pool", 1, 1, true, "IPV4/LENGTH", set_dynamic_pool},
	[D_DATA_DIR] = {"data-dir", 1, 1, false, "PATH", set_data_dir},
	[D_TRANSLATABLE] = {"translatable", 1, CONF_WORDS - 1, true, "yes|no|IPV4[/LENGTH] ...",
			    conf_set_translatable},
	[D_WKPF_STRICT] = {"wkpf-strict", 1, 1, false, "yes|no", conf_set_wkpf_strict},
	[D_UDP_CKSUM_MODE] = {"udp-cksum-mode", 1, 1, false, "drop|calc|fwd",
			      conf_set_udp_cksum_mode},
	[D_OFFLINK_MTU] = {"offlink-mtu", 1, 1, false, "BYTES", conf_set_offlink_mtu},
	[D_TOS] = {"tos", 1, 2, true, "copy|ignore [4to6|6to4]", conf_set_tos},
	[D_MSS_CLAMP] = {"mss-clamp", 1, 1, false, "auto|off|BYTES", conf_set_mss_clamp},
	[D_ICMP_SOURCE_POOL] = {"icmp-source-pool", 1, 1, false, "IPV4/LENGTH",
				conf_set_icmp_source_pool},
	[D_ICMP_NODE_ID] = {"icmp-node-id", 1, 1, false, "yes|no", conf_set_icmp_node_id},
	[D_ICMP_ERRORS] = {"icmp-errors", 1, 1, false, "send|limit|never", conf_set_icmp_errors},
	[D_ICMP_RATE] = {"icmp-rate", 1, 2, false, "ALL [PER-NETWORK]", conf_set_icmp_rate},
	[D_LOG] = {"log", 0, CONF_WORDS - 1, true, "[drop|reject|icmp|self|lease ...]", set_log},
	[D_CONTROL] = {"control", 1, 1, false, "PATH|off", set_control},
	[D_TUN_UP] = {"tun-up", 1, 1, false, "yes|no", set_tun_up},
	[D_TUN_SETUP] = {"tun-setup", 1, 1, false, "yes|no", set_tun_setup},
	[D_TUN_IP] = {"tun-ip", 1, 1, true, "ADDRESS[/LENGTH]", set_tun_ip},
	[D_TUN_ROUTE] = {"tun-route", 1, 1, true, "PREFIX[/LENGTH]", set_tun_route},
	[D_OFFLOAD] = {"offload", 1, 1, false, "auto|off", set_offload},
	[D_TUN_QUEUE] = {"tun-queue", 1, 1, false, "PACKETS", set_tun_queue},
	[D_TUN_MTU] = {"tun-mtu", 1, 1, false, "BYTES", set_tun_mtu},
	[D_STRICT_FRAG_HDR] = {"strict-frag-hdr", 1, 1, false, "yes|no", set_strict_frag_hdr},
	[D_WORKERS] = {"workers", 1, 1, false, "NUMBER", set_workers},
};
