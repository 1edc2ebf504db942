/* check_leasekey - the secret of the pool: it is created once and found again, and problems with it
 * never prevent a start. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "support/leasedir.h"

#define DIGITS "0123456789abcdeffedcba9876543210"

static const struct siphash_key random_key = {0x1111111111111111, 0x2222222222222222};
static const struct siphash_key in_file = {0x0123456789abcdef, 0xfedcba9876543210};

static bool is_key(const struct siphash_key *a, const struct siphash_key *b)
{
	return a->k0 == b->k0 && a->k1 == b->k1;
}

/* Returns the key after a start for which RANDOM is the new random key. */
static struct siphash_key start(struct leasedir *d, const struct siphash_key *random)
{
	struct siphash_key key = *random;

	d->said = 0;
	if (!d->f)
		dir_open(d);
	leasefile_key(d->f, LEASEFILE_KEY, &key, note_line, d);
	dir_crash(d);
	return key;
}

static void says(const struct leasedir *d, const char *suffix, const char *what)
{
	char want[512];

	snprintf(want, sizeof(want), "%s/" LEASEFILE_KEY "%s %s", d->path, suffix, what);
	ck_assert_uint_eq(d->said, 1);
	ck_assert_msg(strncmp(d->line[0], want, strlen(want)) == 0, "%s\nwanted: %s", d->line[0],
		      want);
}

START_TEST(made_once)
{
	const struct siphash_key other = {3, 4};
	struct leasedir d;
	struct siphash_key key;
	struct stat st;
	char path[128], *text;
	mode_t before;

	dir_make(&d, 1);
	dir_open(&d);
	before = umask(0277);
	key = start(&d, &random_key);
	umask(before);
	ck_assert_uint_eq(d.said, 0);
	ck_assert(is_key(&key, &random_key));
	text = dir_get(&d, LEASEFILE_KEY);
	ck_assert_str_eq(text, "11111111111111112222222222222222\n");
	free(text);
	dir_name(&d, LEASEFILE_KEY, path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert(!dir_has(&d, LEASEFILE_KEY ".new"));

	key = start(&d, &other);
	ck_assert_uint_eq(d.said, 0);
	ck_assert(is_key(&key, &random_key));
	dir_remove(&d);
}
END_TEST

/* Root creates it for the user that the daemon will run as. */
START_TEST(made_for_the_owner)
{
	struct leasedir d;
	struct stat st;
	char path[128];

	dir_make(&d, 1);
	if (getuid() == 0)
		ck_assert_int_eq(chown(d.path, 1234, 2345), 0);
	start(&d, &random_key);
	dir_name(&d, LEASEFILE_KEY, path);
	ck_assert_int_eq(stat(path, &st), 0);
	if (getuid() == 0)
		ck_assert(st.st_uid == 1234 && st.st_gid == 2345);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	dir_remove(&d);
}
END_TEST

/* A file that a crash left is not used as a key, and a symbolic link in its place is not followed.
 */
START_TEST(temporary_is_cleared_away)
{
	struct leasedir d;
	struct siphash_key key;
	char path[128], other[128], *text;

	dir_make(&d, 1);
	dir_put(&d, "other", "mine", 4);
	dir_name(&d, LEASEFILE_KEY ".new", path);
	dir_name(&d, "other", other);
	if (_i == 0)
		dir_put(&d, LEASEFILE_KEY ".new", DIGITS, 20);
	else
		ck_assert_int_eq((_i == 1 ? symlink : link)(other, path), 0);
	key = start(&d, &random_key);
	ck_assert_uint_eq(d.said, 0);
	ck_assert(is_key(&key, &random_key));
	ck_assert(dir_has(&d, LEASEFILE_KEY) && !dir_has(&d, LEASEFILE_KEY ".new"));
	text = dir_get(&d, "other");
	ck_assert_str_eq(text, "mine");
	free(text);
	dir_remove(&d);
}
END_TEST

static const struct {
	const char *name, *text;
	bool good;
} texts[] = {
	{"as we write it", DIGITS "\n", true},
	{"no newline", DIGITS, true},
	{"other case", "0123456789ABCDEFfedcba9876543210\n", true},
	{"other line end", DIGITS "\r\n", true},
	{"blanks after it", DIGITS " \t\n\n", true},
	{"as long as possible", DIGITS "                               \n", true},
	{"longer", DIGITS "                                \n", false},
	{"empty", "", false},
	{"short", "0123456789abcdeffedcba987654321\n", false},
	{"one digit more", DIGITS "0\n", false},
	{"text after it", DIGITS "\n# mine\n", false},
	{"blanks before it", " " DIGITS "\n", false},
	{"a letter that is no digit", "0123456789abcdefgedcba9876543210\n", false},
	{"0x", "0x23456789abcdeffedcba9876543210\n", false},
	{"twice", DIGITS "\n" DIGITS "\n", false},
};

START_TEST(text)
{
	struct leasedir d;
	struct siphash_key key;
	char path[128], *kept;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_KEY, texts[_i].text, strlen(texts[_i].text));
	dir_name(&d, LEASEFILE_KEY, path);
	ck_assert_int_eq(chmod(path, 0600), 0);
	key = start(&d, &random_key);
	ck_assert_msg(is_key(&key, texts[_i].good ? &in_file : &random_key), "%s", texts[_i].name);
	if (texts[_i].good)
		ck_assert_msg(d.said == 0, "%s: %s", texts[_i].name, d.line[0]);
	else
		says(&d, "",
		     "does not consist of exactly 32 hexadecimal digits (restore the old file, or "
		     "remove it: the next start creates a new one); until then");
	kept = dir_get(&d, LEASEFILE_KEY);
	ck_assert_str_eq(kept, texts[_i].text);
	free(kept);
	dir_remove(&d);
}
END_TEST

