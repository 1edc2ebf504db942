#!/usr/bin/env bash
# Counters, rates and metrics: each packet is counted once, and what is told by JSON, by Prometheus' format, by HTTP and in a
# file is the same.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need curl nstat setpriv
topology
top=$(cd "$here/../.." && pwd)
# An instance, whose socket is where nat64ctl looks for it, once the directory has the place of /run.
RUNTIME_DIRECTORY=$T/run/nat64d-home
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"
mkdir "$T/files"
at_home() { in_router sh -c "mount --bind '$T/run' /run && exec \"\$@\"" sh "$NAT64CTL" "$@"; }

pings() { in_client ping -6 -q -n -i 0.01 -W 2 -c "$1" "$GOOGLE"; }

config >"$T/conf"
start_nat64d || finish
wait_for ctl status

# --- counters -------------------------------------------------------------------------------------------------------

# The device's own kernel says something of multicast groups from time to time.
noise='it["6to4"]["multicast-noise"]'
# shellcheck disable=SC2016 # python's braces
counted='" ".join(map(str, [it["6to4"]["ok"], it["4to6"]["ok"], it["bytes_6to4"] - 76 * '$noise', it["bytes_4to6"], sum(it["6to4"].values()) - '$noise', sum(it["4to6"].values())]))'
same "before the first packet" "0 0 0 0 0 0" "$(ctl counters --json | json "$counted")"
t "30 pings" pings 30
same "30 requests of 104 bytes and 30 replies of 84, each counted once" "30 30 3120 2520 30 30" "$(ctl counters --json | json "$counted")"
same "one lease is on record, and once more when it is confirmed" 2 "$(ctl counters --json | json 'it["leases_recorded"]')"
shows "the table: packets" "ok                                       30                   30" ctl counters
shows "the table: bytes" "                 2520" ctl counters
t "the table has no zeros" fails grep -q "ttl-exceeded" <(ctl counters)
in_client ping -6 -n -c 3 -t 2 -i 0.1 -W 1 "$GOOGLE" >/dev/null
same "3 whose hop limit runs out: under that reason, and three answers" "3 3" \
	"$(ctl counters --json | json '" ".join(map(str, [it["6to4"]["ttl-exceeded"], it["icmp_sent"]]))')"
shows "--explain: class and text" "  icmp    TTL or hop limit exceeded" ctl counters --explain
same "--explain --json" "{'count': 3, 'class': 'icmp', 'text': 'TTL or hop limit exceeded'}" \
	"$(ctl --json counters --explain | json 'it["6to4"]["ttl-exceeded"]')"
same "--explain --json: no class" None "$(ctl counters --explain --json | json 'it["4to6"]["ok"]["class"]')"
for wrong in 0 -1 x 1x '' 86401 99999999999999999999 1.5; do
	exits "--diff '$wrong': usage" 2 "--diff SECONDS" ctl counters --diff ${wrong:+"$wrong"}
done
exits "an unknown option: usage" 2 "--diff SECONDS" ctl counters --nosuch

# stream NAME: a million bytes of TCP from IPv4, as GSO packets; each segment is counted with its headers: of 52 bytes, but the
# first, which has more options.  A segment that is sent twice would add who knows how much: then once more.
stream() {
	local before after sent_twice try
	for try in 1 2 3 4 5 6; do
		sent_twice=$(retransmitted)
		before=$(ctl counters --json)
		in_client python3 -c 'import socket
s = socket.create_connection(("64:ff9b::808:808", 5005))
while s.recv(65536):
    pass'
		after=$(ctl counters --json)
		[ "$(retransmitted)" != "$sent_twice" ] || break
	done
	t "$1" python3 -c 'import json, sys
was, now = json.loads(sys.argv[1]), json.loads(sys.argv[2])
packets = now["4to6"]["ok"] - was["4to6"]["ok"]
bytes = now["bytes_4to6"] - was["bytes_4to6"]
print("try", sys.argv[3], packets, "packets,", bytes, "bytes,", now["gso_read"] - was["gso_read"], "GSO packets,", now["fast_packets_4to6"] - was["fast_packets_4to6"], "below")
assert packets > 690 and bytes == 1000000 + 52 * packets + 8
assert now["gso_read"] > was["gso_read"] or now["fast_packets_4to6"] > was["fast_packets_4to6"] + 100' "$before" "$after" "$try"
}
retransmitted() { in_server nstat -az | awk '$1 == "TcpRetransSegs" { print $2 }'; }
ip netns exec "$S" python3 -c 'import socket
s = socket.create_server(("", 5005))
while True:
    c = s.accept()[0]
    c.sendall(bytes(1000000))
    c.close()' </dev/null >/dev/null 2>&1 &
