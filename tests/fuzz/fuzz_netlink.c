/* fuzz_netlink - arbitrary messages of the kernel about links, addresses and routes.
 *
 * The first byte of an input selects what they answer; the rest is what a socket receives.  In it,
 * message numbers 1 to 3 are those of our requests.  Linked with libFuzzer (--enable-fuzzer) or
 * with replay.c, which `make check` runs. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../src/linux/netlink_linux.h"
#include "../../src/linux/netlink_linux_msg.h"
#include "../../src/linux/routes_impl.h"

#include "fuzz_check.h"
#include "replay.h"

#define DEVICE 7

static const struct prefix6 scope[2] = {{{{0x00, 0x64, 0xff, 0x9b}}, 96},
					{{{0x20, 0x01, 0x0d, 0xb8, 0, 0x64}}, 48}};

/* --- the requests of netlink_linux ---------------------------------------------------------- */

/* The other end of a socket on which the answers already wait.  Copies them twice, so that the two
 * dumps of netlink_routes() have one each, and ends the stream. */
static void open_socket(struct netlink *nl, const uint8_t *data, size_t size)
{
	int ends[2];

	EXPECT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	*nl = (struct netlink){.fd = ends[0]};
	for (int i = 0; i < 2; i++)
		EXPECT(send(ends[1], data, size, MSG_NOSIGNAL) == (ssize_t)size);
	shutdown(ends[1], SHUT_WR);
	close(ends[1]);
}

static void expect_text(const char *s, size_t room)
{
	EXPECT(memchr(s, '\0', room) != NULL);
}

static void take_each(void *arg, unsigned index, const struct prefix *addr,
		      const struct prefix *net)
{
	unsigned *n = arg;

	(void)index;
	++*n;
	EXPECT((addr->family == 4 || addr->family == 6) && net->family == addr->family);
	EXPECT(net->len <= (net->family == 4 ? 32 : 128));
}

static void take_addr(void *arg, unsigned index, const struct prefix *addr,
		      const struct prefix *net)
{
	take_each(arg, index, addr, net);
	EXPECT(addr->len == (addr->family == 4 ? 32 : 128));
	EXPECT(addr_covers(net, net));
}

static void check_requests(unsigned what, const uint8_t *data, size_t size)
{
	struct prefix host = {.family = what & 8 ? 4 : 6, .len = what & 8 ? 24 : 64}, net = host;
	struct netlink_link link;
	struct netlink nl;
	unsigned n = 0;

	open_socket(&nl, data, size);
	switch (what % 8) {
	case 0:
		if (netlink_link(&nl, DEVICE, &link) == 0) {
			expect_text(link.name, sizeof(link.name));
			expect_text(link.alias, sizeof(link.alias));
		}
		break;
	case 1:
		netlink_addrs(&nl, take_addr, &n);
		break;
	case 2:
		netlink_routes(&nl, DEVICE, take_each, &n);
		break;
	case 3:
		if (netlink_route_network(&nl, &host, &net) > 0)
			EXPECT(net.len > 0 && net.len <= host.len && addr_covers(&net, &net));
		break;
	case 4:
		netlink_route_way(&nl, &host);
		break;
	case 5:
		netlink_route_index(&nl, &host);
		break;
	default:
		netlink_link_set(&nl, DEVICE, true);
		break;
	}
	expect_text(nl.why, sizeof(nl.why));
	netlink_close(&nl);
}

/* --- routes --------------------------------------------------------------------------------- */

/* Without our device there is nothing of which a table could say that it leads there. */
static void check_table(const struct routes *r)
{
	bool ours = false;

	for (size_t i = 0; i < r->known.n; i++) {
		const struct route6 *route = &r->known.at[i];
		struct ip6 clean = route->to.addr;

		EXPECT(route->to.len <= 128 && route_scope_has(&r->scope, &route->to));
		addr_clean6(&clean, route->to.len);
		EXPECT(ip6_equal(&clean, &route->to.addr));
		ours = ours || route->ours;
	}
	for (size_t i = 0; i < r->known.n && !ours; i++)
		EXPECT(lpm_find(routes_table(r), r->known.at[i].to.addr.b) != 1);
	for (size_t i = 0; i < 2 && !ours; i++)
		EXPECT(lpm_find(routes_table(r), scope[i].addr.b) != 1);
}

/* Exactly the received bytes, so that a sanitizer detects an access beyond them. */
static void check_routes(const uint8_t *data, size_t size)
{
	struct routes *r = routes_new(DEVICE);
	uint8_t *exact = fuzz_bytes(size);

	EXPECT(r != NULL && routes_prepare(r, scope, 2, NULL, 0) == 0);
	routes_commit(r, 1000);
	memcpy(exact, data, size);
	routes_take_news(r, exact, size);
	for (uint32_t seq = 1; seq < 4; seq++) {
		r->dumping = true;
		r->seq = seq;
		r->error = 0;
		r->found.n = 0;
		routes_take_dump(r, exact, size);
		EXPECT(!r->dumping || r->error == 0);
	}
	EXPECT(routes_table(r) != NULL);
	if (r->known.n > 0)
		check_table(r);
	free(exact);
	routes_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > NETLINK_REPLY)
		return 0;
	check_requests(data[0], data + 1, size - 1);
	check_routes(data + 1, size - 1);
	return 0;
}
