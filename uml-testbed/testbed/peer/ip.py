# SPDX-License-Identifier: GPL-2.0
"""Ethernet, IPv4 with ARP, and IPv6 with neighbour discovery, as little as two
hosts on one wire need.  An address is a text, of either family."""

import socket
import struct

ETH_IP, ETH_ARP, ETH_IPV6 = 0x0800, 0x0806, 0x86dd
ICMP, TCP, FRAGMENT, ESP, ICMPV6, DSTOPTS = 1, 6, 44, 50, 58, 60
SOLICITATION, ADVERTISEMENT = 135, 136
DONT_FRAGMENT = 0x4000
MAC = bytes.fromhex('020000000002')


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def is_v6(addr):
    return ':' in addr


def packed(addr):
    return socket.inet_pton(socket.AF_INET6 if is_v6(addr) else
                            socket.AF_INET, addr)


def checksum_between(src, dst, proto, data):
    """Of what is checked together with the addresses."""
    return checksum(packed(src) + packed(dst) +
                    struct.pack('>II', len(data), proto) + data)


def pieces(data, size, first):
    """(place, is there more, bytes): first bytes of data, then size each."""
    at, to = 0, first or size
    while at < len(data):
        yield at, to < len(data), data[at:to]
        at, to = to, to + size


class Packet:
    """An IPv4 packet."""

    kind = ETH_IP

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

    def is_fragment(self):
        return self.flags & 0x3fff

    def encode(self):
        head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(self.payload),
                           self.ident, self.flags, 64, self.proto, 0,
                           packed(self.src), packed(self.dst))
        return head[:10] + struct.pack('>H', checksum(head)) + head[12:] + \
            self.payload

    def fragments(self, size, first=None):
        """The same in pieces of size bytes, multiples of 8."""
        for at, more, data in pieces(self.payload, size, first):
            yield Packet(self.src, self.dst, self.proto, data, self.ident,
                         (0x2000 if more else 0) | at // 8)


class Packet6:
    """An IPv6 packet; what is behind the header is the payload."""

    kind = ETH_IPV6

    def __init__(self, src, dst, proto, payload, ident=0):
        self.src = src
        self.dst = dst
        self.proto = proto
        self.payload = payload
        self.ident = ident	# of its fragments

    @classmethod
    def parse(cls, data):
        if len(data) < 40 or data[0] >> 4 != 6:
            return None
        length, proto = struct.unpack('>HB', data[4:7])
        src, dst = (socket.inet_ntop(socket.AF_INET6, data[at:at + 16])
                    for at in (8, 24))
        return cls(src, dst, proto, data[40:40 + length])

    def is_fragment(self):
        return self.proto == FRAGMENT

    def encode(self):
        return struct.pack('>IHBB', 6 << 28, len(self.payload), self.proto,
                           255) + packed(self.src) + packed(self.dst) + \
            self.payload

    def fragments(self, size, first=None):
        """The same in pieces of size bytes, multiples of 8."""
        for at, more, data in pieces(self.payload, size, first):
            yield Packet6(self.src, self.dst, FRAGMENT, struct.pack(
                '>BxHI', self.proto, at | more, self.ident) + data)


def frame(dst_mac, kind, payload):
    return dst_mac + MAC + struct.pack('>H', kind) + payload


def parse(data):
    """The packet in a frame, or None."""
    kind = int.from_bytes(data[12:14], 'big')
    for cls in (Packet, Packet6):
        if cls.kind == kind:
            return cls.parse(data[14:])
    return None


def arp_reply(request, addr):
    """The frame that answers an ARP request for addr, or None."""
    op, mac, sender, wanted = struct.unpack('>6xH6s4s6x4s', request[:28])
    if op != 1 or wanted != packed(addr):
        return None
    return frame(mac, ETH_ARP, struct.pack(
        '>HHBBH6s4s6s4s', 1, ETH_IP, 6, 4, 2, MAC, wanted, mac, sender))


def advertisement(mac, packet, addr):
    """The frame that answers a solicitation of addr, or None."""
    icmp = packet.payload
    if packet.proto != ICMPV6 or icmp[0] != SOLICITATION or \
            icmp[8:24] != packed(addr):
        return None
    # Solicited, and better than what was known.
    answer = struct.pack('>BxHI16sBB6s', ADVERTISEMENT, 0, 0x60000000,
                         icmp[8:24], 2, 1, MAC)
    total = checksum_between(addr, packet.src, ICMPV6, answer)
    answer = answer[:2] + struct.pack('>H', total) + answer[4:]
    return frame(mac, ETH_IPV6, Packet6(addr, packet.src, ICMPV6,
                                        answer).encode())
