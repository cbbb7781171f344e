# SPDX-License-Identifier: GPL-2.0
"""A bad wire: what netem does, outside of the hosts.

netem on a host's device works before ESP: it drops whole GSO packets, and what
it damages is encrypted and authenticated afterwards.  And not every machine that
runs the tests has it.  This forwards frames between two bridges, and loses,
repeats, delays, damages and queues those that are on the wire.

As a program: arguments are two devices, a seed, and perhaps a pcap file for
all that the hosts sent, before anything happens to it.  Each line on standard
input is a JSON list of two objects, changes of the conditions of either
direction; each is answered with the counts so far.
"""

import heapq
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

# Conditions, and what they are when nothing is said.
CONDITIONS = {
    'loss': 0,		# share of the frames
    'duplicate': 0,	# share
    'reorder': 0,	# share that overtakes what is delayed
    'corrupt': 0,	# share with one bit inverted
    'delay': 0,		# seconds
    'jitter': 0,	# seconds, on average half of it; keeps the order
    'rate': 0,		# bits per second; 0: no limit
    'queue': 65536,	# bytes that wait for a limited rate; the rest is lost
    'mtu': 0,		# longer packets are refused with ICMP; 0: no limit
}

COUNTS = ('frames', 'lost', 'duplicated', 'reordered', 'corrupted',
          'overflowed', 'refused', 'blocked')

SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP = 1
PACKET_MR_PROMISC = 1
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
ETH_P_ALL = 3
VNET_HDR = 10
ROUTER = bytes((192, 0, 2, 254))


def checksum(data):
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack('>H', total ^ 0xffff)


def frag_needed(frame, mtu):
    """The frame that a router with a smaller link sends back."""
    quote = frame[14:14 + 28]
    icmp = struct.pack('>BBHHH', 3, 4, 0, 0, mtu) + quote
    icmp = icmp[:2] + checksum(icmp) + icmp[4:]
    head = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(icmp), 0, 0, 64, 1, 0) \
        + ROUTER + frame[26:30]
    head = head[:10] + checksum(head) + head[12:]
    return frame[6:12] + frame[0:6] + b'\x08\x00' + head + icmp


class Direction:
    """Frames from one side to the other."""

    def __init__(self, source, sink, seed):
        self.source = source
        self.sink = sink
        self.spec = dict(CONDITIONS)
        self.random = random.Random(seed)
        self.count = dict.fromkeys(COUNTS, 0)
        self.waiting = []	# (when, number, frame)
        self.number = 0
        self.free = 0		# when the limited link has sent all it has
        self.last = 0		# when the last frame in order is due

    def chance(self, what):
        return self.spec[what] and self.random.random() < self.spec[what]

    def send(self, frame):
        try:
            self.sink.send(frame)
        except OSError:
            self.count['blocked'] += 1

    def feed(self, now, frame):
        spec, count = self.spec, self.count
        count['frames'] += 1
        eth = frame[VNET_HDR:]
        if spec['mtu'] and eth[12:14] == b'\x08\x00' and \
                len(eth) - 14 > spec['mtu']:
            count['refused'] += 1
            self.source.send(bytes(VNET_HDR) + frag_needed(eth, spec['mtu']))
            return
        if self.chance('loss'):
            count['lost'] += 1
            return
        copies = 1
        if self.chance('duplicate'):
            count['duplicated'] += 1
            copies = 2
        for copy in range(copies):
            self.treat(now, frame)

    def treat(self, now, frame):
        spec, count = self.spec, self.count
        if self.chance('corrupt'):
            count['corrupted'] += 1
            frame = bytearray(frame)
            at = self.random.randrange(VNET_HDR + 14, len(frame))
            frame[at] ^= 1 << self.random.randrange(8)
        due = now
        if spec['rate']:
            start = max(now, self.free)
            if (start - now) * spec['rate'] / 8 > spec['queue']:
                count['overflowed'] += 1
                return
            self.free = due = start + len(frame) * 8 / spec['rate']
        if self.chance('reorder'):
            count['reordered'] += 1
        else:
            due += spec['delay']
            if spec['jitter']:
                due += self.random.random() * spec['jitter']
            due = self.last = max(due, self.last)
        if due <= now and not self.waiting:
            self.send(frame)
            return
        self.number += 1
        heapq.heappush(self.waiting, (due, self.number, frame))

    def flush(self, now):
        """Send what is due; returns when the next is."""
        while self.waiting:
            if self.waiting[0][0] > now:
                return self.waiting[0][0]
            self.send(heapq.heappop(self.waiting)[2])
        return None


