/* nat64ctl_top - `top`: computes which hosts have the most traffic, from repeated lists of the
 * leases. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lease/leaserow.h"
#include "lib/addr_text.h"
#include "lib/array.h"
#include "lib/clock.h"
#include "nat64ctl.h"
#include "nat64ctl_screen.h"

#define DELAY_MS  2000
#define HEAD_ROWS 3 /* lines above those of the hosts */
#define RATE_TEXT 16
#define ROW       "%-15s %-39s %12s %14s %12s %14s"

struct host {
	uint32_t addr;
	struct ip6 host;
	uint64_t packets[FASTPATH_DIRS], bytes[FASTPATH_DIRS];
};

/* All leases at one time, sorted by address. */
struct sample {
	struct host *at;
	size_t n;
	int64_t when; /* us */
	bool broken;  /* a reload happened, or there was no memory */
};

struct rate {
	uint32_t addr;
	struct ip6 host;
	double packets[FASTPATH_DIRS], bits[FASTPATH_DIRS]; /* per second */
};

struct top {
	const struct ctl *ctl;
	const char *place;  /* an address or prefix; NULL: all leases */
	int delay;          /* ms */
	unsigned long left; /* pictures to show; 0: no limit */
	struct sample now, before;
	struct rate *rate; /* of the active hosts */
	size_t rates;
	struct rate total;
	struct screen screen;
};

/* --- command line --------------------------------------------------------------------------- */

static int bad(const char *what, const char *which)
{
	ctl_complain("top: %s%s (see nat64ctl(8))", what, which);
	return CTL_USAGE;
}

static int read_delay(struct top *t, const char *value)
{
	char *end;
	double s = strtod(value, &end);

	if (!*value || *end || !(s >= 0.1 && s <= 3600))
		return bad("-d takes seconds from 0.1 to 3600, not ", value);
	t->delay = (int)(s * 1000);
	return CTL_DONE;
}

static int read_count(struct top *t, const char *value)
{
	char *end;

	errno = 0;
	t->left = strtoul(value, &end, 10);
	if (*value < '1' || *value > '9' || *end || errno)
		return bad("-n takes a number of at least 1, not ", value);
	return CTL_DONE;
}

static int read_words(struct top *t)
{
	const char *value;

	if (t->ctl->json)
		return bad("--json is not supported here (use `leases --json`)", "");
	for (char **word = t->ctl->word + 1; *word; word++) {
		int status = CTL_DONE;

		if ((value = ctl_value(&word, "-d")))
			status = read_delay(t, value);
		else if ((value = ctl_value(&word, "-n")))
			status = read_count(t, value);
		else if (**word == '-')
			status = bad("unknown option ", *word);
		else if (t->place)
			status = bad("more than one address or prefix: ", *word);
		else
			t->place = *word;
		if (status != CTL_DONE)
			return status;
	}
	return CTL_DONE;
}

/* --- samples -------------------------------------------------------------------------------- */

static bool take_lease(void *arg, char *line)
{
	struct sample *s = arg;
	struct lease_row r;
	struct host *bigger;

	s->broken = !leaserow_parse(line, &r);
	if (s->broken)
		return false;
	bigger = array_grow(s->at, s->n, sizeof(*bigger));
	s->broken = !bigger;
	if (!bigger)
		return false;
	s->at = bigger;
	bigger[s->n] = (struct host){.addr = r.addr, .host = r.host};
	memcpy(bigger[s->n].packets, r.packets, sizeof(r.packets));
	memcpy(bigger[s->n].bytes, r.bytes, sizeof(r.bytes));
	s->n++;
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	return (x->addr > y->addr) - (x->addr < y->addr);
}

static int take_sample(struct top *t)
{
	struct sample *s = &t->now;
	struct ctl_reply r;
	char request[256];
	int status;

	*s = (struct sample){.when = clock_us()};
	snprintf(request, sizeof(request), "leases%s%.200s --json", t->place ? " " : "",
		 t->place ? t->place : "");
	ctl_each(t->ctl, request, false, take_lease, s, &r);
	status = s->broken ? CTL_DONE : r.status;
	if (status != CTL_DONE) {
		screen_close(&t->screen);
		ctl_print(t->ctl, &r);
	}
	ctl_free(&r);
	if (s->n > 0)
		qsort(s->at, s->n, sizeof(*s->at), by_address);
	return status;
}

/* --- rates ------------------------------------------------------------------------------------ */

/* Computes the traffic of H since WAS; if WAS is NULL or another lease, since H began. */
static struct rate rate_of(const struct host *h, const struct host *was, double seconds)
{
	struct rate r = {.addr = h->addr, .host = h->host};
	bool same = was && ip6_equal(&was->host, &h->host);

	for (int dir = 0; dir < FASTPATH_DIRS; dir++) {
		bool on = same && h->packets[dir] >= was->packets[dir] &&
			  h->bytes[dir] >= was->bytes[dir];

		r.packets[dir] = (double)(h->packets[dir] - (on ? was->packets[dir] : 0)) / seconds;
		r.bits[dir] = (double)(h->bytes[dir] - (on ? was->bytes[dir] : 0)) * 8 / seconds;
	}
	return r;
}

