#!/usr/bin/env bash
# `nat64ctl top': rates of real hosts, as plain text and on a terminal, which is left as it was.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
need
topology
# shellcheck source=tests/netns/ctl.sh
. "$here/ctl.sh"

# on_terminal ROWS COLUMNS KEY [VARIABLE=VALUE]: top on a terminal of its own, until KEY ends it; what it has written, and
# then how it has left the terminal.
on_terminal() {
	in_router python3 - "$NAT64CTL" "$SOCKET" "$@" <<'END'
import fcntl, os, pty, select, signal, struct, sys, termios, time
nat64ctl, socket, rows, columns, key = sys.argv[1:6]
def size(fd, rows, columns): fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
master, slave = pty.openpty()
size(slave, int(rows), int(columns))
before = termios.tcgetattr(slave)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2): os.dup2(slave, fd)
    os.environ["TERM"] = "xterm"
    for word in sys.argv[6:]: os.environ.__setitem__(*word.split("="))
    os.execv(nat64ctl, [nat64ctl, "-s", socket, "top", "-d", "0.3"])
out, painted, resized = b"", 0, False
end = time.time() + 15
while time.time() < end:
    if select.select([master], [], [], 0.1)[0]: out += os.read(master, 65536)
    painted = out.count(b"total")
    if painted >= 2 and not resized:
        size(master, int(rows) + 2, int(columns)); resized = True; seen = painted
    if resized and painted >= seen + 2:
        os.write(master, key.encode().decode("unicode_escape").encode())
        break
status = os.waitpid(pid, 0)[1]
while select.select([master], [], [], 0.2)[0]: out += os.read(master, 65536)
after = termios.tcgetattr(slave)
sys.stdout.buffer.write(out.replace(b"\033", b"ESC").replace(b"\r", b""))
print("\nstatus", status, "restored", before == after)
END
}

config >"$T/conf"
start_nat64d || finish
serve_udp
hosts 10 >/dev/null
for i in 1 2 3; do
	in_client ping -6 -n -q -i "0.0$((i * 2))" -I "2001:db8:2::$i" -s $((400 * (4 - i))) $GOOGLE >/dev/null &
done
ctl top -n 2 -d 1 >"$T/top" 2>&1
same "plain: two tables, a blank line between them" 2 "$(grep -c '^IPV4' "$T/top")"
same "a header in capitals" "IPV4 IPV6 BITS-6TO4 PACKETS-6TO4 BITS-4TO6 PACKETS-4TO6" "$(grep -m 1 '^IPV4' "$T/top" | xargs)"
same "those who move, the fastest first" "2001:db8:2::1 2001:db8:2::2 2001:db8:2::3" "$(awk '/^[0-9.]* *2001/ { print $2 }' "$T/top" | head -n 3 | xargs)"
same "nobody else" 6 "$(grep -c '2001:db8' "$T/top")"
same "and how many have leases" "10 leases, 3 active" "$(grep -om 1 '10 leases, 3 active' "$T/top")"
same "no escape sequences" "" "$(grep -P '\033' "$T/top")"
# 25 echo requests a second, and as many replies
t "the rates are those of the host" awk '$2 == "2001:db8:2::2" { n++; good += $4 > 15 && $4 < 26 && $6 > 15 && $6 < 26 } END { exit !(n == 2 && good == 2) }' "$T/top"
t "the total is the sum" awk '
	/^total/ { if (NR > 3 && (sum < total * 0.99 || sum > total * 1.01)) exit 1; total = $5; sum = 0; seen++ }
	/2001:db8/ { sum += $4 }
	END { exit !(seen == 2 && sum > total * 0.99 && sum < total * 1.01) }' "$T/top"
same "of one host" "2001:db8:2::2" "$(ctl top 2001:db8:2::2 -n 1 -d 0.5 | awk '/^[0-9.]* *2001/ { print $2 }')"
same "of a prefix" 3 "$(ctl top 2001:db8:2::/126 -n 1 -d 0.5 | grep -c '2001:db8')"

on_terminal 24 130 q >"$T/screen"
t "on a terminal: another page, and back" grep -q 'ESC\[?1049h.*' "$T/screen"
same "and back, with the cursor" "ESC[?25hESC[?1049l" "$(grep -o 'ESC\[?25hESC\[?1049l' "$T/screen")"
same "q ends it, and leaves the terminal as it was" "status 0 restored True" "$(tail -n 1 "$T/screen")"
t "the header is bright" grep -q 'ESC\[1mIPV4' "$T/screen"
t "but not with NO_COLOR" sh -c '! grep -q "ESC\[1m" "$1"' - <(on_terminal 24 130 q NO_COLOR=1)
same "so does Ctrl-C" "status 0 restored True" "$(on_terminal 24 130 '\x03' | tail -n 1)"
on_terminal 5 40 q >"$T/screen"
same "a small terminal: no line is longer" "" "$(sed 's/ESC\[[?0-9]*[a-zA-Z]//g' "$T/screen" | grep -E '^.{41}' | grep -v '^status')"
t "and no more lines than it has" awk '/total/ { n = 0 } /2001:db8/ { if (++n > 3) bad++ } END { exit bad > 0 }' "$T/screen"

exits "another delay than a number: usage" 2 "-d takes seconds from 0.1 to 3600, not soon" ctl top -d soon
exits "no delay at all: usage" 2 "-d takes seconds from 0.1 to 3600" ctl top -d 0
exits "a count of nothing: usage" 2 "-n takes a number of at least 1" ctl top -n 0
exits "an unknown option: usage" 2 "unknown option --all" ctl top --all
exits "two addresses: usage" 2 "more than one address or prefix" ctl top 8.8.8.8 8.8.4.4
exits "no address: usage" 2 "me is neither an address nor a prefix" ctl top me
exits "JSON: usage" 2 "--json is not supported" ctl top --json
stop_nat64d
exits "nobody listens: exit status 3" 3 "no process listens there" ctl top
finish
