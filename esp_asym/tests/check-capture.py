#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""open-capture.py accepts a conversation that follows the format, and notices
each violation.  The conversation is made here, without any kernel."""

import importlib.util
import os
import struct
import sys
import tempfile

import asym_wire as wire

HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location(
    'open_capture', os.path.join(HERE, 'open-capture.py'))
oc = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oc)

A, B = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])
KEYS = {1: (bytes(range(36)), True), 2: (bytes(range(50, 70)), False)}
DATA = bytes(i * 7 & 255 for i in range(512))
READ = (bytes([1, 0xc1]) + bytes(14) + struct.pack('>I', 5)).ljust(48, b'\0')


class Talk:
    """Packets of both directions; seq counts ESP packets."""

    def __init__(self):
        self.packets = []
        self.seq = {1: 0, 2: 0}

    def say(self, spi, at, payload=b'', meta=None, flags=0x18, check=0,
            iv=None, damage=None):
        self.seq[spi] += 1
        ports = (40000, 3260) if spi == 1 else (3260, 40000)
        tcp = struct.pack('>HHIIBBHHH', *ports, (at - 1) % (1 << 32), 0, 0x50,
                          flags, 500, check, 0) + payload
        seq = self.seq[spi]
        esp = wire.Sa(*KEYS[spi]).seal(
            spi, seq, struct.pack('>Q', seq if iv is None else iv), tcp,
            wire.TCP, meta or wire.Metadata(tagged=spi == 2 and
                                            bool(payload)))
        if damage is not None:
            esp = esp[:damage] + bytes([esp[damage] ^ 1]) + esp[damage + 1:]
        src, dst = (A, B) if spi == 1 else (B, A)
        self.packets.append(struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(esp),
                                        0, 0x4000, 64, 50, 0) + src + dst +
                            esp)

    def start(self):
        self.say(1, 0, flags=2)
        self.say(2, 0, flags=0x12)
        self.say(1, 1, READ, wire.Metadata(
            grants=[(wire.GRANT_OPAQUE, 0, 5)]))
        return self

    def answer(self, **args):
        """48 bytes of head, then 200 bytes of data: 8 in a cut block."""
        self.say(2, 1, bytes([0x25]) + bytes(47) + DATA[:200], wire.Metadata(
            tagged=True, ranges=[(68, 200, 5, 0)], after=DATA[200:208]),
            **args)
        return self

    def rest(self, before=DATA[192:200], data=DATA[200:], kind=True):
        meta = wire.Metadata(tagged=True)
        if kind:
            meta = wire.Metadata(tagged=True, before=before,
                                 ranges=[(20, len(data), 5, 200)])
        self.say(2, 249, data, meta)
        return self

    def report(self, **args):
        opener = oc.Opener(KEYS, **args)
        for i, packet in enumerate(self.packets, 1):
            opener.feed(i, packet)
        return opener.finish()


def good():
    return Talk().start().answer().rest()


def pcap(packets):
    out = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
    for p in packets:
        out += struct.pack('<IIII', 0, 0, len(p), len(p)) + p
    return out


def from_file():
    with tempfile.NamedTemporaryFile(suffix='.pcap') as f:
        f.write(pcap(good().packets))
        f.flush()
        return oc.open_capture(f.name, KEYS)


def wrong_edge():
    return Talk().start().answer().rest(before=bytes(8))


def other_bytes_again():
    t = good()
    t.rest(data=bytes(312))
    return t


def other_kind_again():
    t = good()
    t.rest(kind=False)
    return t


def grant_elsewhere():
    t = Talk()
    t.say(1, 0, flags=2)
    t.say(1, 1, READ)
    t.say(1, 49, READ, wire.Metadata(grants=[(wire.GRANT_OPAQUE, 40, 5)]))
    return t


def no_grant():
    t = Talk()
    t.say(1, 0, flags=2)
    t.say(2, 0, flags=0x12)
    t.say(1, 1, READ)
    return t.answer()


def not_tagged():
    t = Talk().start()
    t.say(2, 1, bytes(48), wire.Metadata())
    return t


WRONG = (
    ('a wrong ICV', lambda: Talk().start().answer(damage=200)),
    ('a damaged sequence number', lambda: Talk().start().answer(damage=7)),
    ('an IV used twice', lambda: Talk().start().answer(iv=1)),
    ('a TCP checksum', lambda: Talk().start().answer(check=1)),
    ('an edge that is not in the stream', wrong_edge),
    ('other bytes in a retransmission', other_bytes_again),
    ('a range that is sealed in a retransmission', other_kind_again),
    ('a grant that points elsewhere', grant_elsewhere),
    ('opaque data without a grant', no_grant),
    ('untagged metadata of a target', not_tagged),
)


def main():
    tests = failed = 0

    def result(ok, name, problems=()):
        nonlocal tests, failed
        tests += 1
        failed += not ok
        print('%sok %d - %s' % ('' if ok else 'not ', tests, name))
        for problem in problems:
            print('# ' + problem)

    r = good().report()
    result(not r.problems and r.opened == 5 and r.opaque_bytes == 512 and
           r.cut_blocks == 2 and r.edge_bytes == 16 and r.grants == 1,
           'a good conversation is accepted and counted', r.problems)
    again = good().rest()
    result(not again.report().problems and again.report().sent_again == 312,
           'a retransmission is accepted', again.report().problems)
    result(from_file().opened == 5, 'a capture file is read')
    result(good().report(forbidden=[DATA[16:48]]).problems != [],
           'forbidden bytes are found')
    for name, make in WRONG:
        result(make().report().problems != [], name + ' is noticed')
    keys = oc.keys_of_xfrm(
        'src 192.0.2.2 dst 192.0.2.1\n\tproto esp spi 0x00001001 reqid 1\n'
        '\treplay-window 0 flag esn\n\taead asym(gcm(aes)) 0x%s 128\n'
        'src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00001000 reqid 1\n'
        '\tenc asym(gcm(aes)) 0x%s\n'
        'src 192.0.2.3 dst 192.0.2.1\n\tproto esp spi 0x00001002 reqid 1\n'
        '\taead asym(chacha20,poly1305) 0x%s 128\n'
        % ('11' * 36, '22' * 20, '33' * 36))
    result(keys == {0x1001: (b'\x11' * 36, True, wire.AES),
                    0x1000: (b'\x22' * 20, False, wire.AES),
                    0x1002: (b'\x33' * 36, False, wire.CHACHA20)},
           'keys are read from the output of ip xfrm state')
    print('1..%d' % tests)
    print('%d passed, %d failed, 0 skipped' % (tests - failed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
