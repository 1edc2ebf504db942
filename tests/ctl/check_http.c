/* check_http - parsing requests for metrics, and the answers to all kinds of requests. */
#include <stdlib.h>
#include <string.h>

#include "../../src/ctl/http.h"
#include "support/random.h"
#include "support/run.h"

#define END "\r\n\r\n"

static const struct {
	const char *text;
	int status;
	bool head, openmetrics;
	const char *instance;
} requests[] = {
	{"GET /metrics HTTP/1.1\r\nHost: x" END, 200, false, false, ""},
	{"GET /metrics HTTP/1.0" END, 200, false, false, ""},
	{"HEAD /metrics HTTP/1.1" END, 200, true, false, ""},
	{"GET /metrics HTTP/1.1\n\n", 200, false, false, ""},
	{"GET /metrics?a=b&c HTTP/1.1" END, 200, false, false, ""},
	{"GET /metrics/home HTTP/1.1" END, 200, false, false, "home"},
	{"GET /metrics/A-z_0.9:b?x HTTP/1.1" END, 200, false, false, "A-z_0.9:b"},
	{"GET /metrics HTTP/1.1" END "GET /other HTTP/1.1" END, 200, false, false, ""},
	/* other paths */
	{"GET / HTTP/1.1" END, 404, false, false, ""},
	{"GET /metric HTTP/1.1" END, 404, false, false, ""},
	{"GET /metricsx HTTP/1.1" END, 404, false, false, ""},
	{"GET /metrics/ HTTP/1.1" END, 404, false, false, ""},
	{"GET /metrics/a/b HTTP/1.1" END, 404, false, false, ""},
	{"GET /metrics/%2e HTTP/1.1" END, 404, false, false, ""},
	{"GET /metrics/a\"b HTTP/1.1" END, 404, false, false, ""},
	{"GET http://[::1]:9664/metrics HTTP/1.1" END, 404, false, false, ""},
	{"HEAD /x HTTP/1.1" END, 404, true, false, ""},
	{"GET /metrics/0123456789012345678901234567890123456789012345678901234567890123 "
	 "HTTP/1.1" END,
	 404, false, false, ""},
	{"GET /metrics/012345678901234567890123456789012345678901234567890123456789012 "
	 "HTTP/1.1" END,
	 200, false, false, "012345678901234567890123456789012345678901234567890123456789012"},
	/* other methods */
	{"POST /metrics HTTP/1.1\r\nContent-Length: 2" END "ab", 405, false, false, ""},
	{"OPTIONS * HTTP/1.1" END, 405, false, false, ""},
	{"DELETE / HTTP/1.0" END, 405, false, false, ""},
	/* invalid requests */
	{"", 400, false, false, ""},
	{"\r\n\r\n", 400, false, false, ""},
	{"hello" END, 400, false, false, ""},
	{"GET" END, 400, false, false, ""},
	{"GET /metrics" END, 400, false, false, ""},
	{"get /metrics HTTP/1.1" END, 400, false, false, ""},
	{"GET  /metrics HTTP/1.1" END, 400, false, false, ""},
	{"GET /metrics HTTP/1.1 " END, 400, false, false, ""},
	{"GET /metrics HTTP/2.0" END, 400, false, false, ""},
	{"GET /metrics HTTP/11" END, 400, false, false, ""},
	{"GET /met\trics HTTP/1.1" END, 400, false, false, ""},
	{"GET /metrics\x80 HTTP/1.1" END, 400, false, false, ""},
	{"PRI * HTTP/2.0" END "SM" END, 400, false, false, ""},
	{"\x16\x03\x01\x02" END, 400, false, false, ""},
	{"GET /metrics HTTP/1.1\r\nHost: x\r\n", 400, false, false, ""},
	/* formats */
	{"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text" END, 200, false, true, ""},
	{"GET /metrics HTTP/1.1\r\naccept:APPLICATION/OpenMetrics-Text ; version=1.0.0" END, 200,
	 false, true, ""},
	{"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;version=1.0.0,application/"
	 "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n"
	 "User-Agent: Prometheus/2.42.0" END,
	 200, false, true, ""},
	{"GET /metrics HTTP/1.1\r\nAccept: text/plain\r\nAccept: application/openmetrics-text" END,
	 200, false, true, ""},
	{"GET /metrics HTTP/1.1\r\nAccept: text/plain, application/openmetrics-text;q=0.0" END, 200,
	 false, false, ""},
	{"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;q=0.5" END, 200, false,
	 true, ""},
	{"GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-texts" END, 200, false, false,
	 ""},
	{"GET /metrics HTTP/1.1\r\nX-Accept: application/openmetrics-text" END, 200, false, false,
	 ""},
	{"GET /metrics HTTP/1.1" END "Accept: application/openmetrics-text" END, 200, false, false,
	 ""},
	{"GET /metrics HTTP/1.1\r\nAccept" END, 200, false, false, ""},
	{"GET /metrics HTTP/1.1\r\nAccept: ;;,,;q" END, 200, false, false, ""},
};

