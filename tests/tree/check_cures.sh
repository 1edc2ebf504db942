#!/bin/sh
# Every command of nat64-host check must be reviewed: tests/tree/cures lists all of them by kind.
here=$(dirname "$0")
# shellcheck source=tests/support/tap.sh
. "$here/../support/tap.sh"
command -v python3 >/dev/null || { echo "1..0 # SKIP needs python3" && exit 0; }
work=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

python3 "$here/cures.py" "$here"/../../contrib/host/check*.sh | sort >"$work/found"
sed '/^#/d; s/^[a-z]*	//' "$here/cures" | sort >"$work/reviewed"
report "$([ "$(wc -l <"$work/found")" -gt 100 ]; echo $?)" "the commands of the doctor are found"
new=$(comm -23 "$work/found" "$work/reviewed")
report "$([ -z "$new" ]; echo $?)" "each has been reviewed: does it change only what is ours, and cut nobody off?" "$new"
old=$(comm -13 "$work/found" "$work/reviewed")
report "$([ -z "$old" ]; echo $?)" "tests/tree/cures has no others" "$old"
strange=$(grep -vE '^(#|(look|device|file|kernel|ours|rule|service|edit|parts|text)	)' "$here/cures")
report "$([ -z "$strange" ]; echo $?)" "each is of a kind" "$strange"

# Words that no command may contain, because such commands have cut off machines.
harm=$(sed '/^#/d' "$here/cures" | grep -E '(addr|route|rule|link|neigh) (del|flush)|link set .* down|policy drop|flush ruleset|-F |-P |=0' |
	grep -v "ip addr del %s dev %s && ' \"\$cidr\" \"\$dev\"")
report "$([ -z "$harm" ]; echo $?)" "nothing is deleted, flushed, put down or switched off, but an address of our own device" "$harm"
finish
