"""What tests/netns/faults.sh and tests/long/faults.sh do to the daemon and its control socket.

set FILE KEY=VALUE...             writes values of a struct faults (tests/support/faulty.c)
start FILE DAEMON CONF            starts the daemon as often as a start allocates; each time another allocation fails
reload FILE DAEMON CONF SOCKET    the same with the reloads of one daemon
clients SOCKET N                  N clients that send halves, never read, or send too much; prints those refused
slope FILE                        the least-squares slope per hour of each column but the first (s)

start and reload print one line for each result that is wrong, and then how many allocations there were."""
import mmap
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

KEYS = ["calls", "first", "last", "wall_us", "boot_us", "requests",
        "reads", "read_error"]


class Faults:
    def __init__(self, path):
        with open(path, "a+b") as f:
            f.truncate(8 * len(KEYS))
            self.map = mmap.mmap(f.fileno(), 8 * len(KEYS))

    def __setitem__(self, key, value):
        struct.pack_into("q", self.map, 8 * KEYS.index(key), value)

    def __getitem__(self, key):
        return struct.unpack_from("q", self.map, 8 * KEYS.index(key))[0]

    def fail(self, nth):
        self["calls"] = 0
        self["first"] = self["last"] = nth


class Daemon:
    def __init__(self, daemon, conf, faults):
        self.process = subprocess.Popen([daemon, "--nodetach", "-c", conf], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        env={**os.environ, "FAULTS": faults})
        self.lines = []

    def hear(self, words):
        """Reads lines until one has WORDS; False at the end."""
        for line in self.process.stderr:
            self.lines.append(line.decode().rstrip())
            if re.search(words, self.lines[-1]):
                return True
        return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.hear("$^")
        return self.process.wait(20)


def start(path, daemon, conf):
    faults, nth = Faults(path), 0
    while True:
        nth += 1
        faults.fail(nth)
        d = Daemon(daemon, conf, path)
        up = d.hear("fast-path: ")
        calls = faults["calls"]
        status = d.stop() if up else d.process.wait(20)
        if up and status != 0 or not up and (status != 1 or len(d.lines) != 1 or "memory" not in d.lines[0]):
            print(f"allocation {nth}: status {status}:", *d.lines, sep="\n  ")
        if up and calls < nth:
            break
    print(nth - 1, "allocations")


def ask(path, request):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(path)
        s.sendall(request.encode() + b"\n")
        return b"".join(iter(lambda: s.recv(65536), b"")).decode()


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def in_effect(control):
    """The addresses of all maps, of those of the configuration itself, and of all leases; and the lines of the configuration."""
    config = ask(control, "config")
    return (re.findall(r"192\.168\.255\.\d+", ask(control, "maps")), re.findall(r"^map (\S+)", config, re.M),
            sorted(re.findall(r"^192\.168\.255\.\d+", ask(control, "leases"), re.M)), config.count("\n"))


def reload(path, daemon, conf, control):
    """Each configuration has a map for an address that is leased.  It ends that lease, and brings the one before back."""
    faults = Faults(path)
    faults.fail(0)
    with open(conf) as f:
        text = f.read()
    leased = [f"192.168.255.{100 + i}" for i in range(20)]
    with open(re.search(r"data-dir (\S+)", text)[1] + "/dynamic.map", "w") as f:
        f.writelines(f"{a}\t2001:db8:2::{a.split('.')[3]}\t{int(time.time())}\n" for a in leased)
    d = Daemon(daemon, conf, path)
    d.hear("fast-path: ")
    before = descriptors(d.process.pid)
    lines = in_effect(control)[3] + 1
    current = None  # the map of the last reload that is in effect
    nth = -1
    while True:
        nth += 1
        extra = leased[nth % len(leased)]
        with open(conf, "w") as f:
            f.write(text + f"map {extra} 2001:db8:2::ffff\n")
        faults.fail(nth)
        d.lines = []
        d.process.send_signal(signal.SIGHUP)
        if not d.hear("is in effect|nothing is changed"):
            print(f"allocation {nth}: ended with status {d.process.wait(20)}:", *d.lines, sep="\n  ")
            break
        calls, faults["first"] = faults["calls"], 1 << 60
        faults["last"] = 0
        done = "is in effect" in d.lines[-1]
        if not done and not any("memory" in line for line in d.lines):
            print(f"allocation {nth}: refused for another reason:", *d.lines, sep="\n  ")
        if done:
            current = extra
        # The first reload, in which nothing fails, is in effect, so that CURRENT is set from then on.
        now = in_effect(control)
        wanted = (["192.168.255.50", current, "192.168.255.51"], ["192.168.255.50", current],
                  [a for a in leased if a != current], lines)
        if now != wanted:
            print(f"allocation {nth}: {'done' if done else 'refused'}, and not all or nothing is in effect:", now, wanted)
        if done and 0 < calls < nth:
            break
    after = descriptors(d.process.pid)
    if after != before:
        print(f"{before} descriptors before, {after} after")
    status = d.stop()
    if status != 0:
        print(f"status {status}:", *d.lines)
    print(nth - 1, "allocations")


def clients(path, n):
    """Each fourth sends nothing, half a line, a line that is too long, or a request whose answer it does not read."""
    kept, refused = [], 0
    parts = [b"", b"stat", b"x" * 100000, b"config\n"]
    for i in range(n):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(1)
        try:
            s.connect(path)
            s.setblocking(False)
            s.send(parts[i % len(parts)])
        except OSError:
            refused += 1
        kept.append(s)
        if len(kept) > 500:
            kept.pop(0).close()
    print(refused)


def slope(path):
    with open(path) as f:
        rows = [[float(word) for word in line.split()] for line in f]
    rows = rows[len(rows) // 4:]  # the start is not the steady state
    mean = [sum(column) / len(rows) for column in zip(*rows)]
    square = sum((row[0] - mean[0]) ** 2 for row in rows)
    for i in range(1, len(mean)):
        cross = sum((row[0] - mean[0]) * (row[i] - mean[i]) for row in rows)
        print(f"{cross / square * 3600:.1f}", end=" " if i + 1 < len(mean) else "\n")


def main():
    action, args = sys.argv[1], sys.argv[2:]
    if action == "set":
        faults = Faults(args[0])
        for arg in args[1:]:
            key, value = arg.split("=")
            faults[key] = int(value)
    elif action == "clients":
        clients(args[0], int(args[1]))
    else:
        {"start": start, "reload": reload, "slope": slope}[action](*args)


main()
