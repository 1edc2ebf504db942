/* command_test - answers `test-call`, in builds for tests: makes a call that the sandbox forbids,
 * in the daemon or in the keeper, and shows its errno. */
#include <string.h>

#include "commands.h"
#include "linux/sandbox_try.h"

void command_test_call(void *arg, const struct control_request *r, struct answer *a)
{
	bool helper = strcmp(r->word[1], "helper") == 0;
	const char *name = r->words == (helper ? 3 : 2) ? r->word[helper ? 2 : 1] : NULL;
	int err;

	(void)arg;
	err = !name ? -1 : helper ? sandbox_try_in_keeper(name) : sandbox_try(name);
	if (err == -1) {
		answer_add(a, "usage test-call [helper] NAME\n");
		return;
	}
	if (err == -2) {
		answer_add(a, "error the keeper does not answer\n");
		return;
	}
	answer_add(a, "ok\n%d %s\n", err, strerror(err));
}
