/* offload - converts between struct virtio_net_hdr and struct offload. */
#include "packet/offload.h"

#include <string.h>

#define NEEDS_CSUM 1 /* flags; no others are ever enabled */
#define DATA_VALID 2

struct vnet_hdr { /* in host byte order, for a device without a fixed byte order */
	uint8_t flags;
	uint8_t gso;
	uint16_t header;
	uint16_t seg;
	uint16_t csum_start;
	uint16_t csum_offset;
};

_Static_assert(sizeof(struct vnet_hdr) == OFFLOAD_HDR, "virtio-net header");

/* If both ECN flags are set, AccECN wins, as in the kernel's segmentation. */
static bool read_gso(struct offload *o, uint8_t gso)
{
	o->gso = gso & (uint8_t) ~(GSO_ECN | GSO_ACCECN);
	o->ecn = gso & GSO_ACCECN ? GSO_ACCECN : gso & GSO_ECN;
	switch (o->gso) {
	case GSO_TCP4:
	case GSO_TCP6:
		return true;
	case GSO_NONE:
	case GSO_UDP:
		return o->ecn == 0;
	default:
		return false;
	}
}

bool offload_read(struct offload *o, const uint8_t *hdr)
{
	struct vnet_hdr v;

	memcpy(&v, hdr, sizeof(v));
	*o = (struct offload){0};
	if ((v.flags & ~(NEEDS_CSUM | DATA_VALID)) || !read_gso(o, v.gso))
		return false;
	if (o->gso) {
		o->seg = v.seg;
		o->header = v.header;
	}
	if (v.flags & NEEDS_CSUM) {
		o->csum = CSUM_PARTIAL;
		o->csum_start = v.csum_start;
		o->csum_offset = v.csum_offset;
	} else if (v.flags & DATA_VALID) {
		o->csum = CSUM_VOUCHED;
	}
	return true;
}

void offload_write(const struct offload *o, uint8_t *hdr)
{
	struct vnet_hdr v = {0};

	/* Only for a GSO packet: the kernel rejects a header length beyond the end of the
	 * packet. */
	if (o->gso) {
		v.gso = o->gso | o->ecn;
		v.seg = o->seg;
		v.header = o->header;
	}
	if (o->csum == CSUM_PARTIAL) {
		v.flags = NEEDS_CSUM;
		v.csum_start = o->csum_start;
		v.csum_offset = o->csum_offset;
	} else if (o->csum == CSUM_VOUCHED) {
		v.flags = DATA_VALID;
	}
	memcpy(hdr, &v, sizeof(v));
}
