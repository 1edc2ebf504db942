/* blast_send - sends datagrams of many flows at a given rate. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "support/random.h"

#include "blast.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define CLOCK_TURN 16 /* system calls between reads of the clock */
#define UNLIKE     64 /* number of sizes for --unlike */

struct sender {
	const struct blast_options *o;
	struct sockaddr_storage to;
	socklen_t to_len;
	struct in6_addr from;
	unsigned from_len; /* bits of FROM that are not random */
	int *fd;           /* one for each flow, or one for all */
	uint64_t *seq;
	uint8_t *payload; /* BATCH times GSO datagrams */
	struct mmsghdr *msg;
	struct iovec *iov;
	struct sockaddr_storage *name;
	uint8_t (*control)[256];
	uint64_t sent, failed;
};

/* Returns the length of the longest datagram. */
static size_t slot(const struct blast_options *o)
{
	return o->size + (o->unlike ? UNLIKE - 1 : 0);
}

static void find_target(struct sender *s)
{
	struct addrinfo hint = {.ai_family = s->o->family,
				.ai_socktype = SOCK_DGRAM,
				.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *found;
	int rc = getaddrinfo(s->o->host, s->o->port, &hint, &found);

	if (rc != 0) {
		fprintf(stderr, "blast: %s port %s: %s\n", s->o->host, s->o->port,
			gai_strerror(rc));
		exit(EXIT_FAILURE);
	}
	memcpy(&s->to, found->ai_addr, found->ai_addrlen);
	s->to_len = found->ai_addrlen;
	freeaddrinfo(found);
}

/* Parses FIRST or FIRST/LENGTH. */
static bool find_sources(struct sender *s)
{
	char text[INET6_ADDRSTRLEN] = "";
	const char *slash = strchr(s->o->sources, '/');
	size_t n = strcspn(s->o->sources, "/");

	s->from_len = slash ? (unsigned)atoi(slash + 1) : 128;
	if (n >= sizeof(text) || s->from_len > 128)
		return false;
	memcpy(text, s->o->sources, n);
	return inet_pton(AF_INET6, text, &s->from) == 1;
}

static void open_shared(struct sender *s)
{
	int on = 1;

	s->fd[0] = socket(s->to.ss_family, SOCK_DGRAM, 0);
	if (s->fd[0] < 0)
		blast_die("socket");
	if (!s->o->sources)
		return;
	if (!find_sources(s) || s->to.ss_family != AF_INET6) {
		fputs("blast: --sources takes an IPv6 address or network, and DST must be one\n",
		      stderr);
		exit(EXIT_FAILURE);
	}
	if (setsockopt(s->fd[0], IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)) < 0)
		blast_die("IPV6_FREEBIND");
}

static void open_sockets(struct sender *s)
{
	struct rlimit limit = {s->o->flows + 64, s->o->flows + 64};

	if (one_socket(s->o)) {
		open_shared(s);
		return;
	}
	if (s->o->flows > 900 && setrlimit(RLIMIT_NOFILE, &limit) < 0)
		blast_die("RLIMIT_NOFILE");
	for (unsigned i = 0; i < s->o->flows; i++) {
		s->fd[i] = socket(s->to.ss_family, SOCK_DGRAM, 0);
		if (s->fd[i] < 0 || connect(s->fd[i], (struct sockaddr *)&s->to, s->to_len) < 0)
			blast_die("connect");
	}
}

/* Prepares message I of the batch: its datagrams in one buffer, which the kernel splits if there
 * are several. */
static void prepare_message(struct sender *s, unsigned i)
{
	size_t len = (size_t)s->o->size * s->o->gso;
	size_t at = i * s->o->gso * slot(s->o);
	struct msghdr *m = &s->msg[i].msg_hdr;
	struct cmsghdr *c = (struct cmsghdr *)(void *)s->control[i];
	uint16_t size = (uint16_t)s->o->size;

	s->iov[i] = (struct iovec){s->payload + at, len};
	m->msg_iov = &s->iov[i];
	m->msg_iovlen = 1;
	if (s->o->gso == 1)
		return;
	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(c), &size, sizeof(size));
	m->msg_control = c;
	m->msg_controllen = CMSG_SPACE(sizeof(size));
}

static void prepare(struct sender *s)
{
	const struct blast_options *o = s->o;
	size_t datagrams = (size_t)o->batch * o->gso;

	s->fd = blast_zeros(one_socket(o) ? 1 : o->flows, sizeof(*s->fd));
	s->seq = blast_zeros(o->flows, sizeof(*s->seq));
	s->payload = blast_zeros(datagrams, slot(o));
	s->msg = blast_zeros(o->batch, sizeof(*s->msg));
	s->iov = blast_zeros(o->batch, sizeof(*s->iov));
	s->name = blast_zeros(o->batch, sizeof(*s->name));
	s->control = blast_zeros(o->batch, sizeof(*s->control));
	for (size_t d = 0; d < datagrams; d++)
		for (size_t i = 0; i < slot(o); i++)
			s->payload[d * slot(o) + i] = blast_pattern(i);
	find_target(s);
	open_sockets(s);
	for (unsigned i = 0; i < o->batch; i++)
		prepare_message(s, i);
}

