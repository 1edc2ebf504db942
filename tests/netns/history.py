#!/usr/bin/env python3
"""history.py DIRECTORY LINES PARTS QUESTIONS - a history of so many lines in DIRECTORY, from 2023-11-14 on, one event a second.

Prints questions and what is right, with blanks between: kind, address, time, IPv4, IPv6, beginning and end, or "nobody".
The kinds: held (a lease that has ended), between (two leases of an address), never (an address that had none)."""
import random
import sys
import time

FIRST = 1700000000
ADDRESSES = 65000


def stamp(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


def address(a):
    return "10.64.%d.%d" % (a >> 8, a & 255)


def write(directory, lines, parts, keep):
    """Returns the leases that have ended of the addresses in KEEP, in their order."""
    random.seed(1)
    ended = {a: [] for a in keep}
    host, since = [None] * ADDRESSES, [None] * ADDRESSES
    each = -(-lines // parts)
    for part in range(parts):
        name = "%s/leases.log" % directory + (".%d" % (parts - 1 - part) if part < parts - 1 else "")
        with open(name, "w") as out:
            for i in range(part * each, min(lines, (part + 1) * each)):
                a = int(random.random() * ADDRESSES)
                now = stamp(FIRST + i)
                if host[a] is None:
                    host[a] = "2001:db8:%x:%x::%x" % (i % 65521 + 1, i // 65521 + 1, a + 1)
                    since[a] = now
                    out.write("%s assigned new %s %s 64:ff9b::/96 - -\n" % (now, address(a), host[a]))
                    continue
                out.write("%s ended idle %s %s 64:ff9b::/96 %d %d %s\n"
                          % (now, address(a), host[a], i, i * 100, since[a]))
                if a in ended:
                    ended[a].append((host[a], since[a], now))
                host[a] = None
    return ended


def middle(a, b):
    form = "%Y-%m-%dT%H:%M:%SZ"
    import calendar
    return stamp((calendar.timegm(time.strptime(a, form)) + calendar.timegm(time.strptime(b, form))) // 2)


def main():
    directory, lines, parts, questions = sys.argv[1], *map(int, sys.argv[2:5])
    keep = random.sample(range(ADDRESSES), min(ADDRESSES, 50 * questions))
    ended = {a: e for a, e in write(directory, lines, parts, set(keep)).items() if len(e) >= 2}
    random.seed(2)
    for a in random.sample(sorted(ended), min(questions, len(ended))):
        i = random.randrange(len(ended[a]) - 1)
        host, since, until = ended[a][i]
        print("held", address(a), middle(since, until), address(a), host, since, until)
        print("held", host, middle(since, until), address(a), host, since, until)
        print("held", address(a), since, address(a), host, since, until)
        between = middle(until, ended[a][i + 1][1])
        if between >= until and between != ended[a][i + 1][1]:
            print("between", address(a), between, "nobody")
            print("between", host, between, "nobody")
    for _ in range(questions):
        at = stamp(FIRST + random.randrange(lines))
        print("never", "10.65.0.1", at, "nobody")
        print("never", "2001:db8::1", at, "nobody")


main()
