/* blast - the format of datagrams and the options, shared by the sender and the sink. */
#ifndef NAT64D_BENCH_BLAST_H
#define NAT64D_BENCH_BLAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLAST_MAGIC  0x6e363462u
#define BATCH_MAX    64
#define DATAGRAM_MAX 65536
#define FLOWS_MAX    (1u << 20)

struct stamp { /* sender and sink run on one machine, so byte order does not matter */
	uint32_t magic, flow;
	uint64_t seq;
};

struct blast_options {
	int family;
	const char *host, *port, *sources;
	unsigned flows, size, batch, gso;
	double seconds, rate;
	bool targets, random, unlike;
};

/* True if the flows differ by addresses and share one socket. */
static inline bool one_socket(const struct blast_options *o)
{
	return o->sources || o->targets;
}

/* Returns byte I of a datagram after the stamp. */
static inline uint8_t blast_pattern(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

void blast_die(const char *what) __attribute__((noreturn));
/* Allocates N times SIZE zero bytes; never returns NULL. */
void *blast_zeros(size_t n, size_t size);
double blast_seconds(void);

/* Each runs with the options O and returns an exit status. */
int blast_send(const struct blast_options *o);
int blast_sink(const struct blast_options *o);

#endif