disown
wait_for listening "$S" -t 5005
in_server sysctl -qw net.ipv4.tcp_timestamps=1
stream "a TCP stream: its bytes are those of the wire"
stream "and again, when the fast path knows it"

# --diff: pings that begin and end within the time.
ctl counters --json --diff 3 >"$T/diff" &
job=$!
sleep 0.7
t "20 pings more, meanwhile" pings 20
wait "$job"
same "--diff: these alone" "20 20 2080 1680 20 20" "$(json "$counted" <"$T/diff")"
shows "--diff: the table" "COUNTER                                6TO4                 4TO6" ctl counters --diff=1
in_router "$NAT64CTL" -s "$SOCKET" counters --diff 2 >"$T/diff" 2>&1 &
job=$!
sleep 0.7
stop_nat64d KILL
rm -f "$SOCKET"
start_nat64d
wait_for ctl status
wait "$job"
same "--diff over a restart: exit status 1" 1 $?
t "and why" grep -q "restarted in the meantime" "$T/diff"

# --- rates ----------------------------------------------------------------------------------------------------------

t "50 pings" pings 50
same "status --json: a rate has four numbers" "['bytes_4to6', 'bytes_6to4', 'packets_4to6', 'packets_6to4']" \
	"$(ctl status --json | json 'sorted(it["rates"]["last_10s"])')"
t "in the first minute a minute is what there has been" python3 -c 'import json, sys
it = json.loads(sys.argv[1])
rate, up = it["rates"]["last_60s"]["packets_4to6"], it["uptime_seconds"]
print(rate, up)
assert 50 / (up + 2) < rate < 50 / max(up - 1, 0.1)
assert abs(it["rates"]["last_60s"]["bytes_4to6"] - 84 * rate) < 84' "$(ctl status --json)"
sleep 2.5
same "after two quiet seconds: nothing in the last one" 0.0 "$(ctl status --json | json 'it["rates"]["last_1s"]["packets_4to6"]')"
# Packets that come while the loop stands still belong to all of that time.
t "a stall of five seconds, and 100 pings behind it" bash -c 'kill -STOP "$1"; sleep 5; kill -CONT "$1"' sh "$PID"
pings 100 >/dev/null
t "no rate is larger than what has come" python3 -c 'import json, sys
it = json.loads(sys.argv[1])
print(it["rates"])
assert all(r["packets_4to6"] <= 101 for r in it["rates"].values())' "$(ctl status --json)"
shows "status: the table" "PER SECOND    PACKETS 6TO4    PACKETS 4TO6      BYTES 6TO4      BYTES 4TO6" ctl status
shows "status: the lease file" ", no errors, last written 20" ctl status
same "status --json: when the lease file was last written" True \
	"$(ctl status --json | json '0 <= __import__("time").time() - __import__("calendar").timegm(__import__("time").strptime(it["lease_file"]["last_write"], "%Y-%m-%dT%H:%M:%SZ")) < 60')"

# --- metrics --------------------------------------------------------------------------------------------------------

