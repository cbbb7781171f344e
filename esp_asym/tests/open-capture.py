#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Open the asymmetric ESP packets of a capture with an implementation that is
independent of the kernel modules, and check what the format promises.

Of each packet: the ICV, the metadata, a TCP checksum of 0, an IV never seen
before.  Of each stream: a byte that is sent again is the same byte, opaque or not
as before; edges are the neighbours of the cut block; a grant points at a SCSI
Command with its tag; tagged ranges belong to a task that was granted.

Keys are hexadecimal with their salt, one for each direction:
    --key SPI=HEX      or      --xfrm FILE     with the output of "ip xfrm state"

The exit status is 0 if at least one packet was opened and nothing was wrong.
"""

import argparse
import re
import struct
import sys

import asym_wire as wire

ESP = 50
SCSI_COMMAND = 0x01
ISCSI_PORT = 3260


class CaptureError(Exception):
    """The file is no capture that can be read."""


# ---- files ----

def records(path):
    """(link type, bytes) of each frame of a pcap file."""
    with open(path, 'rb') as f:
        head = f.read(24)
        if len(head) < 24:
            raise CaptureError('no pcap file')
        order = {0xa1b2c3d4: '<', 0xa1b23c4d: '<'}.get(
            struct.unpack('<I', head[:4])[0])
        if not order:
            if struct.unpack('>I', head[:4])[0] not in (0xa1b2c3d4,
                                                        0xa1b23c4d):
                raise CaptureError('no pcap file')
            order = '>'
        link = struct.unpack(order + 'I', head[20:])[0] & 0xffff
        while True:
            rec = f.read(16)
            if not rec:
                return
            if len(rec) < 16:
                raise CaptureError('the file ends inside a record')
            size, whole = struct.unpack(order + '8xII', rec)
            data = f.read(size)
            if len(data) < size:
                raise CaptureError('the file ends inside a packet')
            if size < whole:
                raise CaptureError('packets were cut by the capture')
            yield link, data


def ipv4(link, frame):
    """The IPv4 packet in a frame without what the link added, or None."""
    if link == 1:
        kind, frame = frame[12:14], frame[14:]
    elif link == 113:
        kind, frame = frame[14:16], frame[16:]
    elif link in (12, 101, 228):
        kind = b'\x08\x00' if frame[:1] and frame[0] >> 4 == 4 else b''
    else:
        raise CaptureError('link type %d is not supported' % link)
    if kind != b'\x08\x00' or len(frame) < 20:
        return None
    return frame[:struct.unpack('>H', frame[2:4])[0]]


def keys_of_xfrm(text):
    """{SPI: (key, esn, algorithm)} from the output of "ip xfrm state"."""
    keys = {}
    spi, esn = None, False
    for line in text.splitlines():
        found = re.search(r'\bproto esp spi 0x([0-9a-f]+)', line)
        if found:
            spi, esn = int(found.group(1), 16), False
        if re.search(r'\bflag\b.*\besn\b', line):
            esn = True
        found = re.search(r'\b(?:aead|enc) (asym\(.*\)) 0x([0-9a-f]+)', line)
        if found and spi is not None:
            keys[spi] = bytes.fromhex(found.group(2)), esn, found.group(1)
    return keys


# ---- streams ----

class Stream:
    """One direction of a TCP connection, by distance from its first byte."""

    UNKNOWN, SEALED, OPAQUE = 0, 1, 2

    def __init__(self, base):
        self.base = base
        self.bytes = bytearray()
        self.kind = bytearray()
        self.again = 0
        self.edges = []
        self.grants = {}

    def at(self, seq):
        """Distance of a sequence number near the end of what was seen."""
        near = (self.base + len(self.bytes)) & 0xffffffff
        delta = (seq - near + 0x80000000) % (1 << 32) - 0x80000000
        return len(self.bytes) + delta

    def room(self, end):
        if end > len(self.bytes):
            more = end - len(self.bytes)
            if more > 1 << 26:
                raise wire.WireError('sequence number far off')
            self.bytes.extend(bytes(more))
            self.kind.extend(bytes(more))

    def put(self, at, payload, kinds):
        if at < 0:
            raise wire.WireError('bytes from before the connection')
        self.room(at + len(payload))
        end = at + len(payload)
        old = self.kind[at:end]
        if not any(old):
            self.bytes[at:end] = payload
            self.kind[at:end] = kinds
            return
        for i, known in enumerate(old):
            if not known:
                continue
            self.again += 1
            if self.bytes[at + i] != payload[i]:
                raise wire.WireError('a byte sent again is another byte')
            if known != kinds[i]:
                raise wire.WireError('a byte sent again changed its kind')
        self.bytes[at:end] = payload
        self.kind[at:end] = kinds


# ---- the check ----

class Report:
    """What was found; problems is empty if all is well."""

    COUNTS = ('packets', 'opened', 'other', 'unknown_spi', 'opaque_bytes',
              'sealed_bytes', 'ranges', 'cut_blocks', 'edge_bytes', 'grants',
              'grants_opaque', 'session_notes', 'block_size_notes',
              'sent_again')

    def __init__(self):
        for name in self.COUNTS:
            setattr(self, name, 0)
        self.problems = []

    def wrong(self, number, text):
        self.problems.append('packet %d: %s' % (number, text))

    def lines(self):
        return ['%-20s %d' % (n, getattr(self, n)) for n in self.COUNTS]


class Opener:
    """Feed it IP packets, then call finish(); see open_capture()."""

    def __init__(self, keys, ports=(ISCSI_PORT,), forbidden=()):
        self.sas = {spi: wire.Sa(*key) for spi, key in keys.items()}
        self.ports = ports
        self.forbidden = [bytes(f) for f in forbidden]
        self.report = Report()
        self.seq = {}
        self.ivs = {}
        self.streams = {}

    def feed(self, number, packet):
        report = self.report
        if packet[16] >> 4 >= 14:
            return                  # multicast: not between the hosts
        report.packets += 1
        if packet[9] != ESP or struct.unpack('>H', packet[6:8])[0] & 0x3fff:
            report.other += 1
            return
        esp = packet[(packet[0] & 15) * 4:]
        spi = struct.unpack('>I', esp[:4])[0] if len(esp) >= 8 else None
        if spi not in self.sas:
            report.unknown_spi += 1
            return
        try:
            self._open(number, packet, spi, esp)
        except wire.WireError as err:
            report.wrong(number, '%s: %s' % (type(err).__name__, err))

    def _open(self, number, packet, spi, esp):
        report = self.report
        low = struct.unpack('>I', esp[4:8])[0]
        last = self.seq.get(spi, 0)
        hi = last >> 32
        if self.sas[spi].esn and low < (last & 0xffffffff) - (1 << 31):
            hi += 1
        meta, inner, proto = self.sas[spi].open(esp, hi)
        self.seq[spi] = max(last, hi << 32 | low)
        iv = esp[8:16]
        seen = self.ivs.setdefault(spi, set())
        if iv in seen:
            raise wire.WireError('IV used twice')
        seen.add(iv)

        report.opened += 1
        report.ranges += len(meta.ranges)
        report.cut_blocks += bool(meta.before) + bool(meta.after)
        report.edge_bytes += len(meta.before) + len(meta.after)
        report.grants += len(meta.grants)
        report.grants_opaque += sum(g[0] == wire.GRANT_OPAQUE
                                    for g in meta.grants)
        report.session_notes += meta.session is not None
        report.block_size_notes += meta.block_size is not None
        opaque = sum(r[1] for r in meta.ranges)
        report.opaque_bytes += opaque
        report.sealed_bytes += len(inner) - opaque
        for text in self.forbidden:
            if text in inner:
                raise wire.WireError('forbidden bytes in the inner packet')
        if proto == wire.TCP:
            self._tcp(number, packet[12:16], packet[16:20], meta, inner)

    def _tcp(self, number, src, dst, meta, inner):
        sport, dport, seq = struct.unpack_from('>HHI', inner)
        head = inner[12] // 16 * 4
        if not 20 <= head <= len(inner):
            raise wire.WireError('malformed TCP header')
        if inner[16:18] != b'\0\0':
            raise wire.WireError('a TCP checksum was sent')
        payload = inner[head:]
        if inner[13] & 0x02:
            self.streams[src, sport, dst, dport] = Stream((seq + 1) %
                                                          (1 << 32))
        stream = self.streams.get((src, sport, dst, dport))
        if not payload:
            return
        from_target = sport in self.ports
        iscsi = from_target or dport in self.ports
        if iscsi and meta.tagged != from_target:
            raise wire.WireError('tagged and direction do not fit')
        if not stream:
            return
        at = stream.at(seq)
        kinds = bytearray([Stream.SEALED]) * len(payload)
        for r in meta.ranges:
            kinds[r[0] - head:r[0] - head + r[1]] = \
                bytes([Stream.OPAQUE]) * r[1]
        stream.put(at, payload, kinds)
        for grant in meta.grants:
            where = stream.at(grant[1])
            stream.grants.setdefault(where, (number, grant))
            if stream.grants[where][1] != grant:
                raise wire.WireError('two different grants of one command')
        if meta.before:
            first = at + meta.ranges[0][0] - head
            stream.edges.append((number, first - len(meta.before),
                                 meta.before))
        if meta.after:
            last = at + meta.ranges[-1][0] - head + meta.ranges[-1][1]
            stream.edges.append((number, last, meta.after))
        if from_target:
            self._tasks(self.streams.get((dst, dport, src, sport)), meta)

    def _tasks(self, back, meta):
        if not back:
            return
        for r in meta.ranges:
            if not any(g[2] == r[2] and g[0] == wire.GRANT_OPAQUE
                       for _, g in back.grants.values()):
                raise wire.WireError('opaque data of a task without a grant')

    def finish(self):
        """What can only be judged when the streams are complete."""
        for stream in self.streams.values():
            self.report.sent_again += stream.again
            for number, at, edge in stream.edges:
                there = stream.kind[at:at + len(edge)]
                if at < 0 or len(there) < len(edge) or not all(there):
                    continue        # the capture ended before
                if stream.bytes[at:at + len(edge)] != edge or \
                        set(there) != {Stream.OPAQUE}:
                    self.report.wrong(number, 'an edge is not what the stream'
                                      ' holds')
            for at, (number, grant) in stream.grants.items():
                bhs = stream.bytes[at:at + 48]
                if at < 0 or len(bhs) < 48 or not all(stream.kind[at:at + 48]):
                    continue
                if bhs[0] & 0x3f != SCSI_COMMAND or \
                        struct.unpack('>I', bhs[16:20])[0] != grant[2]:
                    self.report.wrong(number, 'a grant points at something'
                                      ' else than its command')
        return self.report


def open_capture(path, keys, ports=(ISCSI_PORT,), forbidden=()):
    """Check a pcap file and return a Report.

    keys       {SPI: (key with salt, esn, algorithm)}
    ports      of iSCSI targets
    forbidden  byte strings that no inner packet may contain
    """
    opener = Opener(keys, ports, forbidden)
    for number, (link, frame) in enumerate(records(path), 1):
        packet = ipv4(link, frame)
        if packet:
            opener.feed(number, packet)
    return opener.finish()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.
                                RawDescriptionHelpFormatter)
    p.add_argument('capture', metavar='CAPTURE.pcap')
    p.add_argument('--key', action='append', default=[], metavar='SPI=HEX')
    p.add_argument('--esn', action='store_true',
                   help='the SAs given by --key have 64-bit sequence numbers')
    p.add_argument('--algorithm', choices=wire.KEY_SIZES, default=wire.AES,
                   help='of these SAs')
    p.add_argument('--xfrm', metavar='FILE',
                   help='output of "ip xfrm state" of either host')
    p.add_argument('--port', action='append', type=int,
                   help='of iSCSI targets, default 3260')
    p.add_argument('--forbid', action='append', default=[], metavar='HEX',
                   help='bytes that no inner packet may contain')
    p.add_argument('--only-esp', action='store_true',
                   help='anything else between IPv4 hosts is wrong')
    args = p.parse_args()
    keys = {}
    try:
        if args.xfrm:
            with open(args.xfrm) as f:
                keys = keys_of_xfrm(f.read())
        for item in args.key:
            spi, _, value = item.partition('=')
            keys[int(spi, 16)] = (bytes.fromhex(value.removeprefix('0x')),
                                  args.esn, args.algorithm)
        if not keys:
            p.error('no key: give --key or --xfrm')
        report = open_capture(args.capture, keys, args.port or (ISCSI_PORT,),
                              [bytes.fromhex(f) for f in args.forbid])
    except (CaptureError, OSError, ValueError) as err:
        print('error: %s' % err, file=sys.stderr)
        return 2
    if not report.opened:
        report.problems.append('no packet was opened')
    if args.only_esp and report.other + report.unknown_spi:
        report.problems.append('%d packets are not of these SAs'
                               % (report.other + report.unknown_spi))
    print('\n'.join(report.lines()))
    for problem in report.problems[:20]:
        print('not ok: ' + problem)
    if len(report.problems) > 20:
        print('not ok: and %d more' % (len(report.problems) - 20))
    return 1 if report.problems else 0


if __name__ == '__main__':
    sys.exit(main())
