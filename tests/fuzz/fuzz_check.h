/* fuzz_check - what must hold for every packet that goes through the translator. */
#ifndef NAT64D_TESTS_FUZZ_CHECK_H
#define NAT64D_TESTS_FUZZ_CHECK_H

#include "packet/packet.h"
#include "xlat/xlat.h"

#define EXPECT(cond) fuzz_expect(cond, #cond, __FILE__, __LINE__)

/* Says what does not hold, and aborts. */
void fuzz_expect(bool holds, const char *what, const char *file, int line);

struct input {
	const uint8_t *bytes; /* as it came */
	uint8_t *taken;       /* with what packet_take_offload() writes */
	size_t len;
	struct offload offload;
	struct packet p; /* of taken */
	enum reason parsed;
	bool right; /* the checksum, be it partial */
	const struct xlat *x;
};

/* Fills the rest of IN: what the parser makes of it. */
void fuzz_parse(struct input *in);

/* Puts the right checksums into PACKET, so far as it has a header to hold them; one that O leaves
 * partial without saying where becomes the packet's own. */
void fuzz_fix_checksums(uint8_t *packet, size_t len, struct offload *o);

/* What the translator has made of IN, refused or answered for WHY, or translated. */
void fuzz_check_refused(const struct input *in, const uint8_t *packet, const struct xlat_out *out,
			enum reason why);
void fuzz_check_translated(const struct input *in, const struct xlat_out *out);

/* LEN bytes, which the caller frees. */
uint8_t *fuzz_bytes(size_t len);

#endif
