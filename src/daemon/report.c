/* report - decides the names, the order and the words of what was counted, and how a packet is
 * described. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr_text.h"
#include "packet/packet.h"
#include "daemon/report.h"

static const char *const dir_name[DIRS] = {[DIR_4TO6] = "4->6", [DIR_6TO4] = "6->4"};

static void each_of_dir(const struct counters *c, enum report_dir dir,
			void (*each)(void *arg, const struct report_item *item), void *arg)
{
	struct report_item item = {"packets", dir_name[dir], "packets read", 0};

	for (int r = 0; r < REASON_COUNT; r++)
		item.value += c->reason[dir][r];
	each(arg, &item);
	item = (struct report_item){"bytes", dir_name[dir], "bytes read", c->bytes[dir]};
	each(arg, &item);
	for (int r = 0; r < REASON_COUNT; r++) {
		item = (struct report_item){reason_table[r].name, dir_name[dir],
					    reason_table[r].text, c->reason[dir][r]};
		each(arg, &item);
	}
}

void report_each(const struct counters *c, const struct pool *pool,
		 void (*each)(void *arg, const struct report_item *item), void *arg)
{
	const struct report_item rest[] = {
		{"icmp-sent", NULL, "ICMP errors and echo replies of our own", c->answers},
		{"icmp-suppressed", NULL, "ICMP errors held back by the rate limit", c->suppressed},
		{"gso-read", NULL, "GSO packets read at once", c->gso_read},
		{"gso-written", NULL, "GSO packets written at once", c->gso_written},
		{"merged", NULL, "packets put behind others into a GSO packet", c->merged},
		{"write-failed", NULL, "packets the device did not take", c->write_failed},
		{"leases-recorded", NULL, "leases put on record", c->recorded},
		{"leases-used", NULL, "leases kept", pool ? pool_used(pool) : 0},
		{"leases-size", NULL, "addresses that can be leased", pool ? pool_size(pool) : 0},
	};

	each_of_dir(c, DIR_4TO6, each, arg);
	each_of_dir(c, DIR_6TO4, each, arg);
	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++)
		each(arg, &rest[i]);
}

/* Text that grows at its end and stops growing when it is full. */
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

struct lines {
	const char *dir; /* of the line that grows; NULL: no direction */
	struct text line;
	char room[2048];
	bool begun;
	void (*say)(void *arg, const char *line);
	void *arg;
};

static void end_line(struct lines *l)
{
	if (l->begun)
		l->say(l->arg, l->room);
	l->begun = false;
}

static void add_item(void *arg, const struct report_item *item)
{
	struct lines *l = arg;

	if (item->dir != l->dir)
		end_line(l);
	if (item->value == 0)
		return;
	if (!l->begun) {
		l->line = (struct text){l->room, sizeof(l->room)};
		add(&l->line, "%s: ", item->dir ? item->dir : "both");
	} else {
		add(&l->line, ", ");
	}
	add(&l->line, "%s %llu", item->name, (unsigned long long)item->value);
	l->dir = item->dir;
	l->begun = true;
}

void report_lines(const struct counters *c, const struct pool *pool,
		  void (*say)(void *arg, const char *line), void *arg)
{
	struct lines l = {.say = say, .arg = arg};

	report_each(c, pool, add_item, &l);
	end_line(&l);
}

/* PORT -1: there is none. */
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

/* Addresses come from the fixed header, so that a packet the parser refused is described too. */
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

static const char *class_name(enum log_class class)
{
	switch (class) {
	case CLASS_DROP:
		return "drop";
	case CLASS_REJECT:
		return "reject";
	case CLASS_ICMP:
		return "icmp";
	case CLASS_SELF:
		return "self";
	case CLASS_LEASE:
	case CLASS_NONE:
		break;
	}
	return "packet";
}

char *report_packet(char *out, size_t size, enum reason why, const uint8_t *bytes, size_t len)
{
	const struct reason_row *row = &reason_table[why];
	struct text t = {out, size};

	add(&t, "%s %s %s: %s: ", class_name(row->class),
	    dir_name[report_dir(len > 0 ? bytes[0] : 0)], row->name, row->text);
	add_packet(&t, bytes, len);
	add(&t, "%zu bytes", len);
	return out;
}
