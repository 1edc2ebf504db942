/* http - parses requests for metrics, and formats the answers [RFC 9110, 9112].
 *
 * Implements only what a scrape needs: one request and one answer per connection. */
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PATH "/metrics"
#define TYPE "application/openmetrics-text"

/* A part of the text, not NUL-terminated. */
struct piece {
	const char *p;
	size_t len;
};

static bool equals(struct piece a, const char *word)
{
	return a.len == strlen(word) && strncasecmp(a.p, word, a.len) == 0;
}

/* Removes from REST the part before C, or everything if there is no C, and returns it.  C itself is
 * dropped. */
static struct piece cut(struct piece *rest, char c)
{
	const char *at = rest->len > 0 ? memchr(rest->p, c, rest->len) : NULL;
	struct piece first = {rest->p, at ? (size_t)(at - rest->p) : rest->len};
	size_t used = first.len + (at != NULL);

	*rest = (struct piece){rest->p + used, rest->len - used};
	return first;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(struct piece a)
{
	while (a.len > 0 && is_blank(a.p[0]))
		a = (struct piece){a.p + 1, a.len - 1};
	while (a.len > 0 && is_blank(a.p[a.len - 1]))
		a.len--;
	return a;
}

/* Returns the next line without its end, which is LF or CR LF. */
static struct piece cut_line(struct piece *rest)
{
	struct piece line = cut(rest, '\n');

	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

bool http_is_whole(const char *text, size_t len)
{
	struct piece rest = {text, len};

	/* text after the last newline is not a complete line */
	while (rest.len > 0 && memchr(rest.p, '\n', rest.len))
		if (cut_line(&rest).len == 0)
			return true;
	return false;
}

/* Returns true if the parameters contain "q=0" or "q=0.000".  Then the client does not accept this
 * type. */
static bool is_refused(struct piece parameters)
{
	while (parameters.len > 0) {
		struct piece p = trim(cut(&parameters, ';')), name = trim(cut(&p, '='));

		p = trim(p);
		if (equals(name, "q") && p.len > 0 && strspn(p.p, "0.") >= p.len)
			return true;
	}
	return false;
}

/* Returns true if a header line shows that the client accepts OpenMetrics. */
static bool takes_openmetrics(struct piece line)
{
	if (!equals(trim(cut(&line, ':')), "Accept"))
		return false;
	while (line.len > 0) {
		struct piece range = cut(&line, ',');

		if (equals(trim(cut(&range, ';')), TYPE) && !is_refused(range))
			return true;
	}
	return false;
}

static bool is_plain(struct piece a)
{
	for (size_t i = 0; i < a.len; i++)
		if (a.p[i] <= ' ' || a.p[i] > '~')
			return false;
	return a.len > 0;
}

static bool is_method(struct piece a)
{
	for (size_t i = 0; i < a.len; i++)
		if (a.p[i] < 'A' || a.p[i] > 'Z')
			return false;
	return a.len > 0;
}

/* The names of systemd units may contain these characters. */
static bool is_name(struct piece a)
{
	static const char others[] = "-_.:";

	for (size_t i = 0; i < a.len; i++) {
		char c = a.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      memchr(others, c, sizeof(others) - 1)))
			return false;
	}
	return a.len > 0 && a.len < HTTP_INSTANCE;
}

static int find_target(struct http_request *r, struct piece target)
{
	struct piece path = cut(&target, '?'), name;
	const size_t len = strlen(PATH);

	if (path.len < len || memcmp(path.p, PATH, len) != 0)
		return 404;
	if (path.len == len)
		return 200;
	name = (struct piece){path.p + len + 1, path.len - len - 1};
	if (path.p[len] != '/' || !is_name(name))
		return 404;
	memcpy(r->instance, name.p, name.len);
	return 200;
}

int http_understand(struct http_request *r, const char *text, size_t len)
{
	struct piece rest = {text, len}, line = cut_line(&rest);
	struct piece method = cut(&line, ' '), target = cut(&line, ' ');

	*r = (struct http_request){.head = false};
	if (!is_method(method) || !is_plain(target) ||
	    (!equals(line, "HTTP/1.1") && !equals(line, "HTTP/1.0")))
		return 400;
	r->head = equals(method, "HEAD");
	if (!http_is_whole(text, len))
		return 400;
	if (!r->head && !equals(method, "GET"))
		return 405;
	while (rest.len > 0 && (line = cut_line(&rest)).len > 0)
		r->openmetrics |= takes_openmetrics(line);
	return find_target(r, target);
}

static const struct {
	int status;
	const char *phrase, *words;
} answers[] = {
	{200, "OK", ""},
	{400, "Bad Request", "not an HTTP/1.1 request\n"},
	{404, "Not Found", "only " PATH " and " PATH "/NAME exist\n"},
	{405, "Method Not Allowed", "only GET and HEAD are allowed\n"},
	{408, "Request Timeout", "the request took too long\n"},
	{431, "Request Header Fields Too Large", "the request is too long\n"},
	{503, "Service Unavailable",
	 "nat64d cannot be reached; the log of this service shows the reason\n"},
};

#define ANSWERS (sizeof(answers) / sizeof(*answers))

static size_t find(int status)
{
	size_t i = 0;

	while (i < ANSWERS - 1 && answers[i].status != status)
		i++;
	return i;
}

const char *http_words(int status)
{
	return answers[find(status)].words;
}

size_t http_head(char out[HTTP_HEAD], int status, bool openmetrics, size_t len)
{
	const char *type = status != 200 ? "text/plain; charset=utf-8"
			   : openmetrics ? TYPE "; version=1.0.0; charset=utf-8"
					 : "text/plain; version=0.0.4; charset=utf-8";

	return (size_t)snprintf(out, HTTP_HEAD,
				"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
				"Cache-Control: no-store\r\nConnection: close\r\n\r\n",
				status, answers[find(status)].phrase, type, len,
				status == 405 ? "Allow: GET, HEAD\r\n" : "");
}
