/* check_fastpath - checks that the program in the kernel translates packets exactly as the
 * translator does, or not at all.
 *
 * check_fastpath [-n PACKETS] [-s SEED]: the number of random packets, and the number of the first
 * configuration. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fastpath_diff.h"
#include "fastpath_race.h"
#include "fastpath_rules.h"
#include "lib/wire.h"
#include "support/generate.h"
#include "support/run.h"

#define PACKETS SHORTENED(200000)

static unsigned long packets = PACKETS;
static uint64_t seed = 1;

START_TEST(same_as_the_translator)
{
	fastpath_diff(seed, packets, PACKETS);
}
END_TEST

/* Returns true if any program can be loaded on this machine.  Then ours must load, too. */
static bool is_possible(void)
{
	static const struct bpf_insn pass_on[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;
	const char *why = NULL;
	int fd = -1;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)pass_on;
	attr.insn_cnt = ROWS(pass_on);
	attr.license = (uintptr_t) "BSD";
	if (get16((const uint8_t *)&(const uint16_t){1}) == 1)
		why = "a big-endian processor";
	else if ((fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr))) < 0)
		why = strerror(errno);
	else if (fastpath_diff_alone() < 0)
		why = strerror(errno);
	if (why)
		printf("1..0 # SKIP needs a program in the kernel, and a separate network "
		       "namespace: %s\n",
		       why);
	if (fd >= 0)
		close(fd);
	return !why;
}

static bool read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:s:")) != -1) {
		if (option == 'n')
			packets = strtoul(optarg, NULL, 0);
		else if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("fastpath");
	TCase *t = tcase_create("fastpath");

	if (!read_options(argc, argv))
		return 2;
	if (!is_possible())
		return 0;
	tcase_set_timeout(t, 0);
	tcase_add_test(t, same_as_the_translator);
	suite_add_tcase(s, t);
	suite_add_tcase(s, fastpath_rules());
	suite_add_tcase(s, fastpath_rights());
	if (fastpath_race_lacks())
		printf("# not run: memory_of_another %s\n", fastpath_race_lacks());
	else
		suite_add_tcase(s, fastpath_race());
	return run_suite(s);
}
