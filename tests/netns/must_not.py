#!/usr/bin/env python3
"""Who gets through, what he is told, and what arrives.  Each attempt has a number: the source port of TCP, a mark in the
rest.

watch             the number of each packet that comes in here, and "error TYPE/CODE DESTINATION" for each ICMP error
serve PLACE...    ADDRESS,PORT: accepts connections and sends datagrams back; the number of each that has arrived
hope FROM TRY...  PROTO,TO,PORT,NUMBER, all at once: "answer", "refused", "prohibited", "unreachable", "no-protocol" or
                  "silence", each word once
both TOLD FROM TRY... -- FROM TRY...
                  the same of the first, which are not to be answered but to end in the word TOLD, then of the others
stray FROM TO NUMBER
                  one TCP segment of IPv4 that neither opens a connection nor belongs to one
"""
import errno
import re
import selectors
import socket
import struct
import subprocess
import sys
import time

SHORT, LONG = 0.2, 3.0
MARK = re.compile(rb"mark (\d{5})\.")
WORDS = {errno.ECONNREFUSED: "refused", errno.EACCES: "prohibited", errno.EHOSTUNREACH: "unreachable",
         errno.ENETUNREACH: "unreachable", errno.ENOPROTOOPT: "no-protocol", errno.EPROTO: "no-protocol"}


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def say(text):
    print(text, flush=True)


# --- what arrives -----------------------------------------------------------------------------------------------------

def upper(packet):
    """Protocol, destination, what follows; of IPv6 without extension headers."""
    if packet[0] >> 4 == 6:
        return packet[6], socket.inet_ntop(socket.AF_INET6, packet[24:40]), packet[40:]
    return packet[9], socket.inet_ntop(socket.AF_INET, packet[16:20]), packet[(packet[0] & 15) * 4:]


def look(packet):
    proto, _, rest = upper(packet)
    if proto == 58 and rest[0] < 128 or proto == 1 and rest[0] in (3, 11, 12):
        say(f"error {rest[0]}/{rest[1]} {upper(rest[8:])[1]}")
    elif proto == 6 and rest[13] & 0x12 == 2:  # SYN, not from who accepts
        say(struct.unpack("!H", rest[:2])[0])
    elif MARK.search(rest):
        say(MARK.search(rest)[1].decode())


def watch():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    say("ready")
    while True:
        packet, where = s.recvfrom(65536)
        if where[2] != socket.PACKET_OUTGOING and where[0] != "lo" and where[1] in (0x0800, 0x86dd):
            look(packet)


def serve(*places):
    waiting = selectors.DefaultSelector()
    for place in places:
        address, port = place.split(",")
        waiting.register(socket.create_server((address, int(port)), family=family(address)), selectors.EVENT_READ, True)
        s = socket.socket(family(address), socket.SOCK_DGRAM)
        s.bind((address, int(port)))
        waiting.register(s, selectors.EVENT_READ, False)
    say("ready")
    while True:
        for key, _ in waiting.select():
            try:
                if key.data:
                    s, peer = key.fileobj.accept()
                    s.close()
                    say(peer[1])
                else:
                    data, peer = key.fileobj.recvfrom(100)
                    key.fileobj.sendto(data, peer)
                    say(MARK.match(data)[1].decode())
            except OSError:  # an ICMP error about an answer
                pass


# --- who tries --------------------------------------------------------------------------------------------------------

class Try:
    def __init__(self, source, text):
        self.proto, self.to, port, self.number = text.split(",")
        self.word = None
        mark = f"mark {self.number}."
        if self.proto == "icmp":
            self.job = subprocess.Popen(["ping", "-6" if ":" in self.to else "-4", *(["-b"] if self.to.endswith(".255") else []),
                                         "-n", "-c", "1", "-W", str(LONG), "-p", mark.encode().hex(), "-I", source, self.to],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            return
        self.s = socket.socket(family(self.to), socket.SOCK_STREAM if self.proto == "tcp" else socket.SOCK_DGRAM)
        self.s.setblocking(False)
        six = ":" in self.to
        if self.proto == "udp":
            self.s.setsockopt(*((socket.IPPROTO_IPV6, 25) if six else (socket.IPPROTO_IP, 11)), 1)  # all errors
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.s.bind((source, int(self.number) if self.proto == "tcp" else 0))
        try:
            self.s.connect((self.to, int(port)))
            if self.proto == "udp":
                self.s.send(mark.encode())
        except BlockingIOError:
            pass
        except OSError as e:
            self.word = WORDS.get(e.errno, e.strerror)

    def poll(self):
        if self.word:
            return self.word
        if self.proto == "icmp":
            if self.job.poll() is not None:
                said = self.job.stdout.read()
                self.word = "answer" if "bytes from" in said else "prohibited" if "rohibited" in said or "ailed policy" in said \
                    else "unreachable" if "nreachable" in said or "No route" in said else "silence"
            return self.word
        error = self.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        try:
            if error:
                self.word = WORDS.get(error, str(error))
            elif self.proto == "tcp":
                self.s.getpeername()
                self.word = "answer"
            else:
                self.s.recv(100)
                self.word = "answer"
        except (BlockingIOError, OSError) as e:
            if e.errno not in (errno.EAGAIN, errno.ENOTCONN):
                self.word = WORDS.get(e.errno, e.strerror)
        return self.word

    def end(self):
        self.poll()
        if self.proto == "icmp" and self.word is None:
            self.job.send_signal(2)
            self.job.wait()
            self.poll()
        return self.word or "silence"


def begin(source, texts, patience):
    tries = [Try(source, text) for text in texts]
    end = time.monotonic() + patience
    while not all([t.poll() for t in tries]) and time.monotonic() < end:
        time.sleep(0.01)
    return tries


def words(tries):
    return " ".join(sorted({t.end() for t in tries}))


def hope(source, *texts):
    print(words(begin(source, texts, LONG)))


def both(told, source, *texts):
    split = texts.index("--")
    first = begin(source, texts[:split], SHORT if told == "silence" else LONG)
    last = begin(texts[split + 1], texts[split + 2:], LONG)
    print(words(first), words(last), sep=",")


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff


def stray(source, to, number):
    syn_fin = struct.pack("!HHIIBBHHH", int(number), 5008, 1, 0, 5 << 4, 3, 1024, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(to) + struct.pack("!HH", socket.IPPROTO_TCP, len(syn_fin))
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    s.bind((source, 0))
    s.sendto(syn_fin[:16] + struct.pack("!H", checksum(pseudo + syn_fin)) + syn_fin[18:], (to, 0))


if __name__ == "__main__":
    {"watch": watch, "serve": serve, "hope": hope, "both": both, "stray": stray}[sys.argv[1]](*sys.argv[2:])
