/* filter_tc DEVICE VERB... - does what the daemon does at its start and end, with a program that
 * passes all packets. `attach` adds the filter to DEVICE, `detach` removes it and prints how many
 * there were, and `drop` drops the privilege for both. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux/sandbox.h"
#include "linux/tc.h"

static int load(void)
{
	static const struct bpf_insn pass_on[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = TC_ACT_UNSPEC},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uint64_t)(uintptr_t)pass_on;
	attr.insn_cnt = sizeof(pass_on) / sizeof(*pass_on);
	attr.license = (uint64_t)(uintptr_t) "GPL";
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int detach(unsigned index)
{
	int n = tc_detach(index);

	if (n < 0)
		puts(strerror(errno));
	else
		printf("%d\n", n);
	return n < 0 ? -1 : 0;
}

static int perform(const char *verb, unsigned index, int program)
{
	char err[TC_ERR] = "what?";
	int rc = -1;

	if (strcmp(verb, "detach") == 0)
		return detach(index);
	if (strcmp(verb, "attach") == 0)
		rc = tc_attach(index, program, err);
	else if (strcmp(verb, "drop") == 0)
		rc = sandbox_drop(err);
	if (rc < 0)
		puts(err);
	return rc;
}

/* Exits with 77 if no program can be loaded. */
int main(int argc, char **argv)
{
	int program = load(), rc = 0;

	if (argc < 3)
		return 2;
	if (program < 0) {
		printf("bpf: %s\n", strerror(errno));
		return 77;
	}
	for (int i = 2; i < argc && rc == 0; i++)
		rc = perform(argv[i], if_nametoindex(argv[1]), program);
	return rc == 0 ? 0 : 1;
}
