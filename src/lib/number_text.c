/* number_text - writes the digits from the last to the first. */
#include "lib/number_text.h"

#include <string.h>

char *number_text(char *out, uint64_t n)
{
	char digits[NUMBER_TEXT];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	memcpy(out, digits + at, sizeof(digits) - at);
	return out + sizeof(digits) - at;
}
