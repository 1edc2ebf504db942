/* nat64ctl_history - `history`: selects and prints events of the history. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr_text.h"
#include "nat64ctl.h"

struct wanted {
	bool json, any; /* ANY: of all addresses */
	struct ctl_place place;
	int64_t since, until;
};

static bool is_wanted(const struct wanted *w, const struct lease_event *e)
{
	const struct prefix *p = &w->place.prefix;
	const struct prefix4 p4 = {p->addr4, p->len};
	const struct prefix6 p6 = {p->addr6, p->len};

	if (w->any)
		return true;
	return p->family == 4 ? addr_in4(e->addr, &p4) : addr_in6(&e->host, &p6);
}

static void print_row(const char *time, const struct lease_event *e)
{
	char addr[ADDR_TEXT], host[ADDR_TEXT], prefix[ADDR_TEXT] = "-";
	char packets[24] = "-", bytes[24] = "-";

	if (e->prefix.len > 0)
		addr_text_prefix6(prefix, &e->prefix);
	if (!leaseevent_begins(e->cause)) {
		snprintf(packets, sizeof(packets), "%" PRIu64, e->packets);
		snprintf(bytes, sizeof(bytes), "%" PRIu64, e->bytes);
	}
	printf("%.*s %-8s %-7s %-15s %-39s %-18s %10s %14s\n", LEASEEVENT_TIME, time,
	       leaseevent_what(e->cause), leaseevent_cause(e->cause), addr_text4(addr, e->addr),
	       addr_text6(host, &e->host), prefix, packets, bytes);
}

static bool print_event(void *arg, const char *line, size_t len, const struct lease_event *e)
{
	const struct wanted *w = arg;
	char text[LEASEEVENT_MAX];

	(void)len;
	if (!is_wanted(w, e))
		return true;
	if (w->json)
		printf("{\"time\": \"%.*s\", \"event\": \"%s\"%s}\n", LEASEEVENT_TIME, line,
		       leaseevent_what(e->cause), leaseevent_json(text, e));
	else
		print_row(line, e);
	return !ferror(stdout);
}

static int bad_usage(void)
{
	ctl_complain("usage: history [ADDRESS | PREFIX] [since TIME] [until TIME]");
	return CTL_USAGE;
}

static int read_time(char ***word, int64_t *out)
{
	return *++*word ? ctl_time(word, out) : bad_usage();
}

static int read_words(struct wanted *w, char **word)
{
	int status = CTL_DONE;

	for (; status == CTL_DONE && *word; word++) {
		if (strcmp(*word, "since") == 0 && w->since == LEASEHISTORY_FIRST) {
			status = read_time(&word, &w->since);
		} else if (strcmp(*word, "until") == 0 && w->until == LEASEHISTORY_LAST) {
			status = read_time(&word, &w->until);
		} else if (w->any) {
			w->any = false;
			status = ctl_read_place(*word, &w->place);
		} else {
			status = bad_usage();
		}
	}
	return status;
}

static int print_all(struct wanted *w, const char *dir)
{
	struct leasehistory *h = ctl_open_history(dir);
	const char *word = !w->any && w->place.one ? w->place.text : NULL;
	int status = CTL_DONE;

	if (!h)
		return CTL_FAILED;
	if (!w->json)
		printf("%-20s %-8s %-7s %-15s %-39s %-18s %10s %14s\n", "TIME", "EVENT", "CAUSE",
		       "IPV4", "IPV6", "PREFIX", "PACKETS", "BYTES");
	if (leasehistory_each(h, w->since, w->until, word, print_event, w) < 0) {
		ctl_complain("%s: %s", dir, strerror(errno));
		status = CTL_FAILED;
	}
	ctl_close_history(h, dir);
	return ctl_flush() == CTL_DONE ? status : CTL_FAILED;
}

int ctl_history(const struct ctl *c)
{
	struct wanted w = {.json = c->json,
			   .any = true,
			   .since = LEASEHISTORY_FIRST,
			   .until = LEASEHISTORY_LAST};
	char dir[CTL_PATH];
	bool running;
	int status = read_words(&w, c->word + 1);

	if (status == CTL_DONE)
		status = ctl_find_history(c, dir, &running);
	return status == CTL_DONE ? print_all(&w, dir) : status;
}
