/* reason - the table of reasons; its rows are in reason.h. */
#include "packet/reason.h"

#define X(id, name, class, answer4, answer6, text) \
	[REASON_##id] = {name, text, CLASS_##class, answer4, answer6},

const struct reason_row reason_table[REASON_COUNT] = {REASONS(X)};
