/* blast - what the sender and the sink of the UDP blaster share: how a datagram looks. */
#ifndef NAT64D_BENCH_BLAST_H
#define NAT64D_BENCH_BLAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLAST_MAGIC  0x6e363462u
#define BATCH_MAX    64
#define DATAGRAM_MAX 65536
#define FLOWS_MAX    (1u << 20)

struct stamp { /* sender and sink run on one machine: no byte order */
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

/* Does each flow have addresses of its own, and not a socket? */
static inline bool one_socket(const struct blast_options *o)
{
	return o->sources || o->targets;
}

/* Byte I of a datagram, but for the stamp. */
static inline uint8_t blast_pattern(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

void blast_die(const char *what) __attribute__((noreturn));
/* N times SIZE zeros; never NULL. */
void *blast_zeros(size_t n, size_t size);
double blast_seconds(void);

/* Each does all that O says and returns an exit status. */
int blast_send(const struct blast_options *o);
int blast_sink(const struct blast_options *o);

#endif
