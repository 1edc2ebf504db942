#!/usr/bin/env python3
"""GSO packets on a wire, and what comes out at both ends of the network behind the translator.

run CLIENT SERVER PID [AGAIN]
                         sends each case from the namespace that it belongs to, on `lan' or `wan', and prints what
                         arrives in both: lines of CASE <TAB> SIDE <TAB> the packet in hexadecimal.  A case that does
                         not arrive in full is sent again, at most AGAIN times in the whole run (default: 0); each time
                         its name goes to standard error.
list                     lines of CASE <TAB> how many packets it is on the wire <TAB> "all", or "first": an answer,
                         of which there is one for a GSO packet, but one for each of its packets where they come alone; or
                         "firsts": an answer, and at the other end the last segment, short enough to pass

The same bytes are sent in every run.  IPv4 Identifications, which are random, are left out, and header checksums.
"""
import ctypes
import os
import random
import select
import signal
import socket
import struct
import sys
import time

ETH_ALL, SOL_PACKET, PACKET_IGNORE_OUTGOING, PACKET_VNET_HDR = 3, 263, 23, 15
CLIENT, SERVER = "2001:db8:1::77", "8.8.8.77"  # no host answers there, but there is a neighbor entry
TCP, UDP = 6, 17
GSO_TCP4, GSO_TCP6, GSO_UDP, GSO_ECN = 1, 4, 5, 0x80
CWR, PSH, ACK, FIN = 0x80, 0x08, 0x10, 0x01
ADDRS = {
    4: socket.inet_aton(SERVER) + socket.inet_aton("192.168.255.77"),
    6: socket.inet_pton(socket.AF_INET6, CLIENT) + socket.inet_pton(socket.AF_INET6, "64:ff9b::808:84d"),
}


def fold(data, start=0):
    if len(data) % 2:
        data += b"\0"
    total = start + sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