# value NAME FILE: of a sample, by its name and labels.
value() { awk -v name="$1" '$1 == name { print $2 }' "$2"; }
# told FILE: what `counted' tells.
told() { echo "$(value 'nat64d_packets_total{direction="6to4",reason="ok"}' "$1") $(value 'nat64d_packets_total{direction="4to6",reason="ok"}' "$1")"; }
ctl metrics >"$T/metrics"
same "metrics: the packets that counters has" "$(ctl counters --json | json '"%d %d" % (it["6to4"]["ok"], it["4to6"]["ok"])')" "$(told "$T/metrics")"
before=$(told "$T/metrics")
t "40 pings" pings 40
ctl metrics >"$T/metrics"
same "40 more" "$((${before% *} + 40)) $((${before#* } + 40))" "$(told "$T/metrics")"
same "the pool, and its lease" "254 1" \
	"$(value 'nat64d_pool_size{pool="192.168.255.0/24"}' "$T/metrics") $(value 'nat64d_leases{pool="192.168.255.0/24"}' "$T/metrics")"
same "up, link, draining" "1 1 0" "$(value nat64d_up "$T/metrics") $(value nat64d_link_up "$T/metrics") $(value nat64d_draining "$T/metrics")"
same "the start is what status says" "$(ctl status --json | json '__import__("calendar").timegm(__import__("time").strptime(it["since"], "%Y-%m-%dT%H:%M:%SZ"))')" \
	"$(value nat64d_start_time_seconds "$T/metrics")"
same "the last line" "# EOF" "$(tail -n 1 "$T/metrics")"
t "the loop's histogram has as many as its count, and as its last bucket" python3 -c 'import re, sys
text = open(sys.argv[1]).read()
n = [int(x) for x in re.findall(r"^nat64d_loop_seconds_bucket\{le=\"[^\"]*\"\} (\d+)$", text, re.M)]
assert len(n) == 14 and n == sorted(n), n
assert n[-1] == int(re.search(r"^nat64d_loop_seconds_count (\d+)$", text, re.M).group(1))
assert n[-1] >= 10, n' "$T/metrics"
t "no address of a host stands in it" fails grep -q 2001: "$T/metrics"
ctl metrics --openmetrics >"$T/openmetrics"
t "OpenMetrics: a counter's family has no _total" grep -qx "# TYPE nat64d_packets counter" "$T/openmetrics"
same "OpenMetrics: the same samples" "$(sed '/^#/d; s/[ {].*//' "$T/metrics" | sort -u)" "$(sed '/^#/d; s/[ {].*//' "$T/openmetrics" | sort -u)"
if command -v promtool >/dev/null; then
	t "promtool: no complaint" promtool check metrics <"$T/metrics"
else
	skip "promtool: no complaint" "needs promtool (Debian: prometheus)"
fi
exits "metrics --json: usage" 2 "usage: metrics" ctl metrics --json
exits "two ways at once: usage" 2 "usage: metrics" ctl metrics --http --textfile "$T/x"
exits "--textfile without a path: usage" 2 "usage: metrics" ctl metrics --textfile
ctl reload >/dev/null
echo nonsense >>"$T/conf"
ctl reload >/dev/null 2>&1
config >"$T/conf"
ctl metrics >"$T/metrics"
same "a reload, and one that was refused" "1 1" \
	"$(value 'nat64d_reloads_total{result="done"}' "$T/metrics") $(value 'nat64d_reloads_total{result="refused"}' "$T/metrics")"
ctl drain on >/dev/null
same "draining" 1 "$(ctl metrics | value nat64d_draining -)"
same "and status says so" True "$(ctl status --json | json 'it["draining"]')"
ctl drain off >/dev/null

# What the alert rules and the dashboard speak of is there.
missing() {
	local name
	grep -rhoE 'nat64d_[a-z_]+' "$top/contrib/monitoring" | sort -u | while read -r name; do
		grep -q "^${name}[ {]" "$1" || echo "$name"
	done
}
same "every metric that contrib/monitoring names is in the output" "" "$(missing "$T/metrics")"

# --- a pool that is full --------------------------------------------------------------------------------------------

