# Runs other tests, and adds their points to ours.
# shellcheck shell=bash

# adopt NAME COMMAND...: runs a program that prints TAP: one point for all its passed points, and one for each failed point.
adopt() {
	local name=$1 line good=0 end=""
	shift
	while IFS= read -r line; do
		case $line in
		1..0*) end="nothing to do: ${line#*SKIP }" ;;
		1..*) end=reached ;;
		"ok "*"# SKIP"*) diag "${line#ok }" ;;
		"ok "*) good=$((good + 1)) ;;
		"not ok "*) LOG="" not_ok "$name: ${line#*- }" ;;
		*) line=${line#\# } && diag "${line:0:200}" ;;
		esac
	done < <("$@" 2>&1 </dev/null)
	case $end in
	"") LOG="" not_ok "$name: comes to its end" ;;
	reached) ok "$name: $good points" ;;
	*) skip "$name" "$end" ;;
	esac
}

# each_program [NAME]: runs the programs of --program.
each_program() {
	local program
	for program in /tree/programs/*; do
		[ ! -x "$program" ] || adopt "${program##*/??-}${1+, $1}" "$program"
	done
}

# netns_tests: runs the tests of --netns.
netns_tests() {
	local name
	while read -r name; do
		[ -z "$name" ] || adopt "$name" bash "/tree/tests/netns/$name"
	done </tree/netns
}
