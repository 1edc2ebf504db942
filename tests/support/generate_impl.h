/* generate_impl - what the files of the generator share. */
#ifndef NAT64D_TESTS_GENERATE_IMPL_H
#define NAT64D_TESTS_GENERATE_IMPL_H

#include "generate.h"

uint32_t generate_next(void);
void generate_fill(void *p, size_t len);

static inline bool percent(unsigned n)
{
	return generate_below(100) < n;
}

#define PICK(table) (table)[generate_below(sizeof(table) / sizeof(*(table)))]

/* generate_world4() returns a random peer in IPv4, generate_host4() the IPv4 address of a host on
 * the IPv6 side; the next function returns one of these or an unusual address.  The others do the
 * same for IPv6. */
uint32_t generate_world4(void);
uint32_t generate_host4(const struct model *m);
uint32_t generate_any4(const struct model *m);
struct ip6 generate_embedded(const struct model *m, uint32_t a);
struct ip6 generate_host6(const struct model *m);
struct ip6 generate_any6(const struct model *m);

/* A packet is built from its end to its beginning. */
struct build {
	const struct model *m;
	unsigned family;
	uint8_t src[16], dst[16]; /* IPv4 uses the first 4 bytes */
	unsigned proto;
	bool quoted;         /* travels in the opposite direction */
	const uint8_t *from; /* required source; NULL: any */
	bool sound;
	uint8_t l4[GENERATE_MAX];
	size_t n;
};

/* Choose the addresses; then the protocol and its payload, which may quote packets to a depth of 3.
 * generate_transport() writes the packet to P and returns its length. */
void generate_addresses(struct build *b);
void generate_transport(struct build *b, unsigned depth);
size_t generate_build(struct build *b, uint8_t *p, unsigned depth);

#endif