class Case:
    """One packet or GSO packet, or several; SEG None: no GSO packet."""

    def __init__(self, name, family, proto, payload, seg=None, df=True, ttl=64, flags=ACK, options=b"", ecn=0,
                 partial=True, count=1, wanted=None, kind="all"):
        self.name, self.family, self.proto, self.payload, self.seg = name, family, proto, payload, seg
        self.df, self.ttl, self.flags, self.options, self.ecn = df, ttl, flags, options, ecn
        self.partial, self.count, self.kind = partial, count, kind
        segments = -(-payload // seg) if seg else 1
        self.wanted = wanted or segments * count

    def ip(self, length):
        if self.family == 6:
            return struct.pack("!IHBB", 6 << 28 | 2 << 20, length, self.proto, self.ttl) + ADDRS[6]
        head = struct.pack("!BBHHHBBH", 0x45, 2, 20 + length, 0x1234, 0x4000 if self.df else 0, self.ttl, self.proto, 0)
        csum = 0xffff ^ fold(head + ADDRS[4])
        return head[:10] + struct.pack("!H", csum) + ADDRS[4]

    def packet(self, number):
        data = random.Random(f"{self.name} {number}").randbytes(self.payload)
        flags = self.flags | (PSH if self.count > 1 and number == self.count - 1 else 0)
        if self.proto == TCP:
            offset = (20 + len(self.options)) // 4 << 4
            l4 = struct.pack("!HHIIBBHHH", 4000, 5000, 0xffffff00 + number * self.payload & 0xffffffff, 77, offset,
                             flags, 500, 0, 0) + self.options
            at = 16
        else:
            l4 = struct.pack("!HHHH", 4000, 5000, 8 + self.payload, 0)
            at = 6
        length = len(l4) + len(data)
        pseudo = fold(ADDRS[self.family] + struct.pack("!IHH", length, 0, self.proto))
        csum = pseudo if self.partial else 0xffff ^ fold(l4 + data, pseudo)
        l4 = l4[:at] + struct.pack("!H", csum) + l4[at + 2:]
        ip = self.ip(length)
        gso = 0
        if self.seg:
            gso = (GSO_UDP if self.proto == UDP else GSO_TCP4 if self.family == 4 else GSO_TCP6) | self.ecn
        vnet = struct.pack("=BBHHHH", self.partial, gso, 14 + len(ip) + len(l4) if gso else 0, self.seg or 0,
                           14 + len(ip) if self.partial else 0, at if self.partial else 0)
        return vnet, ip + l4 + data


STAMPS = bytes([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2])
CASES = [
    # 1260 bytes of IPv4 are the most that may be fragmented [7915-5.1]
    *[Case(f"TCP 6->4, IPv4 length {n + 40}", 6, TCP, n * 20 + 333, n) for n in (600, 1219, 1220, 1221, 1400, 1440)],
    Case("TCP 6->4, no short segment", 6, TCP, 1400 * 40, 1400),
    Case("TCP 6->4, PSH and FIN", 6, TCP, 30001, 1428, flags=ACK | PSH | FIN, options=STAMPS),
    Case("TCP 6->4, ECN", 6, TCP, 20000, 1400, flags=ACK | CWR, ecn=GSO_ECN),
    Case("TCP 6->4, two segments", 6, TCP, 1401, 1400),
    Case("TCP 6->4, 65,000 bytes", 6, TCP, 65000, 1440),
    *[Case(f"UDP 6->4, IPv4 length {n + 28}", 6, UDP, n * 20 + 333, n) for n in (100, 1231, 1232, 1233, 1452)],
    *[Case(f"TCP 4->6, IPv6 length {n + 60}", 4, TCP, n * 20 + 333, n) for n in (600, 1220, 1221, 1440)],
    Case("TCP 4->6, PSH and FIN", 4, TCP, 30001, 1428, flags=ACK | PSH | FIN, options=STAMPS),
    Case("TCP 4->6, ECN", 4, TCP, 20000, 1400, flags=ACK | CWR, ecn=GSO_ECN),
    Case("TCP 4->6, 65,000 bytes", 4, TCP, 65000, 1440),
    *[Case(f"UDP 4->6, IPv6 length {n + 48}", 4, UDP, n * 20 + 333, n) for n in (100, 1232, 1233, 1452)],
    # DF clear: fragments of at most 1280 bytes [7915-4]
    *[Case(f"UDP 4->6 no DF, IPv6 length {n + 48}", 4, UDP, n * 20 + 333, n, df=False) for n in (1000, 1232)],
    *[Case(f"UDP 4->6 no DF, IPv6 length {n + 48}", 4, UDP, n * 20 + 333, n, df=False, wanted=41) for n in (1233, 1400)],
    Case("TCP 4->6 no DF, IPv6 length 1460", 4, TCP, 20 * 1400 + 1333, 1400, df=False, flags=ACK | PSH, wanted=42),
    Case("UDP 4->6 no DF, alone", 4, UDP, 1400, df=False, wanted=2),
    # what is answered
    Case("TTL, TCP over IPv4", 4, TCP, 20 * 1000, 1000, ttl=2, kind="first"),
    Case("TTL, UDP over IPv4", 4, UDP, 20 * 1001, 1001, ttl=2, kind="first"),
    Case("hop limit, TCP over IPv6", 6, TCP, 20 * 1000, 1000, ttl=2, kind="first"),
    Case("hop limit, UDP over IPv6", 6, UDP, 20 * 1001, 1001, ttl=2, kind="first"),
    Case("too big, TCP over IPv4", 4, TCP, 20 * 1460, 1460, kind="first"),
    Case("too big, UDP over IPv4", 4, UDP, 20 * 1472, 1472, kind="first"),
    Case("too big but for the last, TCP over IPv4", 4, TCP, 20 * 1460 + 333, 1460, flags=ACK | PSH, kind="firsts"),
    Case("too big but for the last, UDP over IPv4", 4, UDP, 20 * 1472 + 333, 1472, kind="firsts"),
    # alone
    Case("TCP 6->4, a partial checksum", 6, TCP, 700),
    Case("UDP 4->6, a partial checksum", 4, UDP, 701),
    # what is merged
    Case("TCP 6->4, a burst", 6, TCP, 500, partial=False, count=30),
    Case("TCP 4->6, a burst", 4, TCP, 501, partial=False, count=30),
    Case("UDP 6->4, a burst", 6, UDP, 64, partial=False, count=50),
    Case("UDP 4->6, a burst", 4, UDP, 65, partial=False, count=50),
    Case("UDP 4->6 no DF, a burst", 4, UDP, 66, df=False, partial=False, count=50),
]

libc = ctypes.CDLL(None, use_errno=True)


def enter(name):
    with open(f"/run/netns/{name}", "rb") as f:
        if libc.setns(f.fileno(), 0) < 0:
            sys.exit(f"{name}: {os.strerror(ctypes.get_errno())}")


# A kernel filter for packets to these two, because Python is too slow for the load of a test.
OURS = [
    (0x28, 0, 0, 12), (0x15, 0, 3, 0x0800),  # IPv4?
    (0x20, 0, 0, 30), (0x15, 3, 4, struct.unpack("!I", ADDRS[4][:4])[0]),  # then: the destination
    (0x15, 0, 3, 0x86dd), (0x20, 0, 0, 50), (0x15, 0, 1, struct.unpack("!I", ADDRS[6][12:16])[0]),  # IPv6: its end
    (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0),
]


def filter_ours(s):
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *c) for c in OURS))
    s.setsockopt(socket.SOL_SOCKET, 26, struct.pack("@HP", len(OURS), ctypes.addressof(code)))  # SO_ATTACH_FILTER


