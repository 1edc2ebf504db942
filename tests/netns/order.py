#!/usr/bin/env python3
"""Numbered datagrams, and whether they arrive in their order.

send HOST PORT FLOWS COUNT MIN MAX [NET]  COUNT datagrams of MIN to MAX bytes in each of FLOWS flows, at a rate that no queue
                                          minds; with NET, flow i comes from host i + 1 of that IPv6 network
receive PORT FLOWS COUNT                  says "in order" if that is all that arrives, or what is wrong
fragments DEVICE FAMILY COUNT             watches DEVICE until COUNT datagrams have come in fragments to it, and says "in
                                          order" if those of each came from its first byte to its last
mixed HOST PORT COUNT                     a flow, in which every third datagram is in fragments or has a destination option;
                                          tests/bench/blast's sink knows them
echo HOST COUNT                           echo requests of 16 to 400 bytes: says how many replies have come, and how many of
                                          them late
"""
import ipaddress
import random
import socket
import struct
import sys
import time

BURST, PAUSE = 12, 0.004
IDLE = 15  # seconds: a busy machine may stop a process for some


def send(host, port, flows, count, least, most, net=None):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    socks = []
    for flow in range(flows):
        s = socket.socket(family, socket.SOCK_DGRAM)
        if net:
            s.bind((str(ipaddress.ip_address(net) + flow + 1), 0))
        s.connect((host, port))
        socks.append(s)
    rng = random.Random(port)
    # Flows take turns, but not always the same ones.
    turns = [flow for flow in range(flows) for _ in range(count)]
    rng.shuffle(turns)
    numbers = [0] * flows
    for i, flow in enumerate(turns):
        data = struct.pack("!II", flow, numbers[flow])
        numbers[flow] += 1
        try:
            socks[flow].send(data + bytes(rng.randrange(least, most + 1) - len(data)))
        except ConnectionRefusedError:
            return  # the receiver has seen enough, and says what
        if i % BURST == 0:
            time.sleep(PAUSE)


def receive(port, flows, count):
    v6 = open("/proc/net/if_inet6").read() if socket.has_ipv6 else ""
    s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    s.bind(("", port))
    s.settimeout(60)
    want = [0] * flows
    while min(want) < count:
        try:
            data = s.recv(65536)
        except (TimeoutError, socket.timeout):
            sys.exit(f"only {want} of {count} each have arrived")
        s.settimeout(IDLE)
        flow, number = struct.unpack("!II", data[:8])
        if number != want[flow]:
            sys.exit(f"flow {flow}: {number} has come where {want[flow]} was due")
        want[flow] += 1
    s.settimeout(0.5)
    try:
        s.recv(65536)
        sys.exit("more than was sent")
    except (TimeoutError, socket.timeout):
        print("in order")


def fragment_of(family, p):
    """(key, first byte, byte behind the last one, more to come?), or None"""
    if family == 4:
        if p[0] >> 4 != 4 or p[9] != 17:
            return None
        header = (p[0] & 15) * 4
        total, ident, frag = struct.unpack("!HHH", p[2:8])
        off, more = (frag & 0x1fff) * 8, bool(frag & 0x2000)
        key, n = (p[12:20], ident), total - header
    else:
        if p[0] >> 4 != 6 or p[6] != 44 or p[40] != 17:
            return None
        off, ident = struct.unpack("!HI", p[42:48])
        more, off = bool(off & 1), off & 0xfff8
        key, n = (p[8:40], ident), struct.unpack("!H", p[4:6])[0] - 8
    return (key, off, off + n, more) if off or more else None


def fragments(device, family, count):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800 if family == 4 else 0x86dd))
    s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
    s.bind((device, 0x0800 if family == 4 else 0x86dd))
    s.settimeout(60)
    print("ready", flush=True)
    due, done, seen = {}, 0, 0
    while done < count:
        try:
            p, where = s.recvfrom(65536)
        except (TimeoutError, socket.timeout):
            sys.exit(f"only {done} of {count} datagrams have come in {seen} fragments")
        f = fragment_of(family, p) if where[2] != socket.PACKET_OUTGOING else None
        if not f:
            continue
        s.settimeout(IDLE)
        key, begin, end, more = f
        seen += 1
        if begin != due.pop(key, 0):
            sys.exit(f"a fragment at byte {begin} is not the one that was due")
        if more:
            due[key] = end
        else:
            done += 1
    if seen < 2 * count or due:
        sys.exit(f"{seen} fragments, {len(due)} datagrams not finished")
    print("in order")


def mixed(host, port, count):
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.connect((host, port))
    option = [(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, bytes([0, 0, 1, 4, 0, 0, 0, 0]))]
    pattern = bytes((i * 7 + (i >> 8)) & 255 for i in range(4000))
    for i in range(count):
        size = 4000 if i % 6 == 0 else 100
        s.sendmsg([struct.pack("=IIQ", 0x6e363462, 0, i) + pattern[16:size]], option if i % 6 == 3 else [])
        if i % BURST == 0:
            time.sleep(PAUSE)


def echo(host, count):
    s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
    s.connect((host, 0))
    late = there = highest = 0
    for i in range(1, count + 1):
        s.send(struct.pack("!BBHHH", 128, 0, 0, 4711, i) + bytes(400 if i % 5 == 0 else 16))
        if i % BURST == 0:
            time.sleep(PAUSE / 4)
    s.settimeout(1)
    while there < count:
        try:
            data = s.recv(2000)
        except (TimeoutError, socket.timeout):
            break
        kind, ident, number = data[0], *struct.unpack("!HH", data[4:8])
        if kind == 129 and ident == 4711:
            there += 1
            late += number < highest
            highest = max(highest, number)
    print(f"{there} replies, {late} late")


def main():
    mode, a = sys.argv[1], sys.argv[2:]
    if mode == "send":
        send(a[0], *map(int, a[1:6]), *a[6:])
    elif mode == "receive":
        receive(*map(int, a))
    elif mode == "fragments":
        fragments(a[0], int(a[1]), int(a[2]))
    elif mode == "mixed":
        mixed(a[0], int(a[1]), int(a[2]))
    elif mode == "echo":
        echo(a[0], int(a[1]))
    else:
        sys.exit(__doc__)


main()
