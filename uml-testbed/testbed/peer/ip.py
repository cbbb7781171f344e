# SPDX-License-Identifier: GPL-2.0
"""Ethernet, ARP and IPv4, as little as two hosts on one wire need."""

import socket
import struct

ETH_IP, ETH_ARP = 0x0800, 0x0806
ICMP, TCP, ESP = 1, 6, 50
MAC = bytes.fromhex('020000000002')


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


class Packet:
    """An IPv4 packet; src and dst as text."""

    def __init__(self, src, dst, proto, payload, ident=0, flags=0):
        self.src = src
        self.dst = dst
        self.proto = proto
        self.payload = payload
        self.ident = ident
        self.flags = flags	# the field: DF, MF, offset in units of 8

    @classmethod
    def parse(cls, data):
        if len(data) < 20 or data[0] != 0x45:
            return None
        length, ident, flags = struct.unpack('>HHH', data[2:8])
        if checksum(data[:20]):
            raise ValueError('wrong checksum of an IP header')
        return cls(socket.inet_ntoa(data[12:16]), socket.inet_ntoa(
            data[16:20]), data[9], data[20:length], ident, flags)

    def encode(self):
        head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(self.payload),
                           self.ident, self.flags, 64, self.proto, 0,
                           socket.inet_aton(self.src),
                           socket.inet_aton(self.dst))
        return head[:10] + struct.pack('>H', checksum(head)) + head[12:] + \
            self.payload

    def fragments(self, size):
        """The same in pieces of size bytes, a multiple of 8."""
        for at in range(0, len(self.payload), size):
            more = at + size < len(self.payload)
            yield Packet(self.src, self.dst, self.proto,
                         self.payload[at:at + size], self.ident,
                         (0x2000 if more else 0) | at // 8)


def frame(dst_mac, kind, payload):
    return dst_mac + MAC + struct.pack('>H', kind) + payload


def arp_reply(request, addr):
    """The frame that answers an ARP request for addr, or None."""
    op, mac, sender, wanted = struct.unpack('>6xH6s4s6x4s', request[:28])
    if op != 1 or wanted != socket.inet_aton(addr):
        return None
    return frame(mac, ETH_ARP, struct.pack(
        '>HHBBH6s4s6s4s', 1, ETH_IP, 6, 4, 2, MAC, wanted, mac, sender))
