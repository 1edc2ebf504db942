/* nat64ctl_who - `who ADDRESS at TIME`: finds which host had an address at a time.
 *
 * The history records the end of a lease with its beginning, and the daemon knows the current
 * leases.  Therefore, for an IPv4 address, the first event after TIME decides; if there is none,
 * the daemon does.  An IPv6 address may have several leases, one for each prefix. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/addr_text.h"
#include "nat64ctl.h"

#define MOST 32 /* maximum leases of one address at one time */

struct who {
	const struct ctl *ctl;
	struct ctl_place place;
	int64_t at;
	bool running; /* the daemon runs */
	struct lease_event holds[MOST], ended[MOST];
	unsigned n_holds, n_ended;
	int64_t later;  /* time of the next assignment of the address after AT; 0: none */
	int64_t mapped; /* when its last lease before AT ended because of a map; 0: it did not */
	unsigned found;
};

/* --- sources ---------------------------------------------------------------------------------- */

static bool take_holder(void *arg, char *line)
{
	struct who *w = arg;

	if (w->n_holds < MOST && leaseevent_held_parse(line, &w->holds[w->n_holds]))
		w->n_holds++;
	return true;
}

/* Returns true if the reply is the refusal that means "no lease".  Other refusals, such as too many
 * clients, do not depend on the lease. */
static bool says_nobody(const struct ctl_reply *r)
{
	return !r->lost && strstr(r->line, " has no lease");
}

/* Asks the daemon about the current leases.  False, after printing the error, if it cannot be
 * asked.
 */
static bool ask_daemon(struct who *w)
{
	struct ctl_reply r;
	char line[CTL_PATH];
	bool ok = true;

	if (!w->running)
		return true;
	snprintf(line, sizeof(line), "who %s --json", w->place.text);
	ctl_each(w->ctl, line, false, take_holder, w, &r);
	if (r.status == CTL_NOBODY)
		w->running = false;
	else if (r.status != CTL_DONE && !says_nobody(&r))
		ok = ctl_print(w->ctl, &r) == CTL_DONE;
	ctl_free(&r);
	return ok;
}

static bool is_single(const struct who *w)
{
	return w->place.prefix.family == 4;
}

/* Takes an event after the time AT. */
static bool take_event(void *arg, const char *line, size_t len, const struct lease_event *e)
{
	struct who *w = arg;

	(void)line;
	(void)len;
	if (leaseevent_begins(e->cause) && w->later == 0)
		w->later = e->at;
	if (!leaseevent_begins(e->cause) && e->since <= w->at && w->n_ended < MOST)
		w->ended[w->n_ended++] = *e;
	return !is_single(w);
}

/* --- result ---------------------------------------------------------------------------------- */

static void print(struct who *w, const struct lease_event *e)
{
	char line[LEASEEVENT_MAX];
	size_t n = (w->ctl->json ? leaseevent_held_json : leaseevent_held_text)(line, e);

	if (w->found++ == 0 && !w->ctl->json)
		fputs(LEASEEVENT_HELD, stdout);
	fwrite(line, 1, n, stdout);
}

/* An end event may lack the beginning of the lease, if the daemon did not know it.  Then looks for
 * the beginning in the history.  Returns -1 with errno on error. */
static int print_ended(struct who *w, struct leasehistory *h)
{
	struct lease_event first;

	for (unsigned i = 0; i < w->n_ended; i++) {
		struct lease_event *e = &w->ended[i];

		if (e->since == 0) {
			int rc = leasehistory_last(h, LEASEHISTORY_FIRST, w->at, w->place.text,
						   &first);

			if (rc < 0)
				return -1;
			if (rc > 0 && leaseevent_begins(first.cause) && first.addr == e->addr &&
			    ip6_equal(&first.host, &e->host))
				e->since = first.at;
		}
		print(w, e);
	}
	return 0;
}

/* If the beginning of a current lease is unknown, the lease may be newer than others that have
 * ended. */
static void print_holders(struct who *w)
{
	for (unsigned i = 0; i < w->n_holds; i++) {
		const struct lease_event *e = &w->holds[i];
		bool sure = e->since > 0 || (w->n_ended == 0 && w->later == 0);

		if (sure && e->since <= w->at)
			print(w, e);
	}
}

/* The lease began before AT, but its end is not on record.  A crash or a full disk may have
 * prevented that, or no daemon is running that knows whether the lease still exists. */