/* The text ends where the allocated memory ends, so that a sanitizer detects reads past its end. */
static int understand(struct http_request *r, const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	int status;

	memcpy(copy, text, len);
	status = http_understand(r, copy, len);
	free(copy);
	return status;
}

START_TEST(each)
{
	const char *text = requests[_i].text;
	struct http_request r;

	ck_assert_msg(understand(&r, text, strlen(text)) == requests[_i].status, "%s", text);
	ck_assert_msg(r.head == requests[_i].head, "%s", text);
	if (requests[_i].status != 200)
		return;
	ck_assert_msg(r.openmetrics == requests[_i].openmetrics, "%s", text);
	ck_assert_str_eq(r.instance, requests[_i].instance);
}
END_TEST

/* As long as the last byte is missing, a request is incomplete and not accepted. */
START_TEST(pieces)
{
	const char *text = requests[_i].text, *end = strstr(text, END);
	size_t most = end ? (size_t)(end - text) + strlen(END) : 0;
	struct http_request r;

	for (size_t n = 0; n < most && end > text; n++) {
		ck_assert(!http_is_whole(text, n));
		ck_assert_int_eq(understand(&r, text, n), 400);
	}
	if (most > 0)
		ck_assert(http_is_whole(text, most));
}
END_TEST

/* A request with random changes always gets one of the known answers. */
START_TEST(damaged)
{
	char text[512];
	struct http_request r;

	random_state = 1 + (unsigned)_i;
	for (int n = 0; n < 3000; n++) {
		size_t len = strlen(requests[_i].text);
		int status;

		memcpy(text, requests[_i].text, len);
		for (unsigned i = random_below(4) + 1; i > 0 && len > 0; i--)
			text[random_below((uint32_t)len)] =
				"\0\r\n :;,=/?qG\x80\xff"[random_below(14)];
		len -= random_below(3) > 0 || len == 0 ? 0 : random_below((uint32_t)len);
		status = understand(&r, text, len);
		ck_assert(status == 200 || status == 400 || status == 404 || status == 405);
		ck_assert(status == 200 || !r.instance[0]);
		ck_assert(memchr(r.instance, '\0', sizeof(r.instance)));
		ck_assert_ptr_null(strchr(r.instance, '/'));
	}
}
END_TEST

static const struct {
	int status;
	const char *line, *type;
} heads[] = {
	{200, "HTTP/1.1 200 OK\r\n", "text/plain; version=0.0.4; charset=utf-8\r\n"},
	{400, "HTTP/1.1 400 Bad Request\r\n", "text/plain; charset=utf-8\r\n"},
	{404, "HTTP/1.1 404 Not Found\r\n", "text/plain; charset=utf-8\r\n"},
	{405, "HTTP/1.1 405 Method Not Allowed\r\n", "\r\nAllow: GET, HEAD\r\n"},
	{408, "HTTP/1.1 408 Request Timeout\r\n", "text/plain; charset=utf-8\r\n"},
	{431, "HTTP/1.1 431 Request Header Fields Too Large\r\n", "\r\nConnection: close\r\n"},
	{503, "HTTP/1.1 503 Service Unavailable\r\n", "\r\nContent-Length: 17\r\n"},
};

START_TEST(answers)
{
	char out[HTTP_HEAD];
	size_t len = http_head(out, heads[_i].status, false, 17);

	ck_assert_uint_eq(len, strlen(out));
	ck_assert_msg(strncmp(out, heads[_i].line, strlen(heads[_i].line)) == 0, "%s", out);
	ck_assert_msg(strstr(out, heads[_i].type), "%s", out);
	ck_assert(http_is_whole(out, len));
	if (heads[_i].status != 200)
		ck_assert_uint_gt(strlen(http_words(heads[_i].status)), 0);
}
END_TEST

START_TEST(openmetrics)
{
	char out[HTTP_HEAD];

	http_head(out, 200, true, 1);
	ck_assert_ptr_nonnull(strstr(out, "\r\nContent-Type: application/openmetrics-text; "
					  "version=1.0.0; charset=utf-8\r\n"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("http");
	TCase *tc = tcase_create("http");

	tcase_add_loop_test(tc, each, 0, ROWS(requests));
	tcase_add_loop_test(tc, pieces, 0, ROWS(requests));
	tcase_add_loop_test(tc, damaged, 0, ROWS(requests));
	tcase_add_loop_test(tc, answers, 0, ROWS(heads));
	tcase_add_test(tc, openmetrics);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
