#!/usr/bin/env python3
"""Odd packets, byte for byte into the translator's device, and what it says to each.

odd.py DEVICE       prints a line "NAME: ANSWER" for each: an ICMP error as type/code, with the pointer or MTU if there
                    is one; "passed", "passed in N"; or "nothing"

Only to be run in the router of lib.sh: the server (8.8.8.8) talks to the mapped client (192.168.255.77, which is
2001:db8:1::2) and back.
"""
import ipaddress
import select
import socket
import struct
import sys

SERVER, CLIENT = "8.8.8.8", "192.168.255.77"
SERVER6, CLIENT6 = "64:ff9b::808:808", "2001:db8:1::2"
ETH_P_ALL, ETH_P_IP, ETH_P_IPV6, PACKET_OUTGOING = 3, 0x800, 0x86DD, 4
MF, DF = 0x2000, 0x4000


def packed(a):
    return ipaddress.ip_address(a).packed


def checksum(data):
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip4(payload, proto=17, src=SERVER, dst=CLIENT, ttl=64, frag=0, options=b"", first=None, length=None, csum=None):
    hlen = 20 + len(options)
    first = 0x40 | hlen // 4 if first is None else first
    head = struct.pack(">BBHHHBBH4s4s", first, 0, hlen + len(payload) if length is None else length, 4711, frag, ttl,
                       proto, 0, packed(src), packed(dst)) + options
    csum = checksum(head) if csum is None else csum
    return head[:10] + struct.pack(">H", csum) + head[12:] + payload


def ip6(payload, proto=17, src=CLIENT6, dst=SERVER6, hop=64, length=None):
    return struct.pack(">IHBB16s16s", 6 << 28, len(payload) if length is None else length, proto, hop, packed(src),
                       packed(dst)) + payload


def udp(src, dst, data=b"0123456789abcdef", csum=None):
    head = struct.pack(">HHHH", 4711, 4712, 8 + len(data), 0)
    if csum is None:
        pseudo = packed(src) + packed(dst) + struct.pack(">IHBB", 8 + len(data), 0, 0, 17)
        csum = checksum(pseudo + head + data) or 0xFFFF
    return head[:6] + struct.pack(">H", csum) + data


def icmp(kind, code=0, rest=b"\0\0\0\1", data=b"ping", csum=None):
    head = struct.pack(">BBH", kind, code, 0) + rest + data
    return head[:2] + struct.pack(">H", checksum(head) if csum is None else csum) + head[4:]


