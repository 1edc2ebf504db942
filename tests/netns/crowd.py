#!/usr/bin/env python3
"""Hosts that use several translators at once, and what they notice of a failure.

serve PORT            on the server: echoes datagrams, and says where each came from; TCP connections get numbered lines
hosts N HOST PORT     on the client: 2001:db8:2::1..N each send a datagram every 50 ms and a ping every 200 ms, and download

hosts reads commands from standard input, and answers each with one line of JSON:
NAME    what the hosts have noticed since the last command, with this name
end     the same, and the end
"gap" is the time, in ms, that a host was without a translator: 50 ms for each datagram of the longest series without an answer.
"stall" is the longest time without a line of its download, and "late" how long this program itself had to wait for a processor.
"moved" counts hosts that the server has seen with another address than before, and "broken" the connections that were reset, or
ended, or lost a line.
"""
import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time

EVERY = 0.05  # seconds between two datagrams of a host
PING_EVERY = 0.2
LINES_EVERY = 0.1  # seconds between two lines of a download
LINE = 1000  # bytes


def serve(port):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("", port))
    listener = socket.create_server(("", port), backlog=500)
    listener.setblocking(False)
    downloads = {}
    due = time.monotonic()
    poll = select.poll()
    for s in (udp, listener):
        s.setblocking(False)
        poll.register(s, select.POLLIN)
    while True:
        ready = poll.poll(max(0, due - time.monotonic()) * 1000)
        for fd, _ in ready:
            if fd == udp.fileno():
                echo(udp)
            elif fd == listener.fileno():
                s = listener.accept()[0]
                s.setblocking(False)
                downloads[s] = [0, b""]
        if time.monotonic() >= due:
            due = max(due + LINES_EVERY, time.monotonic())
            for s in list(downloads):
                send_line(s, downloads)


def echo(udp):
    while True:
        try:
            data, peer = udp.recvfrom(2000)
            udp.sendto(data + b" " + peer[0].encode(), peer)
        except BlockingIOError:
            return
        except OSError:  # an ICMP error about an earlier datagram
            pass


def send_line(s, downloads):
    number, rest = downloads[s]
    if not rest:
        rest = b"%d" % number
        rest = rest.rjust(LINE - 1) + b"\n"
        number += 1
    try:
        rest = rest[s.send(rest):]
    except BlockingIOError:
        pass
    except OSError:
        s.close()
        del downloads[s]
        return
    downloads[s] = [number, rest]


class Host:
    def __init__(self, number, host, port, poll, by_fd):
        self.number = number
        self.host, self.port = host, port
        self.address = str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("2001:db8:2::")) + number))
        self.poll, self.by_fd = poll, by_fd
        self.udp = self.open(socket.SOCK_DGRAM, 0, self.on_udp)
        self.udp.connect((host, port))
        self.ping = self.open(socket.SOCK_RAW, socket.IPPROTO_ICMPV6, self.on_ping)
        self.ping.setsockopt(socket.IPPROTO_ICMPV6, 1, struct.pack("=8I", *[0xffffffff] * 4, 0xfffffffd, *[0xffffffff] * 3))
        self.download()
        self.seen = None  # the IPv4 address that the server sees
        self.pings = {}  # those without an answer
        self.sequence = 0
        self.number_sent = self.number_answered = 0
        self.clear()

    def open(self, kind, protocol, on_input):
        s = socket.socket(socket.AF_INET6, kind, protocol)
        s.bind((self.address, 0))
        s.setblocking(False)
        self.poll.register(s, select.POLLIN)
        self.by_fd[s.fileno()] = on_input
        return s

    def download(self):
        self.tcp = self.open(socket.SOCK_STREAM, 0, self.on_tcp)
        self.tcp.connect_ex((self.host, self.port))
        self.expected, self.rest = 0, b""
        self.arrived = time.monotonic()

    def clear(self):
        self.gap = self.tcp_gap = 0
        self.sent = self.lost = self.lost_pings = self.broken = 0
        self.moved = False

    def send(self, now):
        self.sent += 1
        self.number_sent += 1
        try:
            self.udp.send(b"%d" % self.number_sent)
        except OSError:  # an ICMP error about an earlier datagram; this one is lost
            pass

    def send_ping(self, now):
        self.sequence = (self.sequence + 1) & 0xffff
        self.pings[self.sequence] = now
        try:
            self.ping.sendto(struct.pack("!BBHHH", 128, 0, 0, self.number, self.sequence), (self.host, 0))
        except OSError:
            pass
        for sequence, when in list(self.pings.items()):
            if now - when > 1:
                del self.pings[sequence]
                self.lost_pings += 1

    def on_udp(self, now):
        while True:
            try:
                sent, address = self.udp.recv(2000).split()
            except BlockingIOError:
                return
            except OSError:
                continue
            missing = max(0, int(sent) - self.number_answered - 1)
            self.lost += missing
            self.gap = max(self.gap, missing)
            self.number_answered = max(self.number_answered, int(sent))
            self.moved = self.moved or self.seen not in (None, address)
            self.seen = address

    def on_ping(self, now):
        try:
            data = self.ping.recv(2000)
        except OSError:
            return
        kind, _, _, ident, sequence = struct.unpack("!BBHHH", data[:8])
        if kind == 129 and ident == self.number:
            self.pings.pop(sequence, None)

    def on_tcp(self, now):
        try:
            data = self.tcp.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        *lines, self.rest = (self.rest + data).split(b"\n")
        numbers = [int(line) for line in lines]
        if not data or numbers != list(range(self.expected, self.expected + len(numbers))):
            self.again()
            return
        self.expected += len(numbers)
        self.tcp_gap = max(self.tcp_gap, now - self.arrived)
        self.arrived = now

    def again(self):
        self.broken += 1
        self.poll.unregister(self.tcp)
        del self.by_fd[self.tcp.fileno()]
        self.tcp.close()
        self.download()

    def settle(self, now):
        """Counts what lasts until now."""
        self.gap = max(self.gap, self.number_sent - self.number_answered - 1)  # the last one is perhaps still under way
        self.tcp_gap = max(self.tcp_gap, now - self.arrived)


