#!/bin/sh
# check_options - the command line: what is wrong with it is said in one line; what there is, is in the help, the manual and
# the completion; and -t judges as the service would.
#
# Prints TAP.  $srcdir is the top of the source tree, $NAT64D the daemon.

top=${srcdir:-.}
NAT64D=${NAT64D:-./nat64d}
unset STATE_DIRECTORY
count=0
failed=0
dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

# report STATUS NAME [TEXT]
report()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		[ -z "${3-}" ] || echo "$3" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

# says NAME STATUS TEXT [OPTION...]: TEXT is all of standard error, and STATUS the exit status.
says()
{
	name=$1 status=$2 text=$3
	shift 3
	said=$("$NAT64D" "$@" 2>&1 >/dev/null </dev/null)
	[ $? -eq "$status" ] && [ "$said" = "$text" ]
	report $? "$name" "$said"
}

check_mistakes()
{
	try="try nat64d --help"
	says "an unknown letter" 1 "nat64d: unknown option -x; $try" -x
	says "an unknown letter among others" 1 "nat64d: unknown option -x; $try" --test -nxd
	says "an unknown word" 1 "nat64d: unknown option --tset; $try" --tset
	says "an unknown word with an argument" 1 "nat64d: unknown option --tset=1; $try" --tset=1
	says "an abbreviation of two" 1 "nat64d: unknown option --s; $try" --s
	says "a colon" 1 "nat64d: unknown option -:; $try" -:
	says "no argument to a letter" 1 "nat64d: no argument to -c; $try" -nc
	says "no argument to a word" 1 "nat64d: no argument to --config; $try" --config
	for option in --test --nodetach --debug --mktun --version; do
		says "an argument to $option" 1 "nat64d: this option takes no argument: $option=1; $try" "$option=1" -tn
	done
	says "two actions" 1 "nat64d: more than one of -t, -T, --mktun and --rmtun; $try" -t -T
	says "an argument" 1 "nat64d: no arguments are taken besides options: x; $try" x
}

check_help()
{
	for option in -h --help --version; do
		[ -n "$("$NAT64D" "$option" 2>"$dir/err")" ] && [ ! -s "$dir/err" ]
		report $? "$option prints something, on standard output"
		[ -c /dev/full ] || continue
		said=$("$NAT64D" "$option" 2>&1 >/dev/full)
		[ $? -eq 1 ] && [ "$said" = "nat64d: standard output: No space left on device" ]
		report $? "$option says that it cannot be written" "$said"
	done
	[ "$("$NAT64D" -h)" = "$("$NAT64D" --help)" ]
	report $? "-h is --help"
}

# The long options that the program knows, by its help.
options()
{
	"$NAT64D" --help | grep -o -e '--[a-z]*' | sort -u
}

check_described()
{
	[ "$(options | wc -l)" -ge 15 ]
	report $? "the help lists the options" "$(options)"
	for option in $(options); do
		grep -q "^\.It Fl .*-${option#--}\( \|\$\)" "$top/man/nat64d.8"
		report $? "$option is in nat64d.8"
		sed '/^_nat64_host/,$d' "$top/contrib/nat64d.bash-completion" | grep -Eqe "(^|[ '])$option([ ']|\$)"
		report $? "$option is in the completion"
	done
}

check_mistakes
check_help
check_described
echo "1..$count"
exit $((failed > 0))