def ext(following, body):
    return bytes([following, (len(body) + 2) // 8 - 1]) + body


UDP4, UDP6 = udp(SERVER, CLIENT), udp(CLIENT6, SERVER6)
TCP = struct.pack(">HHIIBBHHH", 4711, 80, 1, 0, 0x50, 2, 1024, 0, 0)
PAD = b"\1\4\0\0\0\0"
ROUTE = b"\3\0\0\0\0\0" + packed("2001:db8::9")


def option(kind, pointer, *hops):
    body = b"".join(packed(h) for h in hops)
    return bytes([kind, 3 + len(body), pointer]) + body + b"\0" * (-(3 + len(body)) % 4)


def frag6(following, off, more=0):
    return struct.pack(">BBHI", following, 0, off | more, 4711)


PACKETS = (
    ("IPv4: header checksum", ip4(UDP4, csum=1)),
    ("IPv4: header length 4", ip4(UDP4, first=0x44)),
    ("IPv4: longer than it is", ip4(UDP4, length=2000)),
    ("IPv4: shorter than its header", ip4(UDP4, length=19)),
    ("IPv4: trailing bytes", ip4(UDP4) + b"more"),
    ("version 5", ip4(UDP4, first=0x55)),
    ("IPv4: cut within the header", ip4(UDP4)[:19]),
    ("IPv4: TTL 0", ip4(UDP4, ttl=0)),
    ("IPv4: TTL 1", ip4(UDP4, ttl=1)),
    ("IPv4: TTL 1, a later fragment", ip4(UDP4, ttl=1, frag=8)),
    ("IPv4: loose source route", ip4(UDP4, options=option(131, 4, "9.9.9.9"))),
    ("IPv4: strict source route", ip4(UDP4, options=option(137, 4, "9.9.9.9"))),
    ("IPv4: source route at its end", ip4(UDP4, options=option(131, 8, "9.9.9.9"))),
    ("IPv4: record route, time stamp", ip4(UDP4, options=option(7, 4, "0.0.0.0") + b"\x44\x08\x05\0\0\0\0\0")),
    ("IPv4: options that run over", ip4(UDP4, options=b"\7\xff\4\0")),
    ("IPv4: ping of death", ip4(UDP4, frag=0x1FFF)),
    ("IPv4: fragment of 13 bytes", ip4(UDP4[:13], frag=MF)),
    ("IPv4: TCP in fragments of 8 bytes", ip4(TCP[:8], proto=6, frag=MF)),
    ("IPv4: the second of them", ip4(TCP[8:16], proto=6, frag=MF | 1)),
    ("IPv4: UDP in fragments of 8 bytes", ip4(UDP4[:8], frag=MF)),
    ("IPv4: the second overlaps", ip4(UDP4[4:24], frag=0)),
    ("IPv4: empty UDP fragment", ip4(b"", frag=MF)),
    ("IPv4: DF and MF", ip4(UDP4, frag=DF | MF)),
    ("IPv4: UDP checksum 1", ip4(udp(SERVER, CLIENT, csum=1))),
    ("IPv4: UDP length 9000", ip4(UDP4[:4] + b"\x23\x28" + UDP4[6:])),
    ("IPv4: no UDP checksum, UDP length 9000", ip4(UDP4[:4] + b"\x23\x28\0\0" + UDP4[8:])),
    ("IPv4: ICMP checksum", ip4(icmp(8, csum=1), proto=1)),
    ("IPv4: ICMP of 4 bytes", ip4(icmp(8)[:4], proto=1)),
    ("IPv4: ICMP timestamp request", ip4(icmp(13, data=b"\0" * 12), proto=1)),
    ("IPv4: redirect", ip4(icmp(5, 1, data=ip4(UDP4, src=CLIENT, dst=SERVER)[:28]), proto=1)),
    ("IPv4: an error about an error", ip4(icmp(3, 1, data=ip4(icmp(3, 3), 1, CLIENT, SERVER)), proto=1)),
    ("IPv4: error that quotes nothing", ip4(icmp(3, 3, data=b""), proto=1)),
    ("IPv4: fragmented echo", ip4(icmp(8, data=b"\0" * 8), proto=1, frag=MF)),
    ("IPv4: IGMP", ip4(b"\0" * 8, proto=2)),
    ("IPv4: ICMPv6", ip4(b"\0" * 8, proto=58)),
    ("IPv4: protocol 253, empty", ip4(b"", proto=253)),
    ("IPv4: from loopback", ip4(UDP4, src="127.0.0.1")),
    ("IPv4: from broadcast", ip4(UDP4, src="255.255.255.255")),
    ("IPv4: from multicast", ip4(UDP4, src="224.1.1.1")),
    ("IPv4: land", ip4(udp(CLIENT, CLIENT), src=CLIENT)),
    ("IPv4: TCP to ipv4-addr", ip4(TCP, proto=6, dst="192.168.255.1")),
    ("IPv4: to nobody's lease", ip4(UDP4, dst="192.168.255.99")),
    ("IPv6: longer than it is", ip6(UDP6, length=2000)),
    ("IPv6: cut within the header", ip6(UDP6)[:39]),
    ("IPv6: hop limit 0", ip6(UDP6, hop=0)),
    ("IPv6: hop limit 1", ip6(UDP6, hop=1)),
    ("IPv6: a chain of all that is skipped", ip6(ext(43, PAD) + ext(60, b"\3\0\0\0\0\0") + ext(17, PAD) + UDP6, proto=0)),
    ("IPv6: routing header, a segment left", ip6(ext(17, b"\3\1\0\0\0\0" + ROUTE[6:]) + UDP6, proto=43)),
    ("IPv6: the same behind 8 bytes", ip6(ext(43, PAD) + ext(17, b"\3\1\0\0\0\0" + ROUTE[6:]) + UDP6, proto=0)),
    ("IPv6: extension header that runs over", ip6(bytes([17, 200]) + PAD + UDP6, proto=60)),
    ("IPv6: 100 extension headers", ip6(ext(60, PAD) * 99 + ext(17, PAD) + UDP6, proto=60)),
    ("IPv6: extension header in a fragment", ip6(frag6(60, 0) + ext(17, PAD) + UDP6, proto=44)),
    ("IPv6: atomic fragment", ip6(frag6(17, 0) + UDP6, proto=44)),
    ("IPv6: fragment of 13 bytes", ip6(frag6(17, 0, 1) + UDP6[:13], proto=44)),
    ("IPv6: ping of death", ip6(frag6(17, 0xFFF8) + UDP6, proto=44)),
    ("IPv6: overlapping fragment", ip6(frag6(17, 8) + UDP6, proto=44)),
    ("IPv6: no next header", ip6(b"", proto=59)),
    ("IPv6: ICMPv4", ip6(icmp(8), proto=1)),
    ("IPv6: no UDP checksum", ip6(UDP6[:6] + b"\0\0" + UDP6[8:])),
    ("IPv6: from loopback", ip6(UDP6, src="::1")),
    ("IPv6: from an IPv4-mapped address", ip6(UDP6, src="::ffff:1.2.3.4")),
    ("IPv6: to a private IPv4 address", ip6(UDP6, dst="64:ff9b::a00:1")),
    ("IPv6: to nowhere", ip6(UDP6, dst="2001:db8:ffff::1")),
    ("IPv6: TCP to ipv6-addr", ip6(TCP, proto=6, dst="2001:db8:1000::64")),
)


def describe(sent, got):
    """What left in the other family is the packet; what left in its own an answer, the translator's or the host's."""
    passed = [p for p in got if p[0] >> 4 != sent[0] >> 4]
    if passed:
        return "passed" if len(passed) == 1 else f"passed in {len(passed)}"
    if not got:
        return "nothing"
    p = got[0]
    at = (p[0] & 15) * 4 if p[0] >> 4 == 4 else 40
    rest = struct.unpack_from(">I", p, at + 4)[0]
    return f"{p[at]}/{p[at + 1]}" + (f" {rest}" if rest else "")


def listen(s, wait, last=None):
    """The packets that come out of the device within WAIT seconds after the one before, up to one that LAST is true of,
    apart from what the kernel sends."""
    got = []
    while select.select([s], [], [], wait)[0]:
        data, peer = s.recvfrom(65536)
        if peer[2] != PACKET_OUTGOING:
            got.append(data)
            if last and last(data):
                break
    return got


def echo(sent, text):
    """An echo request that goes the way of SENT."""
    if sent[0] >> 4 != 6:
        return ip4(icmp(8, data=text), proto=1)
    pseudo = packed(CLIENT6) + packed(SERVER6) + struct.pack(">II", 8 + len(text), 58)
    return ip6(icmp(128, data=text, csum=checksum(pseudo + struct.pack(">BBHI", 128, 0, 0, 1) + text)), proto=58)


def answers(s, sent, text):
    """What comes out because of SENT: all that comes before the answer to an ordinary ping which follows it, and which is
    answered by the same host when that has answered SENT."""
    ping = echo(sent, text)
    send(s, sent)
    send(s, ping)
    got = listen(s, 5, lambda data: text in data and data[0] >> 4 == ping[0] >> 4)
    return [data for data in got + listen(s, 0.005) if text not in data]


def send(s, data):
    s.sendto(data, (s.getsockname()[0], ETH_P_IPV6 if data[0] >> 4 == 6 else ETH_P_IP))


def main(device):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.bind((device, ETH_P_ALL))
    listen(s, 0)
    for number, (name, data) in enumerate(PACKETS):
        print(f"{name}: {describe(data, answers(s, data, b'ping %03d.' % number))}", flush=True)


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
