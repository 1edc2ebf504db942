/* setup_apply - sets up a device in the right order, and undoes a partial setup. */
#include <stdlib.h>
#include <string.h>

#include "setup_impl.h"

enum mark {
	UNTRIED,
	FOUND, /* it existed already */
	ADDED,
};

/* A sorted list of addresses or routes, with the functions that add and remove one. */
struct list {
	const struct prefix *at;
	unsigned char *mark;
	size_t n;
	int (*add)(struct tun *t, const struct prefix *a, char *err);
	int (*del)(struct tun *t, const struct prefix *a, char *err);
};

static struct list addrs_of(const struct setup *s)
{
	if (!s)
		return (struct list){.n = 0};
	return (struct list){s->addr, s->mark, s->addrs, tun_addr_add, tun_addr_del};
}

static struct list routes_of(const struct setup *s)
{
	if (!s)
		return (struct list){.n = 0};
	return (struct list){s->route, s->mark + s->addrs, s->routes, tun_route_add, tun_route_del};
}

/* Removes the entries of WAS that are not in NOW. */
static int remove_all(struct list was, struct list now, struct tun *t, char *err)
{
	int rc = 0;

	for (size_t i = was.n; i-- > 0;)
		if (!setup_holds(now.at, now.n, &was.at[i]) && was.del(t, &was.at[i], err) < 0)
			rc = -1;
	return rc;
}

/* Adds the entries of NOW that are not in WAS.  Stops at the first failure. */
static int add_all(struct list now, struct list was, struct tun *t, char *err)
{
	for (size_t i = 0; i < now.n; i++) {
		int added =
			setup_holds(was.at, was.n, &now.at[i]) ? 0 : now.add(t, &now.at[i], err);

		if (added < 0)
			return -1;
		now.mark[i] = added ? ADDED : FOUND;
	}
	return 0;
}

static bool take_back(struct list l, struct tun *t)
{
	char ignored[TUN_ERR];
	bool any = false;

	for (size_t i = l.n; i-- > 0;)
		if (l.mark[i] == ADDED) {
			l.del(t, &l.at[i], ignored);
			any = true;
		}
	return any;
}

static void restore_found(struct list l, struct tun *t)
{
	char ignored[TUN_ERR];

	for (size_t i = 0; i < l.n; i++)
		if (l.mark[i] == FOUND)
			l.add(t, &l.at[i], ignored);
}

/* Writes to ERR only while *FAILED is 0. */
static void renew_all(struct list l, struct tun *t, size_t *failed, char *err)
{
	char ignored[TUN_ERR];

	for (size_t i = 0; i < l.n; i++)
		if (l.add(t, &l.at[i], *failed ? ignored : err) < 0)
			(*failed)++;
}

static void renew_lists(const struct setup *s, struct tun *t, size_t *failed, char *err)
{
	renew_all(addrs_of(s), t, failed, err);
	renew_all(routes_of(s), t, failed, err);
}

/* With the last address of a device, the kernel removes all its routes. */
static void undo(const struct setup *s, const struct setup *was, struct tun *t)
{
	char ignored[TUN_ERR];
	size_t failed = 0;

	take_back(routes_of(s), t);
	if (!take_back(addrs_of(s), t))
		return;
	restore_found(routes_of(s), t);
	if (was)
		renew_lists(was, t, &failed, ignored);
}

void setup_take_back(const struct setup *s, const struct setup *was, struct tun *t)
{
	char ignored[TUN_ERR];

	undo(s, was, t);
	if (s->raised)
		tun_link_down(t, ignored);
}

/* Returns an entry of NOW that is not in WAS and that T lacks. */
static const struct prefix *missing(struct list now, struct list was, struct tun *t,
				    bool (*has)(struct tun *t, const struct prefix *a))
{
	for (size_t i = 0; i < now.n; i++)
		if (!setup_holds(was.at, was.n, &now.at[i]) && !has(t, &now.at[i]))
			return &now.at[i];
	return NULL;
}

const struct prefix *setup_missing(const struct setup *s, const struct setup *was, struct tun *t)
{
	const struct prefix *a = missing(routes_of(s), routes_of(was), t, tun_route_has);

	return a ? a : missing(addrs_of(s), addrs_of(was), t, tun_addr_has);
}

int setup_remove(const struct setup *was, const struct setup *s, struct tun *t, char *err)
{
	int rc = remove_all(routes_of(was), routes_of(s), t, err);

	if (remove_all(addrs_of(was), addrs_of(s), t, err) < 0)
		rc = -1;
	return rc;
}

/* Routes come first, since they may conflict with those of another program.  A link that was down
 * has lost the routes of WAS. */
static int apply(struct setup *s, const struct setup *was, struct tun *t, char *err)
{
	int raised = s->up ? tun_link_up(t, err) : 0;
	const struct setup *there = raised ? NULL : was;

	if (raised < 0)
		return -1;
	s->raised = raised > 0;
	memset(s->mark, UNTRIED, s->addrs + s->routes);
	if (add_all(routes_of(s), routes_of(there), t, err) == 0 &&
	    add_all(addrs_of(s), addrs_of(there), t, err) == 0)
		return 0;
	setup_take_back(s, was, t);
	return -1;
}

/* The MTU is set before the routes, which inherit it. */
int setup_apply(struct setup *s, const struct setup *was, struct tun *t, char *err)
{
	unsigned mtu = tun_mtu(t);
	char ignored[TUN_ERR];

	if (s->mtu && !was && tun_mtu_set(t, s->mtu, err) < 0)
		return -1;
	if (apply(s, was, t, err) == 0)
		return 0;
	if (s->mtu && !was)
		tun_mtu_set(t, mtu, ignored);
	return -1;
}

static bool is_asked_for(const void *arg, bool route, const struct prefix *a)
{
	const struct setup *s = arg;

	return route ? setup_holds(s->route, s->routes, a) : setup_holds(s->addr, s->addrs, a);
}

void setup_sweep(const struct setup *s, struct tun *t)
{
	tun_sweep(t, is_asked_for, s);
}

/* Another interface may have got a network in the meantime, which would then lose its traffic to
 * our device. */
static void judge_again(struct setup *s, struct tun *t, setup_say *say, void *arg)
{
	char where[TUN_ERR], ignored[TUN_ERR];
	size_t kept = 0;

	tun_look(t);
	for (size_t i = 0; i < s->routes; i++) {
		struct prefix r = s->route[i];

		if (setup_holds(s->named, s->nameds, &r) || !tun_elsewhere(t, &r, where)) {
			s->route[kept++] = r;
			continue;
		}
		tun_route_del(t, &r, ignored);
		s->left[s->lefts++] = r;
		if (say)
			setup_say_left(&r, where, say, arg);
	}
	s->routes = kept;
	qsort(s->left, s->lefts, sizeof(*s->left), setup_compare);
}

size_t setup_restore(const struct setup *s, struct tun *t, char *err)
{
	size_t failed = 0;

	renew_lists(s, t, &failed, err);
	return failed;
}

size_t setup_renew(struct setup *s, struct tun *t, setup_say *say, void *arg, char *err)
{
	size_t failed = s->up && tun_link_up(t, err) < 0;

	judge_again(s, t, say, arg);
	renew_lists(s, t, &failed, err);
	return failed;
}
