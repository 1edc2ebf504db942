/* fuzz_check - invariants for every packet that goes through the translator. */
#ifndef NAT64D_TESTS_FUZZ_CHECK_H
#define NAT64D_TESTS_FUZZ_CHECK_H

#include "packet/packet.h"
#include "xlat/xlat.h"

#define EXPECT(cond) fuzz_expect(cond, #cond, __FILE__, __LINE__)

/* Prints WHAT and aborts if HOLDS is false. */
void fuzz_expect(bool holds, const char *what, const char *file, int line);

struct input {
	const uint8_t *bytes; /* the input */
	uint8_t *taken;       /* the input after packet_take_offload() */
	size_t len;
	struct offload offload;
	struct packet p; /* of taken */
	enum reason parsed;
	bool right; /* the checksum is right; it may be partial */
	const struct xlat *x;
};

/* Parses the packet into the other members of IN. */
void fuzz_parse(struct input *in);

/* Writes correct checksums into PACKET if it has complete headers.  If O has a partial checksum
 * without a position, it becomes the packet's own. */
void fuzz_fix_checksums(uint8_t *packet, size_t len, struct offload *o);

/* Checks the result for IN: refused or answered for WHY, or translated. */
void fuzz_check_refused(const struct input *in, const uint8_t *packet, const struct xlat_out *out,
			enum reason why);
void fuzz_check_translated(const struct input *in, const struct xlat_out *out);

/* Copies an output to contiguous memory, which the caller frees. */
uint8_t *fuzz_flatten(const struct output *o);

/* Cuts the N payload bytes from OFF out of the GSO packet T at FLAT, as a device would.  Returns
 * the packet of *LEN bytes, which the caller frees. */
uint8_t *fuzz_cut(const struct gso_packet *t, const uint8_t *flat, size_t off, size_t n,
		  size_t *len);

/* Returns LEN bytes, which the caller frees. */
uint8_t *fuzz_bytes(size_t len);

#endif
