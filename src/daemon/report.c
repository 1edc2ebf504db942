/* report - formats the counters, and describes packets, for the log. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "lib/addr_text.h"
#include "packet/packet.h"
#include "daemon/report.h"

static const char *const dir_name[DIRS] = {[DIR_4TO6] = "4->6", [DIR_6TO4] = "6->4"};

/* Text that grows at its end, up to the size of its buffer. */
struct text {
	char *p;
	size_t left;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->p, t->left, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n >= t->left)
		n = t->left > 0 ? (int)t->left - 1 : 0;
	t->p += n;
	t->left -= (size_t)n;
}

/* A line with the non-zero counters, preceded by NAME. */
struct line {
	const char *name;
	struct text text;
	char room[2048];
};

static void begin_line(struct line *l, const char *name)
{
	l->name = name;
	l->text = (struct text){l->room, sizeof(l->room)};
}

static void add_item(struct line *l, const char *name, uint64_t value)
{
	if (value == 0)
		return;
	if (l->text.p == l->room)
		add(&l->text, "%s: ", l->name);
	else
		add(&l->text, ", ");
	add(&l->text, "%s %llu", name, (unsigned long long)value);
}

static void add_direction(struct line *l, const struct counters *c, enum report_dir dir)
{
	uint64_t packets = 0;

	for (int r = 0; r < REASON_COUNT; r++)
		packets += c->reason[dir][r];
	begin_line(l, dir_name[dir]);
	add_item(l, "packets", packets);
	add_item(l, "bytes", c->bytes[dir]);
	add_item(l, "fast-path", c->fast[dir]);
	for (int r = 0; r < REASON_COUNT; r++)
		add_item(l, reason_table[r].name, c->reason[dir][r]);
}

static void add_rest(struct line *l, const struct counters *c, const struct pool *pool)
{
	struct pool_total own = pool ? pool_own(pool) : (struct pool_total){0, 0};

	begin_line(l, "both");
	add_item(l, "icmp-sent", c->answers);
	add_item(l, "icmp-suppressed", c->suppressed);
	add_item(l, "gso-read", c->gso_read);
	add_item(l, "gso-written", c->gso_written);
	add_item(l, "merged", c->merged);
	add_item(l, "write-failed", c->write_failed);
	add_item(l, "leases-recorded", c->recorded);
	add_item(l, "leases-used", own.used);
	add_item(l, "leases-size", own.size);
}

void report_lines(const struct counters *c, const struct pool *pool,
		  void (*say)(void *arg, const char *line), void *arg)
{
	struct line l;

	for (int i = 0; i <= DIRS; i++) {
		if (i < DIRS)
			add_direction(&l, c, (enum report_dir)i);
		else
			add_rest(&l, c, pool);
		if (l.text.p > l.room)
			say(arg, l.room);
	}
}

/* PORT -1: none. */
static void add_end(struct text *t, bool is6, const uint8_t *addr, long port)
{
	char s[ADDR_TEXT];
	struct ip6 six;

	if (is6) {
		memcpy(&six, addr, sizeof(six));
		addr_text6(s, &six);
	} else {
		addr_text4(s, get32(addr));
	}
	if (port < 0)
		add(t, "%s", s);
	else
		add(t, is6 ? "[%s]:%ld" : "%s:%ld", s, port);
}

static void add_proto(struct text *t, uint8_t proto, const struct packet *p)
{
	int type = p ? packet_icmp_type(p) : -1;

	if (proto == PROTO_TCP)
		add(t, "TCP");
	else if (proto == PROTO_UDP)
		add(t, "UDP");
	else if (proto == PROTO_ICMP || proto == PROTO_ICMPV6)
		add(t, proto == PROTO_ICMP ? "ICMP" : "ICMPv6");
	else
		add(t, "protocol %u", proto);
	if (type >= 0)
		add(t, " type %d", type);
	if (type >= 0 && p->l4.len >= 2)
		add(t, " code %u", p->l4.p[1]);
	if (p && packet_is_fragment(p))
		add(t, " fragment");
	add(t, " ");
}

static bool has_ports(const struct packet *p)
{
	return (p->proto == PROTO_TCP || p->proto == PROTO_UDP) && p->frag_off == 0 &&
	       p->l4.len >= 4;
}

/* Reads the addresses from the fixed header, so that packets that the parser refused can be
 * described, too. */
static void add_packet(struct text *t, const uint8_t *bytes, size_t len)
{
	bool is6 = len > 0 && bytes[0] >> 4 == 6;
	size_t at = is6 ? offsetof(struct ip6_hdr, src) : offsetof(struct ip4_hdr, src);
	size_t addr_len = is6 ? 16 : 4;
	long sport = -1, dport = -1;
	struct packet p;
	bool parsed;

	if (len < at + 2 * addr_len || (!is6 && bytes[0] >> 4 != 4))
		return;
	parsed = packet_parse(&p, bytes, len, false) == REASON_OK;
	if (parsed && has_ports(&p)) {
		sport = get16(p.l4.p);
		dport = get16(p.l4.p + 2);
	}
	add_proto(t, parsed ? p.proto : is6 ? bytes[6] : bytes[9], parsed ? &p : NULL);
	add_end(t, is6, bytes + at, sport);
	add(t, " -> ");
	add_end(t, is6, bytes + at + addr_len, dport);
	add(t, ", ");
}

char *report_packet(char *out, size_t size, enum reason why, const uint8_t *bytes, size_t len)
{
	const struct reason_row *row = &reason_table[why];
	struct text t = {out, size};

	add(&t, "%s %s %s: %s: ", row->class ? conf_log_name(row->class) : "packet",
	    dir_name[report_dir(len > 0 ? bytes[0] : 0)], row->name, row->text);
	add_packet(&t, bytes, len);
	add(&t, "%zu bytes", len);
	return out;
}
