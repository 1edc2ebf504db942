/* xlat_gso - GSO packets in the translator: the number of their segments, and the last segment if
 * the others are too big. */
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

/* Writes the headers of J's packet, which is at PACKET, before its last N payload bytes, and makes
 * those J's packet.  The Identification stays: in IPv4 only packets with DF can be too big. */
static uint8_t *become_last(struct xlat_job *j, uint8_t *packet, size_t n)
{
	struct packet *p = &j->p;
	struct gso_packet t = xlat_gso(p, p->l4.p);
	size_t ip_len = p->whole.len - p->l4.len, len = ip_len + t.header + n;
	uint8_t *at = packet + p->whole.len - len, header[TCP_HEADER_MAX];

	gso_header(&t, t.payload - n, n, header);
	memmove(at, packet, ip_len);
	memcpy(at + ip_len, header, t.header);
	header_put_len(at, len);
	p->whole = (struct span){at, len};
	p->l4 = (struct span){at + ip_len, t.header + n};
	p->l4_stated = p->l4.len;
	p->seg = 0;
	return at + ip_len;
}

uint8_t *xlat_take_last(struct xlat_job *j, uint8_t *packet)
{
	size_t payload = j->p.l4.len - j->p.l4_header;
	size_t n = j->p.seg ? payload % j->p.seg : 0;
	struct xlat_job last = *j;

	last.p.seg = 0;
	last.p.whole.len -= payload - n;
	last.p.l4.len -= payload - n;
	return n == 0 || last.dir->fit(&last) ? NULL : become_last(j, packet, n);
}
