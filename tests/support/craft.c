/* craft - builds test packets from text, and validates packets.  Deliberately shares nothing with
 * src/. */
#include "craft.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAYERS 24

struct layer {
	char text[1200];
};

struct work { /* one text that is being built */
	struct layer layer[LAYERS];
	int layers;
	const struct bytes *input;
};

struct ip { /* the header before a payload */
	int family;
	uint8_t src[16], dst[16];
	int proto; /* of the payload, set by the function that builds it */
	unsigned off;
	bool mf;
};

uint8_t craft_byte(size_t i)
{
	return (uint8_t)(i * 31 + 7 + (i >> 8));
}

unsigned craft_sum(unsigned sum, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (unsigned)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put(uint8_t *p, unsigned long v, int bytes)
{
	while (bytes-- > 0) {
		p[bytes] = (uint8_t)v;
		v >>= 8;
	}
}

static unsigned get(const uint8_t *p, int bytes)
{
	unsigned v = 0;

	while (bytes-- > 0)
		v = v << 8 | *p++;
	return v;
}

unsigned craft_l4_sum(const uint8_t *src, const uint8_t *dst, size_t alen, unsigned proto,
		      const uint8_t *p, size_t len)
{
	uint8_t tail[8] = {0};
	unsigned sum = 0;

	if (proto != 1) {
		sum = craft_sum(craft_sum(0, src, alen), dst, alen);
		put(tail, len, 4);
		tail[7] = (uint8_t)proto;
		sum = craft_sum(sum, tail, 8);
	}
	return craft_sum(sum, p, len);
}

void craft_seal4(uint8_t *packet)
{
	packet[10] = packet[11] = 0;
	put(packet + 10, ~craft_sum(0, packet, (packet[0] & 15u) * 4) & 0xffff, 2);
}

/* Returns the text after "KEY=", or a bare KEY, in L; or NULL. */
static const char *key(const struct layer *l, const char *name)
{
	size_t n = strlen(name);
	const char *p = l->text;

	while ((p = strstr(p, name))) {
		if ((p == l->text || p[-1] == ' ') && strchr("= ", p[n]))
			return p[n] == '=' ? p + n + 1 : p + n;
		p += n;
	}
	return NULL;
}

static unsigned long number(const struct layer *l, const char *name, unsigned long otherwise)
{
	const char *p = key(l, name);

	return p ? strtoul(p, NULL, 0) : otherwise;
}

/* Returns the Nth bare number after the name of L. */
static unsigned long operand(const struct layer *l, int n)
{
	const char *p = l->text;

	while (n-- >= 0 && *p)
		p = strchr(p, ' ') ? strchr(p, ' ') + 1 : p + strlen(p);
	return strtoul(p, NULL, 0);
}

static size_t hex(uint8_t *out, const char *p)
{
	size_t n = 0;
	unsigned v;

	while (sscanf(p, "%2x", &v) == 1 && *p != ' ') {
		out[n++] = (uint8_t)v;
		p += 2;
	}
	return n;
}

static void address(uint8_t *out, int family, const struct layer *l, const char *name,
		    const char *otherwise)
{
	const char *p = key(l, name);
	char text[64];

	snprintf(text, sizeof(text), "%.*s", p ? (int)strcspn(p, " ") : 60, p ? p : otherwise);
	if (inet_pton(family == 4 ? AF_INET : AF_INET6, text, out) != 1) {
		fprintf(stderr, "craft: bad address %s in: %s\n", text, l->text);
		abort();
	}
}

static bool named(const struct layer *l, const char *name)
{
	size_t n = strlen(name);

	return strncmp(l->text, name, n) == 0 && (l->text[n] == ' ' || l->text[n] == 0);
}

static size_t build_packet(uint8_t *out, struct work *w, int i);
static size_t build_payload(uint8_t *out, struct work *w, int i, struct ip *ip);

static void fill(uint8_t *out, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = craft_byte(i);
}

/* Writes the checksum at AT for the message of LEN bytes at OUT, as the keys of L require. */
static void seal(uint8_t *out, size_t len, size_t at, const struct layer *l, const struct ip *ip,
		 unsigned proto)
{
	size_t alen = ip->family == 4 ? 4 : 16;
	unsigned sum;

	put(out + at, 0, 2);
	sum = ~craft_l4_sum(ip->src, ip->dst, alen, proto, out, len) & 0xffff;
	if (proto == 17 && sum == 0)
		sum = 0xffff;
	if (key(l, "bad"))
		sum ^= 0x5555;
	if (key(l, "zero"))
		sum = 0;
	put(out + at, number(l, "ck", sum), 2);
}

static size_t build_udp(uint8_t *out, const struct layer *l, struct ip *ip)
{
	size_t n = number(l, "n", 16);

	ip->proto = 17;
	put(out, number(l, "sp", 40000), 2);
	put(out + 2, number(l, "dp", 53), 2);
	put(out + 4, number(l, "ulen", n + 8), 2);
	fill(out + 8, n);
	if (key(l, "w"))
		put(out + 8, number(l, "w", 0), 2);
	seal(out, n + 8, 6, l, ip, 17);
	return n + 8;
}

static size_t build_tcp(uint8_t *out, const struct layer *l, struct ip *ip)
{
	size_t opts = key(l, "opts") ? hex(out + 20, key(l, "opts")) : 0, n = number(l, "n", 16);

	ip->proto = 6;
	put(out, number(l, "sp", 40001), 2);
	put(out + 2, number(l, "dp", 80), 2);
	put(out + 4, 0x01020304, 4);
	put(out + 8, 0xf0e0d0c0, 4);
	out[12] = (uint8_t)(number(l, "doff", 5 + opts / 4) << 4);
	out[13] = (uint8_t)number(l, "fl", 0x18);
	put(out + 14, 8192, 2);
	put(out + 18, 0, 2);
	n += opts;
	fill(out + 20 + opts, n - opts);
	if (key(l, "w"))
		put(out + 20, number(l, "w", 0), 2);
	seal(out, n + 20, 16, l, ip, 6);
	return n + 20;
}

static size_t build_echo(uint8_t *out, const struct layer *l, struct ip *ip, bool reply)
{
	size_t n = number(l, "n", 16);

	ip->proto = ip->family == 4 ? 1 : 58;
	out[0] = (uint8_t)(ip->family == 4 ? (reply ? 0 : 8) : (reply ? 129 : 128));
	out[1] = (uint8_t)number(l, "c", 0);
	put(out + 4, number(l, "id", 0x1234), 2);
	put(out + 6, number(l, "seq", 1), 2);
	fill(out + 8, n);
	seal(out, n + 8, 2, l, ip, (unsigned)ip->proto);
	return n + 8;
}

/* Cuts, pads and extends the quote of LEN bytes at Q as the keys of L require; returns the new
 * length. */
static size_t shape_quote(uint8_t *q, size_t len, const struct layer *l, size_t *padded)
{
	size_t cut = number(l, "cut", len), pad = number(l, "pad", 0), ext = number(l, "ext", 0);

	if (cut < len)
		len = cut;
	if (pad > len) {
		memset(q + len, 0, pad - len);
		len = pad;
	}
	*padded = len;
	fill(q + len, ext);
	if (ext)
		q[len] = 0x20; /* version 2 */
	return len + ext;
}

static size_t build_icmp(uint8_t *out, struct work *w, int i, struct ip *ip)
{
	const struct layer *l = &w->layer[i];
	unsigned unit = ip->family == 4 ? 4 : 8;
	size_t n = number(l, "n", 0), quote = 0, lf;

	out[0] = (uint8_t)operand(l, 0);
	out[1] = (uint8_t)operand(l, 1);
	put(out + 4, operand(l, 2), 4);
	fill(out + 8, n);
	if (i + 1 < w->layers)
		n = shape_quote(out + 8, build_packet(out + 8, w, i + 1), l, &quote);
	lf = number(l, "lf", key(l, "ext") ? quote / unit : 0);
	if (lf)
		out[ip->family == 4 ? 5 : 4] = (uint8_t)lf;
	ip->proto = ip->family == 4 ? 1 : 58;
	seal(out, n + 8, 2, l, ip, (unsigned)ip->proto);
	return n + 8;
}

static size_t build_ext(uint8_t *out, struct work *w, int i, struct ip *ip, int proto)
{
	const struct layer *l = &w->layer[i];
	size_t units = number(l, "n", proto == 51 ? 1 : 0), size = 8 + 8 * units, len;

	memset(out, 0, size);
	out[1] = (uint8_t)number(l, "el", proto == 51 ? 2 * units : units);
	if (proto == 43) {
		out[2] = (uint8_t)number(l, "type", 0);
		out[3] = (uint8_t)number(l, "left", 0);
	} else {
		out[2] = 1; /* PadN */
		out[3] = (uint8_t)(size - 4);
	}
	len = build_payload(out + size, w, i + 1, ip);
	out[0] = (uint8_t)number(l, "nh", (unsigned long)ip->proto);
	ip->proto = proto;
	return size + len;
}

static void put_frag(uint8_t *out, const struct layer *l, unsigned long off, bool mf, int proto)
{
	out[0] = (uint8_t)number(l, "nh", (unsigned long)proto);
	out[1] = 0;
	put(out + 2, off | mf | number(l, "res", 0), 2);
	put(out + 4, number(l, "id", 0x1234), 4);
}

static size_t build_frag(uint8_t *out, struct work *w, int i, struct ip *ip)
{
	const struct layer *l = &w->layer[i];
	size_t len = build_payload(out + 8, w, i + 1, ip);

	put_frag(out, l, number(l, "off", 0), key(l, "mf"), ip->proto);
	ip->proto = 44;
	return 8 + len;
}

static size_t build_part(uint8_t *out, struct work *w, int i, struct ip *ip)
{
	static uint8_t whole[CRAFT_MAX];
	const struct layer *l = &w->layer[i];
	size_t len = build_payload(whole, w, i + 1, ip), from = operand(l, 0), n = operand(l, 1);
	size_t head = ip->family == 6 ? 8 : 0;

	ip->off = (unsigned)from;
	ip->mf = from + n < len;
	if (head) {
		put_frag(out, l, from, ip->mf, ip->proto);
		ip->proto = 44;
	}
	memcpy(out + head, whole + from, n);
	return head + n;
}

static size_t build_input(uint8_t *out, const struct work *w)
{
	memcpy(out, w->input->b, w->input->len);
	return w->input->len;
}

static size_t build_data(uint8_t *out, const struct layer *l)
{
	size_t n = operand(l, 0);

	fill(out, n);
	return n;
}

static size_t build_payload(uint8_t *out, struct work *w, int i, struct ip *ip)
{
	const struct layer *l = &w->layer[i];

	if (i >= w->layers)
		return 0;
	if (named(l, "udp"))
		return build_udp(out, l, ip);
	if (named(l, "tcp"))
		return build_tcp(out, l, ip);
	if (named(l, "echo") || named(l, "reply"))
		return build_echo(out, l, ip, named(l, "reply"));
	if (named(l, "icmp"))
		return build_icmp(out, w, i, ip);
	if (named(l, "hbh"))
		return build_ext(out, w, i, ip, 0);
	if (named(l, "rt"))
		return build_ext(out, w, i, ip, 43);
	if (named(l, "dst"))
		return build_ext(out, w, i, ip, 60);
	if (named(l, "ah"))
		return build_ext(out, w, i, ip, 51);
	if (named(l, "frag"))
		return build_frag(out, w, i, ip);
	if (named(l, "part"))
		return build_part(out, w, i, ip);
	if (named(l, "data"))
		return build_data(out, l);
	if (named(l, "hex"))
		return hex(out, l->text + 4);
	fprintf(stderr, "craft: unknown layer: %s\n", l->text);
	abort();
}

static size_t build_ip4(uint8_t *out, struct work *w, int i, bool back)
{
	const struct layer *l = &w->layer[i];
	struct ip ip = {.family = 4, .proto = 59};
	size_t opts = key(l, "opts") ? hex(out + 20, key(l, "opts")) : 0, len;
	unsigned long flags = (key(l, "df") ? 0x4000u : 0) | (key(l, "rf") ? 0x8000u : 0);

	address(ip.src, 4, l, "s", back ? CRAFT_HOST4 : CRAFT_WORLD4);
	address(ip.dst, 4, l, "d", back ? CRAFT_WORLD4 : CRAFT_HOST4);
	len = 20 + opts + build_payload(out + 20 + opts, w, i + 1, &ip);
	out[0] = (uint8_t)(number(l, "ver", 4) << 4 | number(l, "ihl", 5 + opts / 4));
	out[1] = (uint8_t)number(l, "tos", 0);
	put(out + 2, number(l, "len", len), 2);
	put(out + 4, number(l, "id", 0x1234), 2);
	if (ip.mf || key(l, "mf"))
		flags |= 0x2000;
	put(out + 6, flags | number(l, "off", ip.off) / 8, 2);
	out[8] = (uint8_t)number(l, "ttl", 64);
	out[9] = (uint8_t)number(l, "p", (unsigned long)ip.proto);
	memcpy(out + 12, ip.src, 4);
	memcpy(out + 16, ip.dst, 4);
	craft_seal4(out);
	put(out + 10, number(l, "ck", get(out + 10, 2)), 2);
	return len;
}

static size_t build_ip6(uint8_t *out, struct work *w, int i, bool back)
{
	const struct layer *l = &w->layer[i];
	struct ip ip = {.family = 6, .proto = 59};
	size_t len;

	address(ip.src, 6, l, "s", back ? CRAFT_HOST6 : CRAFT_WORLD6);
	address(ip.dst, 6, l, "d", back ? CRAFT_WORLD6 : CRAFT_HOST6);
	len = build_payload(out + 40, w, i + 1, &ip);
	put(out, number(l, "ver", 6) << 28 | number(l, "tc", 0) << 20 | number(l, "flow", 0), 4);
	put(out + 4, number(l, "len", len), 2);
	out[6] = (uint8_t)number(l, "p", (unsigned long)ip.proto);
	out[7] = (uint8_t)number(l, "hop", 64);
	memcpy(out + 8, ip.src, 16);
	memcpy(out + 24, ip.dst, 16);
	return 40 + len;
}

static size_t build_packet(uint8_t *out, struct work *w, int i)
{
	const struct layer *l = &w->layer[i];

	if (named(l, "in"))
		return build_input(out, w);
	if (named(l, "hex"))
		return hex(out, l->text + 4);
	if (named(l, "4") || named(l, "4r"))
		return build_ip4(out, w, i, named(l, "4r"));
	if (named(l, "6") || named(l, "6r"))
		return build_ip6(out, w, i, named(l, "6r"));
	fprintf(stderr, "craft: not a packet: %s\n", l->text);
	abort();
}

size_t craft(uint8_t *out, const char *text, const struct bytes *input)
{
	static struct work work;
	struct work *w = &work;

	w->input = input;
	w->layers = 0;
	while (*text && w->layers < LAYERS) {
		size_t n;

		text += strspn(text, " ");
		n = strcspn(text, "|");
		/* a final space, so that every bare key is followed by one */
		snprintf(w->layer[w->layers++].text, sizeof(w->layer->text), "%.*s ", (int)n, text);
		text += n + (text[n] == '|');
	}
	return build_packet(out, w, 0);
}

/* The validator. */

static const char *fault_quote(const uint8_t *p, size_t len, int family)
{
	if (family == 4) {
		size_t head = (p[0] & 15u) * 4;

		if (len < 20 || p[0] >> 4 != 4 || head < 20)
			return "quoted IPv4 header";
		if (head <= len && craft_sum(0, p, head) != 0xffff)
			return "quoted IPv4 header checksum";
		return NULL;
	}
	return len < 40 || p[0] >> 4 != 6 ? "quoted IPv6 header" : NULL;
}

static const char *fault_icmp(const uint8_t *p, size_t len, int family)
{
	bool error = family == 4 ? p[0] == 3 || p[0] == 11 || p[0] == 12 : p[0] < 128;
	bool echo = family == 4 ? p[0] == 8 || p[0] == 0 : p[0] == 128 || p[0] == 129;

	if (!error && !echo)
		return "ICMP type that is never sent";
	return error ? fault_quote(p + 8, len - 8, family) : NULL;
}

static const char *fault_l4(const uint8_t *src, const uint8_t *dst, int family, unsigned proto,
			    const uint8_t *p, size_t len, bool udp_zero)
{
	size_t alen = family == 4 ? 4 : 16;
	unsigned icmp = family == 4 ? 1 : 58;

	if (proto == (family == 4 ? 58u : 1u))
		return "ICMP of the other family";
	if (proto != icmp && proto != 6 && proto != 17)
		return NULL;
	if (len < (proto == 6 ? 20u : 8u))
		return "short transport header";
	if (proto == 17 && get(p + 6, 2) == 0)
		return udp_zero || family == 4 ? NULL : "UDP without checksum";
	if (proto == 17 && get(p + 4, 2) != len)
		return NULL; /* its checksum must be checked at the destination */
	if (craft_l4_sum(src, dst, alen, proto, p, len) != 0xffff)
		return "transport checksum";
	return proto == icmp ? fault_icmp(p, len, family) : NULL;
}

static const char *fault4(const uint8_t *p, size_t len, bool udp_zero)
{
	unsigned frag;

	if (len < 20 || p[0] != 0x45)
		return "IPv4 version or header length";
	if (get(p + 2, 2) != len)
		return "IPv4 total length";
	if (craft_sum(0, p, 20) != 0xffff)
		return "IPv4 header checksum";
	if (p[8] == 0)
		return "TTL 0";
	frag = get(p + 6, 2);
	if ((frag & 0x8000) || ((frag & 0x4000) && (frag & 0x3fff)))
		return "IPv4 flags";
	if (frag & 0x3fff)
		return (frag & 0x2000) && (len - 20) % 8 ? "length of a fragment" : NULL;
	return fault_l4(p + 12, p + 16, 4, p[9], p + 20, len - 20, udp_zero);
}

static const char *fault6(const uint8_t *p, size_t len, bool udp_zero)
{
	unsigned off;

	if (len < 40 || p[0] >> 4 != 6 || (get(p, 4) & 0xfffff))
		return "IPv6 version or flow label";
	if (get(p + 4, 2) + 40 != len)
		return "IPv6 payload length";
	if (p[7] == 0)
		return "hop limit 0";
	if (p[6] != 44)
		return fault_l4(p + 8, p + 24, 6, p[6], p + 40, len - 40, udp_zero);
	if (len < 48)
		return "no fragment header";
	off = get(p + 42, 2);
	if (off == 0 || (off & 6))
		return "atomic fragment or reserved bits";
	return (off & 1) && (len - 48) % 8 ? "length of a fragment" : NULL;
}

const char *craft_fault(const uint8_t *p, size_t len, bool udp_zero)
{
	if (len == 0)
		return "empty";
	return p[0] >> 4 == 4 ? fault4(p, len, udp_zero) : fault6(p, len, udp_zero);
}
