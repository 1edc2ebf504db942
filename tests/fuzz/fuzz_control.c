/* fuzz_control - arbitrary bytes as a request, as text for JSON, and as a packet for the trace.
 *
 * A request takes the same path as in the daemon: words, command, arguments.  Times go
 * through the parser of nat64ctl.  Lines of the history come from a file that other programs may
 * write, and the body of `import` from other translators.  Linked with libFuzzer (--enable-fuzzer)
 * or with replay.c, which `make check` runs. */
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "daemon/control.h"
#include "daemon/explain_words.h"
#include "daemon/trace.h"
#include "lease/leaseevent.h"
#include "lease/leaseinput.h"
#include "lib/addr_text.h"
#include "lib/clock.h"
#include "map/pool_import.h"

#include "fuzz_check.h"
#include "replay.h"

/* --- invariants of an answer ---------------------------------------------------------------- */

/* The answer is one line that is safe for any terminal. */
static void expect_line(const struct answer *a, const char *word)
{
	EXPECT(a->text != NULL && !a->cut);
	EXPECT(strncmp(a->text, word, strlen(word)) == 0);
	EXPECT(strlen(a->text) == a->len && a->text[a->len - 1] == '\n');
	for (size_t i = 0; i + 1 < a->len; i++)
		EXPECT(a->text[i] >= ' ' && a->text[i] <= '~');
}

/* A parser has returned true, or reported an error. */
static void expect_verdict(bool ok, struct answer *a)
{
	if (ok) {
		EXPECT(a->text == NULL);
		answer_add(a, "ok\n");
	} else {
		expect_line(a, "usage ");
	}
}

/* --- parsers of arguments ------------------------------------------------------------------- */

/* Uses an arbitrary packet. */
static void run_trace(void *arg, const struct control_request *r, struct answer *a)
{
	struct trace_packet p = {.dir = DIR_6TO4, .has_after = true};
	struct fastpath_key4 v4 = {{8, 8, 8, 8}, {192, 168, 255, 1}};
	struct fastpath_key6 v6 = {{0, 0x64, 0xff, 0x9b}, {0x20, 1}};
	struct trace_filter f;
	bool ok = trace_filter_read(&f, r->word + 1, r->words - 1, a);

	(void)arg;
	expect_verdict(ok, a);
	if (!ok)
		return;
	p.before.family = 6;
	p.after.family = 4;
	memcpy(p.before.src, &v6.src, sizeof(v6.src));
	memcpy(p.before.dst, &v6.dst, sizeof(v6.dst));
	memcpy(p.after.src, &v4.src, sizeof(v4.src));
	memcpy(p.after.dst, &v4.dst, sizeof(v4.dst));
	EXPECT(trace_filter_wants(&f, &p) == trace_filter_wants_pair(&f, DIR_6TO4, &v4, &v6));
}

static void run_explain(void *arg, const struct control_request *r, struct answer *a)
{
	static const struct prefix6 wkp = {{{0x00, 0x64, 0xff, 0x9b}}, 96};
	struct sample s;
	bool ok = explain_parse(r, arg ? &wkp : NULL, &s, a);

	expect_verdict(ok, a);
	if (ok)
		EXPECT(s.family == 4 || s.family == 6);
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && a->len == b->len && a->addr4 == b->addr4 &&
	       ip6_equal(&a->addr6, &b->addr6);
}

/* Reading and writing gives the same prefix, which is clean. */
static void run_prefix(void *arg, const struct control_request *r, struct answer *a)
{
	char why[CONF_LINE] = "", text[ADDR_TEXT];
	struct prefix p, again;

	(void)arg;
	if (!conf_scan_prefix(r->word[1], &p, why)) {
		EXPECT(why[0] != '\0');
		answer_add(a, "usage %s\n", why);
		expect_line(a, "usage ");
		return;
	}
	EXPECT(addr_covers(&p, &p));
	EXPECT(conf_scan_prefix(addr_text_prefix(text, &p), &again, why));
	EXPECT(same_prefix(&p, &again));
	EXPECT(conf_scan_either(r->word[1], &again) && same_prefix(&p, &again));
	answer_add(a, "ok\n");
}

