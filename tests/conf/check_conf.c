/* check_conf - checks that every error is reported exactly, and that every valid configuration
 * loads and prints a form that loads and prints the same. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/run.h"
#include "support/machine.h"
#include "conf/conf.h"
#include "conf_rows.h"

static char dir[] = "/tmp/check_conf.XXXXXX";
static char example[4096];

static struct {
	char text[65536];
	size_t len;
	unsigned errors, warnings;
} said;

static void hear(void *arg, bool error, const char *line)
{
	size_t room = sizeof(said.text) - said.len;
	int n = snprintf(said.text + said.len, room, "%s%s\n", error ? "" : "warning: ", line);

	(void)arg;
	ck_assert_ptr_null(strchr(line, '\n'));
	if (error)
		said.errors++;
	else
		said.warnings++;
	if ((size_t)n < room)
		said.len += (size_t)n;
}

/* Returns true if WANT was reported.  Rows compare the place, the directive and the problem.  (*)
 * stands for advice in parentheses that does not depend on the line. */
static bool is_said(const char *want)
{
	const char *is = said.text;

	while (*want && *want == *is) {
		if (want[0] == '(' && want[1] == '*' && want[2] == ')') {
			is += strcspn(is, "\n");
			want += 3;
			if (is[-1] != ')')
				return false;
			continue;
		}
		want++;
		is++;
	}
	return *want == '\0' && *is == '\0';
}

#define MOST_SAID 1000 /* of each kind; then one line with the number of the others */

static unsigned lines_for(unsigned n)
{
	return n > MOST_SAID ? MOST_SAID + 1 : n;
}

static bool hurried; /* for load_with() */

static struct conf *load_with(const char *path, const char *state_dir)
{
	struct conf_diag diag = {.say = hear, .hurried = hurried, .errors = 77, .warnings = 77};
	struct conf *c;

	memset(&said, 0, sizeof(said));
	c = conf_load(path, state_dir, &diag);
	ck_assert_uint_eq(lines_for(diag.errors), said.errors);
	ck_assert_uint_eq(lines_for(diag.warnings), said.warnings);
	ck_assert_msg((c == NULL) == (said.errors > 0), "%s: %u errors, but %s", path, said.errors,
		      c ? "loaded" : "not loaded");
	return c;
}

static struct conf *load(const char *path)
{
	return load_with(path, NULL);
}

