/* check_path - the directories of files. */
#include <stdbool.h>
#include <string.h>

#include "lib/path.h"
#include "support/run.h"

static const struct {
	const char *path;
	size_t size;
	const char *dir; /* NULL: none */
} rows[] = {
	{"/run/nat64d/control", 32, "/run/nat64d"},
	{"/run//control", 32, "/run"},
	{"/run/", 32, "/run"},
	{"run/control", 32, "run"},
	{"control", 32, "."},
	{"/control", 32, NULL},
	{"//control", 32, NULL},
	{"/", 32, NULL},
	{"/run/control", 5, "/run"},
	{"/run/control", 4, NULL},
	{"control", 1, NULL},
};

START_TEST(directories)
{
	char dir[32] = "untouched";
	bool has = path_directory(dir, rows[_i].size, rows[_i].path);

	ck_assert_msg(has == (rows[_i].dir != NULL), "%s", rows[_i].path);
	ck_assert_str_eq(dir, rows[_i].dir ? rows[_i].dir : "untouched");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("path");
	TCase *t = tcase_create("path");

	tcase_add_loop_test(t, directories, 0, ROWS(rows));
	suite_add_tcase(s, t);
	return run_suite(s);
}