static void run_log(void *arg, const struct control_request *r, struct answer *a)
{
	unsigned class = conf_log_class(r->word[1]);

	(void)arg;
	EXPECT(!class || conf_log_class(conf_log_name(class)) == class);
	answer_add(a, class ? "ok\n" : "usage log\n");
}

/* Declared here because they are private to the client, src/ctl. */
int ctl_time(char ***word, int64_t *out);
void ctl_complain(const char *fmt, ...);

static bool complained;

void ctl_complain(const char *fmt, ...)
{
	(void)fmt;
	complained = true;
}

static bool read_time(char *first, char *second, int64_t *out)
{
	char *words[] = {first, second, NULL}, **at = words;
	bool ok;

	complained = false;
	ok = ctl_time(&at, out) == 0;
	EXPECT(ok != complained && at >= words && at < words + 2);
	return ok;
}

/* Writing a time and reading it again gives the same time. */
static void run_time(void *arg, const struct control_request *r, struct answer *a)
{
	char text[CLOCK_TEXT];
	int64_t at, again;

	(void)arg;
	if (read_time(r->word[1], r->words > 2 ? r->word[2] : NULL, &at)) {
		EXPECT(at >= 0);
		if (at < INT64_C(253402300800)) /* the year 10000 */
			EXPECT(read_time(clock_rfc3339(text, at), NULL, &again) && again == at);
	}
	answer_add(a, "ok\n");
}

static const struct control_command table[] = {
	{"explain", "SRC DST [PROTOCOL]", 2, 3, false, run_explain},
	{"log", "CLASS", 1, 63, true, run_log},
	{"prefix", "PREFIX", 1, 1, false, run_prefix},
	{"time", "TIME", 1, 2, false, run_time},
	{"trace", "[WORD ...]", 0, CONTROL_WORDS - 1, false, run_trace},
};

/* --- requests -----------------------------------------------------------------------------------
 */

static void expect_words(const struct control_request *r)
{
	EXPECT(r->words >= 1 && r->words <= CONTROL_WORDS);
	for (unsigned i = 0; i < r->words; i++) {
		EXPECT(r->word[i][0] != '\0' && strcmp(r->word[i], "--json") != 0);
		EXPECT(strpbrk(r->word[i], " \t\r\n") == NULL);
	}
}

static void run_request(const uint8_t *data, size_t size)
{
	size_t len = size < CONTROL_LINE ? size : CONTROL_LINE - 1;
	char *line = (char *)fuzz_bytes(
		len + 1); /* exact size, so that a sanitizer detects an access beyond it */
	struct control_request r = {.may_change = true};
	struct answer a = {.text = NULL};

	if (len > 0)
		memcpy(line, data, len);
	if (control_parse(&r, line, len, &a)) {
		EXPECT(a.text == NULL);
		expect_words(&r);
		control_run(table, sizeof(table) / sizeof(*table), r.json ? &r : NULL, &r, &a);
		expect_line(&a, "");
	} else {
		expect_line(&a, "usage ");
	}
	answer_free(&a);
	free(line);
}

/* --- JSON, and lines of a trace ----------------------------------------------------------------
 */

static void run_json(const uint8_t *data, size_t size)
{
	char *text = (char *)fuzz_bytes(size + 1);
	struct answer a = {.text = NULL};

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	answer_json(&a, text);
	EXPECT(a.cut || (a.text[0] == '"' && a.text[a.len - 1] == '"'));
	for (size_t i = 0; i < a.len; i++)
		EXPECT((uint8_t)a.text[i] >= ' ' && a.text[i] != 0x7f);
	answer_free(&a);
	free(text);
}

static void run_packet(const uint8_t *data, size_t size)
{
	struct trace_packet p = {.at = 1764180000123456, .has_after = true};
	char line[TRACE_LINE];
	size_t n;

	trace_look(&p.before, data, size, size);
	p.after = p.before;
	for (int json = 0; json < 2; json++) {
		n = trace_format(line, &p, json);
		EXPECT(n > 0 && n < TRACE_LINE && line[n - 1] == '\n' &&
		       !memchr(line, '\n', n - 1));
	}
}

/* --- lines of the history ------------------------------------------------------------------------
 */

