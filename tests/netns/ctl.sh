# Shared by the tests of nat64ctl; read it after lib.sh and topology.  It sets the control socket of the next daemon, and has
# functions for queries.  To have the socket in another directory than $T/run, set RUNTIME_DIRECTORY before.
# shellcheck shell=bash disable=SC2034,SC2154 # variables are for the tests, or lib.sh's

NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
export RUNTIME_DIRECTORY=${RUNTIME_DIRECTORY:-$T/run}
SOCKET=$RUNTIME_DIRECTORY/control
install -D "$NAT64CTL" "$T/open/nat64ctl" # other users can access this copy
mkdir -p "$RUNTIME_DIRECTORY"

ctl() { in_router "$NAT64CTL" -s "$SOCKET" "$@"; }
as_other() { in_router setpriv --reuid 12345 --regid 12345 --clear-groups "$T/open/nat64ctl" -s "$SOCKET" "$@"; }

# exits NAME STATUS TEXT COMMAND...: one point, ok if TEXT is on standard error, and standard output is empty.
exits() {
	local name=$1 status=$2 text=$3 is
	shift 3
	"$@" >"$T/stdout" 2>"$T/stderr"
	is=$?
	if [ $is -eq "$status" ] && grep -qF -- "$text" "$T/stderr" && [ ! -s "$T/stdout" ]; then
		ok "$name"
	else
		not_ok "$name" "$*" "exit status $is, standard error:" "$(cat "$T/stderr")" "standard output:" "$(cat "$T/stdout")"
	fi
}

# json EXPRESSION: of standard input, which is one object called it; each: of every line, which is one.
json() { python3 -c 'import json, sys
it = json.load(sys.stdin)
print(eval("(" + sys.argv[1] + ")"))' "$1"; }
each() { python3 -c 'import json, sys
for line in sys.stdin:
    it = json.loads(line)
    print(eval("(" + sys.argv[1] + ")"))' "$1"; }

# A client follows a stream, or waits for the end of an answer.
connected() { in_router ss -Hx state established | grep -qF "$SOCKET"; }
