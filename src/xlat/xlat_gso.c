/* xlat_gso - what a GSO packet means to the translation: how many packets it stands for, and what
 * is left for the device to do about what it becomes. */
#include "packet/header.h"
#include "xlat_job.h"

struct gso_packet xlat_gso(const struct packet *p, const uint8_t *l4)
{
	return (struct gso_packet){.proto = p->proto,
				   .cwr_stays = p->ecn == GSO_ACCECN,
				   .l4 = l4,
				   .header = p->l4_header,
				   .payload = p->l4.len - p->l4_header};
}

size_t xlat_segments(const struct packet *p, size_t len)
{
	return p->seg ? gso_segments(len - p->l4_header, p->seg) : 1;
}

void xlat_leave(const struct xlat_job *j, struct output *o)
{
	if (j->p.csum == CSUM_PARTIAL)
		output_leave(o, (unsigned)j->p.seg, j->p.ecn);
	else if (!o->fragment)
		o->offload.csum = (uint8_t)j->p.csum;
}

/* Makes of the headers and the last N payload bytes a packet that ends where the GSO packet has
 * ended. The Identification stays what it was: of IPv4 only packets with DF are ever too big. */
static void put_last(struct xlat_left *left, const struct packet *p, uint8_t *packet, size_t n)
{
	struct gso_packet t = xlat_gso(p, p->l4.p);
	size_t ip_len = p->whole.len - p->l4.len;
	uint8_t l4[TCP_HEADER_MAX];

	left->len = ip_len + t.header + n;
	left->packet = packet + p->whole.len - left->len;
	left->offload = (struct offload){.csum = CSUM_PARTIAL,
					 .csum_start = (uint16_t)ip_len,
					 .csum_offset = (uint16_t)gso_csum_at(t.proto)};
	gso_header(&t, t.payload - n, n, l4);
	memmove(left->packet, packet, ip_len);
	memcpy(left->packet + ip_len, l4, t.header);
	header_put_len(left->packet, left->len);
}

void xlat_leave_last(struct xlat_job *j, uint8_t *packet)
{
	const struct packet whole = j->p;
	size_t payload = whole.l4.len - whole.l4_header;
	size_t n = whole.seg ? payload % whole.seg : 0;

	if (n == 0)
		return;
	j->p.seg = 0;
	j->p.whole.len -= payload - n;
	j->p.l4.len -= payload - n;
	if (j->dir->fit(j))
		return;
	put_last(&j->out->left, &whole, packet, n);
	j->out->packets--;
}
