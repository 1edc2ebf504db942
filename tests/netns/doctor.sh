# Shared by the tests of nat64-host check; read it after lib.sh and host_topology.  It starts a healthy machine, and has functions
# for what the check finds.
# shellcheck shell=bash disable=SC2034,SC2154 # variables are for the tests, or lib.sh's

export RUNTIME_DIRECTORY=$T/control # where the daemon is asked
mkdir "$RUNTIME_DIRECTORY"
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
[ -x "$(dirname "$NAT64D")/nat64ctl" ] || cp "$NAT64CTL" "$(dirname "$NAT64D")"

# start_healthy: starts the daemon on a machine where the check finds nothing wrong.
start_healthy() {
	uplinks
	config 'tun-setup yes' >"$T/conf"
	start_bare
	wait_for link_running nat64 || { not_ok "nat64d starts" && finish; }
	may_be_fast "$LOG"
	host "$HOST" up "$T/conf" >/dev/null
}

# not_ok_lines: prints the lines that a healthy machine does not have.
not_ok_lines() { grep -v -e '^ok    [a-z0-9-]*: ' -e "^skip  ${CANNOT:-none}: " -e '^skip  gro-list: .* ethtool is not installed' "$T/found"; }

# ails WHAT NAME [TEXT]: one point, ok if the doctor finds NAME, saying TEXT.  Its command is in `cure' then.
ails() {
	local line
	well
	same "$1: exit status 1" 1 $?
	line=$(grep -E "^(FAIL|WARN)  $2: .*${3-}" "$T/found" | head -n 1)
	cure=${line##* => }
	if [ -n "$line" ]; then ok "$1: found as $2"; else not_ok "$1: found as $2 ${3-}" "$(cat "$T/found")"; fi
}

# one_failure WHAT NAME: one point, ok if nothing else has FAILed.
# illness WHAT NAME TEXT COMMAND...: COMMAND, in the router, breaks it.
one_failure() { same "$1: one cause is one failure" "FAIL  $2" "$(grep -o '^FAIL  [a-z0-9-]*' "$T/found")"; }

illness() {
	local what=$1 name=$2 text=$3
	shift 3
	in_router "$@" >/dev/null 2>&1 || { skip "$what" "$* does not work here" && return; }
	ails "$what" "$name" "$text"
	cured "$what"
}
