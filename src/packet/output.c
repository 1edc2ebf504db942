/* output - sets the work that is left for the device on an outgoing packet. */
#include "packet/output.h"

struct gso_packet output_gso(const struct output *o)
{
	return (struct gso_packet){.proto = o->proto,
				   .cwr_stays = o->offload.ecn == GSO_ACCECN,
				   .l4 = o->head + o->ip,
				   .header = o->l4,
				   .payload = output_payload(o)};
}

void output_leave(struct output *o, unsigned seg, uint8_t ecn)
{
	o->offload = (struct offload){.csum = CSUM_PARTIAL,
				      .csum_start = o->ip,
				      .csum_offset = (uint16_t)gso_csum_at(o->proto)};
	o->segments = (uint16_t)gso_segments(output_payload(o), seg);
	if (o->segments == 1)
		return;
	o->offload.gso = (uint8_t)gso_type_of(o->proto, o->family);
	o->offload.ecn = ecn;
	o->offload.seg = (uint16_t)seg;
	o->offload.header = (uint16_t)(o->ip + o->l4);
}
