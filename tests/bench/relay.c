/* relay - a minimal translator for one host, as a lower bound for the cost.
 *
 *   relay -c CONF --nodetach
 *
 * It reads a packet or GSO packet, replaces its IP header and the pseudo-header sum in its partial
 * checksum, and writes it.  There are no tables, no checks and no merging.  The difference to
 * kernel forwarding is therefore the cost of read(2), write(2) and a single thread, which no
 * translator of this kind can avoid.  CONF is a nat64.conf, from which it uses tun-device, prefix
 * (a /96) and dynamic-pool, whose address .1 is assigned to the first IPv6 host that sends. Packets
 * with a complete checksum are not translated, except ping. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <linux/if_tun.h>
#include <net/if.h>

#include "lib/csum.h"
#include "packet/header.h"
#include "packet/offload.h"
#include "packet/gso.h"
#include "lib/wire.h"

#define PACKET_MAX 65600
#define BULK       (16 * 1024) /* after a GSO packet of so many bytes, */
#define AWAKE_US   50          /* it polls for so long without sleeping, as nat64d does */

struct relay {
	char dev[IFNAMSIZ];
	struct ip6 prefix, host;
	uint32_t host4;
	bool met; /* HOST is known */
};

static void die(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void read_conf(struct relay *r, const char *path)
{
	char line[256], text[256];
	FILE *f = fopen(path, "r");
	uint8_t pool[4];

	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "tun-device %15s", r->dev) == 1)
			continue;
		if (sscanf(line, "prefix %255[^/]", text) == 1)
			inet_pton(AF_INET6, text, &r->prefix);
		else if (sscanf(line, "dynamic-pool %255[^/]", text) == 1 &&
			 inet_pton(AF_INET, text, pool) == 1)
			r->host4 = get32(pool) + 1;
	}
	fclose(f);
}

static int attach(const char *dev)
{
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	memcpy(r.ifr_name, dev, sizeof(r.ifr_name));
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0)
		die(dev);
	if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN) < 0)
		die("offloads");
	return fd;
}

/* Updates the checksum at AT for words with the sum OLD that are replaced by words with the sum
 * NEW.  A partial checksum is the sum itself. */
static void exchange(uint8_t *at, bool partial, uint64_t old, uint64_t new)
{
	uint16_t flip = partial ? 0xffff : 0;

	put16(at, csum_update(get16(at) ^ flip, old, new) ^ flip);
}

/* Updates the checksum and the type of the LEN bytes at L4.  False if they are not translated. */
static bool fix(uint8_t *l4, size_t len, uint8_t proto, const struct offload *o, uint64_t old,
		uint64_t new)
{
	uint8_t was = l4[0];

	if (o->csum == CSUM_PARTIAL) {
		exchange(l4 + gso_csum_at(proto), true, old, new);
		return true;
	}
	if (proto == PROTO_ICMPV6 && was == ICMP6_ECHO) {
		l4[0] = ICMP4_ECHO;
		old += csum_pseudo((uint32_t)len, PROTO_ICMPV6);
		new = 0;
	} else if (proto == PROTO_ICMP && was == ICMP4_ECHO_REPLY) {
		l4[0] = ICMP6_ECHO_REPLY;
		new += csum_pseudo((uint32_t)len, PROTO_ICMPV6);
		old = 0;
	} else {
		return false;
	}
	exchange(l4 + offsetof(struct icmp_hdr, csum), false, old + ((uint64_t)was << 8),
		 new + ((uint64_t)l4[0] << 8));
	return true;
}

/* Adjusts the offload information after the IP header has grown by MORE bytes. */
static void move(struct offload *o, uint8_t proto, unsigned family, int more)
{
	if (o->csum == CSUM_PARTIAL)
		o->csum_start = (uint16_t)(o->csum_start + more);
	if (o->gso == GSO_NONE)
		return;
	o->header = (uint16_t)(o->header + more);
	o->gso = (uint8_t)gso_type_of(proto, family);
}

/* Translates the packet at AT in place and returns it; NULL if it is not translated. */
static uint8_t *to4(struct relay *r, uint8_t *at, size_t *len, struct offload *o)
{
	const struct ip6_hdr ip = *(const struct ip6_hdr *)(void *)at;
	uint8_t *l4 = at + sizeof(ip), proto = ip.next == PROTO_ICMPV6 ? PROTO_ICMP : ip.next;
	size_t l4_len = *len - sizeof(ip);
	uint32_t dst = get32(ip.dst + 12);
	struct ip6 to;

	memcpy(&r->host, ip.src, sizeof(r->host));
	memcpy(&to, ip.dst, sizeof(to));
	r->met = true;
	if (!fix(l4, l4_len, ip.next, o, csum_addrs6(&r->host, &to), csum_addrs4(r->host4, dst)))
		return NULL;
	move(o, proto, 4, -20);
	*len -= 20;
	header_put4(at + 20, &(struct header4){.ttl = (uint8_t)(ip.hop - 1),
					       .proto = proto,
					       .len = (uint16_t)*len,
					       .frag = IP4_DF,
					       .src = r->host4,
					       .dst = dst});
	return at + 20;
}

static uint8_t *to6(struct relay *r, uint8_t *at, size_t *len, struct offload *o)
{
	const struct ip4_hdr ip = *(const struct ip4_hdr *)(void *)at;
	uint8_t *l4 = at + sizeof(ip), proto = ip.proto == PROTO_ICMP ? PROTO_ICMPV6 : ip.proto;
	size_t l4_len = *len - sizeof(ip);
	struct ip6 from = r->prefix;

	memcpy(from.b + 12, ip.src, sizeof(ip.src));
	if (!r->met || !fix(l4, l4_len, ip.proto, o, csum_addrs4(get32(ip.src), get32(ip.dst)),
			    csum_addrs6(&from, &r->host)))
		return NULL;
	move(o, proto, 6, 20);
	*len += 20;
	header_put6(at - 20, &(struct header6){.hop = (uint8_t)(ip.ttl - 1),
					       .next = proto,
					       .plen = (uint16_t)l4_len,
					       .src = &from,
					       .dst = &r->host});
	return at - 20;
}

static void carry(struct relay *r, int fd, uint8_t *at, size_t len)
{
	struct offload o;

	if (!offload_read(&o, at - OFFLOAD_HDR) || len < sizeof(struct ip6_hdr))
		return;
	at = at[0] >> 4 == 6 ? to4(r, at, &len, &o) : to6(r, at, &len, &o);
	if (!at)
		return;
	offload_write(&o, at - OFFLOAD_HDR);
	if (write(fd, at - OFFLOAD_HDR, OFFLOAD_HDR + len) < 0)
		perror("relay: write");
}

static int64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	static uint8_t buffer[64 + PACKET_MAX], *const at = buffer + 64;
	struct relay r = {.met = false};
	int64_t awake_until = 0;
	struct pollfd from = {.events = POLLIN};

	if (argc < 3 || strcmp(argv[1], "-c") != 0)
		return 2;
	read_conf(&r, argv[2]);
	from.fd = attach(r.dev);
	while (poll(&from, 1, clock_us() < awake_until ? 0 : -1) >= 0) {
		ssize_t n;

		while ((n = read(from.fd, at - OFFLOAD_HDR, OFFLOAD_HDR + PACKET_MAX)) > 0) {
			carry(&r, from.fd, at, (size_t)n - OFFLOAD_HDR);
			if (n > BULK)
				awake_until = clock_us() + AWAKE_US;
		}
	}
	die("poll");
}
