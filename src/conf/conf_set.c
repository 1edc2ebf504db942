/* conf_set - setters and printers of the directives that need code of their own.
 *
 * They check only what one line says; conf_check.c checks what depends on other lines. */
#include <string.h>
#include <strings.h>

#include "conf_text.h"

/* The kernel allows more names.  But commands and firewall rules use the name, where blanks and
 * quotes have a meaning, and where "-h" is an option. */
static bool is_device_name(const char *s)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	return *s != '-' && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 &&
	       s[strspn(s, letters)] == '\0';
}

bool conf_set_tun_device(struct conf_reader *r, char **arg)
{
	const char *name = arg[0];

	if (strlen(name) >= sizeof(r->conf->tun_device))
		return conf_error(r,
				  "%s is too long (an interface name has at most %zu characters)",
				  name, sizeof(r->conf->tun_device) - 1);
	if (!is_device_name(name))
		return conf_error(
			r,
			"%s is not allowed as an interface name: use letters, digits, '.', "
			"'_' and '-', and no '-' first (for example nat64)",
			name);
	strcpy(r->conf->tun_device, name);
	return true;
}

void conf_print_tun_device(const struct conf_out *out)
{
	conf_put(out, "%s", out->conf->tun_device);
}

#define OWN_WANTED "%s is not routable (use an address of your network, for example %s)"

bool conf_take_ipv4_addr(struct conf_reader *r, const char *s, const struct prefix *a)
{
	if (conf_is_link_local4(&(struct prefix4){a->addr4, 32}))
		conf_warn(r, "%s " LINK_LOCAL, s);
	else if (!addr_passes4(a->addr4))
		return conf_error(r, OWN_WANTED, s, "192.168.255.1");
	r->conf->xlat.own4 = a->addr4;
	return true;
}

void conf_print_ipv4_addr(const struct conf_out *out)
{
	char text[ADDR_TEXT];

	conf_put(out, "%s", addr_text4(text, out->conf->xlat.own4));
}

bool conf_take_ipv6_addr(struct conf_reader *r, const char *s, const struct prefix *a)
{
	r->conf->xlat.own6 = a->addr6;
	return addr_passes6(&a->addr6) || conf_error(r, OWN_WANTED, s, "2001:db8::1");
}

void conf_print_ipv6_addr(const struct conf_out *out)
{
	char text[ADDR_TEXT];

	conf_put(out, "%s", addr_text6(text, &out->conf->xlat.own6));
}

/* Returns true if P can translate an address at all, as the Well-Known Prefix can. */
static bool embeds(const struct prefix6 *p)
{
	struct ip6 sample;

	addr_embed(&sample, p, 0xc0000221); /* 192.0.2.33 [6052-2.4] */
	return addr_passes6(&p->addr) && addr_passes6(&sample);
}

/* Reports that S equals item I of the same directive. */
static bool complain_twice(struct conf_reader *r, const char *s, size_t i)
{
	return conf_error(r, "%s is already on line %u", s, conf_line_of(r, r->row->name, i));
}

bool conf_take_prefix(struct conf_reader *r, const char *s, const struct prefix *a)
{
	struct map_table *maps = r->conf->maps;
	const struct prefix6 p = {a->addr6, a->len};

	if (!addr_embed_len_ok(p.len))
		return conf_error(
			r, "%s: a translation prefix has a length of 32, 40, 48, 56, 64 or 96", s);
	if (p.len == 96 && p.addr.b[8] != 0) /* [6052-2.2] */
		return conf_error(r,
				  "%s: bits 64 to 71 must be zero (the first two of the four "
				  "digits after the fourth colon)",
				  s);
	if (!embeds(&p))
		return conf_error(r, "%s is not routable (use for example 64:ff9b::/96)", s);
	if (map_prefix_count(maps) > UINT16_MAX)
		return conf_error(r, "more than %u prefixes", UINT16_MAX + 1);
	return map_add_prefix(maps, &p) || complain_twice(r, s, map_prefix_index(maps, &p));
}

void conf_print_prefix(const struct conf_out *out)
{
	const struct map_table *maps = out->conf->maps;
	char text[ADDR_TEXT];

	for (size_t i = 0; i < map_prefix_count(maps); i++)
		conf_put(out, "%s", addr_text_prefix6(text, map_prefix_at(maps, i)));
}

/* A path is one word and cannot contain blanks. */
bool conf_set_data_dir(struct conf_reader *r, char **arg)
{
	char text[CONF_SHORT];

	r->conf->data_dir_line = r->line;
	if (arg[0][0] == '/')
		return conf_path_fits(r, arg[0]) && conf_copy(r, arg[0], &r->conf->data_dir);
	return conf_error(r, "%s is not an absolute path (for example " CONF_UNIT_DIR ")",
			  conf_short(text, arg[0]));
}

