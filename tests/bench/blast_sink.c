/* blast_sink - counts received datagrams: their number and rate, and whether each arrives once, in
 * order and unchanged. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "blast.h"

#define RCVBUF (8 << 20)
#define QUIET  0.4 /* seconds without a datagram after which the sink ends */

struct flow {
	uint64_t next; /* the highest number received, plus one */
	uint64_t seen; /* which of the 64 numbers below it were received; bit 0 is the highest */
};

struct sink {
	struct flow *flow;
	uint8_t *expected; /* the pattern */
	uint64_t packets, bytes, reordered, duplicate, corrupt, late;
	double first, last;
};

static int open_sink(const char *port)
{
	struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
	struct timeval wait = {.tv_usec = 50000};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), size = RCVBUF, off = 0;

	at.sin6_port = htons((uint16_t)atoi(port));
	if (fd < 0)
		blast_die("socket");
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		blast_die("bind");
	return fd;
}

static void count_ahead(struct flow *f, uint64_t seq)
{
	uint64_t by = seq + 1 - f->next;

	f->seen = by >= 64 ? 1 : f->seen << by | 1;
	f->next = seq + 1;
}

static void count_behind(struct sink *s, struct flow *f, uint64_t seq)
{
	uint64_t by = f->next - 1 - seq;

	if (by >= 64) {
		s->late++;
		return;
	}
	if (f->seen >> by & 1)
		s->duplicate++;
	else
		s->reordered++;
	f->seen |= UINT64_C(1) << by;
}

static void count(struct sink *s, const uint8_t *p, size_t len)
{
	struct stamp stamp = {0};

	s->packets++;
	s->bytes += len;
	if (len >= sizeof(stamp))
		memcpy(&stamp, p, sizeof(stamp));
	if (stamp.magic != BLAST_MAGIC || stamp.flow >= FLOWS_MAX ||
	    memcmp(p + sizeof(stamp), s->expected + sizeof(stamp), len - sizeof(stamp)) != 0)
		s->corrupt++;
	else if (stamp.seq >= s->flow[stamp.flow].next)
		count_ahead(&s->flow[stamp.flow], stamp.seq);
	else
		count_behind(s, &s->flow[stamp.flow], stamp.seq);
}

static void receive(struct sink *s, int fd, double until)
{
	struct mmsghdr msg[BATCH_MAX] = {0};
	struct iovec iov[BATCH_MAX];
	uint8_t *buffer = blast_zeros(BATCH_MAX, DATAGRAM_MAX);

	for (int i = 0; i < BATCH_MAX; i++) {
		iov[i] = (struct iovec){buffer + (size_t)i * DATAGRAM_MAX, DATAGRAM_MAX};
		msg[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
	}
	for (double now = blast_seconds(); now < until; now = blast_seconds()) {
		int n = recvmmsg(fd, msg, BATCH_MAX, MSG_WAITFORONE, NULL);

		if (n < 0 && s->packets > 0 && now - s->last > QUIET)
			break;
		if (n <= 0)
			continue;
		s->last = blast_seconds();
		if (s->packets == 0)
			s->first = s->last;
		for (int i = 0; i < n; i++)
			count(s, iov[i].iov_base, msg[i].msg_len);
	}
	free(buffer);
}

int blast_sink(const struct blast_options *o)
{
	struct sink s = {.flow = blast_zeros(FLOWS_MAX, sizeof(struct flow)),
			 .expected = blast_zeros(1, DATAGRAM_MAX)};
	uint64_t highest = 0, flows = 0, whole;
	double took;

	for (size_t i = 0; i < DATAGRAM_MAX; i++)
		s.expected[i] = blast_pattern(i);
	receive(&s, open_sink(o->port), blast_seconds() + o->seconds);
	for (size_t i = 0; i < FLOWS_MAX; i++) {
		highest += s.flow[i].next;
		flows += s.flow[i].next > 0;
	}
	took = s.last - s.first;
	whole = s.packets - s.corrupt - s.duplicate;
	printf("{\"packets\": %llu, \"seconds\": %.3f, \"pps\": %.0f, \"flows\": %llu, "
	       "\"reordered\": %llu, \"lost\": %lld, \"duplicate\": %llu, \"corrupt\": %llu}\n",
	       (unsigned long long)s.packets, took, took > 0 ? (double)s.packets / took : 0.0,
	       (unsigned long long)flows, (unsigned long long)(s.reordered + s.late),
	       (long long)(highest - whole), (unsigned long long)s.duplicate,
	       (unsigned long long)s.corrupt);
	free(s.flow);
	free(s.expected);
	return EXIT_SUCCESS;
}