config 'dynamic-pool 10.9.9.0/30' 'fast-path off' | sed '/192.168.255.0/d' >"$T/conf"
stop_nat64d
start_nat64d
ip -n "$R" route add 10.9.9.0/30 dev nat64
wait_for ctl status
stream "a TCP stream without the fast path: its bytes are those of the wire"
for host in 1 2 3 4 5; do in_client ping -6 -q -n -c 1 -W 1 -I "2001:db8:2::$host" "$GOOGLE" >/dev/null; done
ctl metrics >"$T/metrics"
same "three addresses, three hosts too many" "3 3 3" \
	"$(value 'nat64d_pool_size{pool="10.9.9.0/30"}' "$T/metrics") $(value 'nat64d_leases{pool="10.9.9.0/30"}' "$T/metrics") $(value 'nat64d_lease_refused_total{pool="10.9.9.0/30"}' "$T/metrics")"
same "and each of them under its reason" 3 "$(value 'nat64d_packets_total{direction="6to4",reason="pool-full"}' "$T/metrics")"
same "fast-path off: not active, and no reason" "0 False None" \
	"$(value nat64d_fast_path_active "$T/metrics") $(ctl status --json | json '"%s %s" % (it["fast_path"]["active"], it["fast_path"]["reason"])')"
same "status: the pool; which addresses the hosts prefer is by chance" \
	"10.9.9.0/30                 3          3          0          1             N          3          0  -          owner    -" \
	"$(ctl status | grep '^10.9.9.0/30 ' | sed -E 's/^(.{62} {13})[0-3] /\1N /')"

# --- many pools: more than one answer has room for ------------------------------------------------------------------

{
	config | sed '/dynamic-pool/d'
	for i in {0..7}; do printf "dynamic-pool 10.$i.%d.0/30\n" {0..249}; done
} >"$T/conf"
stop_nat64d
start_nat64d
wait_for ctl status
same "status --json of 2000 pools" "2000 3" "$(ctl status --json | json '"%d %d" % (len(it["pools"]), it["pools"][1999]["size"])')"
same "metrics of 2000 pools: each once" "2000 2000" "$(ctl metrics | grep -c '^nat64d_leases{') $(ctl metrics | grep '^nat64d_pool_size{' | sort -u | wc -l)"
# Somebody asks for all of that, and takes nothing.
cat >"$T/slow.py" <<'END'
import socket, subprocess, sys, time
ours, theirs = socket.socketpair()
ours.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
began = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs)
theirs.close()
print(process.wait(60), 9 < time.monotonic() - began < 30)
END
in_router python3 "$T/slow.py" "$NAT64CTL" -s "$SOCKET" metrics --http >"$T/slow" 2>&1 &
slow=$!
sleep 2 # until it has the answer
config >"$T/conf"
stop_nat64d
start_nat64d
wait_for ctl status

# --- HTTP -----------------------------------------------------------------------------------------------------------

# raw TEXT: sends TEXT to the HTTP end, and prints what comes back.
cat >"$T/raw.py" <<'END'
import socket, sys
s = socket.create_connection(("::1", 9664), timeout=20)
s.sendall(sys.argv[1].encode().decode("unicode_escape").encode("latin-1"))
if sys.argv[2:] != ["wait"]:
    s.shutdown(socket.SHUT_WR)
while True:
    b = s.recv(65536)
    if not b:
        break
    sys.stdout.write(b.decode())
END
raw() { in_router python3 "$T/raw.py" "$@"; }
first_line() { raw "$@" | sed -n 1p | tr -d '\r'; }
get() { in_router curl -gsS --max-time 20 "$@"; }
URL='http://[::1]:9664/metrics'
ip netns exec "$R" unshare -m sh -c "mount --bind '$T/run' /run && exec python3 '$here/inetd.py' ::1 9664 '$NAT64CTL' -s '$SOCKET' metrics --http" \
	</dev/null >"$T/inetd" 2>&1 &