static void run_event(const uint8_t *data, size_t size)
{
	char *line = (char *)fuzz_bytes(size ? size : 1), text[LEASEEVENT_MAX];
	struct lease_event e, again;
	size_t n;

	if (size > 0)
		memcpy(line, data, size);
	if (leaseevent_parse(line, size, &e)) {
		n = leaseevent_format(text, &e);
		EXPECT(n > 1 && n <= LEASEEVENT_MAX && text[n - 1] == '\n');
		EXPECT(leaseevent_parse(text, n - 1, &again));
		EXPECT(again.at == e.at && again.addr == e.addr && again.cause == e.cause);
	}
	free(line);
}

/* --- what other translators say about leases -----------------------------------------------------
 */

#define OWN  0xc0a8ff00u /* 192.168.255.0/24 */
#define PEER 0xc0a8fe00u /* 192.168.254.0/24, which stands by */
#define NOW  2000000

static struct pool *new_pool(void)
{
	static const struct siphash_key key = {1, 2};
	struct pool_conf conf[] = {pool_plain((struct prefix4){OWN, 24}),
				   pool_plain((struct prefix4){PEER, 24})};
	struct pool *p;

	conf[1].standby = true;
	p = pool_new(conf, 2, &key);
	EXPECT(p != NULL);
	return p;
}

static struct pool_report report_of(const struct leaseinput_record *r)
{
	int64_t last = r->last % NOW, since = r->since % NOW;

	return (struct pool_report){
		.host = r->host,
		.addr = r->addr,
		.prefix = r->prefix.len == 96,
		.last = (int32_t)last,
		.since = r->since == 0 ? POOL_UNKNOWN : (int32_t)(since < last ? since : last),
		.confirmed = r->confirmed,
		.ended = r->ended,
	};
}

static void apply(struct pool *p, const struct pool_report *r, const struct pool_judgement *j)
{
	for (int i = 0; i < 2; i++) {
		if (!j->loser[i])
			continue;
		EXPECT(j->verdict == POOL_TAKE && pool_stands_by(p, j->loser[i]->addr));
		EXPECT(i == 0 || j->loser[0] != j->loser[1]);
		pool_end(p, j->loser[i]);
	}
	if (j->verdict == POOL_TAKE)
		EXPECT(pool_take(p, r) != NULL);
	if (j->verdict == POOL_RENEW)
		pool_renew(p, j->lease, r);
	if (j->verdict == POOL_ENDED) {
		EXPECT(pool_stands_by(p, j->lease->addr));
		pool_end(p, j->lease);
	}
}

/* The same report again changes nothing. */
static void use_report(struct pool *p, const struct pool_report *r)
{
	struct pool_judgement j = pool_judge(p, r, NOW);
	const struct lease *l;

	apply(p, r, &j);
	l = pool_find4(p, r->addr);
	if (j.verdict == POOL_TAKE || j.verdict == POOL_RENEW)
		EXPECT(l && l == pool_find6(p, &r->host, r->prefix) && l->last >= r->last);
	j = pool_judge(p, r, NOW);
	EXPECT(j.verdict == POOL_SAME || j.verdict == POOL_OLDER || j.verdict == POOL_REFUSE);
}

static void run_reports(const uint8_t *data, size_t size)
{
	struct leaseinput in = {.next.since = 0};
	struct pool *p = new_pool();

	for (size_t at = 0; at < size;) {
		const uint8_t *newline = memchr(data + at, '\n', size - at);
		size_t len = newline ? (size_t)(newline - data) - at : size - at;
		char *line = (char *)fuzz_bytes(len + 1), why[LEASETEXT_WHY] = "";
		struct leaseinput_record r;
		struct pool_report report;

		memcpy(line, data + at, len);
		switch (leaseinput_read(&in, line, len, &r, why)) {
		case LEASEINPUT_RECORD:
			EXPECT(r.last > 0 && r.since >= 0);
			report = report_of(&r);
			use_report(p, &report);
			break;
		case LEASEINPUT_BAD:
			EXPECT(why[0] != '\0');
			for (const char *c = why; *c; c++)
				EXPECT(*c >= ' ' && *c <= '~');
			break;
		case LEASEINPUT_NOTHING:
			break;
		}
		free(line);
		at += len + 1;
	}
	pool_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run_request(data, size);
	run_json(data, size);
	run_packet(data, size);
	run_event(data, size);
	run_reports(data, size);
	return 0;
}
