/* xlat_train - what a train means to the translation: how many packets it stands for, and what is
 * left for the device to do about what it becomes. */
#include "xlat_job.h"

struct train xlat_train(const struct packet *p, const uint8_t *l4)
{
	return (struct train){.proto = p->proto,
			      .cwr_stays = p->ecn == GSO_ACCECN,
			      .l4 = l4,
			      .header = p->l4_header,
			      .payload = p->l4.len - p->l4_header};
}

size_t xlat_segments(const struct packet *p, size_t len)
{
	return p->seg ? train_segments(len - p->l4_header, p->seg) : 1;
}

struct offload xlat_offload(const struct xlat_job *j, size_t ip_len, size_t payload)
{
	const struct packet *p = &j->p;
	struct offload o = {.csum = (uint8_t)p->csum};

	if (packet_is_fragment(p))
		return (struct offload){0};
	if (p->csum != CSUM_PARTIAL)
		return o;
	o.csum_start = (uint16_t)ip_len;
	o.csum_offset = (uint16_t)train_csum_at(p->proto);
	if (p->seg == 0 || payload <= p->seg)
		return o;
	o.gso = (uint8_t)train_gso(p->proto, p->family == 4 ? 6 : 4);
	o.ecn = p->ecn;
	o.seg = (uint16_t)p->seg;
	o.header = (uint16_t)(ip_len + p->l4_header);
	return o;
}
