#!/bin/sh
# check_words - checks that the manual has every directive, reason, command and key, and that it is well formed.
#
# Prints TAP.  $srcdir is the top of the source tree.

top=${srcdir:-.}
conf_man=$top/man/nat64.conf.5
daemon_man=$top/man/nat64d.8
rules_man=$top/man/nat64-rules.7
ctl_man=$top/man/nat64ctl.8
example=$top/tayga.conf.example
# shellcheck source=tests/support/tap.sh
. "$top/tests/support/tap.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/n64.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

directives()
{
	sed -n '/ conf_directives\[\] = {$/,/^};/s/^[[:space:]]*{"\([^"]*\)".*/\1/p' "$top/src/conf/conf_directives.c"
}

# restarts: prints the directives that need a restart.
restarts()
{
	awk '/^};/ { table = 0 } / conf_directives\[\] = [{]$/ { table = 1 } table && /^\t[{]"/ { split($0, part, "\""); name = part[2] }
		table && /\.restart = true/ { print name }' "$top/src/conf/conf_directives.c"
}

reasons()
{
	sed -n 's/^[[:space:]]*X([A-Z0-9_]*, *"\([^"]*\)".*/\1/p' "$top/include/packet/reason.h"
}

entries()
{
	sed -n 's/^\.It Ic \([^ ]*\).*/\1/p' "$conf_man"
}

# has_word FILE WORD: succeeds if FILE contains WORD as a whole word.
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
	names=$(restarts)
	[ "$(echo "$names" | wc -l)" -ge 5 ]
	report $? "the directives that need a restart are readable"
	for name in $names; do
		sed -n '/^\.\\" list: restart$/,/^\.El$/p' "$daemon_man" | grep -Eqx "\.Ic $name( [,.;])?"
		report $? "nat64d.8 says that $name needs a restart"
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

# answers: prints NAME ICMPV4 ICMPV6 of each reason in the source: type/code, or - for none.
answers()
{
	sed -n 's/^[[:space:]]*X([A-Z0-9_]*, *"\([^"]*\)", *[A-Z]*, *\([A-Z]*[^A-Z]*\), *\([A-Z]*[^A-Z]*\), *".*/\1 \2 \3/p' "$top/include/packet/reason.h" |
		sed 's/NOTHING/-/g; s|ANSWER(\([0-9]*\), \([0-9]*\))|\1/\2|g'
}

# rows: prints the same from the table of nat64-rules.7, and the sections.
rows()
{
	sed -n '/^\.\\" table: reasons$/,/^\.El$/s/^\.It Cm \([^ ]*\) Ta \(.*\) Ta \(.*\) Ta \(.*\)$/\1 \3 \4 \2/p' "$rules_man"
}

# text_of NUMBER: prints the section of nat64-rules.7, up to the next heading of the same level.
text_of()
{
	awk -v number="$1" '
		/^\.S[hs] [1-9]/ { here = $2 == number || $2 == number "." || (index(number, ".") == 0 && index($2, number ".") == 1) }
		/^\.Sh [A-Z]/ { here = 0 }
		here' "$rules_man"
}

