#!/usr/bin/env python3
"""A name server that answers with as many bytes as the name says.

dns.py [PORT]   without DF on PORT (53), as path-MTU discovery has it on PORT + 1, TCP on both

"4000.example TXT" is answered in 4,000 bytes; over UDP with an empty, truncated answer if the client's EDNS buffer is
smaller.
"""
import os
import selectors
import socket
import struct
import sys

IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, PMTUDISC_DONT, PMTUDISC_WANT = 10, 23, 0, 1
SIX = os.path.exists("/proc/net/if_inet6") and bool(open("/proc/net/if_inet6").read())
TXT, OPT = 16, 41


def question(query):
    """Its bytes, its first label as a number, and the size of the EDNS buffer."""
    end = query.index(b"\0", 12) + 5
    size = int(query[13:13 + query[12]])
    edns = query[end:end + 11]
    room = struct.unpack_from(">H", edns, 3)[0] if len(edns) == 11 and edns[2] == OPT else 512
    return query[12:end], size, room


def strings(size):
    out = b""
    while len(out) < size:
        n = min(255, size - len(out) - 1)
        out += bytes([n]) + b"x" * n
    return out


def answer(query, limit):
    asked, size, room = question(query)
    cut = limit and size > room
    opt = b"\0" + struct.pack(">HHIH", OPT, 4096, 0, 0)
    rdata = strings(size - 12 - len(asked) - 12 - len(opt))
    record = b"" if cut else b"\xc0\x0c" + struct.pack(">HHIH", TXT, 1, 60, len(rdata)) + rdata
    flags = 0x8400 | (0x200 if cut else 0) | query[2] << 8 & 0x100
    return query[:2] + struct.pack(">HHHHH", flags, 1, 0 if cut else 1, 0, 1) + asked + record + opt


def serve_udp(s):
    query, peer = s.recvfrom(4096)
    s.sendto(answer(query, True), peer)


def serve_tcp(s):
    with s.accept()[0] as c:
        c.settimeout(2)
        size = struct.unpack(">H", c.recv(2))[0]
        out = answer(c.recv(size), False)
        c.sendall(struct.pack(">H", len(out)) + out)


def main(port):
    family = socket.AF_INET6 if SIX else socket.AF_INET
    option = (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER) if SIX else (socket.IPPROTO_IP, IP_MTU_DISCOVER)
    ready = selectors.DefaultSelector()
    for at, pmtu in ((port, PMTUDISC_DONT), (port + 1, PMTUDISC_WANT)):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.setsockopt(*option, pmtu)
        s.bind(("", at))
        ready.register(s, selectors.EVENT_READ, serve_udp)
        ready.register(socket.create_server(("", at), family=family), selectors.EVENT_READ, serve_tcp)
    while True:
        for key, _ in ready.select():
            try:
                key.data(key.fileobj)
            except (ValueError, IndexError, struct.error, OSError):
                pass  # nonsense, or a client that went away


main(int(sys.argv[1]) if len(sys.argv) > 1 else 53)