CHILDREN=$!
disown
wait_for listening "$R" -t 9664
pings 5 >/dev/null
get -D "$T/head" "$URL" >"$T/scrape"
same "GET /metrics: as nat64ctl prints it" "$(ctl metrics | grep 'reason="ok"')" "$(grep 'reason="ok"' "$T/scrape")"
same "200, with its type and its length" "HTTP/1.1 200 OK|Content-Type: text/plain; version=0.0.4; charset=utf-8|Content-Length: $(wc -c <"$T/scrape")" \
	"$(tr -d '\r' <"$T/head" | head -n 3 | paste -sd '|')"
get -D "$T/head" -H 'Accept: application/openmetrics-text; version=1.0.0' "$URL" >"$T/scrape"
t "Accept: OpenMetrics" grep -qx "# TYPE nat64d_packets counter" "$T/scrape"
t "with its type" grep -q "^Content-Type: application/openmetrics-text; version=1.0.0" "$T/head"
get -I "$URL" >"$T/head"
t "HEAD: 200" grep -q "^HTTP/1.1 200" "$T/head"
same "HEAD: no body" "" "$(raw 'HEAD /metrics HTTP/1.1\r\n\r\n' | tr -d '\r' | sed '1,/^$/d')"
same "an instance by its name" 1 "$(get "$URL/home" | value nat64d_up -)"
same "an instance that is not there is down: 200 all the same" "200 0" "$(get -o "$T/scrape" -w '%{http_code}' "$URL/nosuch") $(value nat64d_up "$T/scrape")"
same "another path: 404" 404 "$(get -o /dev/null -w '%{http_code}' 'http://[::1]:9664/')"
same "another method: 405" 405 "$(get -o /dev/null -w '%{http_code}' -d x=y "$URL")"
same "rubbish: 400" "HTTP/1.1 400 Bad Request" "$(first_line '\x16\x03\x01\x02\x00\r\n\r\n')"
same "half a request: 400" "HTTP/1.1 400 Bad Request" "$(first_line 'GET /metrics HTTP/1.1\r\nHost:')"
same "too long a request: 431, and the answer arrives" "HTTP/1.1 431 Request Header Fields Too Large" \
	"$(first_line "GET /metrics HTTP/1.1\\r\\nX: $(printf 'x%.0s' {1..20000})\\r\\n\\r\\n")"
same "a request that never ends: 408" "HTTP/1.1 408 Request Timeout" "$(first_line 'GET /metrics HTTP/1.1\r\n' wait)"
many() {
	local i job jobs=()
	for i in {1..20}; do
		get "$URL" >"$T/many.$i" &
		jobs+=($!)
	done
	for job in "${jobs[@]}"; do wait "$job" || return; done
	[ "$(tail -qn 1 "$T"/many.* | grep -c '^# EOF$')" -eq 20 ]
}
t "20 scrapes at once: each is whole" many
chmod 700 "$RUNTIME_DIRECTORY"
same "a socket that may not be opened: 503" "HTTP/1.1 503 Service Unavailable" \
	"$(printf 'GET /metrics HTTP/1.1\r\n\r\n' | in_router setpriv --reuid 12345 --clear-groups "$T/open/nat64ctl" -s "$SOCKET" metrics --http 2>/dev/null | head -n 1 | tr -d '\r')"
chmod 755 "$RUNTIME_DIRECTORY"
same "a pipe will do as well" "HTTP/1.1 200 OK" "$(printf 'GET /metrics HTTP/1.1\r\n\r\n' | ctl metrics --http | head -n 1 | tr -d '\r')"
same "nothing at all: no answer, and no failure" "0" "$(ctl metrics --http </dev/null | wc -c)"

wait "$slow"
same "who takes nothing is left after ten seconds" "0 True" "$(cat "$T/slow")"

# --- a file ---------------------------------------------------------------------------------------------------------