class Pcap:
    def __init__(self, path):
        self.file = open(path, 'wb')
        self.file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144,
                                    1))

    def add(self, frame):
        now = time.time_ns() // 1000
        self.file.write(struct.pack('<IIII', now // 1000000, now % 1000000,
                                    len(frame), len(frame)) + frame)


def packet_socket(dev):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    s.setsockopt(socket.SOL_SOCKET, 33, 32 << 20)	# SO_RCVBUFFORCE
    s.setsockopt(socket.SOL_SOCKET, 32, 32 << 20)	# SO_SNDBUFFORCE
    s.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack(
        'iHH8s', socket.if_nametoindex(dev), PACKET_MR_PROMISC, 0, b''))
    s.bind((dev, ETH_P_ALL))
    s.setblocking(False)
    return s


def main(dev_a, dev_b, seed, path=None):
    a, b = packet_socket(dev_a), packet_socket(dev_b)
    ways = [Direction(a, b, seed), Direction(b, a, seed + 1)]
    pcap = Pcap(path) if path else None
    line = b''
    while True:
        now = time.monotonic()
        soon = [t for t in (w.flush(now) for w in ways) if t is not None]
        wait = max(0, min(soon) - now) if soon else None
        ready = select.select([a, b, 0], [], [], wait)[0]
        now = time.monotonic()
        for way in ways:
            if way.source not in ready:
                continue
            for burst in range(64):
                try:
                    frame = way.source.recv(1 << 17)
                except BlockingIOError:
                    break
                if pcap:
                    pcap.add(frame[VNET_HDR:])
                way.feed(now, frame)
        if 0 not in ready:
            continue
        data = os.read(0, 65536)
        if not data:
            return
        line += data
        while b'\n' in line:
            text, line = line.split(b'\n', 1)
            for way, change in zip(ways, json.loads(text)):
                way.spec.update(change)
            if pcap:
                pcap.file.flush()
            os.write(1, json.dumps([w.count for w in ways]).encode() + b'\n')


class Wire:
    """The program between two bridges of a Network."""

    def __init__(self, net, dev_a, dev_b, path=None, seed=1, preexec_fn=None):
        argv = [sys.executable, '-I', os.path.abspath(__file__), dev_a,
                dev_b, str(seed)] + ([path] if path else [])
        self.path = path
        self._proc = subprocess.Popen(
            net.command(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=preexec_fn)
        self.counts()

    def set(self, forth=True, back=True, **spec):
        """Change conditions; those that are not named stay.  forth is the
        direction from the first host to the last.  Returns what happened up to
        the change, both directions together."""
        unknown = set(spec) - set(CONDITIONS)
        if unknown:
            raise ValueError('no condition ' + ', '.join(unknown))
        change = [spec if forth else {}, spec if back else {}]
        self._proc.stdin.write(json.dumps(change).encode() + b'\n')
        self._proc.stdin.flush()
        ways = json.loads(self._proc.stdout.readline())
        return {name: sum(way[name] for way in ways) for name in COUNTS}

    def counts(self):
        """What happened, both directions together."""
        return self.set()

    def stop(self):
        if self._proc.poll() is None:
            self._proc.stdin.close()
            self._proc.wait()
            self._proc.stdout.close()


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
