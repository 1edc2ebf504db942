#!/usr/bin/env python3
# Malicious clients of the control socket, and the delay of packets during their attack.
#
#   attack.py echo ADDRESS PORT             answers every datagram, for ever
#   attack.py probe ADDRESS PORT SECONDS    sends a datagram each millisecond and prints, in us, the 99.9th percentile and
#                                           the maximum of what the answers took, and how many did not come
#   attack.py attack SOCKET SECONDS         does all at once that clients should not do; prints how often
import os, random, select, socket, sys, time

ask = (b"status\n", b"status --json\n", b"leases --json\n", b"setup\n", b"trace --json\n", b"watch\n")


def echo(address, port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    while True:
        data, sender = s.recvfrom(2048)
        s.sendto(data, sender)


def probe(address, port, seconds):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.connect((address, port))
    s.setblocking(False)
    took, sent = [], 0
    begin = time.perf_counter()
    due, end = begin, begin + seconds
    while (now := time.perf_counter()) < end + 0.2:
        if due <= now < end:
            s.send(time.perf_counter_ns().to_bytes(8, "big"))
            sent += 1
            due += 0.001
        left = due - time.perf_counter() if now < end else 0.05
        if select.select([s], [], [], max(0, left))[0]:
            then = int.from_bytes(s.recv(8), "big")
            took.append((time.perf_counter_ns() - then) // 1000)
    took.sort()
    print(took[len(took) * 999 // 1000], took[-1], sent - len(took))


class Client:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(1)
        self.s.connect(path)
        self.s.setblocking(False)

    def say(self, data):
        try:
            self.s.send(data)
        except OSError:
            pass

    def hear(self, most=65536):
        try:
            return self.s.recv(most)
        except BlockingIOError:
            return None
        except OSError:
            return b""


def stall(path):
    c = Client(path)
    c.say(random.choice(ask))
    while True:
        yield


def half_a_line(path):
    c = Client(path)
    while True:
        c.say(b"x")
        yield


def rubbish(path):
    while True:
        c = Client(path)
        c.say(os.urandom(random.randrange(1, 9000)) + b"\n" * random.randrange(2))
        yield
        c.hear()


def vanish(path):
    while True:
        c = Client(path)
        c.say(random.choice(ask))
        c.s.close()
        yield


def trace_again(path):
    while True:
        c = Client(path)
        c.say(b"trace --json\n")
        yield
        c.hear()


def read_greedily(path):
    while True:
        c = Client(path)
        c.say(b"leases --json\n")
        while c.hear() != b"":
            yield


def attack(path, seconds):
    kinds = [stall] * 12 + [half_a_line] * 4 + [rubbish, vanish, trace_again] * 2 + [read_greedily] * 4
    running = [(kind, kind(path)) for kind in kinds]
    end = time.monotonic() + seconds
    steps = failed = 0
    while time.monotonic() < end:
        for i, (kind, it) in enumerate(running):
            try:
                next(it)
                steps += 1
            except (OSError, StopIteration):  # turned away, or the queue is full
                failed += 1
                running[i] = (kind, kind(path))
    print(steps, failed)


{"echo": lambda a: echo(a[0], int(a[1])), "probe": lambda a: probe(a[0], int(a[1]), float(a[2])),
 "attack": lambda a: attack(a[0], float(a[1]))}[sys.argv[1]](sys.argv[2:])
