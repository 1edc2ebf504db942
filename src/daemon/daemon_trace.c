/* daemon_trace - sends traced packets to the clients of `trace`, and bounds their number.
 *
 * Lines are formatted while packets wait.  Therefore all lines of one round of the loop share a
 * time budget, and each client has a maximum rate.  Packets beyond that are counted and reported as
 * lost.
 */
#include <stdlib.h>

#include "commands.h"

#define SPAN_US    1000000 /* us; a client gets SPAN_LINES lines in such a span */
#define SPAN_LINES 1000
#define BUDGET_US  200 /* us; for the lines of one round */
#define OUTDATE_MS 250 /* minimum interval between two invalidations of the fast path */

struct follower { /* state of one client's answer */
	struct trace_filter filter;
	bool json;
	int64_t span;   /* number of the current span, in unix time */
	unsigned lines; /* lines sent in it */
};

static bool take_line(struct follower *f, int64_t now_us)
{
	if (f->span != now_us / SPAN_US) {
		f->span = now_us / SPAN_US;
		f->lines = 0;
	}
	return f->lines < SPAN_LINES && ++f->lines;
}

/* Called when lines were lost and there is room again. */
static bool tell_lost(void *arg, struct answer *a)
{
	int64_t now = clock_wall_us();
	struct follower *f = a->state;
	char line[TRACE_LINE];

	(void)arg;
	if (!take_line(f, now))
		return true;
	answer_put(a, line, trace_format_lost(line, now, a->lost, f->json));
	a->lost = 0;
	return true;
}

void command_trace(void *arg, const struct control_request *r, struct answer *a)
{
	struct follower *f = calloc(1, sizeof(*f));
	struct daemon *d = arg;

	if (!f) {
		answer_add(a, "error out of memory\n");
		return;
	}
	a->state = f;
	f->json = r->json;
	if (!trace_filter_read(&f->filter, r->word + 1, r->words - 1, a))
		return;
	answer_add(a, "ok\n%s", r->json ? "" : trace_head);
	a->stream = STREAM_TRACE;
	a->more = tell_lost;
	d->trace.fresh = true;
}

/* Makes all packets pass through the daemon again.  Rate-limited, because a client that begins
 * traces repeatedly would otherwise delay packets each time. */
static void call_packets(struct daemon *d)
{
	if (!d->trace.fresh || d->now < d->trace.outdate_at)
		return;
	d->trace.fresh = false;
	d->trace.outdate_at = d->now + OUTDATE_MS;
	daemon_outdate_fast(d);
}

void daemon_count_traces(struct daemon *d)
{
	const struct answer *a = NULL;

	d->trace.clients = 0;
	while ((a = control_next_stream(d->control, STREAM_TRACE, a)))
		d->trace.clients++;
	if (d->trace.clients > 0)
		call_packets(d);
}

static void push_lost(struct daemon *d, struct answer *a, int64_t now)
{
	const struct follower *f = a->state;
	unsigned long n = a->lost;
	char line[TRACE_LINE];

	a->lost = 0;
	control_push(d->control, a, line, trace_format_lost(line, now, n, f->json));
	if (a->lost > 0)
		a->lost = n;
}

static void push(struct daemon *d, struct answer *a, const struct trace_packet *p)
{
	struct follower *f = a->state;
	char line[TRACE_LINE];

	if (a->lost > 0) {
		push_lost(d, a, p->at);
		if (a->lost > 0 || !take_line(f, p->at)) {
			a->lost++;
			return;
		}
	}
	control_push(d->control, a, line, trace_format(line, p, f->json));
}

static void tell(struct daemon *d, const struct trace_packet *p)
{
	struct answer *a = NULL;
	int64_t began = clock_us();

	if (d->trace.round != d->now_us) {
		d->trace.round = d->now_us;
		d->trace.spent = 0;
	}
	while ((a = control_next_stream(d->control, STREAM_TRACE, a))) {
		struct follower *f = a->state;

		if (!trace_filter_wants(&f->filter, p))
			continue;
		if (d->trace.spent >= BUDGET_US || !take_line(f, p->at))
			a->lost++;
		else
			push(d, a, p);
	}
	d->trace.spent += clock_us() - began;
}

/* Finds the first output of FAMILY after number *I, and sets *I to it.  False if there is none. */
static bool find_output(const struct xlat_out *out, int *i, unsigned family, struct trace_side *s)
{
	for (unsigned k = (unsigned)(*i + 1); k < out->outputs; k++) {
		const struct output *o = &out->output[k];

		if (o->family != family)
			continue;
		trace_look(s, o->head, o->head_len, o->len);
		*i = (int)k;
		return true;
	}
	return false;
}

/* Sets the verdict of P, whose outputs come after number *I. */
static void judge(const struct xlat_out *out, int *i, struct trace_packet *p)
{
	unsigned own = p->dir == DIR_6TO4 ? 6 : 4, other = own == 6 ? 4 : 6;

	p->has_after = find_output(out, i, p->why == REASON_OK ? other : own, &p->after);
	if (p->why == REASON_OK)
		p->verdict = TRACE_TRANSLATE;
	else if (p->why == REASON_SELF_ECHO)
		p->verdict = TRACE_ANSWER;
	else
		p->verdict = p->has_after || out->suppressed > 0 ? TRACE_REJECT : TRACE_DROP;
}

void daemon_trace(struct daemon *d, enum report_dir dir, const struct trace_side *before,
		  enum reason why)
{
	const struct xlat_out *out = &d->out;
	struct trace_packet p = {.at = clock_wall_us(),
				 .dir = dir,
				 .why = why,
				 .packets = out->packets,
				 .before = *before};
	int i = -1;

	judge(out, &i, &p);
	tell(d, &p);
	if (!out->has_last)
		return;
	p.why = out->last;
	p.packets = 1;
	p.before.len = out->last_packet.len;
	judge(out, &i, &p);
	tell(d, &p);
}

bool daemon_traces_pair(const struct daemon *d, enum report_dir dir)
{
	const struct xlat_pair *pair = &d->out.pair;
	const struct answer *a = NULL;

	while ((a = control_next_stream(d->control, STREAM_TRACE, a))) {
		const struct follower *f = a->state;

		if (trace_filter_wants_pair(&f->filter, dir, &pair->v4, &pair->v6))
			return true;
	}
	return false;
}

int64_t daemon_traces_due(const struct daemon *d)
{
	return d->trace.clients > 0 && d->trace.fresh ? d->trace.outdate_at : INT64_MAX;
}

void daemon_serve_traces(struct daemon *d)
{
	call_packets(d);
}

void daemon_maintain_traces(struct daemon *d)
{
	int64_t now = clock_wall_us();
	struct answer *a = NULL;

	while ((a = control_next_stream(d->control, STREAM_TRACE, a)))
		if (a->lost > 0 && take_line(a->state, now))
			push_lost(d, a, now);
	daemon_count_traces(d);
}
