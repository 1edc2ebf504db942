#!/bin/sh
# check_hardening - checks that nat64d and nat64ctl are hardened as configure has promised: what an attacker could
# overwrite is read-only, nothing writable is executable, and the checks of the compiler are in the code.
#
# Prints TAP.  $NAT64D and $NAT64CTL are the programs, $LIBCORE is one of the archives beside them.  $HARDENING has the
# flags that they were built with, those of the user last: what the user has switched off is not checked.

top=${srcdir:-.}
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"
NAT64D=${NAT64D:-./nat64d}
NAT64CTL=${NAT64CTL:-./nat64ctl}
LIBCORE=${LIBCORE:-./libcore.a}

skip()
{
	echo "1..0 # SKIP $1"
	exit 0
}

[ -z "${INSTRUMENTED:-}" ] || skip "built with $INSTRUMENTED, without hardening"
for tool in readelf objdump; do
	command -v $tool >/dev/null || skip "needs $tool (Debian: binutils)"
done
if [ ! -x "$NAT64D" ] || [ ! -x "$NAT64CTL" ]; then skip "there is no $NAT64D or no $NAT64CTL"; fi
case " ${HARDENING:=} " in
*" -Wl,-z,relro "*) ;;
*) skip "configure has added no hardening" ;;
esac
machine=$(readelf -hW "$NAT64D" | sed -n 's/^ *Machine: *//p')

# wanted YES [NO]: true if the last of the flags that match either pattern does not match NO.
wanted()
{
	last=1
	for flag in $HARDENING; do
		# shellcheck disable=SC2254 # these are patterns
		case $flag in
		${2:--}) last=1 ;;
		$1) last=0 ;;
		esac
	done
	return $last
}

# is NAME COMMAND...: one point, ok if the command prints something.
is()
{
	name=$1
	shift
	[ -n "$("$@")" ]
	report $? "$name" "nothing found by: $*"
}

# no NAME COMMAND...: one point, ok if the command prints nothing.
no()
{
	name=$1
	shift
	said=$("$@")
	[ -z "$said" ]
	report $? "$name" "$said"
}

segments() { readelf -lW "$program" | grep -E "$1"; }
dynamic() { readelf -dW "$program" | grep -E "$1"; }
kind() { readelf -hW "$program" | grep -E 'Type: *DYN'; }
sections() { readelf -SW "$program" | grep -E "$1"; }
symbols() { readelf -sW "$program" | grep -E "$1"; }
is_static() { [ -z "$(segments INTERP)" ]; }

check_segments()
{
	if wanted '-Wl,-z,relro' '-Wl,-z,norelro'; then
		is "$1: addresses that are filled in at start become read-only" segments GNU_RELRO
	fi
	# Otherwise .got.plt stays writable.  A static program without PIE has nothing to bind.
	if wanted '-Wl,-z,now' '-Wl,-z,lazy' && [ -n "$(kind)" ]; then
		is "$1: all of them are filled in at start" dynamic '\(FLAGS(_1)?\).* NOW|BIND_NOW'
		no "$1: none is left for later" sections ' \.got\.plt '
	fi
	if wanted '-*pie*' '-no*pie'; then
		is "$1: its addresses are chosen at random" kind
	fi
	if wanted '-Wl,-z,noexecstack' '-Wl,-z,execstack'; then
		is "$1: its stack is not executable" segments 'GNU_STACK.* RW +0x'
		no "$1: nothing is writable and executable" segments ' RWE '
	fi
	no "$1: its code needs no relocations" dynamic TEXTREL
	no "$1: it names no directory of libraries" dynamic 'RPATH|RUNPATH'
}

check_calls()
{
	if wanted '-fstack-protector*' '-fno-stack-protector*'; then
		if is_static && [ -z "$(sections ' \.symtab ')" ]; then
			leave_out "$1: the stack is guarded" "it is static and stripped"
		else
			is "$1: the stack is guarded" symbols ' __stack_chk_(fail|guard)(@|_local|$| )'
		fi
	fi
	# Only glibc has functions that check the size of a buffer.
	if wanted '-D_FORTIFY_SOURCE=[123]' -U_FORTIFY_SOURCE && [ -n "$(dynamic 'NEEDED.*\[libc\.so\.6\]')" ]; then
		is "$1: the functions of the C library check sizes" symbols ' __(memcpy|v?snprintf)_chk@'
	fi
}

# Frames of more than a page, of which nat64d has some, touch each page in turn.
probes()
{
	objdump -d --no-show-raw-insn "$program" |
		awk '/(or|mov)[ql]? +\$0x0,(0x0)?\(%rsp\)/ && step { print; exit } { step = /sub +\$0x1000,%rsp/ }'
}

check_frames()
{
	case $machine in
	*X86-64) wanted -fstack-clash-protection -fno-stack-clash-protection || return ;;
	*) return ;;
	esac
	is "nat64d: a large frame cannot step over the guard page" probes
}

# unmarked MARK: prints the objects of ours whose functions do not carry it.
unmarked()
{
	for archive in "$LIBCORE" "${LIBCORE%core.a}shell.a"; do
		readelf -nW "$archive" | awk -v mark="$1" '
			function report() { if (file != "" && !found) print file }
			/^File: / { report(); file = $2; found = 0 }
			index($0, "feature:") && index($0, mark) { found = 1 }
			END { report(); if (file == "") print "no objects" }'
	done
}

# The linker keeps the mark of a program only if all parts have it, and the start files of some systems lack it; so those
# of ours are checked.
check_branches()
{
	[ -r "$LIBCORE" ] || { leave_out "jumps are guarded" "there is no $LIBCORE" && return; }
	case $machine in
	*X86-64 | *80386)
		if wanted -fcf-protection=full -fcf-protection=none; then
			no "every object marks the targets of jumps" unmarked IBT
			no "every object works with a shadow stack" unmarked SHSTK
		fi
		;;
	AArch64)
		if wanted -mbranch-protection=standard -mbranch-protection=none; then
			no "every object marks the targets of jumps" unmarked BTI
			no "every object signs its return addresses" unmarked PAC
		fi
		;;
	esac
}

for program in "$NAT64D" "$NAT64CTL"; do
	check_segments "${program##*/}"
	check_calls "${program##*/}"
done
program=$NAT64D
check_frames
check_branches
finish
