#!/usr/bin/env bash
# Checks the output of every command with --json, on a network of ten hosts, against the installed schema, and each key of the
# schema against the manual.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need nft
top=$here/../..
SCHEMA=$top/contrib/nat64ctl.schema.json
# The module belongs to Debian's python3, so do not use another python3 in PATH.
PYTHON=/usr/bin/python3
"$PYTHON" -c 'import jsonschema' 2>/dev/null || skip_all "needs the Python module jsonschema (Debian: python3-jsonschema)"
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

cat >"$T/judge.py" <<'END2'
"""judge SCHEMA NAME: each line of standard input is one of NAME; prints what is wrong, and how many lines there are."""
import json, sys, warnings
warnings.simplefilter("ignore")
import jsonschema
schema = json.load(open(sys.argv[1]))
name = sys.argv[2]
judge = jsonschema.Draft202012Validator(dict(schema, **{"$ref": "#/$defs/" + name}), format_checker=jsonschema.FormatChecker())
lines = 0
for line in sys.stdin:
    lines += 1
    def once(pairs):
        keys = [k for k, _ in pairs]
        if len(keys) != len(set(keys)):
            print("a key comes twice:", line)
        return dict(pairs)
    for error in judge.iter_errors(json.loads(line, object_pairs_hook=once)):
        print(error.json_path, error.message, "in", line)
print(lines)
END2

# fits NAME LINES COMMAND...: one point, ok if COMMAND prints LINES lines of JSON, all of the kind NAME.
fits() {
	local name=$1 lines=$2
	shift 2
	"$@" >"$T/json" 2>"$T/stderr"
	same "$*: $lines of $name" "$lines" "$("$PYTHON" "$T/judge.py" "$SCHEMA" "$name" <"$T/json" 2>&1)$(cat "$T/stderr")"
}

# --- the schema and the manual --------------------------------------------------------------------------------------------

t "the schema is one" "$PYTHON" -W ignore -c 'import json, sys, jsonschema
jsonschema.Draft202012Validator.check_schema(json.load(open(sys.argv[1])))' "$SCHEMA"
same "each key of the schema is in nat64ctl.8" "" "$("$PYTHON" - "$SCHEMA" "$top/man/nat64ctl.8" <<'END2'
import json, re, sys
words = set(re.findall(r"[\w-]+", " ".join(re.findall(r"^\.(?:It )?Cm (.*)", open(sys.argv[2]).read(), re.M))))
def keys(it):
    if isinstance(it, dict):
        yield from it.get("properties", {})
        for value in it.values():
            yield from keys(value)
    elif isinstance(it, list):
        for value in it:
            yield from keys(value)
print(" ".join(sorted(set(keys(json.load(open(sys.argv[1])))) - words)))
END2
)"

# --- ten hosts ------------------------------------------------------------------------------------------------------------

config 'tun-setup yes' 'map 192.0.2.81 2001:db8:2::81' 'lease-log 7' >"$T/conf"
start_nat64d || finish
ctl watch >"$T/watch" 2>/dev/null &
ctl trace --json >"$T/trace" 2>/dev/null &
wait_for grep -q . "$SOCKET" || sleep 0.5
for host in {1..10}; do
	in_client ping -6 -n -c 2 -i 0.05 -W 5 -I "2001:db8:2::$host" $GOOGLE >/dev/null || not_ok "host $host is translated"
done
in_client ping -6 -n -c 1 -W 1 -I 2001:db8:2::1 64:ff9b::240.0.0.1 >/dev/null
fits status 1 ctl status --json
fits counters 1 ctl counters --json
fits counters_explain 1 ctl counters --json --explain
fits counters 1 ctl counters --json --diff 1
fits leases 10 ctl leases --json
fits leases 3 ctl leases --json --sort packets --limit 3
fits leases 1 ctl leases --json 2001:db8:2::7
fits import 1 ctl import --json < <(ctl export)
fits networks 2 ctl networks --json
fits networks 1 ctl networks --json --sort unconfirmed --limit 1
fits maps 1 ctl maps --json
fits config "$(ctl config | wc -l)" ctl config --json
fits explain 1 ctl explain 2001:db8:2::1 $GOOGLE --json
fits explain 1 ctl explain 2001:db8:2::99 $GOOGLE udp --json
fits explain 1 ctl explain 8.8.8.8 192.0.2.81 icmp --json
fits explain 1 ctl explain 8.8.8.8 192.0.2.82 --json
fits explain 1 ctl explain 2001:db8:2::1 64:ff9b::10.1.1.1 --json
fits reload 1 ctl reload --json
fits drain 1 ctl drain on --json
fits drain 1 ctl drain off --json
fits log 1 ctl log drop lease --json
fits demote 1 ctl demote 192.168.255.0/24 --json
fits promote 1 ctl promote 192.168.255.0/24 17 --json
fits status 1 ctl status --json
fits who 1 ctl who 2001:db8:2::3 --json
fits release 1 ctl release 2001:db8:2::10 --json
fits pin 1 ctl pin 2001:db8:2::9 --json
fits maps 2 ctl maps --json
fits unpin 1 ctl unpin 2001:db8:2::9 --json
wait_for eval '[ "$(ctl history --json | wc -l)" -ge 13 ]'
fits history 13 ctl history --json
fits health 6 ctl health --json
echo 'nonsense' >>"$T/conf"
ctl reload --json >"$T/refused" 2>/dev/null
same "a reload that is refused" 1 "$("$PYTHON" "$T/judge.py" "$SCHEMA" reload <"$T/refused" 2>&1)"
sleep 0.5
t "watch has told of 10 hosts" test "$(grep -c '"assigned"' "$T/watch")" -ge 10
lines=$(wc -l <"$T/watch")
fits watch "$lines" cat "$T/watch"
t "trace has told of the pings" test "$(grep -c '"icmpv6"' "$T/trace")" -ge 20
lines=$(wc -l <"$T/trace")
fits trace "$lines" cat "$T/trace"
stops "TERM ends it"
finish
