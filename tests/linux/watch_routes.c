/* watch_routes DEVICE PREFIX LENGTH - prints which addresses the kernel routes into DEVICE, as the
 * daemon would find out.  For each IPv6 address in standard input, it prints `ours` or
 * `elsewhere`.  For a line `reads`, it prints how often all routes have been read.  For `longest`,
 * it prints the duration of the longest step of that in microseconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../src/linux/routes_impl.h"

static int64_t longest;

static int64_t clock_us(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void serve(struct routes *r)
{
	int64_t start = clock_us(CLOCK_THREAD_CPUTIME_ID), took;

	routes_serve(r, clock_us(CLOCK_MONOTONIC) / 1000);
	took = clock_us(CLOCK_THREAD_CPUTIME_ID) - start;
	if (took > longest)
		longest = took;
}

static void answer(const struct routes *r, const char *line)
{
	struct ip6 to;

	if (strcmp(line, "reads") == 0)
		printf("%u\n", (unsigned)r->seq);
	else if (strcmp(line, "longest") == 0)
		printf("%lld\n", (long long)longest);
	else if (inet_pton(AF_INET6, line, to.b) == 1)
		puts(lpm_find(routes_table(r), to.b) == 1 ? "ours" : "elsewhere");
	else
		puts("what?");
	fflush(stdout);
}

/* Lines are written by a test, so each arrives as a whole. */
static bool read_line(const struct routes *r)
{
	char line[128];
	ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);

	if (n <= 0)
		return false;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	answer(r, line);
	return true;
}

static struct routes *watch(char **argv)
{
	struct prefix6 prefix = {.len = (uint8_t)atoi(argv[3])};
	struct routes *r = routes_new(if_nametoindex(argv[1]));

	if (!r || inet_pton(AF_INET6, argv[2], prefix.addr.b) != 1 ||
	    routes_prepare(r, &prefix, 1, NULL, 0) < 0)
		return NULL;
	routes_commit(r, clock_us(CLOCK_MONOTONIC) / 1000);
	if (routes_load(r, clock_us(CLOCK_MONOTONIC) / 1000) == 0)
		return r;
	fprintf(stderr, "routes: %s\n", strerror(errno));
	return NULL;
}

int main(int argc, char **argv)
{
	struct routes *r = argc == 4 ? watch(argv) : NULL;
	struct pollfd from[] = {
		{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}, {.events = POLLIN}};

	if (!r)
		return 1;
	from[1].fd = routes_news_fd(r);
	from[2].fd = routes_dump_fd(r);
	while (poll(from, 3, 10) >= 0) {
		serve(r);
		if (from[0].revents && !read_line(r))
			break;
	}
	routes_free(r);
	return 0;
}