# Every reason is in the rules, with the same answer as in the source.  \`ok' refuses no packet.
check_rules()
{
	names=$(answers | grep -v '^ok ')
	[ "$(echo "$names" | wc -l)" -ge 30 ]
	report $? "the answers of the reasons are readable"
	echo "$names" >"$dir/names"
	while read -r name icmp4 icmp6; do
		row=$(rows | grep "^$name ")
		[ "${row% "${row#* * * }"}" = "$name $icmp4 $icmp6" ]
		report $? "reason $name is in nat64-rules.7 with its answers" "should be: $name $icmp4 $icmp6; is: $row"
		for number in $(echo "${row#* * * }" | tr -d ,); do
			text_of "$number" | grep -Eq "(Cm|Ta) $name( |\$)"
			report $? "section $number of nat64-rules.7 tells of $name"
		done
	done <"$dir/names"
	for name in $(rows | cut -d ' ' -f 1); do
		grep -q "^$name " "$dir/names"
		report $? "reason $name of nat64-rules.7 exists"
	done
}

# types_of WAY: prints TYPE/CODE TO-TYPE/TO-CODE of each ICMP error that the source translates.
types_of()
{
	sed -n "/ table_$1\[\] = {\$/,/^};/s/^\t{\([^/]*\),.*/\1/p" "$top/src/packet/icmp.c" | sed 's/SAME/code/' | tr -d ' ' | awk -F , '
		$2 == 0 && $3 == 255 { print $1 "/any", $4 "/" ($5 == "code" ? "same" : $5); next }
		{ for (code = $2; code <= $3; code++) print $1 "/" code, $4 "/" $5 }' | sort
}

# types_told WAY: prints the same from the table of nat64-rules.7.
types_told()
{
	sed -n '/^\.\\" table: '"$1"'$/,/^\.El$/s/^\.It \([0-9].*\) Ta \(.*\)/\1 > \2/p' "$rules_man" |
		sed 's|, any code|/any|; s|, same code|/same|; s/, \(MTU\|pointer\) .*//' | awk -F ' > ' '
		{ n = split($1, from, ", "); for (i = 1; i <= n; i++) print from[i], $2 }' | sort
}

check_types()
{
	for way in 4to6 6to4; do
		types_of $way >"$dir/types"
		[ "$(wc -l <"$dir/types")" -ge 8 ]
		report $? "the ICMP table $way is readable"
		differences=$(types_told $way | diff "$dir/types" -)
		report $? "nat64-rules.7 has the ICMP table $way" "$differences"
	done
}

# cited: prints the sections of nat64-rules.7 that rows, clauses, and comments with the name of the page cite.
cited()
{
	grep -Eoh 'rules-[0-9]+(\.[0-9]+)?' "$top"/tests/*/*.[ch] "$top/tests/tree/CLAUSES" | sed 's/rules-//'
	sed -n 's/^own  *\([0-9.]*\) .*/\1/p' "$top/tests/tree/CLAUSES"
	grep -Eh '[Ss]ections? [0-9][0-9., and]* of nat64-rules\(7\)' "$top"/include/*/*.h "$top"/src/*/*.[ch] "$top"/tests/*/*.[ch] |
		sed 's/.*[Ss]ections* \([0-9].*\) of nat64-rules(7).*/\1/' | tr -cs '0-9.' '\n' | sed 's/\.$//'
}

check_citations()
{
	numbers=$(cited | sort -u)
	[ "$(echo "$numbers" | wc -l)" -ge 15 ]
	report $? "the citations are readable"
	for number in $numbers; do
		[ -n "$(text_of "$number")" ]
		report $? "section $number, which the source cites, is in nat64-rules.7"
	done
	# Section numbers without the name of the document, and the names of earlier rows.
	found=$(grep -En '"spec-[0-9]|\{"[1-9][0-9]?\.[0-9] |^	(.*\| )?(check_[a-z0-9_]*: )?(spec-)?[1-9]\.[0-9] ' "$top"/tests/*/*.[ch] "$top/tests/tree/CLAUSES")
	[ -z "$found" ]
	report $? "every row that cites the rules begins with rules-" "$found"
}

# Reasons of class drop that are answered anyway.
check_answered()
{
	for name in $(sed -n 's/^[[:space:]]*X([A-Z0-9_]*, *"\([^"]*\)", *DROP,.*ANSWER(.*/\1/p' "$top/include/packet/reason.h"); do
		sed -n '/^\.It Cm drop$/,/^\.It Cm reject$/p' "$conf_man" | grep -Fqx -e ".Cm $name ."
		report $? "class drop in nat64.conf.5 knows that $name is answered"
	done
}

# Commands of the daemon, and those that nat64ctl implements with them.
commands()
{
	{
		sed -n 's/^[[:space:]]*{"\([a-z]*\)", "[^"]*", [0-9]*, [A-Z0-9].*, command_.*},$/\1/p' "$top/src/daemon/daemon_control.c"
		grep -o '{"[a-z]*", [a-z_]*}' "$top/src/ctl/nat64ctl.c" | cut -d '"' -f 2
	} | sort -u
}

# The commands are in the manual, in the help of nat64ctl and in its completion.
check_commands()
{
	names=$(commands)
	[ "$(echo "$names" | wc -l)" -ge 3 ]
	report $? "the command table is readable" "$names"
	for name in $names; do
		grep -Eq "^\.It Cm $name( |\$)" "$ctl_man"
		report $? "command $name has an entry in nat64ctl.8"
		grep -Eq "^[[:space:]]*\"  $name  " "$top/src/ctl/nat64ctl.c"
		report $? "command $name is in nat64ctl --help"
		sed '/^_nat64ctl/,/^}/!d' "$top/contrib/nat64d.bash-completion" | grep -Eq "[ ']${name}[ ']"
		report $? "command $name is in the completion"
	done
	for name in $(sed '1,/^The commands are:/d' "$ctl_man" | awk '/^\.Bl/ { deep++ } /^\.El/ && --deep == 0 { exit } deep == 1 && /^\.It Cm / { print $3 }'); do
		echo "$names" | grep -Fqx -e "$name"
		report $? "entry $name of nat64ctl.8 is a command"
	done
}

# The keys of the JSON output.
check_keys()
{
	names=$(grep -oh '\\"[a-z0-9_]*\\": ' "$top"/src/daemon/command_*.c "$top/src/daemon/daemon_watch.c" "$top/src/daemon/trace_line.c" | tr -d '\\": ' | sort -u)
	[ "$(echo "$names" | wc -l)" -ge 15 ]
	report $? "the keys of the answers are readable" "$names"
	for name in $names; do
		grep -Eq "^\.(It )?Cm (.* )?$name( |\$)" "$ctl_man"
		report $? "key $name is in nat64ctl.8"
	done
}

# entry_in_ctl NAME: succeeds if nat64ctl.8 has an entry or line for NAME.
entry_in_ctl()
{
	grep -Eq "^\.(It )?Cm (.* )?$1( |\$)" "$ctl_man"
}

# Counters that are not reasons, time spans of rates, and metrics are in their tables.
check_counters()
{
	for table in counts.c:3 command_status.c:3 metrics.c:20; do
		names=$(sed -n 's/^[[:space:]]*{"\([a-z0-9_]*_[a-z0-9_]*\)",.*/\1/p' "$top/src/daemon/${table%:*}")
		[ "$(echo "$names" | wc -l)" -ge "${table#*:}" ]
		report $? "the table of ${table%:*} is readable" "$names"
		for name in $names; do
			entry_in_ctl "$name"
			report $? "$name is in nat64ctl.8"
		done
	done
	names=$(sed -n 's/^[[:space:]]*{"\(nat64d_[a-z_]*\)",.*/\1/p' "$top/src/daemon/metrics.c")
	for name in $(sed -n '/^\.Sh METRICS/,/^\.Ss/s/^\.It Cm \(nat64d_.*\)/\1/p' "$ctl_man" | tr -d ,); do
		echo "$names" | grep -Fqx -e "$name"
		report $? "metric $name of nat64ctl.8 exists"
	done
}

# All pages use /etc/nat64.conf and /etc/nat64 for configurations.
check_places()
{
	! cat "$top"/man/* | grep -q '/etc/nat64d'
	report $? "no page puts files into /etc/nat64d"
}

findings()
{
	sed -n 's/^\(.*[^a-z]\)*\(finding ok\|finding WARN\|finding FAIL\|finding skip\|fault\|judge\) \([a-z0-9-]*[a-z0-9]\)\( .*\)*$/\3/p' "$top"/contrib/host/check*.sh | sort -u
}

# Each finding of nat64-host check has an entry; a finding for both families has one for each name.
check_findings()
{
	names=$(findings)
	[ "$(echo "$names" | wc -l)" -ge 30 ]
	report $? "the findings of nat64-host are readable"
	for name in $names; do
		grep '^\.It Cm ' "$top/man/nat64-host.8" | grep -Eq " $name(-4)?( |\$)"
		report $? "finding $name is in nat64-host.8"
	done
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

for file in "$conf_man" "$daemon_man" "$rules_man" "$example"; do
	[ -r "$file" ]
	report $? "there is a ${file##*/}"
done
check_directives
check_reasons 2>/dev/null
check_rules
check_types
check_citations
check_answered
check_places
check_lint "$conf_man"
check_lint "$daemon_man"
check_commands
check_keys
check_counters
check_lint "$ctl_man"
check_findings
check_lint "$top/man/nat64-host.8"
check_lint "$top/man/nat64d-sync.8"
check_lint "$top/man/nat64.7"
check_lint "$rules_man"
check_lint "$top/man/nat64-security.7"
finish
