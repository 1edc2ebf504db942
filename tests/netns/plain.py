#!/usr/bin/env python3
"""Packets of all kinds between two hosts, and what comes out at both ends of the network behind the translator.

run CLIENT SERVER COUNT  sends COUNT packets from either side, and prints what arrives in both namespaces, sorted: lines of
                         SIDE <TAB> the packet in hexadecimal.  Most are plain, some are what only the daemon translates
                         or refuses.  The same bytes are sent in every run, by the two hosts of gso.py.
df                       says how many packets of TCP and UDP in lines of gso.py have DF where they are longer than 1260
                         bytes, and have none where they are not [7915-5.1]; fails if one is different
"""
import os
import random
import struct
import sys
import time

import gso
from gso import ADDRS, TCP, UDP, fold

ICMP, ICMP6, HOP, OPTIONS, FRAGMENT = 1, 58, 0, 60, 44
PACE = 0.0006
SIZES = [0, 1, 2, 3, 8, 18, 63, 64, 100, 500, 1000, *range(1190, 1240), 1400, 1420, 1432, 1440, 1452, 1460, 1472]


def upper(rng, family):
    """Protocol, message, where its checksum is, whether the kernel may be left to finish that."""
    kind = rng.choice([TCP, TCP, TCP, UDP, UDP, "echo", "echo"])
    data = rng.randbytes(rng.choice(SIZES))
    if kind == TCP:
        options = rng.choice([b"", b"", gso.STAMPS, b"\2\4\5\xb4" + gso.STAMPS])
        flags = rng.choice([0x10, 0x10, 0x10, 0x18, 0x11, 0x02, 0x12, 0x04, 0xd0])
        head = struct.pack("!HHIIBBHHH", rng.randrange(65536), 5000, rng.getrandbits(32), rng.getrandbits(32),
                           (20 + len(options)) // 4 << 4, flags, 500, 0, rng.choice([0, 0, 7])) + options
        return TCP, head + data, 16, True
    if kind == UDP:
        return UDP, struct.pack("!HHHH", rng.randrange(65536), 5000, 8 + len(data), 0) + data, 6, True
    kinds = (128, 129) if family == 6 else (8, 0)
    return (ICMP6 if family == 6 else ICMP), struct.pack("!BBHHH", rng.choice(kinds), rng.choice([0, 0, 0, 3]), 0, 7,
                                                         rng.randrange(65536)) + data, 2, False


def finish(rng, family, proto, message, at, partial):
    """With its checksum, or mostly so."""
    pseudo = 0 if proto == ICMP else fold(ADDRS[family] + struct.pack("!IHH", len(message), 0, proto))
    if partial:
        csum = pseudo
    else:
        csum = 0xffff ^ fold(message, pseudo)
        odd = rng.random()
        if proto == UDP and (csum == 0 or odd < 0.03):
            csum = 0xffff if odd >= 0.03 else 0
        elif odd > 0.98:
            csum ^= 1 << rng.randrange(16)
    return message[:at] + struct.pack("!H", csum) + message[at + 2:]


def packet(rng, family, number):
    proto, message, at, may = upper(rng, family)
    odd = rng.random() if rng.random() < 0.15 else 1
    partial = may and odd == 1 and rng.random() < 0.3
    message = finish(rng, family, proto, message, at, partial)
    ttl = rng.choice([1, 2, 3, 4, 64, 64, 64, 64, 64, 255])
    tos = rng.choice([0, 0, 1, 2, 3, rng.randrange(256)])
    if family == 6:
        extra, first = b"", proto
        if odd < 0.3:
            extra, first = struct.pack("!BBBBI", proto, 0, 1, 4, 0), rng.choice([HOP, OPTIONS])
        elif odd < 0.6:
            more = rng.choice([0, 0, 1]) if len(message) % 8 == 0 else 0
            extra, first = struct.pack("!BBHI", proto, 0, more, number), FRAGMENT
        body = extra + message
        ip = struct.pack("!IHBB", 6 << 28 | tos << 20 | rng.getrandbits(20), len(body), first, ttl) + ADDRS[6]
    else:
        options = rng.choice([b"\1\1\1\0", b"\x07\x07\x04\0\0\0\0\0"]) if odd < 0.3 else b""
        frag = rng.choice([0, 0x4000, 0x4000])
        if 0.3 < odd < 0.6:
            frag = rng.choice([0x2000, 0x8000, 0x6000, 0x0010]) if len(message) % 8 == 0 else 0x8000
        body = message
        ip = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, tos, 20 + len(options) + len(body), number & 0xffff, frag,
                         ttl, proto, 0) + ADDRS[4]
        csum = 0xffff ^ fold(ip + options)
        ip = ip[:10] + struct.pack("!H", csum) + ip[12:] + options
    start = 14 + len(ip)
    vnet = struct.pack("=BBHHHH", partial, 0, 0, 0, start if partial else 0, at if partial else 0)
    return vnet, (ip + body)[:65000]


def fitting(rng, family, number):
    while True:
        vnet, p = packet(rng, family, number)
        if len(p) <= (1500 if family == 6 or number % 16 == 0 else 1480):
            return vnet, p


def run(client, server, count):
    wires = {gso.wire(client, "lan"): "client", gso.wire(server, "wan"): "server"}
    side = dict(zip((6, 4), wires))
    ether = {f: bytes.fromhex(os.environ["MAC6" if f == 6 else "MAC4"].replace(":", "")) for f in side}
    lines = []

    def send(rng, family, number, vnet=None, p=None):
        if not p:
            vnet, p = fitting(rng, family, number)
        side[family].send(vnet + ether[family] + bytes(6) + (b"\x86\xdd" if family == 6 else b"\x08\x00") + p)

    # so that the pair is known: plain TCP
    for i in range(20):
        for family in side:
            send(None, family, 0, *gso.Case("first", family, TCP, 10 + i).packet(0))
        time.sleep(0.02)
    gso.collect(wires, 40)
    rng = random.Random(6145)
    for number in range(count):
        for family in side:
            send(rng, family, number)
        time.sleep(PACE)
        if number % 50 == 49:
            lines += gso.collect(wires, 1 << 30, 0.05)
    lines += gso.collect(wires, 1 << 30)
    print("\n".join(sorted(f"{where}\t{p.hex()}" for where, p in lines)))


def df():
    right = wrong = 0
    for line in sys.stdin:
        p = bytes.fromhex(line.rpartition("\t")[2])
        if p[0] >> 4 != 4 or p[9] not in (TCP, UDP) or p[6] & 0x3f or p[7]:
            continue
        if bool(p[6] & 0x40) == (struct.unpack("!H", p[2:4])[0] > 1260):
            right += 1
        else:
            wrong += 1
    print(right)
    sys.exit(wrong > 0)


def main():
    if sys.argv[1:2] == ["run"] and len(sys.argv) == 5:
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    elif sys.argv[1:] == ["df"]:
        df()
    else:
        sys.exit(__doc__)


main()
