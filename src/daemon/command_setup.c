/* command_setup - answers `setup`: lists the addresses and routes that the daemon needs, for the
 * client, which makes the changes as root. */
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "lib/addr_text.h"
#include "linux/sandbox.h"

#define SLICE 100 /* number of addresses or routes to list at a time */

/* Sets OUT to number I of everything that was requested from the kernel, and returns its kind; NULL
 * after the last one. */
static const char *asked_for(const struct setup *s, size_t i, const struct prefix **out)
{
	const struct {
		const char *what;
		const struct prefix *at;
		size_t n;
	} all[] = {{"address", s->addr, s->addrs},
		   {"route", s->route, s->routes},
		   {"named", s->named, s->nameds},
		   {"left-out", s->left, s->lefts}};

	for (size_t k = 0; k < sizeof(all) / sizeof(*all); k++) {
		if (i < all[k].n) {
			*out = &all[k].at[i];
			return all[k].what;
		}
		i -= all[k].n;
	}
	return NULL;
}

/* A reload in the meantime would mix two different lists, so it ends this one. */
static bool more_setup(void *arg, struct answer *a)
{
	const struct daemon *d = arg;
	const struct prefix *addr;
	char text[ADDR_TEXT];

	if (a->epoch != d->reload.changes) {
		answer_add(a, "changed\n");
		return false;
	}
	for (int i = 0; i < SLICE; i++) {
		const char *what = asked_for(d->active->setup, a->cursor++, &addr);

		if (!what) {
			answer_add(a, "end\n");
			return false;
		}
		answer_add(a, "%-8s %s\n", what, addr_text_prefix(text, addr));
	}
	return true;
}

/* The client may have another working directory. */
/* seccomp: daemon: getcwd */
static void add_config(struct answer *a, const struct daemon *d)
{
	char cwd[PATH_MAX] = "";

	if (d->active->conf->path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		cwd[0] = '\0';
	answer_add(a, "config   %s%s%s\n", cwd, cwd[0] ? "/" : "", d->active->conf->path);
}

void command_setup(void *arg, const struct control_request *r, struct answer *a)
{
	const struct daemon *d = arg;
	const char *state = getenv("STATE_DIRECTORY");

	(void)r;
	answer_add(a, "ok\n");
	add_config(a, d);
	if (state && *state)
		answer_add(a, "state    %s\n", state);
	answer_add(a, "device   %s\n", tun_name(d->tun));
	answer_add(a, "changes  %s\n", sandbox_may_configure() ? "itself" : "by-root");
	a->more = more_setup;
	a->epoch = d->reload.changes;
}