def wire(namespace, device):
    enter(namespace)
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ALL))
    filter_ours(s)
    s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    s.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
    s.bind((device, 0))
    return s


def without_id(packet):
    return packet[:4] + b"\0\0" + packet[6:10] + b"\0\0" + packet[12:] if packet[0] >> 4 == 4 else packet


# Other packets on the wire, such as neighbor discovery.
def is_ours(frame):
    ip = frame[14:]
    if frame[12:14] == b"\x08\x00":
        return ip[16:20] == ADDRS[4][:4]
    return frame[12:14] == b"\x86\xdd" and ip[24:40] == ADDRS[6][:16]


def collect(wires, wanted, most=0.5):
    """What arrives until enough is there, and a moment more."""
    got, end = [], time.monotonic() + most
    while (left := end - time.monotonic()) > 0:
        for s in select.select(list(wires), [], [], left)[0]:
            data = s.recv(70000)
            vnet, frame = data[:10], data[10:]
            if not is_ours(frame):
                continue
            if vnet[1]:
                sys.exit("a GSO packet on the wire: it should have been cut up before")
            got.append((wires[s], without_id(frame[14:])))
            if len(got) >= wanted:
                end = min(end, time.monotonic() + 0.03)
    return got


def send_case(case, wire, ether, pid):
    together = case.count > 1
    if together:
        os.kill(pid, signal.SIGSTOP)
    for i in range(case.count):
        vnet, packet = case.packet(i)
        kind = b"\x86\xdd" if case.family == 6 else b"\x08\x00"
        wire.send(vnet + ether + bytes(6) + kind + packet)
    if together:
        time.sleep(0.02)
        os.kill(pid, signal.SIGCONT)


def run(client, server, pid, again=0):
    wires = {wire(client, "lan"): "client", wire(server, "wan"): "server"}
    side = dict(zip((6, 4), wires))
    # the router's and one's own address: seen once the other end has spoken
    ether = {f: bytes.fromhex(os.environ["MAC6" if f == 6 else "MAC4"].replace(":", "")) for f in side}
    for case in CASES:
        wanted = {"first": 1, "firsts": 2}.get(case.kind, case.wanted)
        while True:
            send_case(case, side[case.family], ether[case.family], pid)
            got = collect(wires, wanted)
            if len(got) >= wanted or again == 0:
                break
            again -= 1
            print(case.name, file=sys.stderr)
        for where, packet in got:
            print(case.name, where, packet.hex(), sep="\t")


def main():
    if sys.argv[1:2] == ["list"]:
        for case in CASES:
            print(case.name, case.wanted, case.kind, sep="\t")
    elif sys.argv[1:2] == ["run"] and len(sys.argv) in (5, 6):
        run(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