static void write_bytes(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static void write_text(const char *path, const char *text)
{
	write_bytes(path, text, strlen(text));
}

/* Returns the canonical form, which the caller frees. */
static char *print(const struct conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	conf_print(c, f);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

/* The output of C, read again, prints the same. */
static void check_round_trip_with(const char *name, const struct conf *c, const char *state_dir)
{
	char *first = print(c), *second;
	struct conf *again;

	write_text("u", first);
	again = load_with("u", state_dir);
	ck_assert_msg(again != NULL, "%s: printed form does not load: %s", name, said.text);
	second = print(again);
	ck_assert_msg(strcmp(first, second) == 0, "%s: printed:\n%sthen:\n%s", name, first, second);
	conf_free(again);
	free(first);
	free(second);
}

static void check_round_trip(const char *name, const struct conf *c)
{
	check_round_trip_with(name, c, NULL);
}

START_TEST(test_wrong)
{
	const struct row *row = &wrong_rows[_i];

	write_bytes("t", row->text, row->len);
	ck_assert_msg(load("t") == NULL, "%s: loaded", row->name);
	ck_assert_msg(is_said(row->said), "%s: said:\n%snot:\n%s", row->name, said.text, row->said);
}
END_TEST

START_TEST(test_odd)
{
	const struct row *row = &odd_rows[_i];
	struct conf *c;

	write_bytes("t", row->text, row->len);
	c = load("t");
	ck_assert_msg(c != NULL, "%s: %s", row->name, said.text);
	ck_assert_msg(is_said(row->said), "%s: said:\n%snot:\n%s", row->name, said.text, row->said);
	check_round_trip(row->name, c);
	conf_free(c);
}
END_TEST

START_TEST(test_right)
{
	const struct right_row *row = &right_rows[_i];
	struct conf *c;
	char *text;

	write_text("t", row->text);
	c = load("t");
	ck_assert_msg(c != NULL, "%s: %s", row->name, said.text);
	ck_assert_str_eq(c->path, "t");
	text = print(c);
	ck_assert_msg(strcmp(text, row->print) == 0, "%s: printed:\n%snot:\n%s", row->name, text,
		      row->print);
	check_round_trip(row->name, c);
	free(text);
	conf_free(c);
}
END_TEST

#define POOL "data-dir /d\ndynamic-pool 10.7.0.0/24\n"

START_TEST(test_quiet)
{
	static const char *const texts[] = {
		WALKTHROUGH,
		"tun-device clat\nprefix 64:ff9b::/96\nipv4-addr 192.0.0.2\n"
		"map 192.0.0.1 2001:db8::c1a7\n",
		/* ipv4-addr and ipv6-addr map to each other in a mapped network: no host loses its
		 * address */
		BASE "ipv6-addr 2001:db8::1\nmap 192.0.2.0/24 2001:db8::/120\n",
		/* a map of everything contains every ipv4-addr */
		BASE "map 0.0.0.0/0 2001:db8:1::/96\n",
		/* no IPv4 address maps to it */
		BASE "ipv6-addr 2001:db8:1::64:1\nmap 10.0.0.0/24 2001:db8:1::/64\n",
		BASE "ipv6-addr 2001:db8:1::1\nmap 0.0.0.0/0 2001:db8:1::/96\n",
		/* inside the prefix, but not an IPv4 host */
		BASE "ipv6-addr 64:ff9b::1\n",
		BASE "ipv6-addr 64:ff9b::192.168.0.1\n",
		BASE "ipv6-addr 64:ff9b::192.0.2.1\n",
		"tun-device nat64\nipv4-addr 192.0.2.1\nprefix 2001:db8::/64\n"
		"ipv6-addr 2001:db8::c6:3364:700:1\n",
		/* this machine may be an IPv4-translatable or a mapped host */
		"tun-device siit\nipv4-addr 192.0.2.1\nprefix 2001:db8:64::/96\n"
		"tun-ip 2001:db8:64::198.51.100.9\n",
		BASE "map 198.51.100.9 64:ff9b::9\ntun-ip 64:ff9b::9\n",
		BASE "map 192.0.0.1 2001:db8::c1a7\ntun-ip 192.0.0.1\ntun-ip 2001:db8::c1a7\n",
		/* device networks in which our addresses are neither first nor last */
		BASE "tun-ip 192.0.2.0/31\ntun-ip 192.0.2.2/30\ntun-ip 192.0.2.9/24\n",
		BASE "ipv6-addr 2001:db8::\ntun-ip 2001:db8::1/127\ntun-ip 2001:db8:1::1/64\n",
		/* every allowed host is served by a pool or translatable, and every translatable
		 * host is allowed */
		BASE POOL "allow 2001:db8:1::/48\nallow 2001:db8:2::7\n",
		BASE POOL
		"dynamic-pool 10.8.0.0/24 from 2001:db8:1:2::/64\nallow 2001:db8:1::/48\n",
		BASE "data-dir /d\ndynamic-pool 10.8.0.0/24 from 2001:db8::/32\n"
		     "allow 2001:db8:1:2::/64\n",
		BASE "translatable 198.51.100.0/24 203.0.113.7\n"
		     "allow 64:ff9b::198.51.100.128/121\nallow 64:ff9b::203.0.113.0/120\n",
		"tun-device n\nipv4-addr 192.0.2.1\nprefix 2001:db8:64::/96\nallow 2001:db8::/32\n",
		"tun-device n\nipv4-addr 192.0.2.1\nprefix 2001:db8:100::/40\n"
		"translatable 198.51.100.2/31\nallow 2001:db8:1c6:3364:3::/80\n",
		"tun-device n\nipv4-addr 192.0.2.1\nprefix 2001:db8:64::/64\n"
		"translatable 198.51.100.0/24\nallow 2001:db8:64:0:c6:3364::/96\n",
		/* mapped hosts need neither allow nor deny */
		BASE POOL "map 192.0.2.9 2001:db8:9::9\nallow 2001:db8:1::/48\ndeny 192.0.2.0/24\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		write_text("t", texts[i]);
		conf_free(load("t"));
		ck_assert_str_eq(said.text, "");
	}
}
END_TEST

/* The active lines of the example are those of the walkthrough, with no manual steps left: the
 * service provides the lease directory, and the daemon sets its routes.  A copy of the example must
 * not use an address of documentation, so ipv6-addr has its default. */
START_TEST(test_example)
{
	struct conf *c = load_with(example, "/var/lib/nat64d");
	char *text;

	ck_assert_msg(c != NULL, "%s", said.text);
	ck_assert_str_eq(said.text, "");
	text = print(c);
	ck_assert_str_eq(text, "tun-device nat64\nipv4-addr 192.168.255.1\n"
			       "ipv6-addr 64:ff9b::c0a8:ff01\nprefix 64:ff9b::/96\n"
			       "dynamic-pool 192.168.255.0/24\ndata-dir /var/lib/nat64d\n" DEFAULTS
			       "tun-up no\ntun-setup yes\n" DEVICE);
	free(text);
	conf_free(c);
}
END_TEST

START_TEST(test_cannot_open)
{
	ck_assert_ptr_null(load("none"));
	ck_assert_str_eq(said.text,
			 "none: cannot open: No such file or directory (see nat64.conf(5);"
			 " tayga.conf.example is a starting point)\n");
	ck_assert_ptr_null(load("/"));
	ck_assert_str_eq(said.text, "/: cannot read: Is a directory (name a file in it)\n");
	ck_assert_ptr_null(load(""));
	ck_assert_uint_eq(said.errors, 1);
}
END_TEST

#define MAY_NOT_READ                                                                             \
	"Permission denied (the user that nat64d runs as needs permission: chmod a+r or chgrp, " \
	"and chmod a+x on its directory)\n"

/* Tests as an ordinary user, because root, and root under fakeroot, can read everything.  The umask
 * of the caller must not affect the other file. */
START_TEST(test_may_not_read)
{
	char text[200], expect[400];
	bool root = geteuid() == 0;
	FILE *f;

	write_text("maps", "map 10.0.0.2 2001:db8::2\n");
	snprintf(text, sizeof(text), BASE "map-file %s/maps\n", dir);
	write_text("t", text);
	ck_assert_int_eq(chmod("maps", 0), 0);
	ck_assert_int_eq(chmod(dir, 0755) | chmod("t", 0644), 0);
	if (root)
		ck_assert_int_eq(seteuid(65534), 0);
	f = fopen("maps", "r");
	if (f) {
		fclose(f);
		return;
	}
	ck_assert_ptr_null(load("t"));
	snprintf(expect, sizeof(expect), "t:4: map-file: cannot open %s/maps: " MAY_NOT_READ, dir);
	ck_assert_str_eq(said.text, expect);
	snprintf(text, sizeof(text), "%s/maps", dir);
	ck_assert_ptr_null(load(text));
	snprintf(expect, sizeof(expect), "%s/maps: cannot open: " MAY_NOT_READ, dir);
	ck_assert_str_eq(said.text, expect);
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chmod("maps", 0600), 0);
}
END_TEST

/* The daemon must not wait for a writer when it rereads a file. */
START_TEST(test_fifo)
{
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_ptr_null(load("fifo"));
	ck_assert_int_eq(unlink("fifo"), 0);
	ck_assert_ptr_nonnull(strstr(said.text, "fifo: tun-device: missing"));
}
END_TEST

/* As a shell passes "-c <(command)". */
START_TEST(test_slow_pipe)
{
	static const char text[] =
		"tun-device nat64\nipv4-addr 192.168.255.1\nprefix 2001:db8::/96\n";
	char path[32];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	if (fork() == 0) {
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
		_exit(write(ends[1], text, strlen(text)) < 0);
	}
	close(ends[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	conf_free(load(path));
	ck_assert_str_eq(said.text, "");
	close(ends[0]);
}
END_TEST

/* A reload does not wait for it, because packets would wait too. */
START_TEST(test_fifo_hurried)
{
	int fd;

	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	fd = open("fifo", O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	hurried = true;
	ck_assert_ptr_null(load("fifo"));
	hurried = false;
	close(fd);
	ck_assert_int_eq(unlink("fifo"), 0);
	ck_assert_str_eq(said.text,
			 "fifo: cannot read: Resource temporarily unavailable (a reload does not "
			 "wait for the program that writes to it)\n");
}
END_TEST

static void write_wrong(unsigned lines)
{
	FILE *f = fopen("t", "w");

	ck_assert_ptr_nonnull(f);
	fputs(BASE, f);
	while (lines-- > 0)
		fputs("x\n", f);
	fclose(f);
}

START_TEST(test_all_said)
{
	write_wrong(MOST_SAID);
	ck_assert_ptr_null(load("t"));
	ck_assert_uint_eq(said.errors, MOST_SAID);
	ck_assert_ptr_null(strstr(said.text, "more errors"));
}
END_TEST

START_TEST(test_rest_counted)
{
	write_wrong(MOST_SAID + 234);
	ck_assert_ptr_null(load("t"));
	ck_assert_uint_eq(said.errors, MOST_SAID + 1);
	ck_assert_ptr_nonnull(strstr(said.text, "\nt: 234 more errors\n"));
}
END_TEST

START_TEST(test_endless_file)
{
	ck_assert_ptr_null(load("/dev/zero"));
	ck_assert_str_eq(said.text,
			 "/dev/zero: cannot read: File too large (the limit is 64 MiB)\n");
}
END_TEST

START_TEST(test_long_lines)
{
	static char text[300000] = BASE "#";
	size_t n = strlen(text);
	struct conf *c;

	for (size_t len = 5000; len < sizeof(text) - 100; len += 50000) {
		memset(text + n, 'x', len);
		strcpy(text + n + len, "\ntun-up yes\n");
		write_text("t", text);
		c = load("t");
		ck_assert_msg(c != NULL, "comment of %zu: %s", len, said.text);
		ck_assert(c->tun_up);
		conf_free(c);
	}
	text[n - 1] = 'x'; /* not a comment anymore */
	write_text("t", text);
	ck_assert_ptr_null(load("t"));
	ck_assert_uint_eq(said.errors, 1);
	ck_assert_uint_lt(said.len, 200);
}
END_TEST

START_TEST(test_prefix_lengths)
{
	char text[200];

	for (unsigned len = 0; len <= 140; len++) {
		bool right = len >= 32 && len <= 96 && len % 8 == 0 && len != 72 && len != 80 &&
			     len != 88;
		struct conf *c;

		snprintf(text, sizeof(text),
			 "tun-device n\nipv4-addr 192.0.2.1\nprefix 2001:db8::/%u\n", len);
		write_text("t", text);
		c = load("t");
		ck_assert_msg((c != NULL) == right, "6052-2.2: /%u: %s", len, said.text);
		conf_free(c);
	}
}
END_TEST

START_TEST(test_map_lengths)
{
	char text[200];

	for (unsigned l4 = 0; l4 <= 33; l4++) {
		for (unsigned l6 = 0; l6 <= 129; l6++) {
			bool right = l4 <= 32 && l6 <= 128 && 128 - l6 >= 32 - l4;
			struct conf *c;

			snprintf(text, sizeof(text), BASE "map %s/%u %s/%u\n",
				 l4 < 8 ? "0.0.0.0" : "10.0.0.0", l4,
				 l6 < 32 ? "::" : "2001:db8::", l6);
			write_text("t", text);
			c = load("t");
			ck_assert_msg((c != NULL) == right, "7757-3.2: /%u to /%u: %s", l4, l6,
				      said.text);
			conf_free(c);
		}
	}
}
END_TEST

/* The printed values are right; this checks that the stored values are too. */
START_TEST(test_values)
{
	struct conf *c;

	write_text("t", BASE "icmp-rate 30 7\nmss-clamp auto\nicmp-source-pool 10.0.0.16/28\n"
			     "tos ignore 6to4\noffload off\ntun-queue 1000\ntun-mtu 9000\n");
	c = load("t");
	ck_assert_msg(c != NULL, "%s", said.text);
	ck_assert_uint_eq(c->icmp_rate.all_rate, 30);
	ck_assert_uint_eq(c->icmp_rate.all_burst, 60);
	ck_assert_uint_eq(c->icmp_rate.net_rate, 7);
	ck_assert_uint_eq(c->icmp_rate.net_burst, 14);
	ck_assert_int_eq(c->xlat.mss_clamp, MSS_AUTO);
	ck_assert(c->xlat.has_icmp_source);
	ck_assert_uint_eq(c->xlat.icmp_source.addr, 0x0a000010);
	ck_assert_uint_eq(c->xlat.icmp_source.len, 28);
	ck_assert(!c->xlat.tos_ignore_4to6 && c->xlat.tos_ignore_6to4);
	ck_assert(!c->offload);
	ck_assert_uint_eq(c->tun_queue, 1000);
	ck_assert_uint_eq(c->tun_mtu, 9000);
	conf_free(c);
}
END_TEST

static const struct pool_conf *range_of(const struct conf *c, size_t i)
{
	ck_assert_uint_gt(c->pools, i);
	return &c->pool[i];
}

/* Each range of a pool has the settings of all of its lines. */
START_TEST(test_pools)
{
	const struct pool_conf *p;
	struct conf *c;

	write_text("t", BASE "dynamic-pool 10.0.0.0/24 from 2001:db8::/32 share 56 20\n"
			     "dynamic-pool 10.0.1.0/24 standby\n"
			     "dynamic-pool 10.0.2.0/24 lease 1h 2d from 2001:db8::/32\n"
			     "data-dir /d\npool-key k\n");
	c = load("t");
	ck_assert_msg(c != NULL, "%s", said.text);
	ck_assert_uint_eq(c->pools, 3);
	for (size_t i = 0; i < 3; i += 2) {
		p = range_of(c, i);
		ck_assert_uint_eq(p->range.addr, 0x0a000000 + (i << 8));
		ck_assert_uint_eq(p->range.len, 24);
		ck_assert_uint_eq(p->from.len, 32);
		ck_assert_int_eq(p->from.addr.b[3], 0xb8);
		ck_assert_int_eq(p->guarantee, 3600);
		ck_assert_int_eq(p->keep, 172800);
		ck_assert_uint_eq(p->share_len, 56);
		ck_assert_uint_eq(p->share, 20);
		ck_assert(!p->standby);
	}
	p = range_of(c, 1);
	ck_assert(p->standby);
	ck_assert_uint_eq(p->from.len, 0);
	ck_assert_int_eq(p->guarantee, POOL_GUARANTEE);
	ck_assert_int_eq(p->keep, POOL_KEEP);
	ck_assert_uint_eq(p->share, 0);
	ck_assert_str_eq(c->pool_key, "k");
	ck_assert_uint_eq(c->pool_key_line, 8);
	ck_assert_ptr_null(c->xlat.allow);
	ck_assert_ptr_null(c->xlat.deny);
	conf_free(c);
}
END_TEST

/* The tables contain the index of the line that decides. */
START_TEST(test_access)
{
	static const struct ip6 inner = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 7}};
	static const struct ip6 outer = {{0x20, 1, 0xd, 0xb8, 0, 2}}, other = {{0x20, 2}};
	struct conf *c;

	write_text("t", BASE "data-dir /d\ndynamic-pool 10.0.0.0/24\nallow 2001:db8::/32\n"
			     "allow 2001:db8:1::7\ndeny 198.51.100.0/24\ndeny 203.0.113.9\n");
	c = load("t");
	ck_assert_msg(c != NULL, "%s", said.text);
	ck_assert_uint_eq(c->allows, 2);
	ck_assert_uint_eq(c->denies, 2);
	ck_assert_ptr_nonnull(c->xlat.allow);
	ck_assert_uint_eq(lpm_find(c->xlat.allow, outer.b), 0);
	ck_assert_uint_eq(lpm_find(c->xlat.allow, inner.b), 1);
	ck_assert_uint_eq(lpm_find(c->xlat.allow, other.b), LPM_NONE);
	ck_assert_ptr_nonnull(c->xlat.deny);
	ck_assert_uint_eq(lpm_find(c->xlat.deny, (uint8_t[]){198, 51, 100, 255}), 0);
	ck_assert_uint_eq(lpm_find(c->xlat.deny, (uint8_t[]){203, 0, 113, 9}), 1);
	ck_assert_uint_eq(lpm_find(c->xlat.deny, (uint8_t[]){203, 0, 113, 8}), LPM_NONE);
	conf_free(c);
}
END_TEST

static const struct control_row {
	const char *line, *runtime_dir, *want; /* NULL: none */
} control_rows[] = {
	{"", NULL, NULL},
	{"", "", NULL},
	{"", "run", NULL},
	{"", "/run/nat64d", "/run/nat64d/control"},
	{"", "/run/a:/run/b", "/run/a/control"},
	{"",
	 "/run/"
	 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	 "xxxxxxxxxxxx",
	 NULL},
	{"control off\n", "/run/nat64d", NULL},
	{"control OFF\n", "/run/nat64d", NULL},
	{"control /a/b\n", "/run/nat64d", "/a/b"},
	{"control /a/b\n", NULL, "/a/b"},
};

START_TEST(test_control_path)
{
	const struct control_row *row = &control_rows[_i];
	char text[200], path[CONF_SOCKET_MAX];
	const char *is;
	struct conf *c;

	snprintf(text, sizeof(text), BASE "%s", row->line);
	write_text("t", text);
	c = load("t");
	ck_assert_msg(c != NULL, "%s", said.text);
	is = conf_control_path(c, row->runtime_dir, path);
	ck_assert_msg(!is == !row->want && (!is || strcmp(is, row->want) == 0), "row %d: %s", _i,
		      is ? is : "none");
	conf_free(c);
}
END_TEST

static const struct restart_row {
	const char *before, *after, *need; /* the directives that need a restart */
} restart_rows[] = {
	{"", "", ""},
	{"", "data-dir /d\n", "data-dir "},
	{"data-dir /d\n", "data-dir /d\n", ""},
	{"data-dir /d\n", "data-dir /e\n", "data-dir "},
	{"", "control off\n", "control "},
	{"control off\n", "control OFF\n", ""},
	{"control off\n", "control /c\n", "control "},
	{"control /c\n", "control /c\n", ""},
	{"control /c\n", "", "control "},
	{"", "control-group adm\n", "control-group "},
	{"control-group adm\n", "control-group adm\n", ""},
	{"control-group adm\n", "control-group wheel\n", "control-group "},
	{"", "offload auto\n", ""},
	{"", "offload off\n", "offload "},
	{"", "fast-path auto 65536\n", ""},
	{"", "fast-path off\n", "fast-path "},
	{"", "fast-path auto 1024\n", "fast-path "},
	{"", "sandbox auto\n", ""},
	{"", "sandbox strict\n", "sandbox "},
	{"sandbox strict\n", "sandbox off\n", "sandbox "},
	{"", "tun-mtu 1400\n", "tun-mtu "},
	{"tun-mtu 1400\n", "tun-mtu 1500\n", "tun-mtu "},
	{"tun-mtu 1400\n", "tun-mtu 1400\n", ""},
	{"tun-mtu 1400\noffload off\ncontrol off\ndata-dir /d\n", "",
	 "data-dir control offload tun-mtu "},
	{"",
	 "ipv6-addr 2001:db8::1\nprefix 2001:db8:1::/64\nmap 10.0.0.0/24 2001:db8:2::/120\n"
	 "dynamic-pool 10.1.0.0/16\nlog drop\nwkpf-strict no\nudp-cksum-mode fwd\n"
	 "offlink-mtu 1400\ntun-up yes\ntun-setup yes\ntos ignore\nmss-clamp 1400\n"
	 "icmp-source-pool 10.1.2.0/24\nicmp-rate 100 20\ntranslatable yes\ntun-queue 20\n"
	 "tun-ip 10.9.0.1/24\ntun-route 10.8.0.0/16\nworkers 2\n",
	 ""},
	{"allow 2001:db8:1::/48\ndynamic-pool 10.1.0.0/16 from 2001:db8:1::/48\n",
	 "allow 2001:db8::/32\ndynamic-pool 10.1.0.0/16 from 2001:db8::/32 lease 1h share 64 9\n"
	 "deny 10.0.0.0/8\npool-key /etc/pool.key\n",
	 ""},
	{"icmp-errors send\nicmp-node-id yes\n", "icmp-errors never\n", ""},
};

static struct conf *load_more(const char *lines)
{
	char text[1000];
	struct conf *c;

	snprintf(text, sizeof(text), BASE "%s", lines);
	write_text("t", text);
	c = load("t");
	ck_assert_msg(c != NULL, "%s", said.text);
	return c;
}

START_TEST(test_restart)
{
	const struct restart_row *row = &restart_rows[_i];
	struct conf *a = load_more(row->before), *b = load_more(row->after);
	char need[200] = "";
	const char *name;

	for (size_t cursor = 0; (name = conf_needs_restart(a, b, &cursor));)
		snprintf(need + strlen(need), sizeof(need) - strlen(need), "%s ", name);
	ck_assert_str_eq(need, row->need);
	conf_free(a);
	conf_free(b);
}
END_TEST

/* Every configuration has a tun-device. */
START_TEST(test_restart_device)
{
	struct conf *a = load_more(""), *b;
	size_t cursor = 0;

	write_text("t", "tun-device nat65\nipv4-addr 192.0.2.1\nprefix 64:ff9b::/96\n");
	b = load("t");
	ck_assert_ptr_nonnull(b);
	ck_assert_pstr_eq(conf_needs_restart(a, b, &cursor), "tun-device");
	ck_assert_ptr_null(conf_needs_restart(a, b, &cursor));
	conf_free(a);
	conf_free(b);
}
END_TEST

START_TEST(test_map_file)
{
	char text[600], maps[100];
	struct conf *c;
	char *out;

	snprintf(maps, sizeof(maps), "%s/maps", dir);
	write_text("maps",
		   "# of hosts\nmap 10.0.0.2 2001:db8::2\n\nmap 10.0.0.3 2001:db8::3 # third");
	snprintf(text, sizeof(text), BASE "map-file maps\nmap 10.0.0.1 2001:db8::1\ndata-dir %s\n",
		 dir);
	write_text("t", text);
	c = load("t");
	ck_assert_msg(c != NULL, "%s", said.text);
	ck_assert_str_eq(c->map_file, maps);
	ck_assert_uint_eq(map_count(c->maps), 3);
	ck_assert_uint_eq(c->own_maps, 1);
	out = print(c);
	snprintf(text, sizeof(text),
		 HEAD "map 10.0.0.1 2001:db8::1\nmap-file %s\ndata-dir %s\n" DEFAULTS TUN_OFF, maps,
		 dir);
	ck_assert_str_eq(out, text);
	check_round_trip("map-file", c);
	free(out);
	conf_free(c);
}
END_TEST

static void check_place(const struct conf *c, const char *name, size_t i, const char *file,
			unsigned line)
{
	struct conf_place place = conf_place(c, name, i);

	ck_assert_msg(strcmp(place.file, file) == 0 && place.line == line,
		      "%s %zu stands in %s:%u, not %s:%u", name, i, place.file, place.line, file,
		      line);
}

START_TEST(test_places)
{
	char text[600], maps[100];
	struct conf *c;

	snprintf(maps, sizeof(maps), "%s/maps", dir);
	write_text("maps", "\nmap 10.0.0.2 2001:db8::2\n\nmap 10.0.0.3 2001:db8::3");
	snprintf(text, sizeof(text),
		 "map-file %s\ntun-device n\n\nipv4-addr 192.0.2.1\nmap 10.0.0.1 2001:db8::1\n"
		 "prefix 2001:db8:64::/96\ndynamic-pool 10.1.0.0/24\nprefix 2001:db8:65::/96\n"
		 "translatable 8.0.0.0/8 9.0.0.0/8\ndynamic-pool 10.2.0.0/24\n"
		 "translatable 11.0.0.0/8\nallow ::/0\ndeny 12.0.0.0/8\n"
		 "allow 2001:db8:1::/48\ndeny 13.0.0.0/8\npool-key /k\n",
		 maps);
	write_text("t", text);
	c = load("t");
	ck_assert_msg(c != NULL, "%s", said.text);
	check_place(c, "ipv4-addr", 0, "t", 4);
	check_place(c, "ipv6-addr", 0, "t", 0);
	check_place(c, "map", 0, "t", 5);
	check_place(c, "map", 1, maps, 2);
	check_place(c, "map", 2, maps, 4);
	check_place(c, "prefix", 0, "t", 6);
	check_place(c, "prefix", 1, "t", 8);
	check_place(c, "dynamic-pool", 0, "t", 7);
	check_place(c, "dynamic-pool", 1, "t", 10);
	check_place(c, "translatable", 0, "t", 9);
	check_place(c, "translatable", 1, "t", 9);
	check_place(c, "translatable", 2, "t", 11);
	check_place(c, "wkpf-strict", 0, "t", 0);
	check_place(c, "allow", 0, "t", 12);
	check_place(c, "allow", 1, "t", 14);
	check_place(c, "deny", 0, "t", 13);
	check_place(c, "deny", 1, "t", 15);
	check_place(c, "pool-key", 0, "t", 16);
	conf_free(c);
}
END_TEST

#define PIN(a, b) "map 10.0.0." #a " 2001:db8::" #b "\n"

/* Loads the configuration with its own map, and pinned.map with PINS. */
static struct conf *load_pins(const char *pins)
{
	char text[400];
	struct conf *c;

	write_text("pinned.map", pins);
	snprintf(text, sizeof(text), BASE "data-dir %s\nmap 10.0.0.1 2001:db8::1\n", dir);
	write_text("t", text);
	c = load("t");
	ck_assert_int_eq(unlink("pinned.map"), 0); /* the other tests use the same data-dir */
	return c;
}

static void check_pins(const struct conf *c, const struct conf_change *change, const char *want)
{
	size_t len, lines = 0;
	char *text = conf_pin_text(c, change, &len);

	ck_assert_ptr_nonnull(text);
	for (const char *p = text; *p == '#'; p = strchr(p, '\n') + 1)
		lines += strlen(want) > 0 || p;
	ck_assert_uint_ge(len, strlen(want));
	ck_assert_msg(strncmp(text + len - strlen(want), want, strlen(want)) == 0, "%.*s", (int)len,
		      text);
	ck_assert_uint_eq(lines, 2); /* of comments */
	free(text);
}

START_TEST(test_pins)
{
	const struct map more = {{0x0a000009, 32}, {{{0x20, 1, 0xd, 0xb8, [15] = 9}}, 128}};
	struct conf_change change = {.more = &more, .less = CONF_NO_PIN};
	struct conf *c = load_pins("# mine\n" PIN(2, 2) "\nmap 10.8.0.0/24 2001:db8:8::/120\n");
	char path[200];

	ck_assert_msg(c != NULL, "%s", said.text);
	snprintf(path, sizeof(path), "%s/pinned.map", dir);
	ck_assert_uint_eq(c->first_pin, 1);
	ck_assert_uint_eq(map_count(c->maps), 3);
	check_place(c, "map", 0, "t", 5);
	check_place(c, "map", 1, path, 2);
	check_place(c, "map", 2, path, 4);
	ck_assert_uint_eq(conf_find_pin(c, map_at(c->maps, 0)), CONF_NO_PIN);
	ck_assert_uint_eq(conf_find_pin(c, map_at(c->maps, 1)), 1);
	ck_assert_uint_eq(conf_find_pin(c, map_at(c->maps, 2)),
			  CONF_NO_PIN); /* not a single host */

	check_pins(c, &change, "\n" PIN(2, 2) "map 10.8.0.0/24 2001:db8:8::/120\n" PIN(9, 9));
	map_table_free(conf_change_pins(c, &change));
	ck_assert_uint_eq(map_count(c->maps), 4);
	check_place(c, "map", 0, "t", 5);
	check_place(c, "map", 1, path, 4);
	check_place(c, "map", 3, path, 6);
	ck_assert_ptr_eq(map_find4(c->maps, 0x0a000009), map_at(c->maps, 3));
	ck_assert_uint_eq(conf_find_pin(c, map_at(c->maps, 3)), 3);

	change = (struct conf_change){.less = 1};
	check_pins(c, &change, "\nmap 10.8.0.0/24 2001:db8:8::/120\n" PIN(9, 9));
	map_table_free(conf_change_pins(c, &change));
	ck_assert_uint_eq(map_count(c->maps), 3);
	ck_assert_ptr_null(map_find4(c->maps, 0x0a000002));
	check_place(c, "map", 2, path, 5);
	check_pins(c, &(struct conf_change){.less = CONF_NO_PIN},
		   "\nmap 10.8.0.0/24 2001:db8:8::/120\n" PIN(9, 9));
	conf_free(c);
}
END_TEST

/* The content of pinned.map, and the messages about it. */
static const struct {
	const char *name, *pins, *said; /* after its path; NULL: none */
	size_t maps;                    /* resulting number of maps */
} pins[] = {
	{"empty", "", NULL, 1},
	{"a comment", "# map\n", NULL, 1},
	{"a host", PIN(2, 2), NULL, 2},
	{"the same twice", PIN(2, 2) PIN(2, 2), NULL, 2},
	{"one that the configuration has as well", PIN(1, 1) PIN(2, 2), NULL, 2},
	{"another host for an address of the configuration", PIN(1, 2),
	 ":1: map: 10.0.0.1 is already mapped in t:5 (unpin it, or remove one of the two lines)\n",
	 0},
	{"another address for a host of the configuration", "\n" PIN(2, 1),
	 ":2: map: 2001:db8::1 is already mapped in t:5 (unpin it, or remove one of the two "
	 "lines)\n",
	 0},
	{"two hosts for an address", PIN(2, 2) PIN(2, 3),
	 ":2: map: 10.0.0.2 is already mapped on line 1 (unpin it, or remove one of the two "
	 "lines)\n",
	 0},
	{"another directive", "tun-up yes\n", ":1: tun-up: only `map` is allowed in pinned.map\n",
	 0},
	{"no address", "map 10.0.0.2 x\n",
	 ":1: map: x is not an IPv6 address (for example 2001:db8::1)\n", 0},
};

START_TEST(test_pins_read)
{
	struct conf *c = load_pins(pins[_i].pins);
	char want[500] = "";

	if (pins[_i].said)
		snprintf(want, sizeof(want), "%s/pinned.map%s", dir, pins[_i].said);
	ck_assert_msg(strcmp(said.text, want) == 0, "%s: %s", pins[_i].name, said.text);
	ck_assert_msg(!c == (pins[_i].maps == 0), "%s", pins[_i].name);
	if (c)
		ck_assert_msg(map_count(c->maps) == pins[_i].maps, "%s", pins[_i].name);
	conf_free(c);
}
END_TEST

/* Inverts each bit of TEXT, the file that the daemon writes, which LOADER reads.  If nothing is
 * said, COUNT must still find WANT entries: none is lost in silence. */
static void invert_bits(char *text, struct conf *(*loader)(const char *text),
			size_t (*count)(const struct conf *c), size_t want)
{
	for (size_t at = 0; text[at]; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			char was = text[at];
			struct conf *c;

			text[at] = (char)(was ^ 1 << bit);
			if (text[at] && (c = loader(text))) {
				ck_assert_msg(said.text[0] || count(c) == want,
					      "byte %zu, bit %u: %s", at, bit, text);
				conf_free(c);
			}
			text[at] = was;
		}
}

static size_t count_pins(const struct conf *c)
{
	return map_count(c->maps) - c->first_pin;
}

START_TEST(test_pins_bits)
{
	struct conf *c = load_pins(PIN(2, 2) PIN(3, 3) PIN(4, 4));
	size_t len;
	char *text = conf_pin_text(c, &(struct conf_change){.less = CONF_NO_PIN}, &len);

	invert_bits(text, load_pins, count_pins, 3);
	free(text);
	conf_free(c);
}
END_TEST

/* A file that pinning cannot have created must not count as an empty one. */
START_TEST(test_pins_fifo)
{
	char text[400], path[200];

	snprintf(path, sizeof(path), "%s/pinned.map", dir);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	snprintf(text, sizeof(text), BASE "data-dir %s\n", dir);
	write_text("t", text);
	ck_assert_ptr_null(load("t"));
	strcat(path, ": is not a regular file\n");
	ck_assert_str_eq(said.text, path);
	ck_assert_int_eq(unlink("pinned.map"), 0);
}
END_TEST

/* Printing in parts gives the same text, for any number of maps. */
#define ROLES BASE "dynamic-pool 10.1.0.0/16\ndynamic-pool 10.2.0.0/16 standby\n"

/* Loads a configuration with two pools, and pools.state with STATE. */
static struct conf *load_roles(const char *state)
{
	char text[400];
	struct conf *c;

	write_text("pools.state", state);
	snprintf(text, sizeof(text), ROLES "data-dir %s\n", dir);
	write_text("t", text);
	c = load("t");
	ck_assert_int_eq(unlink("pools.state"), 0);
	return c;
}

/* The content of pools.state, the messages about it, and which of the two ranges then stands by.
 * What a message says after the path of the file. */
static const struct {
	const char *name, *state, *said;
	bool first, second;
} roles[] = {
	{"empty", "", NULL, false, true},
	{"a comment", "# 10.1.0.0/16 standby 1\n\n", NULL, false, true},
	{"both changed", "10.2.0.0/16 owner 17\n10.1.0.0/16 standby 18\n", NULL, true, false},
	{"no revision, and a comment", "10.2.0.0/16 owner - # by hand\n", NULL, false, false},
	{"what the configuration says", "10.2.0.0/16 standby 0\n", NULL, false, true},
	{"the largest revision", "10.1.0.0/16 STANDBY 9223372036854775807\n", NULL, true, true},
	{"no newline at the end", "10.2.0.0/16 owner 17", NULL, false, false},
	{"a range that is not configured", "10.2.0.0/24 owner 17\n10.1.0.0/16 standby 2\n",
	 "1: no dynamic-pool has the range 10.2.0.0/24, so the line has no effect (the next "
	 "promote or demote removes it)",
	 true, true},
};

START_TEST(test_roles)
{
	struct conf *c = load_roles(roles[_i].state);
	char want[500] = "";

	if (roles[_i].said)
		snprintf(want, sizeof(want), "warning: %s/pools.state:%s\n", dir, roles[_i].said);
	ck_assert_msg(strcmp(said.text, want) == 0, "%s: %s", roles[_i].name, said.text);
	ck_assert_ptr_nonnull(c);
	ck_assert_msg(c->pool[0].standby == roles[_i].first, "%s", roles[_i].name);
	ck_assert_msg(c->pool[1].standby == roles[_i].second, "%s", roles[_i].name);
	ck_assert(!c->pool[0].promoted && c->pool[1].promoted == !roles[_i].second);
	conf_free(c);
}
END_TEST

#define LEASES "data-dir /d\ndynamic-pool 10.1.0.0/16\n"

/* Two configurations, and whether they make the same leases possible. */
static const struct {
	const char *name, *one, *other;
	bool same;
} same_leases[] = {
	{"the same", LEASES "allow 2001:db8::/32\nmap 10.2.0.1 2001:db8::1\n",
	 LEASES "allow 2001:db8::/32\nmap 10.2.0.1 2001:db8::1\n", true},
	{"others", LEASES "log drop\nmss-clamp off\ndeny 10.9.0.0/16\nicmp-rate 5 1\n",
	 LEASES "tos ignore\ntranslatable 10.0.0.0/8\n", true},
	{"no pool", "", "", true},
	{"one pool more", LEASES, LEASES "dynamic-pool 10.3.0.0/16\n", false},
	{"another range", LEASES, "data-dir /d\ndynamic-pool 10.3.0.0/16\n", false},
	{"another length", LEASES, "data-dir /d\ndynamic-pool 10.1.0.0/17\n", false},
	{"other hosts", LEASES, "data-dir /d\ndynamic-pool 10.1.0.0/16 from 2001:db8::/32\n",
	 false},
	{"stands by", LEASES, "data-dir /d\ndynamic-pool 10.1.0.0/16 standby\n", false},
	{"other times", LEASES, "data-dir /d\ndynamic-pool 10.1.0.0/16 lease 3h\n", false},
	{"a share", LEASES, "data-dir /d\ndynamic-pool 10.1.0.0/16 share 56 4\n", false},
	{"hosts are allowed", LEASES, LEASES "allow 2001:db8::/32\n", false},
	{"other hosts are allowed", LEASES "allow 2001:db8::/32\n", LEASES "allow 2001:db8::/33\n",
	 false},
	{"a map", LEASES, LEASES "map 10.1.0.9 2001:db8::9\n", false},
	{"an address of a map", LEASES "map 10.1.0.8 2001:db8::9\n",
	 LEASES "map 10.1.0.9 2001:db8::9\n", false},
	{"a host of a map", LEASES "map 10.1.0.9 2001:db8::8\n",
	 LEASES "map 10.1.0.9 2001:db8::9\n", false},
	{"a prefix", LEASES, LEASES "prefix 2001:db8:64::/96\n", false},
	{"the order of prefixes", LEASES "prefix 2001:db8:64::/96\nprefix 2001:db8:65::/96\n",
	 LEASES "prefix 2001:db8:65::/96\nprefix 2001:db8:64::/96\n", false},
	{"an address of the device", LEASES, LEASES "tun-ip 10.1.0.2/24\n", false},
	{"another address of the device", LEASES "tun-ip 10.1.0.3/24\n",
	 LEASES "tun-ip 10.1.0.2/24\n", false},
	{"its network", LEASES "tun-ip 10.1.0.2/25\n", LEASES "tun-ip 10.1.0.2/24\n", false},
	{"icmp-source-pool", LEASES, LEASES "icmp-source-pool 10.1.9.0/24\n", false},
};

START_TEST(test_same_leases)
{
	char text[500];
	struct conf *one, *other;

	snprintf(text, sizeof(text), "%s%s", BASE, same_leases[_i].one);
	write_text("t", text);
	one = load("t");
	ck_assert_msg(one != NULL, "%s: %s", same_leases[_i].name, said.text);
	snprintf(text, sizeof(text), "%s%s", BASE, same_leases[_i].other);
	write_text("t", text);
	other = load("t");
	ck_assert_msg(other != NULL, "%s: %s", same_leases[_i].name, said.text);
	ck_assert_msg(conf_same_leases(one, other) == same_leases[_i].same, "%s",
		      same_leases[_i].name);
	ck_assert_msg(conf_same_leases(other, one) == same_leases[_i].same, "%s, reverse",
		      same_leases[_i].name);
	conf_free(one);
	conf_free(other);
}
END_TEST

/* The kernel answers for ipv4-addr. */
START_TEST(test_same_leases_own)
{
	struct conf *one, *other;

	write_text("t", "tun-device nat64\nipv4-addr 10.1.0.1\nprefix 64:ff9b::/96\n" LEASES);
	one = load("t");
	write_text("t", "tun-device nat64\nipv4-addr 10.1.0.2\nprefix 64:ff9b::/96\n" LEASES);
	other = load("t");
	ck_assert(one && other);
	ck_assert(!conf_same_leases(one, other));
	conf_free(one);
	conf_free(other);
}
END_TEST

#define THREE_WORDS                                                                       \
	"a line has three words: a range, owner or standby, and a revision (for example " \
	"10.2.0.0/16 standby 17)"

/* Nothing of a damaged file is used. */
static const struct {
	const char *state, *said;
} bad_roles[] = {
	{"10.2.0.0/16 owner\n", "1: " THREE_WORDS},
	{"# one\n10.2.0.0/16 owner 1 2\n", "2: " THREE_WORDS},
	{"map 10.0.0.1 2001:db8::1\n", "1: map is not an IPv4 prefix (for example 192.0.2.0/24)"},
	{"10.2.0.0 owner 1\n", "1: 10.2.0.0 has no length (for example 10.2.0.0/16)"},
	{"10.2.0.1/16 owner 1\n", "1: 10.2.0.1/16 has host bits set (did you mean 10.2.0.0/16?)"},
	{"10.2.0.0/16 mine 1\n", "1: mine is not owner or standby"},
	{"10.2.0.0/16 owner -1\n", "1: -1 is not a revision (a plain number, or - for none)"},
	{"10.2.0.0/16 owner 9223372036854775808\n",
	 "1: 9223372036854775808 is not a revision (a plain number, or - for none)"},
	{"10.2.0.0/16 owner 1x\n", "1: 1x is not a revision (a plain number, or - for none)"},
	{"10.2.0.0/16 owner 01\n", "1: 01 is not a revision (a plain number, or - for none)"},
	{"10.2.0.0/16 owner 1\n10.2.0.0/16 owner 1\n",
	 "2: 10.2.0.0/16 is on an earlier line, too (remove one of the lines)"},
};

START_TEST(test_roles_damaged)
{
	char want[500];

	ck_assert_ptr_null(load_roles(bad_roles[_i].state));
	snprintf(want, sizeof(want), "%s/pools.state:%s\n", dir, bad_roles[_i].said);
	ck_assert_str_eq(said.text, want);
}
END_TEST

static size_t count_roles(const struct conf *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->pools; i++)
		n += c->role[i].recorded;
	return n;
}

START_TEST(test_roles_bits)
{
	struct conf *c = load_roles("10.1.0.0/16 standby 3\n10.2.0.0/16 owner 17\n");
	size_t len;
	char *text = conf_roles_text(c, NULL, &len);

	invert_bits(text, load_roles, count_roles, 2);
	free(text);
	conf_free(c);
}
END_TEST

static void check_roles(const struct conf *c, const struct conf_role_change *change,
			const char *want)
{
	size_t len;
	char *text = conf_roles_text(c, change, &len), *lines = text;

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(len, strlen(text));
	while (*lines == '#' || *lines == '\n')
		lines = strchr(lines, '\n') + 1;
	ck_assert_str_eq(lines, want);
	free(text);
}

/* The file has what was decided while the daemon ran.  The printed configuration does not. */
START_TEST(test_roles_change)
{
	const struct conf_role_change first = {0, true, INT64_MAX}, second = {1, false, -1};
	struct conf *c = load_roles("10.2.0.0/24 owner 5\n10.2.0.0/16 owner 17\n");
	char *before = print(c), *after;

	ck_assert_ptr_nonnull(strstr(before, "\ndynamic-pool 10.1.0.0/16\n"));
	ck_assert_ptr_nonnull(strstr(before, "\ndynamic-pool 10.2.0.0/16 standby\n"));
	check_roles(c, NULL, "10.2.0.0/16 owner 17\n");
	check_roles(c, &first, "10.1.0.0/16 standby 9223372036854775807\n10.2.0.0/16 owner 17\n");
	check_roles(c, &second, "10.2.0.0/16 owner -\n");
	ck_assert(!c->pool[0].standby);
	conf_set_role(c, &first);
	conf_set_role(c, &second);
	ck_assert(c->pool[0].standby && !c->pool[1].standby);
	check_roles(c, NULL, "10.1.0.0/16 standby 9223372036854775807\n10.2.0.0/16 owner -\n");
	after = print(c);
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	conf_free(c);
}
END_TEST

START_TEST(test_find_range)
{
	struct conf *c = load_roles("");

	ck_assert_uint_eq(conf_find_range(c, &(struct prefix4){0x0a020000, 16}), 1);
	ck_assert_uint_eq(conf_find_range(c, &(struct prefix4){0x0a020000, 17}), 2);
	ck_assert_uint_eq(conf_find_range(c, &(struct prefix4){0x0a030000, 16}), 2);
	conf_free(c);
}
END_TEST

START_TEST(test_print_some)
{
	static const size_t counts[] = {0, 1, 99, 100, 101, 200, 201, 1050};

	for (size_t i = 0; i < ROWS(counts); i++) {
		char *whole = NULL, *parts = NULL, text[60000];
		size_t n = (size_t)snprintf(text, sizeof(text), BASE), size, cursor = 0;
		struct conf *c;
		FILE *out;

		for (size_t k = 0; k < counts[i]; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "map 10.0.%zu.%zu 2001:db8::%zx\n", k / 256, k % 256,
					      k);
		write_text("t", text);
		c = load("t");
		ck_assert_msg(c != NULL, "%s", said.text);
		out = open_memstream(&whole, &size);
		conf_print(c, out);
		fclose(out);
		out = open_memstream(&parts, &size);
		while (conf_print_some(c, out, &cursor))
			;
		fclose(out);
		ck_assert_msg(strcmp(whole, parts) == 0, "%zu maps", counts[i]);
		free(whole);
		free(parts);
		conf_free(c);
	}
}
END_TEST

START_TEST(test_map_file_wrong)
{
	char text[300], expect[1000];

	write_text("maps", "map 10.0.0.1 2001:db8::2\nmap 10.0.0.3/33 2001:db8::3\ntun-up yes\n"
			   "mpa 1 2\nmap 10.0.0.4 2001:db8::4\nmap 10.0.0.4 2001:db8::5\n"
			   "map 192.0.2.1 2001:db8::6");
	snprintf(text, sizeof(text), BASE "map 10.0.0.1 2001:db8::1\nmap-file %s/maps\n", dir);
	write_text("t", text);
	ck_assert_ptr_null(load("t"));
	snprintf(expect, sizeof(expect),
		 "%s/maps:1: map: 10.0.0.1 is already mapped in t:4\n"
		 "%s/maps:2: map: 10.0.0.3/33: the length must be a plain number from 0 to 32\n"
		 "%s/maps:3: tun-up: only `map` is allowed in a map-file\n"
		 "%s/maps:4: mpa: unknown directive (did you mean `map`?)\n"
		 "%s/maps:6: map: 10.0.0.4 is already mapped on line 5\n"
		 "%s/maps:7: map: this is ipv4-addr, the address of nat64d itself (map another "
		 "address)\n",
		 dir, dir, dir, dir, dir, dir);
	ck_assert_str_eq(said.text, expect);
}
END_TEST

START_TEST(test_map_file_overlap)
{
	char text[300], expect[300];

	write_text("maps", "map 10.0.0.0/24 2001:db8:1::/120\n");
	snprintf(text, sizeof(text), BASE "map 10.0.0.1 2001:db8::1\nmap-file %s/maps\n", dir);
	write_text("t", text);
	conf_free(load("t"));
	snprintf(expect, sizeof(expect),
		 "warning: t:4: map: 10.0.0.1/32 is inside 10.0.0.0/24 in %s/maps:1 (the longer "
		 "prefix wins)\n",
		 dir);
	ck_assert_str_eq(said.text, expect);
}
END_TEST

#define PATH_LONGEST 4095 /* PATH_MAX without its NUL */
#define SHOWN        300  /* longest path in a message, with NUL */

/* Returns a path "/xx..." of LEN characters with components of valid length; the caller frees
 * it. */
static char *long_path(size_t len)
{
	char *path = malloc(len + 1);

	ck_assert_ptr_nonnull(path);
	for (size_t i = 0; i < len; i++)
		path[i] = i % 100 == 0 ? '/' : 'x';
	if (len > 0)
		path[len - 1] = 'y';
	path[len] = '\0';
	return path;
}

/* Returns PATH as a message shows it. */
static char *shown(char buf[SHOWN], const char *path)
{
	size_t len = strlen(path), half = (SHOWN - 4) / 2;

	if (len < SHOWN)
		return strcpy(buf, path);
	snprintf(buf, SHOWN, "%.*s...%s", (int)half, path, path + len - half);
	return buf;
}

/* Returns TEXT with '@' replaced by AT; the caller frees it. */
static char *fill(const char *text, const char *at)
{
	size_t before = strcspn(text, "@"), size = strlen(text) + strlen(at) + 1;
	char *filled = malloc(size);

	ck_assert_ptr_nonnull(filled);
	snprintf(filled, size, "%.*s%s%s", (int)before, text, text[before] ? at : "",
		 text[before] ? text + before + 1 : "");
	return filled;
}

/* '@' in TEXT stands for a path of LEN characters, which together with NAMED is the path in
 * SAID. */
static const struct long_row {
	const char *name, *text;
	size_t len;
	const char *named, *said;
} long_rows[] = {
	{"data-dir of 8000", BASE "data-dir @\n", 8000, "@",
	 "t:4: data-dir: @ is too long (a path has at most 4095 characters)\n"},
	{"data-dir, one too many", BASE "data-dir @\n", PATH_LONGEST + 1, "@",
	 "t:4: data-dir: @ is too long (a path has at most 4095 characters)\n"},
	{"data-dir, the most", BASE "data-dir @\n", PATH_LONGEST, "", ""},
	{"data-dir, relative", BASE "data-dir x@\n", 8000, "x@",
	 "t:4: data-dir: @ is not an absolute path (for example /var/lib/nat64d)\n"},
	{"map-file of 8000", BASE "map-file @\n", 8000, "@",
	 "t:4: map-file: @ is too long (a path has at most 4095 characters)\n"},
	{"map-file, the most", BASE "map-file @\n", PATH_LONGEST, "@",
	 "t:4: map-file: cannot open @: No such file or directory (create it, even if empty, or "
	 "remove "
	 "map-file; a relative path starts at data-dir)\n"},
	{"map-file, too long with data-dir", BASE "map-file m\ndata-dir @\n", PATH_LONGEST, "@/m",
	 "t:4: map-file: @ is too long (a path has at most 4095 characters)\n"},
	{"map-file, relative, without data-dir", BASE "map-file x@\n", 4000, "x@",
	 "t:4: map-file: @ is relative, but there is no data-dir (give an absolute path; "
	 "nat64d.service sets STATE_DIRECTORY=/var/lib/nat64d)\n"},
};

START_TEST(test_long_paths)
{
	const struct long_row *row = &long_rows[_i];
	char *path = long_path(row->len), *text = fill(row->text, path);
	char *named = fill(row->named, path), cut[SHOWN], *expect;
	struct conf *c;

	expect = fill(row->said, shown(cut, named));
	write_text("t", text);
	c = load("t");
	ck_assert_msg(strcmp(said.text, expect) == 0, "%s: said:\n%snot:\n%s", row->name, said.text,
		      expect);
	if (c)
		check_round_trip(row->name, c);
	conf_free(c);
	free(path);
	free(text);
	free(named);
	free(expect);
}
END_TEST

START_TEST(test_long_state_dir)
{
	char *path = long_path(8000), cut[SHOWN], expect[1000];

	write_text("t", BASE);
	ck_assert_ptr_null(load_with("t", path));
	snprintf(expect, sizeof(expect),
		 "t: data-dir: STATE_DIRECTORY: %s is too long (a path has at most 4095 "
		 "characters)\n",
		 shown(cut, path));
	ck_assert_str_eq(said.text, expect);
	strcpy(path + PATH_LONGEST, ":"); /* the first of several is used */
	conf_free(load_with("t", path));
	ck_assert_str_eq(said.text, "");
	free(path);
}
END_TEST

/* A message shows a file name completely, even an unusual one, but leaves out the middle of a very
 * long one. */
START_TEST(test_long_file_name)
{
	char *path = long_path(6000), cut[SHOWN], expect[1000];

	ck_assert_ptr_null(load(path));
	snprintf(expect, sizeof(expect), "%s: cannot open: %s\n", shown(cut, path),
		 strerror(ENAMETOOLONG));
	ck_assert_str_eq(said.text, expect);
	free(path);
}
END_TEST

static const struct state_row {
	const char *name, *text, *state_dir, *data_dir, *said;
} state_rows[] = {
	{"none", BASE, NULL, NULL, ""},
	{"empty", BASE, "", NULL, ""},
	{"stands in", BASE "dynamic-pool 10.0.0.0/24\n", "/var/lib/x", "/var/lib/x", ""},
	{"first of several", BASE, "/var/lib/x:/var/lib/y", "/var/lib/x", ""},
	{"data-dir wins", BASE "data-dir /d\n", "/var/lib/x", "/d", ""},
	{"blanks in its name", BASE, "/var/lib/a b", "/var/lib/a b", ""},
	{"relative", BASE, "var/lib", NULL,
	 "t: data-dir: STATE_DIRECTORY is not an absolute path: var/lib (add a data-dir line)\n"},
	{"relative, but not used", BASE "data-dir /d\n", "var/lib", "/d", ""},
	{"a wrong data-dir is not replaced", BASE "data-dir d\n", "/var/lib/x", NULL,
	 "t:4: data-dir: d is not an absolute path (for example /var/lib/nat64d)\n"},
};

START_TEST(test_state_dir)
{
	const struct state_row *row = &state_rows[_i];
	struct conf *c;

	write_text("t", row->text);
	c = load_with("t", row->state_dir);
	ck_assert_msg(is_said(row->said), "%s: %s", row->name, said.text);
	if (!c)
		return;
	ck_assert_pstr_eq(c->data_dir, row->data_dir);
	check_round_trip_with(row->name, c, row->state_dir);
	conf_free(c);
}
END_TEST

/* Of the processor, because other programs may have it meanwhile. */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Two seconds, or more where Check was told that the machine is slow. */
static double limit(void)
{
	const char *times = getenv("CK_TIMEOUT_MULTIPLIER");

	return times ? 2 * strtod(times, NULL) : 2;
}

START_TEST(test_many_maps)
{
	FILE *f = fopen("t", "w");
	double before;
	struct conf *c;

	ck_assert_ptr_nonnull(f);
	fputs(BASE, f);
	for (unsigned i = 0; i < 100000; i++)
		fprintf(f, "map 10.%u.%u.%u 2001:db8::%x:%x\n", i >> 16, i >> 8 & 255, i & 255,
			i >> 8, i & 255);
	fclose(f);
	before = seconds();
	c = load("t");
	ck_assert_msg(seconds() - before < limit(), "100,000 maps took %.1f s", seconds() - before);
	ck_assert_msg(c != NULL, "%s", said.text);
	ck_assert_uint_eq(map_count(c->maps), 100000);
	ck_assert_uint_eq(said.warnings, 0);
	check_round_trip("many maps", c);
	conf_free(c);
}
END_TEST

/* The daemon does not translate packets during a reload. */
/* As many customers, each with an allow of network FROM and a pool for AT. */
static void write_customers(const char *from, const char *at)
{
	FILE *f = fopen("t", "w");

	ck_assert_ptr_nonnull(f);
	fputs(BASE "data-dir /d\n", f);
	for (unsigned i = 0; i < 40000; i++)
		fprintf(f,
			"allow %s:%x::/48\ndeny 172.16.%u.%u\n"
			"dynamic-pool 10.%u.%u.0/24 from %s:%x::/48 share 64 %u\n",
			from, i, i >> 8, i & 255, i >> 8, i & 255, at, i, i % 255 + 1);
	fclose(f);
}

START_TEST(test_many_customers)
{
	double before;
	struct conf *c;

	write_customers("2001:db8", "2001:db8");
	before = seconds();
	c = load("t");
	ck_assert_msg(seconds() - before < limit(), "took %.1f s", seconds() - before);
	ck_assert_msg(c != NULL, "%s", said.text);
	ck_assert_str_eq(said.text, "");
	ck_assert_uint_eq(c->pools, 40000);
	check_round_trip("many customers", c);
	conf_free(c);
}
END_TEST

START_TEST(test_many_customers_wrong)
{
	double before;

	write_customers("2001:db8", "2001:db9");
	before = seconds();
	ck_assert_ptr_null(load("t"));
	ck_assert_msg(seconds() - before < limit(), "took %.1f s", seconds() - before);
	ck_assert_uint_eq(said.errors, MOST_SAID + 1);
	ck_assert_uint_eq(said.warnings, MOST_SAID + 1);
}
END_TEST

/* No line of either kind has a counterpart. */
START_TEST(test_many_allows_and_translatables)
{
	FILE *f = fopen("t", "w");
	double before;
	struct conf *c;

	ck_assert_ptr_nonnull(f);
	fputs(BASE, f);
	for (unsigned i = 0; i < 40000; i++)
		fprintf(f, "allow 2001:db8:%x::/48\ntranslatable 172.16.%u.%u\n", i, i >> 8,
			i & 255);
	fclose(f);
	before = seconds();
	c = load("t");
	ck_assert_msg(seconds() - before < limit(), "took %.1f s", seconds() - before);
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(said.warnings, MOST_SAID + 1);
	conf_free(c);
}
END_TEST

/* The daemon does not translate packets during a reload. */
START_TEST(test_many_prefixes_twice)
{
	FILE *f = fopen("t", "w");
	double before;

	ck_assert_ptr_nonnull(f);
	fputs(BASE, f);
	for (unsigned i = 0; i < 120000; i++)
		fprintf(f, "prefix 2001:db8:%x::/96\n", i % 60000);
	fclose(f);
	before = seconds();
	ck_assert_ptr_null(load("t"));
	ck_assert_msg(seconds() - before < limit(), "took %.1f s", seconds() - before);
	ck_assert_uint_eq(said.errors, MOST_SAID + 1);
	ck_assert_ptr_nonnull(
		strstr(said.text, "t:60005: prefix: 2001:db8:1::/96 is already on line 5\n"));
}
END_TEST

START_TEST(test_overlaps_capped)
{
	FILE *f = fopen("t", "w");
	struct conf *c;

	ck_assert_ptr_nonnull(f);
	fputs(BASE "map 10.0.0.0/8 2001:db8::/64\n", f);
	for (unsigned i = 0; i < 100; i++)
		fprintf(f, "map 10.0.0.%u 2001:db8:1::%u\n", i, i);
	fclose(f);
	c = load("t");
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(said.warnings, 21);
	ck_assert_ptr_nonnull(strstr(said.text, "t: map: 80 more maps are inside another map\n"));
	conf_free(c);
}
END_TEST

START_TEST(test_link_local_capped)
{
	FILE *f = fopen("t", "w");
	struct conf *c;

	ck_assert_ptr_nonnull(f);
	fputs(BASE, f);
	for (unsigned i = 0; i < 100; i++)
		fprintf(f, "map 169.254.0.%u 2001:db8:1::%u\n", i, i);
	fclose(f);
	c = load("t");
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(said.warnings, 21);
	ck_assert_ptr_nonnull(strstr(said.text, "t: map: 80 more maps are link-local\n"));
	conf_free(c);
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Changes a few bytes of TEXT, cuts some out, duplicates some.  Returns the new length, at most
 * twice LEN. */
static size_t mutate(char *text, size_t len, uint32_t *state)
{
	static const char liked[] = "\n\n #/:.-0123456789abcdef\t\r\0\xff";

	for (unsigned n = next_random(state) % 6 + 1; n > 0 && len > 0; n--) {
		size_t at = next_random(state) % len;
		size_t run = next_random(state) % 12 % (len - at) + 1;

		switch (next_random(state) % 4) {
		case 0:
			text[at] = (char)next_random(state);
			break;
		case 1:
			text[at] = liked[next_random(state) % sizeof(liked)];
			break;
		case 2:
			memmove(text + at, text + at + run, len - at - run);
			len -= run;
			break;
		default:
			memmove(text + at + run, text + at, len - at);
			len += run;
		}
	}
	return len;
}

START_TEST(test_mutations)
{
	static const char good[] = BASE
		"allow 2001:db8::/32\nallow 2001:db8:1::7\ndeny 10.9.0.0/16\npool-key k\n"
		"dynamic-pool 10.3.0.0/24 from 2001:db8::/48 lease 2h 14d share 64 9\n"
		"dynamic-pool 10.4.0.0/24 from 2001:db8::/48\n"
		"ipv6-addr 2001:db8::64\nprefix 2001:db8:1::/64\nmap 10.0.0.0/24 2001:db8:2::/120\n"
		"map 10.0.1.1 2001:db8:3::1\ndynamic-pool 10.1.0.0/16\ndata-dir /d # x\nlog drop "
		"self\n"
		"wkpf-strict no\nudp-cksum-mode fwd\nofflink-mtu 1400\ntun-up yes\ntun-setup no\n"
		"tos ignore 6to4\nmss-clamp 1400\nicmp-source-pool 10.1.2.0/24\nicmp-errors limit\n"
		"icmp-rate 100 20\nicmp-node-id no\noffload off\ntun-queue 20\ntun-mtu 1500\n"
		"control /run/it\ncontrol-group adm\ntun-ip 10.9.0.1/24\ntun-ip "
		"2001:db8:9::1/64\ntun-route "
		"10.8.0.0/16\nworkers 2\n";
	uint32_t state = (uint32_t)_i;
	unsigned loaded = 0;

	for (int i = 0; i < 1000; i++) {
		char text[sizeof(good) + 6 * 12];
		size_t len = sizeof(good) - 1;
		struct conf *c;

		memcpy(text, good, len);
		len = mutate(text, len, &state);
		write_bytes("t", text, len);
		c = load("t");
		if (!c)
			continue;
		loaded++;
		check_round_trip("mutation", c);
		conf_free(c);
	}
	ck_assert_uint_gt(loaded, 0); /* otherwise the test has little effect */
	ck_assert_uint_lt(loaded, 1000);
}
END_TEST

/* Words of lines about pools and access, each often valid in its position. */
static const char *const scraps[] = {
	"from",
	"lease",
	"share",
	"FROM",
	"form",
	"64",
	"32",
	"1",
	"128",
	"2h",
	"1h",
	"14d",
	"3650d",
	"7440",
	"0",
	"99999999999",
	"x",
	"2001:db8::/32",
	"2001:db8:1::/48",
	"2001:db8::7",
	"::/0",
	"64:ff9b::/112",
	"fe80::/64",
	"2001:db8::1/64",
	"10.0.0.0/8",
	"10.1.0.0/24",
	"10.2.0.0/24",
	"10.3.0.0/31",
	"10.1.0.9",
	"pool.key",
	"/k",
	"..",
	"yes",
	"#",
};

static const char *const beginnings[] = {
	"dynamic-pool 10.1.0.0/24 from 2001:db8::/32",
	"dynamic-pool 10.2.0.0/24",
	"dynamic-pool 10.3.0.0/31 lease 2h",
	"dynamic-pool",
	"allow",
	"allow",
	"deny",
	"translatable",
	"pool-key",
	"prefix 2001:db8:1::/64 #",
};

/* Lines of random words must be harmless, and valid ones must be valid again after printing. */
START_TEST(test_random_words)
{
	uint32_t state = (uint32_t)_i + 100;
	unsigned loaded = 0;

	for (int i = 0; i < 2000; i++) {
		char text[2000] = BASE "data-dir /d\n";
		struct conf *c;

		for (unsigned lines = next_random(&state) % 5 + 1; lines > 0; lines--) {
			strcat(text, beginnings[next_random(&state) % ROWS(beginnings)]);
			for (unsigned n = next_random(&state) % 4; n > 0; n--) {
				strcat(text, " ");
				strcat(text, scraps[next_random(&state) % ROWS(scraps)]);
			}
			strcat(text, "\n");
		}
		write_text("t", text);
		c = load("t");
		if (!c)
			continue;
		loaded++;
		check_round_trip(text, c);
		conf_free(c);
	}
	ck_assert_uint_gt(loaded, 20);
	ck_assert_uint_lt(loaded, 2000);
}
END_TEST

/* Networks below 2001:db8::/32 with so few bits that many are equal, or inside another. */
struct net {
	uint32_t bits;
	unsigned len; /* after the first 32 bits */
};

static struct net random_net(uint32_t *state)
{
	unsigned len = next_random(state) % 5;

	return (struct net){next_random(state) & 15 & ~(15u >> len), len};
}

static bool is_inside(const struct net *inner, const struct net *outer)
{
	return inner->len >= outer->len && (inner->bits & ~(15u >> outer->len)) == outer->bits;
}

static bool is_apart(const struct net *a, const struct net *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (is_inside(a, &all[i]) || is_inside(&all[i], a))
			return false;
	return true;
}

static bool is_among(const struct net *a, const struct net *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (all[i].bits == a->bits && all[i].len == a->len)
			return true;
	return false;
}

#define NETS 4 /* maximum of each kind */

/* The number of messages equals that of a comparison of each allow with each pool. */
START_TEST(test_allow_model)
{
	uint32_t state = (uint32_t)_i + 1;

	for (int round = 0; round < 1000; round++) {
		char text[1000] = BASE "data-dir /d\ntranslatable no\n";
		struct net allow[NETS], from[NETS], x;
		unsigned allows = 0, pools = 0, errors = 0, warnings = 0;

		for (unsigned n = next_random(&state) % NETS + 1; n > 0; n--) {
			x = random_net(&state);
			if (!is_among(&x, allow, allows))
				allow[allows++] = x;
		}
		for (unsigned n = next_random(&state) % NETS + 1; n > 0; n--)
			from[pools++] = random_net(&state);
		for (unsigned i = 0; i < allows; i++) {
			bool inside = false;

			for (unsigned k = 0; k < allows; k++)
				inside |= k != i && is_inside(&allow[i], &allow[k]);
			warnings += inside;
			warnings += is_apart(&allow[i], from, pools);
			sprintf(text + strlen(text), "allow 2001:db8:%x000::/%u\n", allow[i].bits,
				32 + allow[i].len);
		}
		for (unsigned i = 0; i < pools; i++) {
			errors += is_apart(&from[i], allow, allows) && !is_among(&from[i], from, i);
			sprintf(text + strlen(text),
				"dynamic-pool 10.0.%u.0/24 from 2001:db8:%x000::/%u\n", i,
				from[i].bits, 32 + from[i].len);
		}
		write_text("t", text);
		conf_free(load("t"));
		ck_assert_msg(said.errors == errors && said.warnings == warnings,
			      "%u errors and %u warnings wanted of\n%s\nbut:\n%s", errors, warnings,
			      text, said.text);
	}
}
END_TEST

static void make_dir(void)
{
	const char *srcdir = getenv("srcdir");
	char *top = realpath(srcdir ? srcdir : ".", NULL);

	if (!top || !mkdtemp(dir) || chdir(dir) < 0)
		exit(EXIT_FAILURE);
	snprintf(example, sizeof(example), "%s/tayga.conf.example", top);
	free(top);
}

static void remove_dir(void)
{
	unlink("t");
	unlink("u");
	unlink("maps");
	unlink("pinned.map");
	if (chdir("/") < 0 || rmdir(dir) < 0)
		exit(EXIT_FAILURE);
}

int main(void)
{
	Suite *suite = suite_create("conf");
	TCase *t = tcase_create("conf");

	tcase_add_unchecked_fixture(t, make_dir, remove_dir);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_wrong, 0, ROWS(wrong_rows));
	tcase_add_loop_test(t, test_odd, 0, ROWS(odd_rows));
	tcase_add_loop_test(t, test_right, 0, ROWS(right_rows));
	tcase_add_loop_test(t, test_state_dir, 0, ROWS(state_rows));
	tcase_add_loop_test(t, test_long_paths, 0, ROWS(long_rows));
	tcase_add_loop_test(t, test_mutations, 0, 5);
	tcase_add_loop_test(t, test_random_words, 0, 5);
	tcase_add_loop_test(t, test_allow_model, 0, 3);
	tcase_add_test(t, test_quiet);
	tcase_add_test(t, test_example);
	tcase_add_test(t, test_cannot_open);
	if (machine_may(machine_root_is_root))
		tcase_add_test(t, test_may_not_read);
	else
		LEAVE_OUT(suite, "test_may_not_read", "root has not all rights here");
	tcase_add_test(t, test_fifo);
	tcase_add_test(t, test_fifo_hurried);
	tcase_add_test(t, test_all_said);
	tcase_add_test(t, test_rest_counted);
	tcase_add_test(t, test_slow_pipe);
	tcase_add_test(t, test_endless_file);
	tcase_add_test(t, test_long_state_dir);
	tcase_add_test(t, test_long_file_name);
	tcase_add_test(t, test_long_lines);
	tcase_add_test(t, test_prefix_lengths);
	tcase_add_test(t, test_map_lengths);
	tcase_add_test(t, test_values);
	tcase_add_test(t, test_pools);
	tcase_add_test(t, test_access);
	tcase_add_loop_test(t, test_control_path, 0, ROWS(control_rows));
	tcase_add_loop_test(t, test_restart, 0, ROWS(restart_rows));
	tcase_add_test(t, test_restart_device);
	tcase_add_test(t, test_map_file);
	tcase_add_test(t, test_places);
	tcase_add_test(t, test_pins);
	tcase_add_loop_test(t, test_pins_read, 0, ROWS(pins));
	tcase_add_loop_test(t, test_roles, 0, ROWS(roles));
	tcase_add_loop_test(t, test_roles_damaged, 0, ROWS(bad_roles));
	tcase_add_test(t, test_roles_bits);
	tcase_add_test(t, test_roles_change);
	tcase_add_loop_test(t, test_same_leases, 0, ROWS(same_leases));
	tcase_add_test(t, test_same_leases_own);
	tcase_add_test(t, test_find_range);
	tcase_add_test(t, test_pins_bits);
	tcase_add_test(t, test_pins_fifo);
	tcase_add_test(t, test_print_some);
	tcase_add_test(t, test_map_file_wrong);
	tcase_add_test(t, test_map_file_overlap);
	tcase_add_test(t, test_many_maps);
	tcase_add_test(t, test_many_prefixes_twice);
	tcase_add_test(t, test_many_customers);
	tcase_add_test(t, test_many_customers_wrong);
	tcase_add_test(t, test_many_allows_and_translatables);
	tcase_add_test(t, test_overlaps_capped);
	tcase_add_test(t, test_link_local_capped);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
