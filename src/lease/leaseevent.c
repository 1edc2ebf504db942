/* leaseevent - decides by which words the beginning and the end of a lease are known. */
#include "lease/leaseevent.h"

#include <string.h>

#include "lib/addr_text.h"

static const char *const causes[LEASE_CAUSES] = {
	[LEASE_NEW] = "new",         [LEASE_IDLE] = "idle",     [LEASE_FULL] = "full",
	[LEASE_RELEASE] = "release", [LEASE_RELOAD] = "reload", [LEASE_MAP] = "map",
	[LEASE_PIN] = "pin",
};

/* Each returns what is behind the word and its blank.  New hosts may come by the million:
 * snprintf() would take as long again as all the rest. */
static char *put_word(char *out, const char *word)
{
	size_t n = strlen(word);

	memcpy(out, word, n);
	out[n] = ' ';
	return out + n + 1;
}

static char *put_number(char *out, uint64_t n)
{
	char digits[21] = "";
	size_t at = sizeof(digits) - 1;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return put_word(out, digits + at);
}

size_t leaseevent_format(char out[LEASEEVENT_TEXT], const struct lease_event *e)
{
	char text[ADDR_TEXT];
	char *p = put_word(out, e->cause == LEASE_NEW ? "assigned" : "ended");

	p = put_word(p, causes[e->cause]);
	p = put_word(p, addr_text4(text, e->addr));
	p = put_word(p, addr_text6(text, &e->host));
	p = put_word(p, e->prefix.len > 0 ? addr_text_prefix6(text, &e->prefix) : "-");
	if (e->cause == LEASE_NEW)
		p = put_word(p, "- -");
	else
		p = put_number(put_number(p, e->packets), e->bytes);
	p[-1] = '\0';
	return (size_t)(p - out) - 1;
}
