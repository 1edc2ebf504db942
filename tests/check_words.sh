#!/bin/sh
# check_words - the words of the program are in its manual: directives, reasons; and the manual is well formed.
#
# Prints TAP.  $srcdir is the top of the source tree.

top=${srcdir:-.}
conf_man=$top/man/nat64.conf.5
daemon_man=$top/man/nat64d.8
example=$top/tayga.conf.example
# shellcheck source=tests/tap.sh
. "$top/tests/tap.sh"

directives()
{
	sed -n 's/^[[:space:]]*\[D_[A-Z0-9_]*\] = {"\([^"]*\)".*/\1/p' "$top/src/conf_set.c"
}

reasons()
{
	sed -n 's/^[[:space:]]*X([A-Z0-9_]*, *"\([^"]*\)".*/\1/p' "$top/include/reason.h"
}

entries()
{
	sed -n 's/^\.It Ic \([^ ]*\).*/\1/p' "$conf_man"
}

# has_word FILE WORD: does WORD stand in FILE, not as a part of a longer one?
has_word()
{
	sed 's/\\-/-/g' "$1" | grep -Eq "(^|[^a-z0-9-])$2([^a-z0-9-]|\$)"
}

check_directives()
{
	names=$(directives)
	[ "$(echo "$names" | wc -l)" -ge 18 ]
	report $? "the directive table is readable"
	for name in $names; do
		entries | grep -Fqx -e "$name"
		report $? "directive $name has an entry in nat64.conf.5"
		grep -Eq "^#?$name " "$example"
		report $? "directive $name is in tayga.conf.example"
	done
	for name in $(entries); do
		echo "$names" | grep -Fqx -e "$name"
		report $? "entry $name of nat64.conf.5 is a directive"
	done
}

check_reasons()
{
	names=$(reasons)
	[ "$(echo "$names" | wc -l)" -ge 30 ]
	report $? "the reason table is readable"
	for name in $names; do
		has_word "$daemon_man" "$name"
		report $? "reason $name is in nat64d.8"
	done
}

# Reasons of class drop that are answered all the same.
check_answered()
{
	for name in $(sed -n 's/^[[:space:]]*X([A-Z0-9_]*, *"\([^"]*\)", *DROP,.*ANSWER(.*/\1/p' "$top/include/reason.h"); do
		sed -n '/^\.It Cm drop$/,/^\.It Cm reject$/p' "$conf_man" | grep -Fqx -e ".Cm $name ."
		report $? "class drop in nat64.conf.5 knows that $name is answered"
	done
}

# Configurations are in /etc/nat64.conf and /etc/nat64, whichever page speaks of them.
check_places()
{
	! cat "$top"/man/* | grep -q '/etc/nat64d'
	report $? "no page puts files into /etc/nat64d"
}

# check_lint FILE
check_lint()
{
	name=${1##*/}
	if ! command -v mandoc >/dev/null 2>&1; then
		leave_out "$name is well formed" "mandoc is not installed"
		return
	fi
	found=$(mandoc -T lint -W warning "$1" 2>&1)
	status=$?
	report $status "$name is well formed"
	[ $status -eq 0 ] || echo "$found" | sed 's/^/# /'
}

for file in "$conf_man" "$daemon_man" "$example"; do
	[ -r "$file" ]
	report $? "there is a ${file##*/}"
done
check_directives
check_reasons 2>/dev/null
check_answered
check_places
check_lint "$conf_man"
check_lint "$daemon_man"
check_lint "$top/man/nat64-host.8"
check_lint "$top/man/nat64.7"
finish
