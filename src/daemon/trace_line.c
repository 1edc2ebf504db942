/* trace_line - extracts what `trace` shows of a packet, and formats the line. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/trace.h"
#include "lib/addr_text.h"
#include "lib/clock.h"
#include "packet/packet.h"

static const char *const directions[DIRS] = {[DIR_4TO6] = "4to6", [DIR_6TO4] = "6to4"};
static const char *const verdicts[] = {
	[TRACE_TRANSLATE] = "translate",
	[TRACE_ANSWER] = "answer",
	[TRACE_REJECT] = "reject",
	[TRACE_DROP] = "drop",
};

const char trace_head[] =
	"TIME                        DIR  VERDICT   REASON                 PACKET\n";

/* Reads the addresses from the fixed header, so that they are known even if the packet is invalid
 * after it. */
static bool look_at_header(struct trace_side *s, const uint8_t *bytes, size_t here)
{
	bool is6 = here > 0 && bytes[0] >> 4 == 6;
	size_t at = is6 ? offsetof(struct ip6_hdr, src) : offsetof(struct ip4_hdr, src);
	size_t n = is6 ? sizeof(struct ip6) : 4;

	if (here < at + 2 * n || (!is6 && bytes[0] >> 4 != 4))
		return false;
	s->family = is6 ? 6 : 4;
	memcpy(s->src, bytes + at, n);
	memcpy(s->dst, bytes + at + n, n);
	s->proto = bytes[is6 ? offsetof(struct ip6_hdr, next) : offsetof(struct ip4_hdr, proto)];
	return true;
}

void trace_look(struct trace_side *s, const uint8_t *bytes, size_t here, size_t len)
{
	struct packet p;

	*s = (struct trace_side){.type = -1, .code = -1, .len = len};
	if (!look_at_header(s, bytes, here) || packet_parse(&p, bytes, here, true) != REASON_OK)
		return;
	s->proto = p.proto;
	s->fragment = packet_is_fragment(&p);
	s->type = (int16_t)packet_icmp_type(&p);
	if (s->type >= 0 && p.l4.len >= 2)
		s->code = p.l4.p[1];
	s->has_ports =
		(p.proto == PROTO_TCP || p.proto == PROTO_UDP) && p.frag_off == 0 && p.l4.len >= 4;
	if (!s->has_ports)
		return;
	s->sport = (uint16_t)get16(p.l4.p);
	s->dport = (uint16_t)get16(p.l4.p + 2);
}

struct line {
	char *text;
	size_t len;
};

static void put(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* No text is long, and TRACE_LINE has room for all of them. */
static void put(struct line *l, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(l->text + l->len, TRACE_LINE - l->len, format, args);
	va_end(args);
	if (n > 0 && (size_t)n < TRACE_LINE - l->len)
		l->len += (size_t)n;
}

static const char *addr_text(char buf[ADDR_TEXT], unsigned family, const uint8_t *addr)
{
	struct ip6 six;

	if (family == 4)
		return addr_text4(buf, get32(addr));
	memcpy(six.b, addr, sizeof(six.b));
	return addr_text6(buf, &six);
}

static const char *protocol_name(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		return "tcp";
	case PROTO_UDP:
		return "udp";
	case PROTO_ICMP:
		return "icmp";
	case PROTO_ICMPV6:
		return "icmpv6";
	default:
		return NULL;
	}
}

static void put_protocol(struct line *l, const struct trace_side *s, const char *quote)
{
	const char *name = protocol_name(s->proto);

	if (name)
		put(l, "%s%s%s", quote, name, quote);
	else
		put(l, "%u", s->proto);
}

static void put_json_port(struct line *l, const char *key, const struct trace_side *s, unsigned n)
{
	if (s->has_ports)
		put(l, "\"%s\": %u, ", key, n);
	else
		put(l, "\"%s\": null, ", key);
}

static void put_json_side(struct line *l, const struct trace_side *s)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];

	if (s->family) {
		put(l, "{\"source\": \"%s\", \"destination\": \"%s\", \"protocol\": ",
		    addr_text(src, s->family, s->src), addr_text(dst, s->family, s->dst));
		put_protocol(l, s, "\"");
	} else {
		put(l, "{\"source\": null, \"destination\": null, \"protocol\": null");
	}
	put(l, ", ");
	put_json_port(l, "source_port", s, s->sport);
	put_json_port(l, "destination_port", s, s->dport);
	put(l, "\"length\": %zu}", s->len);
}

static void put_json(struct line *l, const struct trace_packet *p)
{
	char now[CLOCK_TEXT];

	put(l,
	    "{\"time\": \"%s\", \"direction\": \"%s\", \"verdict\": \"%s\", \"reason\": \"%s\", ",
	    clock_rfc3339_us(now, p->at), directions[p->dir], verdicts[p->verdict],
	    reason_table[p->why].name);
	put(l, "\"packets\": %u, \"before\": ", p->packets);
	put_json_side(l, &p->before);
	put(l, ", \"after\": ");
	if (p->has_after)
		put_json_side(l, &p->after);
	else
		put(l, "null");
	put(l, "}\n");
}

static void put_end(struct line *l, const struct trace_side *s, const uint8_t *addr, unsigned port)
{
	char text[ADDR_TEXT];

	addr_text(text, s->family, addr);
	if (!s->has_ports)
		put(l, "%s", text);
	else
		put(l, s->family == 6 ? "[%s]:%u" : "%s:%u", text, port);
}

static void put_side(struct line *l, const struct trace_side *s)
{
	if (s->family) {
		put_protocol(l, s, "");
		if (s->type >= 0)
			put(l, " %d/%d", s->type, s->code);
		put(l, "%s ", s->fragment ? " fragment" : "");
		put_end(l, s, s->src, s->sport);
		put(l, " -> ");
		put_end(l, s, s->dst, s->dport);
		put(l, ", ");
	}
	put(l, "%zu bytes", s->len);
}

static void put_text(struct line *l, const struct trace_packet *p)
{
	char now[CLOCK_TEXT];

	put(l, "%-27s %s %-9s %-22s ", clock_rfc3339_us(now, p->at), directions[p->dir],
	    verdicts[p->verdict], reason_table[p->why].name);
	put_side(l, &p->before);
	if (p->packets > 1)
		put(l, " in %u packets", p->packets);
	if (p->has_after) {
		put(l, " => ");
		put_side(l, &p->after);
	}
	put(l, "\n");
}

size_t trace_format(char line[TRACE_LINE], const struct trace_packet *p, bool json)
{
	struct line l = {line, 0};

	(json ? put_json : put_text)(&l, p);
	return l.len;
}

size_t trace_format_lost(char line[TRACE_LINE], int64_t at, unsigned long n, bool json)
{
	struct line l = {line, 0};
	char now[CLOCK_TEXT];

	if (json)
		put(&l, "{\"time\": \"%s\", \"lost\": %lu}\n", clock_rfc3339_us(now, at), n);
	else
		put(&l, "%-27s %lu more, not shown\n", clock_rfc3339_us(now, at), n);
	return l.len;
}
