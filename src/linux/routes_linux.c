/* routes_linux - reads the kernel's routes, and decides when to read them again [rtnetlink(7)]. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink_linux.h"
#include "netlink_linux_msg.h"
#include "routes_impl.h"
#include "lib/wire.h"

#define PACE_MIN 50   /* minimum ms between two dumps */
#define PACE_MAX 1000 /* ms; used where dumps take long, since then they load the kernel */
#define SHARE    20   /* the pause after a dump is so many times its duration */
#define REPEATS \
	3 /* maximum repetitions of a torn dump; more would not help if routes always change */
#define NEWS       64 /* messages to read before packets are served again */
#define PATIENCE_S 5  /* seconds to wait for the first dump */

struct routes *routes_new(unsigned device)
{
	struct routes *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->device = device;
	r->news = r->dump = -1;
	return r;
}

static void close_sockets(struct routes *r)
{
	if (r->news >= 0)
		close(r->news);
	if (r->dump >= 0)
		close(r->dump);
	r->news = r->dump = -1;
	r->dumping = false;
}

void routes_free(struct routes *r)
{
	if (!r)
		return;
	close_sockets(r);
	lpm_free(r->table);
	lpm_free(r->next_table);
	free(r->scope.prefix);
	free(r->next_scope.prefix);
	free(r->known.at);
	free(r->found.at);
	free(r);
}

unsigned long routes_changes(const struct routes *r)
{
	return r->changes;
}

const struct lpm *routes_table(const struct routes *r)
{
	return r->table;
}

int routes_news_fd(const struct routes *r)
{
	return r->news;
}

int routes_dump_fd(const struct routes *r)
{
	return r->dump;
}

/* Requests all IPv6 routes.  On failure, tries again later. */
static void ask(struct routes *r, int64_t now)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct {
		struct nlmsghdr nh;
		struct rtmsg route;
	} request = {
		.nh = {.nlmsg_len = sizeof(request),
		       .nlmsg_type = RTM_GETROUTE,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		       .nlmsg_seq = ++r->seq},
		.route = {.rtm_family = AF_INET6},
	};

	r->asked_at = r->now = now;
	r->pace = PACE_MAX;
	r->found.n = 0;
	r->found.broken = r->torn = r->outdated = false;
	r->dumping = sendto(r->dump, &request, sizeof(request), 0, (struct sockaddr *)&kernel,
			    sizeof(kernel)) == (ssize_t)sizeof(request);
	r->error = r->dumping ? 0 : errno;
	r->stale = !r->dumping;
}

/* If the kernel's routes are known, the routes of the configuration add nothing new. */
static struct lpm *first_table(const struct routes *r, const struct prefix *own, size_t n)
{
	struct route_list all = {.n = 0};
	struct lpm *table = NULL;

	for (size_t i = 0; i < r->known.n; i++)
		route_list_add(&all, &r->known.at[i]);
	for (size_t i = 0; i < n; i++) {
		struct route6 route = {{own[i].addr6, own[i].len}, UINT32_MAX, false, true};

		if (own[i].family == 6 && route_scope_has(&r->next_scope, &route.to))
			route_list_add(&all, &route);
	}
	if (!all.broken)
		table = route_list_table(&all);
	free(all.at);
	return table;
}

int routes_prepare(struct routes *r, const struct prefix6 *scope, size_t n,
		   const struct prefix *own, size_t owns)
{
	lpm_free(r->next_table);
	r->next_table = NULL;
	if (route_scope_set(&r->next_scope, scope, n) < 0)
		return -1;
	r->next_table = first_table(r, own, owns);
	return r->next_table ? 0 : -1;
}

static bool same_scope(const struct route_scope *a, const struct route_scope *b)
{
	return prefix6_all_equal(a->prefix, a->n, b->prefix, b->n);
}

/* Most changes have no effect here: for example, a default route is announced again or gets another
 * gateway. */
static void set_table(struct routes *r, struct lpm *table)
{
	r->changes += !r->table || !lpm_equal(r->table, table);
	lpm_free(r->table);
	r->table = table;
}

/* If the prefixes are unchanged, nothing is read again. */
void routes_commit(struct routes *r, int64_t now)
{
	bool same = r->dump >= 0 && same_scope(&r->scope, &r->next_scope);

	free(r->scope.prefix);
	r->scope = r->next_scope;
	r->next_scope = (struct route_scope){.n = 0};
	if (same) {
		lpm_free(r->next_table);
	} else {
		set_table(r, r->next_table);
		if (r->dumping)
			r->outdated = true;
		else if (r->dump >= 0)
			ask(r, now);
	}
	r->next_table = NULL;
}

/* --- messages ------------------------------------------------------------------------------- */

/* The kernel continues a dump by counting entries, so if one is removed in the meantime, another
 * one is skipped. */
