/* nodeid - writes the ICMP extension header and the Node Identification Object. */
#include "packet/nodeid.h"

#include <stdbool.h>

#include "lib/csum.h"

struct ext_hdr {         /* [4884-7] */
	uint8_t version; /* high nibble */
	uint8_t reserved;
	uint8_t csum[2]; /* zero: no checksum */
};

struct node_object {
	uint8_t len[2]; /* length of the object in bytes */
	uint8_t class_num, c_type;
	uint8_t afi[2];
	uint8_t reserved[2];
	uint8_t addr[16];
};

#define EXT_VERSION    0x20
#define CLASS_NODE_ID  5
#define C_TYPE_ADDRESS 0x04 /* bit 5 from the top: the object has an address and no name */
#define AFI_IPV6       2

_Static_assert(sizeof(struct ext_hdr) == 4, "extension header");
_Static_assert(sizeof(struct node_object) == 24, "node identification object");

/* Returns true if objects of whole words fill REST, so that a receiver finds an object appended to
 * them [4884-8]. */
static bool are_objects(struct span rest)
{
	while (rest.len >= 4) {
		size_t len = get16(rest.p);

		if (len < 4 || len % 4 != 0 || !span_take(&rest, len))
			return false;
	}
	return rest.len == 0;
}

static bool is_sound(struct span ext)
{
	const struct span whole = ext;
	const struct ext_hdr *h = span_take(&ext, sizeof(*h));

	if (!h || (h->version & 0xf0) != EXT_VERSION || !are_objects(ext))
		return false;
	return get16(h->csum) == 0 || csum_fold(csum_sum(whole.p, whole.len)) == 0xffff;
}

size_t nodeid_append(uint8_t *out, size_t size, struct span ext, const struct ip6 *node)
{
	struct ext_hdr head = {.version = EXT_VERSION};
	struct node_object object = {.class_num = CLASS_NODE_ID, .c_type = C_TYPE_ADDRESS};
	size_t len = sizeof(head);

	put16(object.len, sizeof(object));
	put16(object.afi, AFI_IPV6);
	memcpy(object.addr, node, sizeof(object.addr));
	if (is_sound(ext) && ext.len + sizeof(object) <= size)
		len = ext.len;
	if (len > sizeof(head))
		memcpy(out, ext.p, len);
	memcpy(out, &head, sizeof(head));
	memcpy(out + len, &object, sizeof(object));
	len += sizeof(object);
	/* as in UDP, zero would mean no checksum [4884-7] */
	put16(out + offsetof(struct ext_hdr, csum), csum_udp(csum_finish(csum_sum(out, len))));
	return len;
}