t "--textfile" ctl metrics --textfile "$T/files/nat64d.prom"
same "the same samples" "$(ctl metrics | grep 'reason="ok"')" "$(grep 'reason="ok"' "$T/files/nat64d.prom")"
same "readable for everybody, and nothing beside it" "644 nat64d.prom" "$(stat -c %a "$T/files/nat64d.prom") $(ls "$T/files")"
t "an instance" at_home -i home metrics --textfile="$T/files/home.prom"
same "has its name in each sample" 0 "$(grep -v '^#' "$T/files/home.prom" | grep -vcE '^[a-z0-9_]+\{translator="home"[,}]')"
same "and the values are the same" "$(ctl metrics | grep 'reason="ok"' | sed 's/{/{translator="home",/')" "$(grep 'reason="ok"' "$T/files/home.prom")"
: >"$T/files/half.prom.new"
t "what an earlier process has left behind does no harm" ctl metrics --textfile "$T/files/half.prom"
mkfifo "$T/files/fifo.prom"
exits "no file, but a FIFO: exit status 1" 1 "$T/files/fifo.prom: File exists" ctl metrics --textfile "$T/files/fifo.prom"
t "and it is one still" test -p "$T/files/fifo.prom"
rm "$T/files/fifo.prom"
exits "an instance of two lines: usage" 2 "usage: metrics" in_router "$NAT64CTL" -i $'a\nb' metrics --textfile "$T/files/two.prom"
exits "a directory that is not there: exit status 1" 1 "$T/nosuch/x.prom: No such file" ctl metrics --textfile "$T/nosuch/x.prom"
if [ -c /dev/full ]; then
	ln -s /dev/full "$T/files/link.prom.new"
	t "a link in the way is not followed" ctl metrics --textfile "$T/files/link.prom"
fi
# A reader always sees a complete file.
whole() {
	local i job
	while :; do ctl metrics --textfile "$T/files/nat64d.prom"; done &
	job=$!
	for i in {1..300}; do
		[ "$(tail -n 1 "$T/files/nat64d.prom")" = "# EOF" ] || break
	done
	kill "$job"
	wait "$job" 2>/dev/null
	[ "$i" -eq 300 ]
}
t "who reads meanwhile reads all of it" whole
if command -v promtool >/dev/null; then
	t "promtool: no complaint about the file" promtool check metrics <"$T/files/home.prom"
else
	skip "promtool: no complaint about the file" "needs promtool (Debian: prometheus)"
fi
# node_exporter is one program for all of /proc: only this collector is wanted.
if command -v prometheus-node-exporter >/dev/null; then
	ip netns exec "$R" prometheus-node-exporter --collector.disable-defaults --collector.textfile \
		--collector.textfile.directory="$T/files" --web.listen-address='[::1]:9100' </dev/null >"$T/exporter" 2>&1 &
	disown
	wait_for listening "$R" -t 9100
	get http://[::1]:9100/metrics >"$T/scrape"
	same "node_exporter has read all files" "0 4" \
		"$(value node_textfile_scrape_error "$T/scrape") $(grep -c '^nat64d_up[ {]' "$T/scrape" | sed 's/^2$/4/')"
else
	skip "node_exporter reads the files" "needs prometheus-node-exporter"
fi

# --- without a daemon -----------------------------------------------------------------------------------------------

stops "TERM: exit status 0"
exits "metrics without a daemon: exit status 3" 3 "no process listens there" ctl metrics
same "GET: 200, and down" "200 0" "$(get -o "$T/scrape" -w '%{http_code}' "$URL") $(value nat64d_up "$T/scrape")"
same "and nothing else" 1 "$(grep -vc '^#' "$T/scrape")"
t "--textfile: done" ctl metrics --textfile "$T/files/nat64d.prom"
same "and down" 0 "$(value nat64d_up "$T/files/nat64d.prom")"
# One that listens and does not answer.
ip netns exec "$R" python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
time.sleep(60)' "$SOCKET" </dev/null >/dev/null 2>&1 &
disown
wait_for test -S "$SOCKET"
same "one that is stuck is down, too, after five seconds" "200 0" "$(get -o "$T/scrape" -w '%{http_code}' "$URL") $(value nat64d_up "$T/scrape")"
finish