/* A directory from the environment may contain blanks, which cannot be written in a directive. */
void conf_print_data_dir(const struct conf_out *out)
{
	const char *dir = out->conf->data_dir;

	if (dir && strpbrk(dir, " \t\n\v\f\r"))
		fprintf(out->file, "# data-dir comes from STATE_DIRECTORY\n");
	else if (dir)
		conf_put(out, "%s", dir);
}

bool conf_set_map_file(struct conf_reader *r, char **arg)
{
	return conf_path_fits(r, arg[0]) && conf_copy(r, arg[0], &r->conf->map_file);
}

void conf_print_map_file(const struct conf_out *out)
{
	if (!out->conf->map_file)
		return;
	if (out->expanded)
		fprintf(out->file, "# ");
	conf_put(out, "%s", out->conf->map_file);
}

bool conf_set_control(struct conf_reader *r, char **arg)
{
	char text[CONF_SHORT];

	r->conf->control_line = r->line;
	r->conf->control_off = strcasecmp(arg[0], "off") == 0;
	if (r->conf->control_off)
		return true;
	if (arg[0][0] != '/')
		return conf_error(
			r,
			"%s is neither off nor an absolute path (for example /run/nat64d/control)",
			conf_short(text, arg[0]));
	if (strlen(arg[0]) >= CONF_SOCKET_MAX)
		return conf_error(r,
				  "%s is too long (the path of a socket has at most %d characters)",
				  conf_short(text, arg[0]), CONF_SOCKET_MAX - 1);
	return conf_copy(r, arg[0], &r->conf->control);
}

void conf_print_control(const struct conf_out *out)
{
	const struct conf *c = out->conf;

	if (c->control || c->control_off)
		conf_put(out, "%s", c->control ? c->control : "off");
}

/* Whether the group exists is checked at the start of the daemon: the file may be for another
 * machine. */
bool conf_set_control_group(struct conf_reader *r, char **arg)
{
	return conf_copy(r, arg[0], &r->conf->control_group);
}

void conf_print_control_group(const struct conf_out *out)
{
	if (out->conf->control_group)
		conf_put(out, "%s", out->conf->control_group);
}

const char *conf_control_path(const struct conf *c, const char *runtime_dir,
			      char out[CONF_SOCKET_MAX])
{
	int n;

	if (c->control_off)
		return NULL;
	if (c->control) {
		snprintf(out, CONF_SOCKET_MAX, "%s", c->control);
		return out;
	}
	if (!runtime_dir || *runtime_dir != '/')
		return NULL;
	n = snprintf(out, CONF_SOCKET_MAX, "%.*s/control", (int)strcspn(runtime_dir, ":"),
		     runtime_dir);
	return n < CONF_SOCKET_MAX ? out : NULL;
}

static const struct conf_words log_words = {
	"not one of drop, reject, icmp, self, lease",
	{{"drop", CLASS_DROP},
	 {"reject", CLASS_REJECT},
	 {"icmp", CLASS_ICMP},
	 {"self", CLASS_SELF},
	 {"lease", CLASS_LEASE},
	 {"dyn", CLASS_LEASE}}, /* from Tayga 0.9.6 */
};

bool conf_set_log(struct conf_reader *r, char **arg)
{
	unsigned class;

	for (; *arg; arg++)
		if (conf_parse_word(r, *arg, &log_words, &class))
			r->conf->log |= class;
	return true;
}

unsigned conf_log_class(const char *s)
{
	for (const struct conf_word *w = log_words.at; w->word; w++)
		if (strcasecmp(w->word, s) == 0)
			return w->value;
	return 0;
}

const char *conf_log_name(unsigned class)
{
	return conf_word(&log_words, class);
}

void conf_print_log(const struct conf_out *out)
{
	unsigned left = out->conf->log;

	if (!left)
		return;
	fprintf(out->file, "log");
	for (const struct conf_word *w = log_words.at; left; w++) {
		if (left & w->value)
			fprintf(out->file, " %s", w->word);
		left &= ~w->value;
	}
	fprintf(out->file, "\n");
}

/* Appends A, which was written as S, to the N elements of *ARRAY. */
static bool append_addr(struct conf_reader *r, struct prefix **array, size_t *n, const char *s,
			const struct prefix *a)
{
	struct prefix *bigger;

	for (size_t i = 0; i < *n; i++)
		if (prefix_equal(&(*array)[i], a))
			return complain_twice(r, s, i);
	bigger = conf_grow(r, *array, *n, sizeof(*bigger));
	if (!bigger)
		return false;
	*array = bigger;
	bigger[(*n)++] = *a;
	return true;
}

