#!/usr/bin/env python3
"""The traffic that must not notice what happens to the daemon.

serve                  on the server: downloads without end (TCP port 80), echoes (UDP port 5007)
watch FILE DOWNLOADS   on the client: DOWNLOADS at once and a stream of datagrams through the translator, and native streams of
                       both families past it, until SIGTERM; then FILE says how it went:

    downloads WANTED WHOLE BYTES      how many there were, are whole, and what they have brought
    NAME SENT ANSWERED                of the streams translated, native4 and native6
    silence BEGIN LENGTH              between two answers of the translated stream; unix time, milliseconds
"""
import selectors
import signal
import socket
import sys
import threading
import time

CHUNK, CHUNK_EVERY = b"x" * 8000, 0.02
TRANSLATED, NATIVE6, NATIVE4 = "64:ff9b::808:808", "2001:db8:5::8", "8.8.8.8"
SILENCE_MS = 4


def listen(family, kind, port):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("", port))
    return s


def echo(s):
    while True:
        try:
            s.sendto(*s.recvfrom(2048))
        except OSError:  # no route to the sender, for example without NAT44
            pass


def feed(listener):
    listener.setblocking(False)
    listener.listen(100)
    peers = []
    while True:
        try:
            peers.append(listener.accept()[0])
            peers[-1].setblocking(False)
        except BlockingIOError:
            pass
        for peer in list(peers):
            try:
                peer.send(CHUNK)
            except BlockingIOError:
                pass
            except OSError:
                peers.remove(peer)
        time.sleep(CHUNK_EVERY)


def serve():
    for family in (socket.AF_INET, socket.AF_INET6):
        threading.Thread(target=echo, args=(listen(family, socket.SOCK_DGRAM, 5007),), daemon=True).start()
    feed(listen(socket.AF_INET, socket.SOCK_STREAM, 80))


class Stream:
    """Numbered datagrams, as many as `every' seconds allow, and when each answer came."""

    def __init__(self, name, host, every):
        self.name, self.every = name, every
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sock.connect((host, 5007))
        self.sent, self.answers, self.came = 0, set(), []

    def send(self, stop):
        due = time.monotonic()
        while not stop.is_set():
            try:
                self.sock.send(b"%d" % self.sent)
            except OSError:  # an earlier ICMP error; this datagram was not sent
                pass
            self.sent += 1
            due = max(due + self.every, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))

    def receive(self, over):
        self.sock.settimeout(0.2)
        while not over.is_set():
            try:
                self.answers.add(self.sock.recv(2048))
                self.came.append(time.time())
            except OSError:
                pass

    def silences(self):
        for a, b in zip(self.came, self.came[1:]):
            if (b - a) * 1000 >= SILENCE_MS:
                yield "silence %.4f %.1f" % (a, (b - a) * 1000)


def download(socks, counts, over):
    with selectors.DefaultSelector() as ready:
        for s in socks:
            ready.register(s, selectors.EVENT_READ)
        while not over.is_set():
            for key, _ in ready.select(0.2):
                try:
                    data = key.fileobj.recv(65536)
                except OSError:
                    data = b""
                if not data:
                    ready.unregister(key.fileobj)
                    counts["whole"] -= 1
                counts["bytes"] += len(data)
                counts["last", key.fileobj] = len(data) and time.monotonic()


def watch(path, downloads):
    stop, over = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    socks = [socket.create_connection((TRANSLATED, 80), 10) for _ in range(downloads)]
    counts = {"whole": downloads, "bytes": 0}
    streams = [Stream("translated", TRANSLATED, 0.002), Stream("native6", NATIVE6, 0.005), Stream("native4", NATIVE4, 0.005)]
    threads = [threading.Thread(target=s.send, args=(stop,)) for s in streams]
    threads += [threading.Thread(target=s.receive, args=(over,)) for s in streams]
    threads.append(threading.Thread(target=download, args=(socks, counts, over)))
    for t in threads:
        t.start()
    print("running", flush=True)
    while not stop.wait(0.5):
        pass
    ended = time.monotonic()
    time.sleep(5)
    over.set()
    for t in threads:
        t.join()
    # A connection that has delivered nothing since the end counts as broken, even without an error of its socket.
    counts["whole"] -= sum(1 for s in socks if 0 < counts.get(("last", s), 1) <= ended)
    with open(path, "w") as f:
        print("downloads %d %d %d" % (downloads, counts["whole"], counts["bytes"]), file=f)
        for s in streams:
            print(s.name, s.sent, len(s.answers), file=f)
        for line in streams[0].silences():
            print(line, file=f)


if sys.argv[1] == "serve":
    serve()
else:
    watch(sys.argv[2], int(sys.argv[3]))
