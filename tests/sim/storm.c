/* storm - chooses the sources of storms. */
#include "storm.h"

#include <string.h>

#include "support/random.h"

static const struct ip6 *home_of(const struct crowd *c, enum scope scope)
{
	static const struct ip6 own = {{0x2b, 0x0b, 0xad}};

	switch (scope) {
	case HOME64:
		return &crowd_first(c, HOME)->addr;
	case CONFERENCE64:
		return &crowd_first(c, CONFERENCE)->addr;
	case OFFICE48:
		return &crowd_first(c, OFFICE)->addr;
	default:
		return &own;
	}
}

/* Returns the number of bytes that all sources of SCOPE share. */
static size_t bytes_of(enum scope scope)
{
	if (scope == ANY)
		return 0;
	return scope == OFFICE48 || scope == OWN48 ? 6 : 8;
}

bool storm_is_of_network(const struct storm storm[STORMS], const struct crowd *c,
			 const struct ip6 *host)
{
	for (int i = 0; i < STORMS; i++) {
		const struct storm *s = &storm[i];

		if (s->rate && s->scope != ANY &&
		    memcmp(home_of(c, s->scope), host, bytes_of(s->scope)) == 0)
			return true;
	}
	return false;
}

struct ip6 storm_source(const struct crowd *c, enum scope scope)
{
	struct ip6 a = *home_of(c, scope);
	size_t same = bytes_of(scope);

	random_fill(a.b + same, sizeof(a) - same);
	if (scope == ANY)
		a.b[0] = 0x20 | (a.b[0] & 0x1f);
	a.b[8] |= 0x80; /* so that no host of the crowd has it */
	return a;
}
