/* run - the main() of every check program; prints TAP on standard output for `make check`. */
#ifndef NAT64D_TESTS_RUN_H
#define NAT64D_TESTS_RUN_H

#include <check.h>
#include <stdlib.h>

static inline int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define ROWS(table) (int)(sizeof(table) / sizeof(*(table)))

#endif
