#!/bin/sh
# check_security - checks nat64-security.7: each promise names a test, and each test and each directive that it names exists.
#
# Prints TAP.  $srcdir is the top of the source tree.

top=${srcdir:-.}
page=$top/man/nat64-security.7
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"

promises()
{
	awk '/^\.\\" list: promises/ { on = 1 } on && /^\.El/ { exit } on' "$page"
}

# unproved: prints each promise without a test.
unproved()
{
	promises | awk '
		function say() { if (promise != "" && !proved) print promise }
		/^\.It / { say(); promise = substr($0, 5); proved = 0 }
		/^\.Pa tests\// { proved = 1 }
		END { say() }'
}

[ "$(promises | grep -c '^\.It ')" -ge 10 ]
report $? "the promises are readable"
said=$(unproved)
[ -z "$said" ]
report $? "each promise names a test" "$said"
for name in $(sed -n 's/^\.Pa \(\(tests\|contrib\)\/[^ ]*\).*/\1/p' "$page" | sort -u); do
	[ -f "$top/$name" ]
	report $? "$name exists"
	case $name in
	tests/fuzz/* | contrib/*) continue ;;
	esac
	grep -q "${name%.c}" "$top/Makefile.am"
	report $? "$name is run by make check, or by contrib/test"
done
for name in $(sed -n 's/^\.Ic \([^ ]*\).*/\1/p' "$page" | sort -u); do
	grep -q "^\.It Ic $name\( \|\$\)" "$top/man/nat64.conf.5"
	report $? "directive $name is in nat64.conf.5"
done
grep -q '^    man nat64-security ' "$top/README" && grep -q 'flaw.*REPORTING\|SECURITY in' "$top/README"
report $? "README says where to report a flaw"
finish