static void print_begun(struct who *w, const struct lease_event *begun)
{
	struct lease_event e = *begun;
	char line[LEASEEVENT_MAX];

	e.since = begun->at;
	e.at = w->later ? w->later : w->n_holds > 0 ? w->holds[0].since : 0;
	if (w->running && e.at == 0) {
		ctl_complain("%.*s: the end of this lease is not on record",
			     (int)leaseevent_format(line, begun) - 1, line);
		return;
	}
	ctl_complain(
		e.at ? "warning: the end of the lease is not on record; it was no later than shown"
		     : "warning: nat64d is not running: the lease may have ended");
	print(w, &e);
}

static bool take_first(void *arg, const char *line, size_t len, const struct lease_event *e)
{
	(void)line;
	(void)len;
	*(struct lease_event *)arg = *e;
	return false;
}

static int say_nobody(const struct who *w, struct leasehistory *h)
{
	struct lease_event first = {.at = 0};
	char at[CLOCK_TEXT], begin[CLOCK_TEXT];

	if (w->found > 0)
		return CTL_DONE;
	clock_rfc3339(at, w->at);
	if (w->mapped) {
		ctl_complain("%s had no lease at %s: the last one ended at %s because of a map "
			     "(see `history`, and `maps` for the current maps)",
			     w->place.text, at, clock_rfc3339(begin, w->mapped));
		return CTL_FAILED;
	}
	leasehistory_each(h, LEASEHISTORY_FIRST, LEASEHISTORY_LAST, NULL, take_first, &first);
	if (!first.at)
		ctl_complain("%s had no known lease at %s: the history is still empty",
			     w->place.text, at);
	else if (first.at > w->at)
		ctl_complain("%s had no known lease at %s: the history begins at %s", w->place.text,
			     at, clock_rfc3339(begin, first.at));
	else
		ctl_complain("%s had no lease at %s", w->place.text, at);
	return CTL_FAILED;
}

/* Returns 0, or -1 with errno. */
static int search(struct who *w, struct leasehistory *h)
{
	struct lease_event last;
	int rc = 0;

	if (leasehistory_each(h, w->at + 1, LEASEHISTORY_LAST, w->place.text, take_event, w) < 0)
		return -1;
	if (print_ended(w, h) < 0)
		return -1;
	print_holders(w);
	if (w->found == 0)
		rc = leasehistory_last(h, LEASEHISTORY_FIRST, w->at, w->place.text, &last);
	if (rc > 0 && leaseevent_begins(last.cause))
		print_begun(w, &last);
	else if (rc > 0 && (last.cause == LEASE_PIN || last.cause == LEASE_MAP))
		w->mapped = last.at;
	return rc < 0 ? -1 : 0;
}

/* True if the history is not needed: an IPv4 address has no other lease at the same time. */
static bool is_plain(const struct who *w)
{
	return is_single(w) && w->n_holds > 0 && w->holds[0].since > 0 &&
	       w->holds[0].since <= w->at;
}

static int look(struct who *w, const char *dir)
{
	struct leasehistory *h;
	int status;

	if (is_plain(w)) {
		print_holders(w);
		return ctl_flush();
	}
	h = ctl_open_history(dir);
	if (!h)
		return CTL_FAILED;
	if (search(w, h) < 0) {
		ctl_complain("%s: %s", dir, strerror(errno));
		status = CTL_FAILED;
	} else {
		status = say_nobody(w, h);
	}
	ctl_close_history(h, dir);
	return ctl_flush() == CTL_DONE ? status : CTL_FAILED;
}

static int read_words(struct who *w, char **word)
{
	int status;

	if (w->ctl->words < 4 || strcmp(word[2], "at") != 0) {
		ctl_complain("usage: who ADDRESS [at TIME]");
		return CTL_USAGE;
	}
	status = ctl_read_place(word[1], &w->place);
	if (status == CTL_DONE && !w->place.one) {
		ctl_complain("%s is not an address", word[1]);
		status = CTL_USAGE;
	}
	word += 3;
	if (status == CTL_DONE)
		status = ctl_time(&word, &w->at);
	if (status == CTL_DONE && word[1]) {
		ctl_complain("unexpected argument: %s", word[1]);
		status = CTL_USAGE;
	}
	return status;
}

int ctl_who(const struct ctl *c)
{
	struct who w = {.ctl = c};
	char dir[CTL_PATH];
	int status;

	status = read_words(&w, c->word);
	if (status == CTL_DONE)
		status = ctl_find_history(c, dir, &w.running);
	if (status != CTL_DONE)
		return status;
	return ask_daemon(&w) ? look(&w, dir) : CTL_FAILED;
}
