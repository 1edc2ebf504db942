/* mark - makes passed assertions cheap.
 *
 * Check records the place of each assertion with a write(2), so that it can tell after which one a
 * test has crashed or hung.  In a test with millions of assertions that takes most of the time.
 * The linker replaces the function (--wrap), so that each place is recorded only once in a
 * process. */
#include <limits.h>

void __real__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line);

#define PLACES 8192 /* lines; a file with more of them does not record some */

void __wrap__mark_point(const char *file, int line)
{
	static unsigned char told[PLACES / CHAR_BIT];
	unsigned place = (unsigned)line % PLACES;
	unsigned char bit = (unsigned char)(1u << place % CHAR_BIT);

	if (told[place / CHAR_BIT] & bit)
		return;
	told[place / CHAR_BIT] |= bit;
	__real__mark_point(file, line);
}