def share(values, part):
    values = sorted(values)
    return round(values[min(len(values) - 1, int(part * len(values)))] * 1000)


def report(name, crowd, now, late):
    for h in crowd:
        h.settle(now)
    gaps, stalls = [h.gap * EVERY for h in crowd], [h.tcp_gap for h in crowd]
    print(json.dumps({
        "name": name, "hosts": len(crowd),
        "gap_median": share(gaps, .5), "gap_95": share(gaps, .95), "gap_max": share(gaps, 1),
        "stall_median": share(stalls, .5), "stall_95": share(stalls, .95), "stall_max": share(stalls, 1),
        "late": round(late * 1000), "touched": sum(g > 0 for g in gaps),
        "sent": sum(h.sent for h in crowd), "lost": sum(h.lost for h in crowd),
        "lost_pings": sum(h.lost_pings for h in crowd),
        "moved": sum(h.moved for h in crowd), "broken": sum(h.broken for h in crowd),
        "silent": sum(h.seen is None for h in crowd)}), flush=True)
    for h in crowd:
        h.clear()


def hosts(count, host, port):
    poll = select.poll()
    by_fd = {}
    crowd = [Host(i + 1, host, port, poll, by_fd) for i in range(count)]
    poll.register(0, select.POLLIN)
    turns = [(time.monotonic() + EVERY * i / count, EVERY, h.send) for i, h in enumerate(crowd)]
    turns += [(time.monotonic() + PING_EVERY * i / count, PING_EVERY, h.send_ping) for i, h in enumerate(crowd)]
    turns.sort(key=lambda t: t[0])
    queues = [[t for t in turns if t[1] == every] for every in (EVERY, PING_EVERY)]
    commands = b""
    late = 0
    while True:
        now = time.monotonic()
        for queue in queues:
            while queue[0][0] <= now:
                due, every, send = queue.pop(0)
                late = max(late, now - due)
                send(now)
                # After a wait for a processor, it does not send everything at once.
                queue.append((due + every if now < due + every else now + every, every, send))
            queue.sort(key=lambda t: t[0])
        rest = min(queue[0][0] for queue in queues) - time.monotonic()
        for fd, _ in poll.poll(max(0, rest) * 1000):
            if fd:
                if fd in by_fd:
                    by_fd[fd](time.monotonic())
                continue
            data = os.read(0, 1000)
            commands += data
            *lines, commands = commands.split(b"\n")
            for line in lines:
                report(line.decode(), crowd, time.monotonic(), late)
                late = 0
            if not data or b"end" in lines:
                return


def main():
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        hosts(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))


main()
