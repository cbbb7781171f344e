# SPDX-License-Identifier: GPL-2.0
"""The host: frames in and out, neighbours, and a thread that does all of it."""

import os
import select
import threading
import time
import traceback

from ..host import HostError, poll
from . import ip
from .esp import Esp, wire
from .tcp import ACK, SYN, Features, Header, Tcp

TICK = 0.05	# seconds


class Peer:
    """In the place of the target host.

    addr      its address, of either family
    target    what answers connections; has accept(tcp)
    features  of the connections that come next
    errors    what the initiator did that it must not, and our own mistakes
    """

    name = 'peer'

    def __init__(self, net, tap, addr):
        self.addr = addr
        self.target = None
        self.features = Features()
        self.connections = []
        self.errors = []
        self.esp = None
        self.sent = None	# a list collects the packets that are sent
        self.received = 0	# ESP packets
        self.mangle = None	# func(bytes) -> list of bytes to be sent
        self._macs = {}
        self._calls = []
        self._lock = threading.Lock()
        self._fd = net.open_tap(tap)
        self._wake_r, self._wake_w = os.pipe()
        self._end = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def secure(self, sas, initiator):
        """Take both keys of a testbed.sa.Sas."""
        out, back = (self.addr, initiator), (initiator, self.addr)
        self.esp = Esp(sas.key[out], sas.spi[out], sas.key[back],
                       sas.spi[back], sas.esn,
                       sas.algorithm.split("'")[1])

    # -- for the test's thread -------------------------------------------
    def call(self, func, *args):
        """Have the peer's thread call func; returns its result."""
        done = threading.Event()
        box = []

        def work():
            try:
                box.append((func(*args), None))
            except Exception as err:
                box.append((None, err))
            done.set()

        with self._lock:
            self._calls.append(work)
        os.write(self._wake_w, b'.')
        if not done.wait(30):
            raise HostError('the peer does not answer')
        result, err = box[0]
        if err:
            raise err
        return result

    def wait(self, what, func, timeout=20):
        """Until func(), called by the peer's thread, is true."""
        return poll(what, lambda: self.call(func), timeout)

    @property
    def tcp(self):
        """The latest connection."""
        return self.connections[-1]

    def stop(self):
        self._end = True
        os.write(self._wake_w, b'.')
        self._thread.join(10)
        os.close(self._fd)
        os.close(self._wake_r)
        os.close(self._wake_w)

    # -- sending -----------------------------------------------------------
    def packet(self, addr, proto, payload, **args):
        """An ip.Packet or ip.Packet6 to that address."""
        if ip.is_v6(addr):
            return ip.Packet6(self.addr, addr, proto, payload, **args)
        return ip.Packet(self.addr, addr, proto, payload,
                         flags=ip.DONT_FRAGMENT, **args)

    def send_packet(self, packet):
        self._write(ip.frame(self._macs[packet.dst], packet.kind,
                             packet.encode()))

    def send_raw(self, addr, esp):
        """Bytes as ESP."""
        self.send_packet(self.packet(addr, ip.ESP, esp))

    def send_esp(self, addr, inner, meta, proto=ip.TCP, **args):
        packet = self.esp.seal(inner, proto, meta, **args)
        if self.sent is not None:
            self.sent.append(packet)
        for packet in self.mangle(packet) if self.mangle else [packet]:
            self.send_raw(addr, packet)

    def _write(self, frame):
        while True:
            try:
                os.write(self._fd, frame)
                return
            except BlockingIOError:
                select.select([], [self._fd], [], 1)

    # -- receiving -----------------------------------------------------------
    def _run(self):
        while not self._end:
            ready, _, _ = select.select([self._fd, self._wake_r], [], [],
                                        TICK)
            if self._wake_r in ready:
                os.read(self._wake_r, 4096)
            self._guard(self._frames)
            with self._lock:
                calls, self._calls = self._calls, []
            for work in calls:
                work()
            now = time.monotonic()
            for tcp in self.connections:
                self._guard(tcp.acknowledge)
                self._guard(tcp.tick, now)

    def _guard(self, func, *args):
        try:
            return func(*args)
        except Exception:
            self.errors.append('peer: ' + traceback.format_exc())

    def _frames(self):
        for _ in range(64):
            try:
                frame = os.read(self._fd, 65536)
            except BlockingIOError:
                return
            self._guard(self._frame, frame)

    def _frame(self, frame):
        packet = ip.parse(frame)
        if self._answer(frame, packet) or not packet or \
                packet.dst != self.addr:
            return
        self._macs[packet.src] = frame[6:12]
        if packet.is_fragment():
            raise wire.WireError('the initiator sent a fragment')
        if packet.proto == ip.ESP and self.esp:
            self.received += 1
            meta, inner, proto = self.esp.open(packet.payload)
            if proto == ip.TCP:
                self._segment(packet, inner, meta)
        elif packet.proto not in (ip.ICMP, ip.ICMPV6):
            raise wire.WireError('the initiator sent a packet without ESP')

    def _answer(self, frame, packet):
        """Does it ask for the peer's address?"""
        reply = None
        if int.from_bytes(frame[12:14], 'big') == ip.ETH_ARP:
            reply = ip.arp_reply(frame[14:], self.addr)
        elif packet and packet.kind == ip.ETH_IPV6:
            reply = ip.advertisement(frame[6:12], packet, self.addr)
        if reply:
            self._write(reply)
        return reply

    def _segment(self, packet, inner, meta):
        head = Header(inner)
        for tcp in self.connections:
            if tcp.open and tcp.addr == packet.src and \
                    tcp.remote_port == head.sport and tcp.port == head.dport:
                tcp.input(head, inner[head.len:], meta)
                return
        if head.flags & (SYN | ACK) == SYN and self.target:
            tcp = Tcp(self, packet, head, self.features)
            self.connections.append(tcp)
            self.target.accept(tcp)
            tcp.syn_ack()