/* A device may have a link-local address, although no packet from or to it is translated. */
static bool may_be_device(const struct prefix *a)
{
	if (a->family == 4)
		return addr_passes4(a->addr4) ||
		       conf_is_link_local4(&(struct prefix4){a->addr4, 32});
	return addr_passes6(&a->addr6) || (a->addr6.b[0] == 0xfe && a->addr6.b[1] >> 6 == 2);
}

/* A device has an IPv6 address with only one length, but may have an IPv4 address with several. */
static bool has_one_length(struct conf_reader *r, const char *s, const struct prefix *a)
{
	const struct conf *c = r->conf;
	char text[ADDR_TEXT];

	for (size_t i = 0; i < c->tun_ips && a->family == 6; i++) {
		const struct prefix *b = &c->tun_ip[i];

		if (b->family == 6 && a->len != b->len && ip6_equal(&a->addr6, &b->addr6))
			return conf_error(
				r,
				"%s is already given as %s on line %u (a device has an IPv6 "
				"address only once: remove one of the lines)",
				s, addr_text_prefix(text, b), conf_line_of(r, "tun-ip", i));
	}
	return true;
}

bool conf_take_tun_ip(struct conf_reader *r, const char *s, const struct prefix *a)
{
	if (!has_one_length(r, s, a))
		return false;
	if (!may_be_device(a))
		return conf_error(
			r, "%s cannot be the address of a device (for example 192.168.254.1/32)",
			s);
	return append_addr(r, &r->conf->tun_ip, &r->conf->tun_ips, s, a);
}

bool conf_take_tun_route(struct conf_reader *r, const char *s, const struct prefix *a)
{
	return append_addr(r, &r->conf->tun_route, &r->conf->tun_routes, s, a);
}

static void print_addrs(const struct conf_out *out, const struct prefix *a, size_t n)
{
	char text[ADDR_TEXT];

	for (size_t i = 0; i < n; i++)
		conf_put(out, "%s", addr_text_prefix(text, &a[i]));
}

void conf_print_tun_ip(const struct conf_out *out)
{
	print_addrs(out, out->conf->tun_ip, out->conf->tun_ips);
}

void conf_print_tun_route(const struct conf_out *out)
{
	print_addrs(out, out->conf->tun_route, out->conf->tun_routes);
}

/* A smaller table has no use; the kernel has no memory for a larger one. */
#define FAST_PATH_MIN     1024u
#define FAST_PATH_MAX     4194304u
#define FAST_PATH_DEFAULT 65536u

#define LEASE_DAYS_MAX      36500u
#define LEASE_MEGABYTES     64u
#define LEASE_MEGABYTES_MAX 1000000u

bool conf_set_lease_log(struct conf_reader *r, char **arg)
{
	struct conf *c = r->conf;
	bool off = strcasecmp(arg[0], "off") == 0;

	if (off && arg[1])
		return conf_error(r, "unexpected argument %s after off", arg[1]);
	c->lease_megabytes = LEASE_MEGABYTES;
	if (off)
		return true;
	return conf_parse_number(r, arg[0], 1, LEASE_DAYS_MAX, &c->lease_days) &&
	       (!arg[1] ||
		conf_parse_number(r, arg[1], 1, LEASE_MEGABYTES_MAX, &c->lease_megabytes));
}

void conf_print_lease_log(const struct conf_out *out)
{
	const struct conf *c = out->conf;

	if (c->lease_days > 0)
		conf_put(out, "%u %u", c->lease_days, c->lease_megabytes);
}

bool conf_set_fast_path(struct conf_reader *r, char **arg)
{
	unsigned *entries = &r->conf->fast_path;
	bool off = strcasecmp(arg[0], "off") == 0;

	if (!off && strcasecmp(arg[0], "auto") != 0)
		return conf_error(r, "%s is neither auto nor off", arg[0]);
	if (off && arg[1])
		return conf_error(r, "unexpected argument %s after off", arg[1]);
	*entries = off ? 0 : FAST_PATH_DEFAULT;
	return !arg[1] || conf_parse_number(r, arg[1], FAST_PATH_MIN, FAST_PATH_MAX, entries);
}

void conf_print_fast_path(const struct conf_out *out)
{
	unsigned entries = out->conf->fast_path;

	if (entries == 0)
		conf_put(out, "off");
	else if (entries == FAST_PATH_DEFAULT)
		conf_put(out, "auto");
	else
		conf_put(out, "auto %u", entries);
}
