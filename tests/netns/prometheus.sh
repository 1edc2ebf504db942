#!/usr/bin/env bash
# A real Prometheus, with the configuration of nat64(7) and the alert rules: it scrapes nat64d and an instance, and sees what
# there is.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need curl prometheus awk
topology
top=$(cd "$here/../.." && pwd)
NAT64CTL=${NAT64CTL:-$(dirname "$NAT64D")/nat64ctl}
# Both of the page, by one daemon: only the name differs.
export RUNTIME_DIRECTORY=$T/run/nat64d
mkdir -p "$RUNTIME_DIRECTORY" "$T/tsdb"
ln -s nat64d "$T/run/nat64d-home"
ctl() { in_router "$NAT64CTL" -s "$RUNTIME_DIRECTORY/control" "$@"; }
config >"$T/conf"
start_nat64d || finish
wait_for ctl status
ip netns exec "$R" unshare -m sh -c "mount --bind '$T/run' /run && exec python3 '$here/inetd.py' ::1 9664 '$NAT64CTL' metrics --http" \
	</dev/null >"$T/inetd" 2>&1 &
disown
wait_for listening "$R" -t 9664

# --- Prometheus -----------------------------------------------------------------------------------------------------

page=$top/man/nat64.7
cp "$top/contrib/monitoring/nat64d-alerts.yml" "$T"
printf 'global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n' >"$T/prometheus.yml"
block() { awk -v block="$1" -f "$top/tests/tree/manual.awk" "$page"; }
awk -f "$top/tests/tree/manual.awk" "$page" | while IFS=$'\t' read -r number kind rest; do
	if [ "$kind" = not-run ] && block "$number" | grep -q '^scrape_configs:'; then block "$number"; fi
done >>"$T/prometheus.yml"
t "the page has a configuration" grep -q 'job_name: nat64d-home' "$T/prometheus.yml"
if command -v promtool >/dev/null; then
	t "promtool finds nothing wrong with it" promtool check config "$T/prometheus.yml"
else
	skip "promtool finds nothing wrong with it" "needs promtool"
fi
ip netns exec "$R" prometheus --config.file="$T/prometheus.yml" --storage.tsdb.path="$T/tsdb" --web.listen-address='[::1]:9090' \
	--log.level=warn </dev/null >"$T/prometheus.log" 2>&1 &
disown
api() { in_router curl -gsS --max-time 10 -G "http://[::1]:9090/api/v1/$1" "${@:2}"; }
# json EXPRESSION: of the data.
json() { python3 -c 'import json, sys
it = json.load(sys.stdin)["data"]
print(eval(sys.argv[1]))' "$1"; }
# query EXPRESSION: the values, sorted.
query() { api query --data-urlencode "query=$1" | json '" ".join(sorted(r["value"][1] for r in it["result"]))'; }
is() { [ "$(query "$1")" = "$2" ]; }
counted() { ctl counters --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["6to4"]["ok"])'; }

t "it scrapes both, and both are up" wait_for is 'nat64d_up' "1 1"
same "and has no complaint" "up up" "$(api targets | json '" ".join(t["health"] + t["lastError"] for t in it["activeTargets"])')"
t "30 pings" in_client ping -6 -q -n -i 0.01 -W 2 -c 30 "$GOOGLE"
n=$(counted)
same "are all that were counted" 30 "$n"
t "it sees so many, each way" wait_for is 'nat64d_packets_total{job="nat64d",reason="ok"}' "30 30"
t "in the other job as well" wait_for is 'nat64d_packets_total{job="nat64d-home",reason="ok",direction="4to6"}' "30"
same "the types that it has heard of" "counter gauge histogram" \
	"$(api metadata | json '" ".join(sorted({m[0]["type"] for n, m in it.items() if n.startswith("nat64d_")}))')"
same "every metric has a text" "[]" "$(api metadata | json '[n for n, m in it.items() if n.startswith("nat64d_") and not m[0]["help"]]')"
t "it can tell quantiles of the loop" wait_for is 'count(histogram_quantile(0.99, rate(nat64d_loop_seconds_bucket[10s])) > 0)' 2
same "its rules are in order" "$(grep -c '^ *- alert: ' "$here/../../contrib/monitoring/nat64d-alerts.yml") ok" "$(api rules | json 'str(sum(len(g["rules"]) for g in it["groups"])) + " " + " ".join({r["health"] for g in it["groups"] for r in g["rules"]})')"

# --- alerts ---------------------------------------------------------------------------------------------------------

alerts() { api alerts | json '" ".join(sorted({a["labels"]["alertname"] + ":" + a["state"] for a in it["alerts"]}))'; }
alerted() { [[ " $(alerts) " == *" $1 "* ]]; }
t "nothing is wrong" fails alerted Nat64dReloadRefused:firing
echo nonsense >>"$T/conf"
t "a reload that is refused" fails ctl reload
t "is an alert" wait_for alerted Nat64dReloadRefused:firing
stop_nat64d
t "a daemon that has stopped is down" wait_for is 'nat64d_up' "0 0"
same "while its end by HTTP is up" "1 1" "$(query up)"
t "which is an alert, if it stays so" wait_for alerted Nat64dDown:pending
config >"$T/conf"
start_nat64d
t "and up again" wait_for is 'nat64d_up' "1 1"
t "the counters begin anew" wait_for is 'nat64d_packets_total{job="nat64d",reason="ok"}' "0 0"
finish
