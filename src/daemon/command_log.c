/* command_log - answers `log`: sets which classes of lines are logged until the next reload. */
#include <string.h>

#include "commands.h"

static const char none[] = "none";

/* False if one of the words is not a class; A then has a message. */
static bool read_classes(const struct control_request *r, unsigned *classes, struct answer *a)
{
	*classes = 0;
	if (r->words == 2 && strcmp(r->word[1], none) == 0)
		return true;
	for (unsigned i = 1; i < r->words; i++) {
		unsigned class = conf_log_class(r->word[i]);

		if (!class && strcmp(r->word[i], none) == 0) {
			answer_add(a, "usage log: none cannot be combined with a class\n");
			return false;
		}
		if (!class) {
			answer_add(a,
				   "usage log: unknown class %.60s (give some of drop, reject, "
				   "icmp, self, lease; or none alone)\n",
				   r->word[i]);
			return false;
		}
		*classes |= class;
	}
	return true;
}

static void add_json(struct answer *a, unsigned classes)
{
	const char *comma = "";

	answer_add(a, "{\"log\": [");
	for (unsigned bit = 1; bit <= classes; bit <<= 1) {
		if (!(classes & bit))
			continue;
		answer_add(a, "%s\"%s\"", comma, conf_log_name(bit));
		comma = ", ";
	}
	answer_add(a, "]}\n");
}

void command_log(void *arg, const struct control_request *r, struct answer *a)
{
	struct daemon *d = arg;
	unsigned classes;

	if (!read_classes(r, &classes, a))
		return;
	active_log(d->active, classes);
	answer_add(a, "ok\n");
	if (r->json)
		add_json(a, classes);
}
