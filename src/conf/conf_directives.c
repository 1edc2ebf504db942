/* conf_directives - the table of directives: the arguments, default, setter and printer of each,
 * and whether a change needs a restart.
 *
 * A new directive of an existing kind needs only a row in this table. */
#include "conf_text.h"
#include "lib/wire.h"

#define QUEUE_MAX 100000 /* packets; the kernel allocates 8 contiguous bytes for each */

static void *place(const struct conf_reader *r)
{
	return (char *)r->conf + r->row->at;
}

static const void *value(const struct conf_out *out)
{
	return (const char *)out->conf + out->row->at;
}

static bool set_number(struct conf_reader *r, char **arg)
{
	return conf_parse_number(r, arg[0], r->row->least, r->row->most, place(r));
}

/* A value below the minimum means that the directive was left out. */
static void print_number(const struct conf_out *out)
{
	const unsigned *v = value(out);

	if (*v >= out->row->least)
		conf_put(out, "%u", *v);
}

static bool set_word(struct conf_reader *r, char **arg)
{
	return conf_parse_word(r, arg[0], r->row->words, place(r));
}

static void print_word(const struct conf_out *out)
{
	const unsigned *v = value(out);

	conf_put(out, "%s", conf_word(out->row->words, *v));
}

static bool set_flag(struct conf_reader *r, char **arg)
{
	bool *flag = place(r);
	unsigned v;

	if (!conf_parse_word(r, arg[0], r->row->words, &v))
		return false;
	*flag = v;
	return true;
}

static void print_flag(const struct conf_out *out)
{
	const bool *v = value(out);

	conf_put(out, "%s", conf_word(out->row->words, *v));
}

static bool set_addr(struct conf_reader *r, char **arg)
{
	struct prefix a;

	return conf_parse_addr(r, arg[0], &r->row->want, &a) && r->row->take(r, arg[0], &a);
}

static bool set_ignored(struct conf_reader *r, char **arg)
{
	unsigned unused;

	if (r->row->most && !conf_parse_number(r, arg[0], 0, r->row->most, &unused))
		return false;
	conf_warn(r, "accepted and ignored (%s)", r->row->note);
	return true;
}

const struct conf_words conf_yes_no = {
	"neither yes nor no",
	{{"yes", 1},
	 {"no", 0},
	 {"on", 1},
	 {"off", 0},
	 {"true", 1},
	 {"false", 0},
	 {"1", 1},
	 {"0", 0}},
};

static const struct conf_words auto_off = {"neither auto nor off", {{"auto", 1}, {"off", 0}}};

/* Tayga checks only the first letter of the word; the longer spellings are here for its files. */
static const struct conf_words udp_words = {
	"not one of drop, calc, fwd",
	{{"drop", UDP_ZERO_DROP},
	 {"calc", UDP_ZERO_CALC},
	 {"fwd", UDP_ZERO_FWD},
	 {"calculate", UDP_ZERO_CALC},
	 {"forward", UDP_ZERO_FWD}},
};

static const struct conf_words error_words = {
	"not one of send, limit, never",
	{{"send", ICMP_ERRORS_SEND}, {"limit", ICMP_ERRORS_LIMIT}, {"never", ICMP_ERRORS_NEVER}},
};

static const struct conf_words sandbox_words = {
	"not one of auto, off, strict",
	{{"auto", SANDBOX_AUTO}, {"off", SANDBOX_OFF}, {"strict", SANDBOX_STRICT}},
};

const char *conf_sandbox_name(enum sandbox_mode mode)
{
	return conf_word(&sandbox_words, mode);
}

/* The offset of MEMBER; does not compile if its type is not TYPE. */
#define AT(type, member) \
	.at = _Generic(((struct conf *)0)->member, type : offsetof(struct conf, member))

#define NUMBER(member, from, to)                                                         \
	.set = set_number, .print = print_number, AT(unsigned, member), .least = (from), \
	.most = (to)
#define ONE_OF(list, member) \
	.set = set_word, .print = print_word, AT(unsigned, member), .words = &(list)
#define FLAG(list, member) .set = set_flag, .print = print_flag, AT(bool, member), .words = &(list)
#define ADDR(x, of, with, such_as)                                                              \
	.set = set_addr, .want.family = (of), .want.length = (with), .want.example = (such_as), \
	.take = conf_take_##x, .print = conf_print_##x
#define IGNORED(why)  .set = set_ignored, .note = (why)
#define OF_ITS_OWN(x) .set = conf_set_##x, .print = conf_print_##x