static void take_change(struct routes *r, const struct nlmsghdr *nh, struct span body)
{
	struct route6 route;

	if ((nh->nlmsg_type != RTM_NEWROUTE && nh->nlmsg_type != RTM_DELROUTE) ||
	    !route_read(body, r->device, &route))
		return;
	r->torn |= r->dumping && nh->nlmsg_type == RTM_DELROUTE;
	r->stale |= route_scope_has(&r->scope, &route.to);
}

/* BUF may contain only the first bytes of a message; they are sufficient. */
void routes_take_news(struct routes *r, const uint8_t *buf, size_t len)
{
	struct nlmsghdr nh;

	if (len < sizeof(nh))
		return;
	memcpy(&nh, buf, sizeof(nh));
	take_change(r, &nh, (struct span){buf + sizeof(nh), len - sizeof(nh)});
}

static void take_route(struct routes *r, struct span body)
{
	struct route6 route;

	if (route_read(body, r->device, &route) && route_scope_has(&r->scope, &route.to))
		route_list_add(&r->found, &route);
}

static void swap_lists(struct routes *r)
{
	struct route_list known = r->known;

	r->known = r->found;
	r->found = known;
}

static void set_pace(struct routes *r)
{
	r->pace = (r->now - r->asked_at) * SHARE;
	if (r->pace < PACE_MIN)
		r->pace = PACE_MIN;
	if (r->pace > PACE_MAX)
		r->pace = PACE_MAX;
}

/* A torn dump is usually correct, and better than the former table. */
static void end_dump(struct routes *r)
{
	struct lpm *table;

	r->dumping = false;
	set_pace(r);
	if (r->outdated) {
		ask(r, r->now);
		return;
	}
	table = r->found.broken ? NULL : route_list_table(&r->found);
	r->repeats = r->torn ? r->repeats + 1 : 0;
	r->stale |= !table || (r->torn && r->repeats <= REPEATS);
	if (r->repeats > REPEATS)
		r->repeats = 0;
	if (!table)
		return;
	set_table(r, table);
	swap_lists(r);
}

static void fail_dump(struct routes *r, int error)
{
	r->dumping = false;
	r->error = error;
	r->stale = true;
}

void routes_take_dump(struct routes *r, const uint8_t *buf, size_t len)
{
	struct span left = {buf, len}, body;
	struct nlmsghdr nh;

	while (r->dumping && netlink_next(&left, &nh, &body)) {
		if (nh.nlmsg_seq != r->seq)
			continue;
		r->torn |= (nh.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (nh.nlmsg_type == NLMSG_DONE)
			end_dump(r);
		else if (nh.nlmsg_type == NLMSG_ERROR)
			fail_dump(r, netlink_errno(body));
		else if (nh.nlmsg_type == RTM_NEWROUTE)
			take_route(r, body);
	}
}

/* --- sockets -------------------------------------------------------------------------------- */

static void receive_news(struct routes *r)
{
	uint8_t start[512];

	for (int i = 0; i < NEWS && r->news >= 0; i++) {
		ssize_t n = recv(r->news, start, sizeof(start), 0);

		if (n > 0)
			routes_take_news(r, start, (size_t)n);
		else if (n < 0 && errno == ENOBUFS) /* some messages were lost */
			r->stale = r->torn = true;
		else if (n == 0 || errno != EINTR)
			return;
	}
}

static void receive_dump(struct routes *r)
{
	ssize_t n;

	if (r->dump < 0)
		return;
	n = recv(r->dump, r->buf, sizeof(r->buf), 0);
	if (n >= 0)
		routes_take_dump(r, r->buf, (size_t)n);
	else if (r->dumping && errno != EAGAIN && errno != EINTR)
		fail_dump(r, errno);
}

static bool wants_dump(const struct routes *r)
{
	return r->stale && !r->dumping && r->dump >= 0;
}

void routes_serve(struct routes *r, int64_t now)
{
	r->now = now;
	receive_news(r);
	receive_dump(r);
	if (wants_dump(r) && now - r->asked_at >= r->pace)
		ask(r, now);
}

int64_t routes_due(const struct routes *r)
{
	return wants_dump(r) ? r->asked_at + r->pace : INT64_MAX;
}

/* Waits until the requested dump has ended.  Returns its error, or 0. */
static int await_dump(struct routes *r)
{
	struct pollfd from = {.fd = r->dump, .events = POLLIN};

	while (r->dumping) {
		int ready = poll(&from, 1, PATIENCE_S * 1000);

		if (ready == 0)
			fail_dump(r, ETIMEDOUT);
		else if (ready > 0)
			receive_dump(r);
		else if (errno != EINTR)
			fail_dump(r, errno);
	}
	return r->error;
}

int routes_load(struct routes *r, int64_t now)
{
	r->news = netlink_monitor_open(RTMGRP_IPV6_ROUTE);
	if (r->news >= 0)
		r->dump = netlink_monitor_open(0);
	r->error = errno;
	if (r->dump >= 0) {
		ask(r, now);
		if (await_dump(r) == 0)
			return 0;
	}
	close_sockets(r);
	errno = r->error;
	return -1;
}