static void release(struct sender *s)
{
	free(s->fd);
	free(s->seq);
	free(s->payload);
	free(s->msg);
	free(s->iov);
	free(s->name);
	free(s->control);
}

static void add_to(uint8_t *addr, size_t len, uint32_t n)
{
	for (size_t i = len; i-- > 0 && n > 0; n >>= 8) {
		n += addr[i];
		addr[i] = (uint8_t)n;
	}
}

static void set_target(struct sender *s, unsigned i, unsigned flow)
{
	struct sockaddr_storage *to = &s->name[i];
	struct msghdr *m = &s->msg[i].msg_hdr;

	*to = s->to;
	m->msg_name = to;
	m->msg_namelen = s->to_len;
	if (!s->o->targets)
		return;
	if (to->ss_family == AF_INET6)
		add_to(((struct sockaddr_in6 *)(void *)to)->sin6_addr.s6_addr, 16, flow);
	else
		add_to((uint8_t *)&((struct sockaddr_in *)(void *)to)->sin_addr, 4, flow);
}

static void choose_address(uint8_t *addr, unsigned len)
{
	for (unsigned i = len / 8; i < 16; i++) {
		unsigned mask = i == len / 8 ? 0xffu >> len % 8 : 0xffu;

		addr[i] = (uint8_t)((addr[i] & ~mask) | (random_next() & mask));
	}
}

static void set_source(struct sender *s, unsigned i, unsigned flow)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)s->control[i];
	struct in6_pktinfo info = {.ipi6_addr = s->from};

	if (!s->o->sources)
		return;
	if (s->from_len < 128)
		choose_address(info.ipi6_addr.s6_addr, s->from_len);
	else
		add_to(info.ipi6_addr.s6_addr, 16, flow);
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	s->msg[i].msg_hdr.msg_control = c;
	s->msg[i].msg_hdr.msg_controllen = CMSG_SPACE(sizeof(info));
}

/* Numbers the datagrams of message I. */
static void stamp_message(struct sender *s, unsigned i, unsigned flow)
{
	uint8_t *at = s->iov[i].iov_base;

	for (unsigned d = 0; d < s->o->gso; d++, at += s->o->size) {
		struct stamp stamp = {BLAST_MAGIC, flow, s->seq[flow]++};

		memcpy(at, &stamp, sizeof(stamp));
	}
	if (s->o->unlike)
		s->iov[i].iov_len = s->o->size + s->seq[flow] % UNLIKE;
}

static void send_batch(struct sender *s, int fd)
{
	int n = sendmmsg(fd, s->msg, s->o->batch, 0);

	if (n < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
		blast_die("sendmmsg");
	n = n < 0 ? 0 : n;
	s->sent += (uint64_t)n * s->o->gso;
	s->failed += (uint64_t)((int)s->o->batch - n) * s->o->gso;
}

/* Sends BATCH messages of one flow; or of as many flows, if all share a socket. */
static void send_turn(struct sender *s, unsigned *next)
{
	const struct blast_options *o = s->o;
	unsigned flow = *next;

	for (unsigned i = 0; i < o->batch; i++) {
		if (i == 0 || one_socket(o)) {
			flow = o->random ? random_below(o->flows) : *next;
			*next = (*next + 1) % o->flows;
		}
		stamp_message(s, i, flow);
		if (one_socket(o)) {
			set_target(s, i, flow);
			set_source(s, i, flow);
		}
	}
	send_batch(s, s->fd[one_socket(o) ? 0 : flow]);
}

/* Sleeps until the time for the next datagrams. */
static void pace(const struct sender *s, double start)
{
	double ahead = start + (double)s->sent / s->o->rate - blast_seconds();
	struct timespec t = {0};

	if (ahead <= 0)
		return;
	t.tv_sec = (time_t)ahead;
	t.tv_nsec = (long)((ahead - (double)t.tv_sec) * 1e9);
	nanosleep(&t, NULL);
}

int blast_send(const struct blast_options *o)
{
	struct sender s = {.o = o};
	double start, end;
	unsigned next = 0;

	prepare(&s);
	start = blast_seconds();
	do {
		for (int i = 0; i < CLOCK_TURN; i++) {
			send_turn(&s, &next);
			if (o->rate > 0)
				pace(&s, start);
		}
		end = blast_seconds();
	} while (end - start < o->seconds);
	printf("{\"sent\": %llu, \"failed\": %llu, \"seconds\": %.3f, \"pps\": %.0f}\n",
	       (unsigned long long)s.sent, (unsigned long long)s.failed, end - start,
	       (double)s.sent / (end - start));
	release(&s);
	return EXIT_SUCCESS;
}