const struct conf_directive conf_directives[] = {
	{"tun-device", "NAME", 1, 1, OF_ITS_OWN(tun_device), .restart = true},
	{"ipv4-addr", "IPV4", 1, 1, ADDR(ipv4_addr, 4, LENGTH_NONE, 0)},
	{"ipv6-addr", "IPV6", 1, 1, ADDR(ipv6_addr, 6, LENGTH_NONE, 0)},
	{"prefix", "IPV6/LENGTH", 1, 1, ADDR(prefix, 6, LENGTH_NEEDED, 96), .repeatable = true},
	{"map", "IPV4[/LENGTH] IPV6[/LENGTH]", 2, 2, OF_ITS_OWN(map), .repeatable = true},
	{"map-file", "PATH", 1, 1, OF_ITS_OWN(map_file)},
	{"allow", "IPV6[/LENGTH]", 1, 1, OF_ITS_OWN(allow), .repeatable = true},
	{"dynamic-pool",
	 "IPV4/LENGTH [standby] [from IPV6[/LENGTH]] [lease TIME [TIME]] [share LENGTH LEASES]", 1,
	 CONF_WORDS - 1, OF_ITS_OWN(dynamic_pool), .repeatable = true},
	{"data-dir", "PATH", 1, 1, OF_ITS_OWN(data_dir), .restart = true},
	{"pool-key", "PATH", 1, 1, OF_ITS_OWN(pool_key)},
	{"lease-log", "DAYS [MEGABYTES]|off", 1, 2, OF_ITS_OWN(lease_log)},
	{"translatable", "yes|no|IPV4[/LENGTH] ...", 1, CONF_WORDS - 1, OF_ITS_OWN(translatable),
	 .repeatable = true, .each = true},
	{"deny", "IPV4[/LENGTH]", 1, 1, ADDR(deny, 4, LENGTH_OR_NOT, 0), .repeatable = true},
	{"wkpf-strict", "yes|no", 1, 1, FLAG(conf_yes_no, xlat.wkpf_strict), .initial = "yes"},
	{"udp-cksum-mode", "drop|calc|fwd", 1, 1, ONE_OF(udp_words, xlat.udp_zero),
	 .initial = "calc"},
	/* At least the minimum MTU of IPv6 [8200-5], at most the largest value of a length
	 * field. */
	{"offlink-mtu", "BYTES", 1, 1, NUMBER(xlat.offlink_mtu, IP6_MTU_MIN, IP_LEN_MAX),
	 .initial = "1280"},
	{"tos", "copy|ignore [4to6|6to4]", 1, 2, OF_ITS_OWN(tos), .initial = "copy",
	 .repeatable = true},
	{"mss-clamp", "auto|off|BYTES", 1, 1, OF_ITS_OWN(mss_clamp), .initial = "off"},
	{"icmp-source-pool", "IPV4/LENGTH", 1, 1, ADDR(icmp_source_pool, 4, LENGTH_NEEDED, 28)},
	{"icmp-node-id", "yes|no", 1, 1, FLAG(conf_yes_no, xlat.node_id), .initial = "no"},
	{"icmp-errors", "send|limit|never", 1, 1, ONE_OF(error_words, xlat.icmp_errors),
	 .initial = "limit"},
	/* High enough for path MTU discovery and traceroutes of many hosts at once, low enough to
	 * be useless for amplification attacks. */
	{"icmp-rate", "ALL [PER-NETWORK]", 1, 2, OF_ITS_OWN(icmp_rate), .initial = "1000 50"},
	{"log", "[drop|reject|icmp|self|lease ...]", 0, CONF_WORDS - 1, OF_ITS_OWN(log),
	 .repeatable = true},
	{"control", "PATH|off", 1, 1, OF_ITS_OWN(control), .restart = true},
	{"control-group", "GROUP", 1, 1, OF_ITS_OWN(control_group), .restart = true},
	{"tun-up", "yes|no", 1, 1, FLAG(conf_yes_no, tun_up), .initial = "no"},
	{"tun-setup", "yes|no", 1, 1, FLAG(conf_yes_no, tun_setup), .initial = "no"},
	{"offload", "auto|off", 1, 1, FLAG(auto_off, offload), .initial = "auto", .restart = true},
	{"fast-path", "auto [ENTRIES]|off", 1, 2, OF_ITS_OWN(fast_path), .initial = "auto",
	 .restart = true},
	{"sandbox", "auto|off|strict", 1, 1, ONE_OF(sandbox_words, sandbox), .initial = "auto",
	 .restart = true},
	{"tun-queue", "PACKETS", 1, 1, NUMBER(tun_queue, 0, QUEUE_MAX), .initial = "0"},
	/* With an MTU below 1280 the kernel disables IPv6 on the device. */
	{"tun-mtu", "BYTES", 1, 1, NUMBER(tun_mtu, IP6_MTU_MIN, IP_LEN_MAX), .restart = true},
	{"tun-ip", "ADDRESS[/LENGTH]", 1, 1, ADDR(tun_ip, 0, LENGTH_OR_NOT, 0),
	 .want.host_bits = true, .repeatable = true},
	{"tun-route", "PREFIX[/LENGTH]", 1, 1, ADDR(tun_route, 0, LENGTH_OR_NOT, 0),
	 .repeatable = true},
	{"strict-frag-hdr", "yes|no", 1, 1,
	 IGNORED("nat64d never creates atomic fragments, see RFC 8021")},
	{"workers", "NUMBER", 1, 1, IGNORED("nat64d uses one thread"), .most = 65535},
	{0},
};

_Static_assert(sizeof(conf_directives) / sizeof(*conf_directives) <= CONF_DIRECTIVES, "too many");