START_TEST(nul_bytes)
{
	static const char nul[] = DIGITS "\0";
	struct leasedir d;
	struct siphash_key key;

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_KEY, nul, sizeof(nul) - 1);
	key = start(&d, &random_key);
	ck_assert(is_key(&key, &random_key));
	ck_assert_uint_eq(d.said, 1);
	dir_remove(&d);
}
END_TEST

/* If the file has gigabytes, only as many bytes as a key has are read. */
START_TEST(huge)
{
	struct leasedir d;
	struct siphash_key key;
	char path[128];

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_KEY, DIGITS, strlen(DIGITS));
	dir_name(&d, LEASEFILE_KEY, path);
	ck_assert_int_eq(truncate(path, (off_t)1 << 33), 0);
	key = start(&d, &random_key);
	ck_assert(is_key(&key, &random_key));
	says(&d, "", "does not consist of exactly 32 hexadecimal digits");
	dir_remove(&d);
}
END_TEST

static void make_link(const struct leasedir *d, const char *path)
{
	dir_put(d, "other", DIGITS, strlen(DIGITS));
	ck_assert_int_eq(symlink("other", path), 0);
}

static void make_dangling_link(const struct leasedir *d, const char *path)
{
	(void)d;
	ck_assert_int_eq(symlink("nowhere", path), 0);
}

static void make_hard_link(const struct leasedir *d, const char *path)
{
	char other[128];

	dir_put(d, "other", DIGITS, strlen(DIGITS));
	dir_name(d, "other", other);
	ck_assert_int_eq(link(other, path), 0);
}