static double sum(const struct rate *r)
{
	return r->bits[0] + r->bits[1];
}

static int by_rate(const void *a, const void *b)
{
	const struct rate *x = a, *y = b;

	if (sum(x) > sum(y))
		return -1;
	if (sum(x) < sum(y))
		return 1;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

static bool add_rate(struct top *t, const struct rate *r)
{
	struct rate *bigger = array_grow(t->rate, t->rates, sizeof(*bigger));

	if (!bigger)
		return false;
	t->rate = bigger;
	bigger[t->rates++] = *r;
	for (int dir = 0; dir < FASTPATH_DIRS; dir++) {
		t->total.packets[dir] += r->packets[dir];
		t->total.bits[dir] += r->bits[dir];
	}
	return true;
}

/* Both samples are sorted by address. */
static void compare(struct top *t)
{
	double seconds = (double)(t->now.when - t->before.when) / 1e6;
	size_t k = 0;

	free(t->rate);
	t->rate = NULL;
	t->rates = 0;
	t->total = (struct rate){.addr = 0};
	for (size_t i = 0; i < t->now.n; i++) {
		const struct host *h = &t->now.at[i];
		struct rate r;

		while (k < t->before.n && t->before.at[k].addr < h->addr)
			k++;
		r = rate_of(h,
			    k < t->before.n && t->before.at[k].addr == h->addr ? &t->before.at[k]
									       : NULL,
			    seconds);
		if (r.packets[0] + r.packets[1] > 0 && !add_rate(t, &r))
			break;
	}
	if (t->rates > 0)
		qsort(t->rate, t->rates, sizeof(*t->rate), by_rate);
}

/* --- display ---------------------------------------------------------------------------------- */

static char *rate_text(char buf[RATE_TEXT], double rate)
{
	static const char units[] = " kMGT";
	int i = 0;

	for (; rate >= 9999.5 && units[i + 1]; i++)
		rate /= 1000;
	if (i == 0)
		snprintf(buf, RATE_TEXT, "%.1f", rate);
	else
		snprintf(buf, RATE_TEXT, "%.1f%c", rate, units[i]);
	return buf;
}

static void show_row(const struct top *t, const char *a, const char *b, const struct rate *r)
{
	char n[4][RATE_TEXT];

	screen_line(&t->screen, false, ROW, a, b, rate_text(n[0], r->bits[FASTPATH_6TO4]),
		    rate_text(n[1], r->packets[FASTPATH_6TO4]),
		    rate_text(n[2], r->bits[FASTPATH_4TO6]),
		    rate_text(n[3], r->packets[FASTPATH_4TO6]));
}

static bool show(struct top *t)
{
	char a[ADDR_TEXT], b[ADDR_TEXT], clock[16];
	time_t now = time(NULL);
	struct tm tm;
	int rows;

	screen_begin(&t->screen);
	rows = t->screen.rows;
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&now, &tm));
	screen_line(&t->screen, false, "%s  %zu leases, %zu active, every %.1f s%s", clock,
		    t->now.n, t->rates, t->delay / 1000.0, t->screen.on ? ", q ends" : "");
	screen_line(&t->screen, true, ROW, "IPV4", "IPV6", "BITS-6TO4", "PACKETS-6TO4", "BITS-4TO6",
		    "PACKETS-4TO6");
	show_row(t, "total", "per second", &t->total);
	for (size_t i = 0; i < t->rates && rows > HEAD_ROWS + 1; i++, rows--)
		show_row(t, addr_text4(a, t->rate[i].addr), addr_text6(b, &t->rate[i].host),
			 &t->rate[i]);
	if (!t->screen.on && t->left != 1)
		screen_line(&t->screen, false, "%s", "");
	return screen_end(&t->screen);
}

/* Waits until the next sample is due.  If the size of the terminal changes in between, repaints. */
static bool rest(struct top *t, bool painted)
{
	int64_t end = t->before.when + (int64_t)t->delay * 1000;

	for (int64_t left; (left = end - clock_us()) > 0;) {
		if (!screen_wait(&t->screen, (int)(left / 1000) + 1))
			return false;
		if (painted && screen_is_resized() && !show(t))
			return false;
	}
	return screen_wait(&t->screen, 0); /* handles a key pressed while the process was busy */
}

static int watch(struct top *t)
{
	bool painted = false;
	int status;

	for (;;) {
		status = take_sample(t);
		if (status != CTL_DONE)
			return status;
		if (!t->now.broken && t->before.when) {
			compare(t);
			painted = show(t);
			if (!painted || (t->left > 0 && --t->left == 0))
				return painted ? CTL_DONE : CTL_FAILED;
		}
		if (t->now.broken) {
			free(t->now.at);
		} else {
			free(t->before.at);
			t->before = t->now;
		}
		t->now.at = NULL;
		if (!rest(t, painted))
			return CTL_DONE;
	}
}

int ctl_top(const struct ctl *c)
{
	struct top t = {.ctl = c, .delay = DELAY_MS};
	int status = read_words(&t);

	if (status != CTL_DONE)
		return status;
	screen_open(&t.screen);
	status = watch(&t);
	screen_close(&t.screen);
	free(t.now.at);
	free(t.before.at);
	free(t.rate);
	return status;
}
