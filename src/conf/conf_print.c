/* conf_print - the canonical form: every value that counts, defaults included, in a fixed order. */
#include <string.h>

#include "conf/conf.h"
#include "lib/addr_text.h"

static const char *yes_no(bool b)
{
	return b ? "yes" : "no";
}

static void print_maps(const struct conf *c, bool expanded, FILE *out)
{
	size_t maps = expanded ? map_count(c->maps) : c->own_maps;
	char a[ADDR_TEXT], b[ADDR_TEXT];

	for (size_t i = 0; i < map_prefix_count(c->maps); i++)
		fprintf(out, "prefix %s\n", addr_text_prefix6(a, map_prefix_at(c->maps, i)));
	for (size_t i = 0; i < maps; i++) {
		const struct map *m = map_at(c->maps, i);

		fprintf(out, "map %s %s\n",
			m->p4.len == 32 ? addr_text4(a, m->p4.addr) : addr_text_prefix4(a, &m->p4),
			m->p6.len == 128 ? addr_text6(b, &m->p6.addr)
					 : addr_text_prefix6(b, &m->p6));
	}
	if (c->map_file)
		fprintf(out, "%smap-file %s\n", expanded ? "# " : "", c->map_file);
}

/* A directory from the environment may have blanks in its name, which no directive could say. */
static void print_data_dir(const struct conf *c, FILE *out)
{
	bool sayable = c->data_dir && !strpbrk(c->data_dir, " \t\n\v\f\r");

	if (sayable)
		fprintf(out, "data-dir %s\n", c->data_dir);
	else if (c->data_dir)
		fprintf(out, "# data-dir comes from STATE_DIRECTORY\n");
}

static void print_log(unsigned classes, FILE *out)
{
	if (!classes)
		return;
	fprintf(out, "log%s%s%s%s%s\n", classes & CLASS_DROP ? " drop" : "",
		classes & CLASS_REJECT ? " reject" : "", classes & CLASS_ICMP ? " icmp" : "",
		classes & CLASS_SELF ? " self" : "", classes & CLASS_LEASE ? " lease" : "");
}

static void print_tos(const struct xlat_conf *x, FILE *out)
{
	static const char *const words[] = {"copy", "ignore"};

	if (x->tos_ignore_4to6 == x->tos_ignore_6to4)
		fprintf(out, "tos %s\n", words[x->tos_ignore_4to6]);
	else
		fprintf(out, "tos %s 4to6\ntos %s 6to4\n", words[x->tos_ignore_4to6],
			words[x->tos_ignore_6to4]);
}

static void print_mss_clamp(int clamp, FILE *out)
{
	if (clamp == MSS_AUTO || clamp == MSS_OFF)
		fprintf(out, "mss-clamp %s\n", clamp == MSS_AUTO ? "auto" : "off");
	else
		fprintf(out, "mss-clamp %d\n", clamp);
}

static void print_translatable(const struct conf *c, FILE *out)
{
	char a[ADDR_TEXT];

	if (c->translatables == 0)
		fprintf(out, "translatable %s\n", yes_no(c->xlat.translatable_all));
	for (size_t i = 0; i < c->translatables; i++)
		fprintf(out, "translatable %s\n", addr_text_prefix4(a, &c->translatable[i]));
}

static void print_xlat(const struct xlat_conf *x, FILE *out)
{
	static const char *const modes[] = {
		[UDP_ZERO_CALC] = "calc",
		[UDP_ZERO_DROP] = "drop",
		[UDP_ZERO_FWD] = "fwd",
	};

	fprintf(out, "wkpf-strict %s\n", yes_no(x->wkpf_strict));
	fprintf(out, "udp-cksum-mode %s\n", modes[x->udp_zero]);
	fprintf(out, "offlink-mtu %u\n", x->offlink_mtu);
	print_tos(x, out);
	print_mss_clamp(x->mss_clamp, out);
}

/* The rate counts only where errors are limited. */
static void print_icmp(const struct conf *c, FILE *out)
{
	static const char *const words[] = {
		[ICMP_ERRORS_SEND] = "send",
		[ICMP_ERRORS_LIMIT] = "limit",
		[ICMP_ERRORS_NEVER] = "never",
	};
	char a[ADDR_TEXT];

	if (c->xlat.has_icmp_source)
		fprintf(out, "icmp-source-pool %s\n", addr_text_prefix4(a, &c->xlat.icmp_source));
	fprintf(out, "icmp-node-id %s\n", yes_no(c->xlat.node_id));
	fprintf(out, "icmp-errors %s\n", words[c->xlat.icmp_errors]);
	if (c->xlat.icmp_errors == ICMP_ERRORS_LIMIT)
		fprintf(out, "icmp-rate %u %u\n", c->icmp_rate.all_rate, c->icmp_rate.net_rate);
}

static void print_tun(const struct conf *c, FILE *out)
{
	char a[ADDR_TEXT];

	fprintf(out, "tun-up %s\n", yes_no(c->tun_up));
	fprintf(out, "tun-setup %s\n", yes_no(c->tun_setup));
	fprintf(out, "offload %s\n", c->offload ? "auto" : "off");
	fprintf(out, "tun-queue %u\n", c->tun_queue);
	if (c->tun_mtu)
		fprintf(out, "tun-mtu %u\n", c->tun_mtu);
	for (size_t i = 0; i < c->tun_ips; i++)
		fprintf(out, "tun-ip %s\n", addr_text_prefix(a, &c->tun_ip[i]));
	for (size_t i = 0; i < c->tun_routes; i++)
		fprintf(out, "tun-route %s\n", addr_text_prefix(a, &c->tun_route[i]));
}

static void print_all(const struct conf *c, bool expanded, FILE *out)
{
	char a[ADDR_TEXT];

	fprintf(out, "tun-device %s\n", c->tun_device);
	fprintf(out, "ipv4-addr %s\n", addr_text4(a, c->xlat.own4));
	fprintf(out, "ipv6-addr %s\n", addr_text6(a, &c->xlat.own6));
	print_maps(c, expanded, out);
	for (size_t i = 0; i < c->pools; i++)
		fprintf(out, "dynamic-pool %s\n", addr_text_prefix4(a, &c->pool[i]));
	print_data_dir(c, out);
	print_translatable(c, out);
	print_xlat(&c->xlat, out);
	print_icmp(c, out);
	print_log(c->log, out);
	if (c->control || c->control_off)
		fprintf(out, "control %s\n", c->control ? c->control : "off");
	print_tun(c, out);
}

void conf_print(const struct conf *c, FILE *out)
{
	print_all(c, false, out);
}

void conf_print_expanded(const struct conf *c, FILE *out)
{
	print_all(c, true, out);
}
