#!/usr/bin/env python3
"""The UDP side of the namespace tests.

serve PORT             echo every datagram; a datagram "who" is answered with the address it came from
echo HOST PORT N MAX   N datagrams of random sizes up to MAX there and back, one after the other, compared
hosts N HOST PORT      2001:db8:2::1..N ask "who": lines of "IPv6 IPv4"
within T N HOST PORT   as hosts, each asking once: those that are answered within T seconds
probe HOST PORT        one datagram into the void: prints the name of the error that comes back
"""
import errno
import ipaddress
import os
import random
import select
import socket
import sys
import time


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def serve(port):
    any_family = socket.AF_INET6 if os.path.exists("/proc/net/if_inet6") and open("/proc/net/if_inet6").read() \
        else socket.AF_INET
    s = socket.socket(any_family, socket.SOCK_DGRAM)
    s.bind(("", port))
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(peer[0].encode() if data == b"who" else data, peer)


def ask(s, data, tries=5):
    for _ in range(tries):
        try:
            s.send(data)
            return s.recv(65536)
        except (TimeoutError, socket.timeout):
            pass
        except OSError as e:  # the path says that it was too long: the next try goes in pieces
            if e.errno != errno.EMSGSIZE:
                raise
    return None


def echo(host, port, count, most):
    s = socket.socket(family(host), socket.SOCK_DGRAM)
    s.connect((host, port))
    s.settimeout(1)
    rng = random.Random(7915)
    for i in range(count):
        size = most if i == 0 else rng.randrange(4, most)
        data = rng.randbytes(size)
        got = ask(s, data)
        if got != data:
            sys.exit(f"datagram {i} of {size} bytes: " + ("lost" if got is None else f"{len(got)} other bytes"))


def all_ask(count, host, port):
    base = int(ipaddress.IPv6Address("2001:db8:2::"))
    socks = []
    for i in range(1, count + 1):
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        s.bind((str(ipaddress.IPv6Address(base + i)), 0))
        s.connect((host, port))
        s.settimeout(1)
        s.send(b"who")
        socks.append(s)
    return socks


def within(seconds, count, host, port):
    end = time.monotonic() + seconds
    waiting = all_ask(count, host, port)
    while waiting and time.monotonic() < end:
        for s in select.select(waiting, [], [], max(0, end - time.monotonic()))[0]:
            waiting.remove(s)
            try:
                print(s.getsockname()[0], s.recv(100).decode())
            except OSError:  # an ICMP error
                pass


def hosts(count, host, port):
    socks = all_ask(count, host, port)
    answers = []
    for s in socks:
        try:
            got = s.recv(100)
        except (TimeoutError, socket.timeout):
            got = ask(s, b"who")
        answers.append((s.getsockname()[0], got.decode() if got else "none"))
    print("\n".join(f"{a} {b}" for a, b in answers))
    if any(b == "none" for _, b in answers):
        sys.exit(1)


def probe(host, port):
    s = socket.socket(family(host), socket.SOCK_DGRAM)
    s.connect((host, port))
    s.settimeout(2)
    s.send(b"x")
    try:
        s.recv(100)
        print("an answer")
    except (TimeoutError, socket.timeout):
        print("silence")
    except OSError as e:
        print(errno.errorcode[e.errno])


def main():
    mode, args = sys.argv[1], sys.argv[2:]
    if mode == "serve":
        serve(int(args[0]))
    elif mode == "echo":
        echo(args[0], int(args[1]), int(args[2]), int(args[3]))
    elif mode == "hosts":
        hosts(int(args[0]), args[1], int(args[2]))
    elif mode == "within":
        within(float(args[0]), int(args[1]), args[2], int(args[3]))
    elif mode == "probe":
        probe(args[0], int(args[1]))
    else:
        sys.exit(__doc__)


main()