static void make_fifo(const struct leasedir *d, const char *path)
{
	(void)d;
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void make_dir(const struct leasedir *d, const char *path)
{
	(void)d;
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void make_socket(const struct leasedir *d, const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	(void)d;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
}

static const struct odd_row {
	const char *name;
	void (*make)(const struct leasedir *d, const char *path);
	const char *said;
} odd[] = {
	{"link", make_link, "is a symbolic link (replace it by the file itself); until then"},
	{"dangling link", make_dangling_link, "is a symbolic link (replace it by the file itself)"},
	{"hard link", make_hard_link, "is a hard link (replace it by a copy); until then"},
	{"FIFO", make_fifo, "is not a regular file (move it away); until then"},
	{"directory", make_dir, "is not a regular file (move it away)"},
	{"socket", make_socket, "is not a regular file (move it away)"},
};

/* The start continues with its random key, and does not change the file. */
START_TEST(odd_files)
{
	struct leasedir d;
	struct siphash_key key;
	char path[128];
	struct stat before, after;

	dir_make(&d, 1);
	dir_name(&d, LEASEFILE_KEY, path);
	odd[_i].make(&d, path);
	ck_assert_int_eq(lstat(path, &before), 0);
	key = start(&d, &random_key);
	ck_assert_msg(is_key(&key, &random_key), "%s", odd[_i].name);
	says(&d, "", odd[_i].said);
	ck_assert_int_eq(lstat(path, &after), 0);
	ck_assert(before.st_ino == after.st_ino);
	ck_assert(!dir_has(&d, "nowhere"));
	if (odd[_i].make == make_dir)
		rmdir(path);
	dir_remove(&d);
}
END_TEST

START_TEST(open_to_others)
{
	static const mode_t modes[] = {0604, 0620, 0602, 0666, 0640, 0440};
	const int least = 4; /* the first so many */
	struct leasedir d;
	struct siphash_key key;
	char path[128];

	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_KEY, DIGITS, strlen(DIGITS));
	dir_name(&d, LEASEFILE_KEY, path);
	ck_assert_int_eq(chmod(path, modes[_i]), 0);
	key = start(&d, &random_key);
	ck_assert(is_key(&key, &in_file));
	if (_i < least)
		says(&d, "", "is readable by other users (chmod 600 it): with it");
	else
		ck_assert_uint_eq(d.said, 0);
	dir_remove(&d);
}
END_TEST

/* As if root or a backup has created it. */
START_TEST(of_another_user)
{
	struct leasedir d;
	struct siphash_key key;
	char path[128], want[128];

	if (getuid() != 0)
		return;
	dir_make(&d, 1);
	dir_put(&d, LEASEFILE_KEY, DIGITS, strlen(DIGITS));
	dir_name(&d, LEASEFILE_KEY, path);
	ck_assert_int_eq(chmod(path, 0600), 0);
	dir_open(&d);
	ck_assert_int_eq(seteuid(65534), 0);
	key = start(&d, &random_key);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert(is_key(&key, &random_key));
	snprintf(want, sizeof(want),
		 "cannot be read (make user 65534 its owner, the user of nat64d)");
	says(&d, "", want);
	dir_remove(&d);
}
END_TEST

START_TEST(cannot_be_made)
{
	struct leasedir d;
	struct siphash_key key;
	char path[128];

	dir_make(&d, 1);
	dir_name(&d, LEASEFILE_KEY ".new", path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	key = start(&d, &random_key);
	ck_assert(is_key(&key, &random_key));
	says(&d, ".new", "cannot be created: Is a directory; until then");
	ck_assert(!dir_has(&d, LEASEFILE_KEY));
	rmdir(path);
	dir_remove(&d);
}
END_TEST

/* As with a full disk: a part of the key can be written, or nothing. */
START_TEST(cannot_be_written)
{
	struct leasedir d;
	struct siphash_key key;
	struct rlimit before, limit;

	dir_make(&d, 1);
	dir_open(&d);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = (struct rlimit){_i == 0 ? 0 : 20, before.rlim_max};
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	key = start(&d, &random_key);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert(is_key(&key, &random_key));
	says(&d, ".new",
	     _i == 0 ? "cannot be created: File too large; until then"
		     : "cannot be created: No space left on device; until then");
	ck_assert(!dir_has(&d, LEASEFILE_KEY) && !dir_has(&d, LEASEFILE_KEY ".new"));
	dir_remove(&d);
}
END_TEST

/* If the table is lost, the host gets its address again. */
START_TEST(table_is_lost)
{
	const struct siphash_key draws[] = {{5, 6}, {7, 8}};
	struct leasedir d;
	struct siphash_key key;
	uint32_t addr[2];
	char path[128];

	dir_make(&d, 1);
	for (unsigned i = 0; i < 2; i++) {
		key = start(&d, &draws[i]);
		dir_new_pool(&d, "192.0.2.0", 24);
		pool_set_secret(d.pool, &key);
		addr[i] = dir_lease(&d, "2001:db8::1", NOW)->addr;
		dir_name(&d, LEASEFILE_NAME, path);
		ck_assert_int_eq(unlink(path), 0);
	}
	ck_assert_uint_eq(addr[0], addr[1]);
	dir_remove(&d);
}
END_TEST

/* --- a file of the operator, outside of data-dir */

static const char make_one[] = "od -An -N16 -tx1 /dev/urandom | tr -d ' \\n'";

/* Reads the key from the file "key" of D, or leaves the random one. */
static int read_elsewhere(const struct leasedir *d, struct siphash_key *key, bool *others,
			  char err[LEASEKEY_ERR])
{
	char path[128];

	dir_name(d, "key", path);
	*err = '\0';
	*key = random_key;
	return leasekey_read(path, "the key", key, others, err);
}

START_TEST(elsewhere_text)
{
	struct leasedir d;
	struct siphash_key key;
	char err[LEASEKEY_ERR], want[LEASEKEY_ERR];
	bool others;

	dir_make(&d, 1);
	dir_put(&d, "key", texts[_i].text, strlen(texts[_i].text));
	ck_assert_int_eq(read_elsewhere(&d, &key, &others, err), texts[_i].good ? 0 : -1);
	ck_assert_msg(is_key(&key, texts[_i].good ? &in_file : &random_key), "%s", texts[_i].name);
	snprintf(want, sizeof(want),
		 "the key does not consist of exactly 32 hexadecimal digits (create another one: "
		 "%s >the key)",
		 make_one);
	ck_assert_str_eq(err, texts[_i].good ? "" : want);
	dir_remove(&d);
}
END_TEST

/* The group is nat64d, and the owner is root. */
START_TEST(elsewhere_open_to_others)
{
	static const struct {
		mode_t mode;
		bool open;
	} rows[] = {{0400, false}, {0600, false}, {0640, false}, {0440, false},
		    {0604, true},  {0644, true},  {0660, true},  {0601, true}};
	struct leasedir d;
	struct siphash_key key;
	char err[LEASEKEY_ERR], path[128];
	bool others;

	dir_make(&d, 1);
	dir_put(&d, "key", DIGITS, strlen(DIGITS));
	dir_name(&d, "key", path);
	for (int i = 0; i < ROWS(rows); i++) {
		ck_assert_int_eq(chmod(path, rows[i].mode), 0);
		ck_assert_int_eq(read_elsewhere(&d, &key, &others, err), 0);
		ck_assert_msg(others == rows[i].open, "mode %o", (unsigned)rows[i].mode);
	}
	dir_remove(&d);
}
END_TEST

START_TEST(elsewhere_is_never_made)
{
	struct leasedir d;
	struct siphash_key key;
	char err[LEASEKEY_ERR], want[LEASEKEY_ERR];
	bool others;

	dir_make(&d, 1);
	ck_assert_int_eq(read_elsewhere(&d, &key, &others, err), -1);
	ck_assert_int_eq(errno, ENOENT);
	snprintf(want, sizeof(want),
		 "the key does not exist (create it: %s >the key; chgrp nat64d the key; chmod 640 "
		 "the key)",
		 make_one);
	ck_assert_str_eq(err, want);
	ck_assert(!dir_has(&d, "key"));
	dir_remove(&d);
}
END_TEST

/* A symbolic link is followed, since tools that manage such files create links. */
START_TEST(elsewhere_odd_files)
{
	const bool follows = odd[_i].make == make_link || odd[_i].make == make_hard_link;
	const bool dangles = odd[_i].make == make_dangling_link;
	struct leasedir d;
	struct siphash_key key;
	char err[LEASEKEY_ERR], path[128];
	bool others;

	dir_make(&d, 1);
	dir_name(&d, "key", path);
	odd[_i].make(&d, path);
	ck_assert_int_eq(read_elsewhere(&d, &key, &others, err), follows ? 0 : -1);
	ck_assert_msg(is_key(&key, follows ? &in_file : &random_key), "%s", odd[_i].name);
	if (!follows)
		ck_assert_msg(strstr(err, dangles ? "does not exist (" : "is not a regular file ("),
			      "%s: %s", odd[_i].name, err);
	if (odd[_i].make == make_dir)
		rmdir(path);
	dir_remove(&d);
}
END_TEST

START_TEST(elsewhere_of_another_user)
{
	struct leasedir d;
	struct siphash_key key;
	char err[LEASEKEY_ERR], path[128];
	bool others;
	int rc;

	if (getuid() != 0)
		return;
	dir_make(&d, 1);
	ck_assert_int_eq(chmod(d.path, 0755), 0);
	dir_put(&d, "key", DIGITS, strlen(DIGITS));
	dir_name(&d, "key", path);
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_int_eq(chown(path, 0, 2345), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	rc = read_elsewhere(&d, &key, &others, err);
	ck_assert(rc == -1 && errno == EACCES);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_str_eq(err, "the key cannot be read by user 65534 (chgrp nat64d the key; chmod "
			      "640 the key; that user also needs access to its directories)");
	ck_assert_int_eq(setegid(2345), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	rc = read_elsewhere(&d, &key, &others, err);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	ck_assert_int_eq(rc, 0);
	ck_assert(is_key(&key, &in_file));
	ck_assert(!others);
	dir_remove(&d);
}
END_TEST

/* Two files in one directory are two secrets. */
START_TEST(another_name)
{
	const struct siphash_key second = {7, 8};
	struct leasedir d;
	struct siphash_key key = random_key;

	dir_make(&d, 1);
	dir_open(&d);
	leasefile_key(d.f, LEASEFILE_KEY, &key, note_line, &d);
	key = second;
	leasefile_key(d.f, "other.key", &key, note_line, &d);
	ck_assert(is_key(&key, &second));
	leasefile_key(d.f, LEASEFILE_KEY, &key, note_line, &d);
	ck_assert(is_key(&key, &random_key));
	leasefile_key(d.f, "other.key", &key, note_line, &d);
	ck_assert(is_key(&key, &second));
	ck_assert_uint_eq(d.said, 0);
	dir_crash(&d);
	dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("leasekey");
	TCase *t = tcase_create("leasekey");

	tcase_add_test(t, made_once);
	tcase_add_test(t, made_for_the_owner);
	tcase_add_loop_test(t, temporary_is_cleared_away, 0, 3);
	tcase_add_loop_test(t, text, 0, ROWS(texts));
	tcase_add_test(t, nul_bytes);
	tcase_add_test(t, huge);
	tcase_add_loop_test(t, odd_files, 0, ROWS(odd));
	tcase_add_loop_test(t, open_to_others, 0, 6);
	tcase_add_test(t, of_another_user);
	tcase_add_test(t, cannot_be_made);
	tcase_add_loop_test(t, cannot_be_written, 0, 2);
	tcase_add_test(t, table_is_lost);
	tcase_add_test(t, another_name);
	tcase_add_loop_test(t, elsewhere_text, 0, ROWS(texts));
	tcase_add_test(t, elsewhere_open_to_others);
	tcase_add_test(t, elsewhere_is_never_made);
	tcase_add_loop_test(t, elsewhere_odd_files, 0, ROWS(odd));
	tcase_add_test(t, elsewhere_of_another_user);
	suite_add_tcase(s, t);
	return run_suite(s);
}
