/* nat64ctl_place - finds the history, even if no daemon runs, and parses addresses on the command
 * line. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "lease/leaselog.h"
#include "lib/addr_text.h"
#include "nat64ctl.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

static void ignore(void *arg, bool error, const char *line)
{
	(void)arg;
	(void)error;
	(void)line;
}

static int copy_dir(char dir[CTL_PATH], const char *from, size_t len)
{
	if (len >= CTL_PATH) {
		ctl_complain("data-dir: the path is too long");
		return CTL_FAILED;
	}
	memcpy(dir, from, len);
	dir[len] = '\0';
	return CTL_DONE;
}

/* No daemon answers, so the directory is taken from the configuration that the unit uses. */
static int look_up(const struct ctl *c, char dir[CTL_PATH])
{
	struct conf_diag diag = {.say = ignore, .hurried = true, .mapless = true};
	char path[CTL_PATH], state[CTL_PATH];
	int status = CTL_FAILED;
	struct conf *conf;

	snprintf(path, sizeof(path),
		 c->instance ? SYSCONFDIR "/nat64/%.200s.conf" : SYSCONFDIR "/nat64.conf",
		 c->instance);
	snprintf(state, sizeof(state), CONF_UNIT_DIR "%s%.200s", c->instance ? "/" : "",
		 c->instance ? c->instance : "");
	conf = conf_load(path, state, &diag);
	if (!conf)
		ctl_complain(
			"nat64d is not running, and %s does not name the directory of the history",
			path);
	else if (conf->lease_days == 0)
		ctl_complain("there is no history: lease-log is off in %s", path);
	else
		status = copy_dir(dir, conf->data_dir, strlen(conf->data_dir));
	conf_free(conf);
	return status;
}

int ctl_find_history(const struct ctl *c, char dir[CTL_PATH], bool *running)
{
	static const char key[] = "directory ";
	struct ctl_reply r;
	int status;

	ctl_ask(c, "history", &r);
	*running = r.status != CTL_NOBODY;
	if (r.status == CTL_NOBODY && !c->elsewhere)
		status = look_up(c, dir);
	else if (r.status != CTL_DONE)
		status = ctl_print(c, &r);
	else if (strncmp(r.rest, key, strlen(key)) == 0)
		status = copy_dir(dir, r.rest + strlen(key), strcspn(r.rest + strlen(key), "\n"));
	else
		status = CTL_FAILED;
	ctl_free(&r);
	return status;
}

struct leasehistory *ctl_open_history(const char *dir)
{
	struct leasehistory *h = leasehistory_open(dir);

	if (!h)
		ctl_complain("%s: %s%s", dir, strerror(errno),
			     errno == EACCES
				     ? " (only root and members of the group of nat64d may read it)"
				     : "");
	return h;
}

void ctl_close_history(struct leasehistory *h, const char *dir)
{
	const struct leasehistory_damage *d = leasehistory_damage(h);
	char name[32] = LEASELOG_NAME;

	if (d->file > 0)
		snprintf(name, sizeof(name), LEASELOG_NAME ".%u", d->file);
	if (d->lines > 0)
		ctl_complain("warning: %s/%s: damaged at byte %" PRId64
			     " (damaged lines of the history: %" PRIu64
			     "; those that cannot be read are left out)",
			     dir, name, d->at, d->lines);
	leasehistory_close(h);
}

int ctl_read_place(const char *word, struct ctl_place *p)
{
	char right[ADDR_TEXT];
	struct prefix was;

	if (!conf_scan_either(word, &p->prefix)) {
		ctl_complain("%s is neither an address nor a prefix", word);
		return CTL_USAGE;
	}
	p->one = !strchr(word, '/');
	was = p->prefix;
	if (was.family == 4)
		p->prefix.addr4 &= addr_mask4(was.len);
	else
		addr_clean6(&p->prefix.addr6, was.len);
	if (was.addr4 != p->prefix.addr4 || !ip6_equal(&was.addr6, &p->prefix.addr6)) {
		ctl_complain("%s has host bits set (did you mean %s?)", word,
			     addr_text_prefix(right, &p->prefix));
		return CTL_USAGE;
	}
	if (p->prefix.family == 4)
		addr_text4(p->text, p->prefix.addr4);
	else
		addr_text6(p->text, &p->prefix.addr6);
	return CTL_DONE;
}
