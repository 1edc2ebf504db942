/* command_words - parses addresses in requests, and formats the names of pools. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "lib/addr_text.h"

/* Returns P without its host bits. */
static struct prefix clean(const struct prefix *p)
{
	struct prefix c = *p;

	c.addr4 &= addr_mask4(p->family == 4 ? p->len : 32);
	for (unsigned i = p->family == 6 ? p->len : 128; i < 128; i++)
		c.addr6.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return c;
}

bool command_read_place(const char *word, struct prefix *out, bool *one, struct answer *a)
{
	char wrong[ADDR_TEXT], right[ADDR_TEXT];
	struct prefix c;

	if (!conf_scan_either(word, out)) {
		answer_add(a, "usage %.100s is neither an address nor a prefix\n", word);
		return false;
	}
	*one = !strchr(word, '/');
	c = clean(out);
	if (c.addr4 == out->addr4 && ip6_equal(&c.addr6, &out->addr6))
		return true;
	answer_add(a, "usage %s has host bits set (did you mean %s?)\n",
		   addr_text_prefix(wrong, out), addr_text_prefix(right, &c));
	return false;
}

char *command_revision(char out[COMMAND_REVISION], int64_t revision)
{
	if (revision == CONF_NO_REVISION)
		snprintf(out, COMMAND_REVISION, "null");
	else
		snprintf(out, COMMAND_REVISION, "%" PRId64, revision);
	return out;
}

void command_range(const struct daemon *d, size_t i, char text[ADDR_TEXT])
{
	struct prefix4 p = {.len = 32};
	struct pool_range r;

	pool_range(d->active->pool, i, &r);
	p.addr = r.first;
	while (p.len > 0 && (r.first | ~addr_mask4(p.len)) != r.last)
		p.len--;
	addr_text_prefix4(text, &p);
}
