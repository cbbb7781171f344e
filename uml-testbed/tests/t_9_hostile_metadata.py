# SPDX-License-Identifier: GPL-2.0
"""Packets that violate ESP or the metadata's format: by somebody on the wire,
and by a target with the right key."""

import os
import struct

from testbed.asymctl import counters
from testbed.peer import ip
from testbed.peer.esp import RawMetadata, wire
from testbed.suite import check, test

from .lies import Stage, answer, reasons


def violations(good, inner_len, head):
    """(what, metadata) that a receiver has to discard; good are those of a
    segment with one tagged range."""
    raw = bytearray(good.encode())
    off, length, itt, at = good.ranges[0]

    def changed(index, *values):
        data = bytearray(raw)
        data[index:index + len(values)] = bytes(values)
        return data

    def built(count, ranges=(), notes=b'', flags=wire.TAGGED, tail=b'',
              notes_len=None):
        form = '>HHII' if flags & wire.TAGGED else '>HH'
        body = b''.join(struct.pack(form, *r) for r in ranges)
        return bytes([wire.VERSION, flags, count,
                      len(notes) if notes_len is None else notes_len]) + \
            body + notes + tail

    one = (off, length, itt, at)
    low = (off, 32, itt, at)
    # The last entry of a pair of which the first is right.
    def second(*r):
        return built(2, [low, r])

    yield 'version 0', changed(0, 0)
    yield 'version 1', changed(0, 1)
    yield 'version 3', changed(0, 3)
    yield 'version 255', changed(0, 255)
    for bit in range(1, 8):
        yield 'flag %d' % bit, changed(1, raw[1] | 1 << bit)
    yield '16 ranges', changed(2, 16)
    yield '255 ranges', changed(2, 255)
    yield '6 tagged ranges', changed(2, 6)
    yield '255 bytes of notes', changed(3, 255)
    yield '61 bytes of notes', changed(3, 61)
    yield 'one byte of notes too many', changed(3, raw[3] + 1)
    yield 'no ranges, but their bytes', changed(2, 0)
    yield 'bytes behind the notes', changed(63, 1)
    yield 'a range of nothing', built(1, [(off, 0, itt, at)])
    yield 'a range beyond the packet', built(1, [(off, inner_len, itt, at)])
    yield 'a range over the trailer', built(
        1, [(off, inner_len - off + 2 + -(inner_len + 2) % 4, itt, at)])
    yield 'a range of 64 KiB', built(1, [(off, 65535, itt, at)])
    yield 'a range over the TCP header', built(
        1, [(head - 16, length + 16, itt, at)])
    yield 'a range at 0', built(1, [(0, length, itt, at)])
    yield 'overlapping ranges', second(off + 16, 32, itt, at + 16)
    yield 'the same range twice', second(*low)
    yield 'ranges out of order', built(2, [(off + 64, 32, itt, at + 64), low])
    yield 'an edge that is missing', built(1, [(off, length - 1, itt, at)])
    yield 'an edge too many', built(1, [one], b'\2\1x')
    yield 'an edge of 0', built(1, [one], b'\2\0')
    yield 'an edge of 16', built(1, [one], b'\3\x10' + bytes(16))
    yield 'an edge of 255', built(1, [one], b'\3\xff' + bytes(8))
    yield 'an edge twice', built(1, [(off, length - 8, itt, at)],
                                 (b'\3\x08' + bytes(8)) * 2)
    yield 'an edge without a range', built(0, (), b'\2\1x')
    yield 'a cut block in the middle', second(off + 40, 24, itt, at + 40)
    yield 'an unknown note', built(1, [one], b'\6\0')
    yield 'a note of type 0', built(1, [one], b'\0', notes_len=1)
    yield 'a grant of treatment 4', built(1, [one], b'\1\4' + bytes(8))
    yield 'a short grant', built(1, [one], b'\1\1' + bytes(4))
    yield 'unknown digests', built(1, [one], b'\4\4')
    yield 'a session note twice', built(1, [one], b'\4\0\4\0')
    yield 'a short session note', built(1, [one], b'\4')
    yield 'a block size of 0', built(1, [one], b'\5' + bytes(8))
    yield 'a block size twice', built(
        1, [one], (b'\5' + bytes(4) + b'\0\0\2\0') * 2)
    yield 'a short block size', built(1, [one], b'\5' + bytes(7))


@test()
def malformed_metadata_are_discarded(ctx):
    """Every packet has a right ICV; TCP sends the bytes again."""
    with Stage(ctx, calm=True) as stage:
        sent = {}

        def lie(conn, task):
            tcp = conn.tcp
            first, second, *rest = answer(conn, task)
            tcp.put(first)
            inner = tcp.segment(second.at, second.payload)
            for what, raw in violations(second.meta, len(inner),
                                        tcp.head_len):
                sent[what] = 'bad-version' if 'version' in what \
                    else 'bad-packet'
                # Encrypted as if the range were right, so that the module
                # has no other reason to stumble.
                tcp.transmit(second.at, second.payload,
                             RawMetadata(raw, second.meta.ranges))
            # The format is kept but for the padding.
            sent['a range over the padding'] = 'bad-packet'
            pad = -(len(inner) + 2) % 4
            check(pad, 'there is no padding')
            tcp.transmit(second.at, second.payload, wire.Metadata(
                True, [(len(inner) + pad - 32, 32, task.itt, 0)]))
            tcp.put(second, *rest)

        before = reasons(stage.host)
        flows = counters(stage.host)['flows_broken']
        stage.lie('malformed metadata', lie, {'bad-packet', 'bad-version'})
        after = reasons(stage.host)
        for reason in ('bad-packet', 'bad-version'):
            got = after[reason] - before[reason]
            want = list(sent.values()).count(reason)
            check(got == want, '%d of %d packets refused as %s'
                  % (got, want, reason))
        check(counters(stage.host)['flows_broken'] == flows,
              'the connection was reset')
        ctx.note('%d kinds of packet' % len(sent))
        stage.honest()


@test()
def metadata_that_contradict_the_role_end_the_connection(ctx):
    with Stage(ctx) as stage:
        def with_meta(make):
            def lie(conn, task):
                tcp = conn.tcp
                first, second, *_ = answer(conn, task)
                # Nothing honest follows: two versions of the same bytes are
                # another reason, if they come before the first was read.
                tcp.hold = True
                tcp.put(first)
                tcp.transmit(second.at, second.payload, make(second, task))
            return lie

        def grant(segment, task):
            return wire.Metadata(True, segment.meta.ranges, [(1, 0, 1)],
                                 segment.meta.before, segment.meta.after)

        def untagged(segment, task):
            return wire.Metadata(False, [r[:2] for r in segment.meta.ranges])

        def gap(segment, task):
            off, length, itt, at = segment.meta.ranges[0]
            first = 512 + -at % 16
            return wire.Metadata(True, [
                (off, first, itt, at),
                (off + first + 16, length - first - 16, itt,
                 at + first + 16)], before=segment.meta.before,
                after=segment.meta.after)

        for what, make, want in (
                ('a grant', grant, {'bad-packet'}),
                ('ranges without tags', untagged, {'bad-packet'}),
                ('a gap between two ranges', gap, {'unsealed-data'})):
            stage.lie(what, with_meta(make), want)
        stage.honest()


@test()
def esp_packets_that_are_not_sound_are_dropped(ctx):
    """What the network does to packets, and trailers that nobody should
    send; the connection goes on."""
    with Stage(ctx, calm=True) as stage:
        addr = stage.host.addr
        peer = stage.peer

        def act(what, send, want):
            """send(tcp, segment, inner, packet) is called in the middle of an
            answer; it returns how many packets are to be refused."""
            def lie(conn, task):
                tcp = conn.tcp
                first, second, *rest = answer(conn, task)
                tcp.put(first)
                inner = tcp.segment(second.at, second.payload)
                packet = peer.esp.seal(inner, ip.TCP, second.meta)
                counts.append(send(tcp, second, inner, packet))
                tcp.put(second, *rest)

            counts = []
            broken = counters(stage.host)['flows_broken']
            before = reasons(stage.host)
            stage.lie(what, lie, want)
            for reason in want:
                got = reasons(stage.host)[reason] - before[reason]
                check(got == counts[0], '%s: %d of %d refused'
                      % (what, got, counts[0]))
            check(counters(stage.host)['flows_broken'] == broken,
                  what + ': the connection was reset')

        def raw(*packets):
            for packet in packets:
                peer.send_raw(addr, packet)
            return len(packets)

        def flipped(tcp, segment, inner, packet):
            # IV, metadata, TCP header, an opaque range, trailer, ICV.
            regions = [8, 15, 16, 40, 79, 80, 80 + 13, 80 + tcp.head_len,
                       len(packet) // 2, len(packet) - 18,
                       len(packet) - 17, len(packet) - 16, len(packet) - 1]
            res = []
            for at in regions:
                data = bytearray(packet)
                data[at] ^= 1 << at % 8
                res.append(bytes(data))
            return raw(*res)

        def wrong_spi(tcp, segment, inner, packet):
            raw(struct.pack('>I', 0x7777) + packet[4:])
            return 0

        def wrong_seq(tcp, segment, inner, packet):
            return raw(packet[:4] + struct.pack(
                '>I', peer.esp.seq + 1) + packet[8:])

        def truncated(tcp, segment, inner, packet):
            return raw(*[packet[:n] for n in (
                len(packet) - 1, len(packet) - 4, len(packet) - 16,
                len(packet) - 20, 200, 120, 100)])

        def stubs(tcp, segment, inner, packet):
            return raw(*[packet[:n] for n in (97, 96, 40, 16)])

        def garbage(tcp, segment, inner, packet):
            return raw(*[packet[:4] + struct.pack('>I', peer.esp.seq + 10 + n)
                         + os.urandom(n) for n in (90, 91, 200, 1380)])

        def replayed(tcp, segment, inner, packet):
            raw(*[packet] * 5)
            return 0

        def icv_of_less(tcp, segment, inner, packet):
            """A right ICV over a packet that ends too early."""
            res = []
            for n in (0, 2, 19):
                res.append(peer.esp.seal(inner[:n], ip.TCP, wire.Metadata()))
            return raw(*res)

        def padding(*trailers):
            def send(tcp, segment, inner, packet):
                return raw(*[peer.esp.seal(
                    tcp.segment(segment.at, b'', window=1000), ip.TCP,
                    wire.Metadata(), trailer=t) for t in trailers])
            return send

        def garbage_padding(tcp, segment, inner, packet):
            """A receiver need not look at it."""
            pad = -(len(inner) + 2) % 4
            raw(peer.esp.seal(inner, ip.TCP, segment.meta,
                              trailer=os.urandom(pad) + bytes([pad, 6])),
                peer.esp.seal(tcp.segment(segment.at), ip.TCP,
                              wire.Metadata(), trailer=os.urandom(250) +
                              bytes([250, 6])))
            return 0

        def dummies(tcp, segment, inner, packet):
            raw(*[peer.esp.seal(os.urandom(n), 59, wire.Metadata())
                  for n in (0, 1, 40, 1000)])
            return 0

        def dummy_with_ranges(tcp, segment, inner, packet):
            return raw(peer.esp.seal(os.urandom(200), 59, wire.Metadata(
                True, [(100, 16, 1, 0)])))

        def other_protocols(tcp, segment, inner, packet):
            raw(*[peer.esp.seal(os.urandom(40), proto, wire.Metadata())
                  for proto in (1, 17, 41, 50, 255)])
            return 0

        def bad_headers(tcp, segment, inner, packet):
            res = []
            for doff in (0, 4, 15):
                data = bytearray(tcp.segment(segment.at)[:20])
                data[12] = doff << 4
                res.append(peer.esp.seal(bytes(data), ip.TCP,
                                         wire.Metadata()))
            return raw(*res)

        def fragments(tcp, segment, inner, packet):
            whole = ip.Packet(peer.addr, addr, ip.ESP, packet, ident=7)
            parts = list(whole.fragments(400))
            for part in reversed(parts):
                peer.send_packet(part)
            return 0

        def other_fragments(tcp, segment, inner, packet):
            whole = ip.Packet(peer.addr, addr, ip.ESP, packet, ident=8)
            parts = list(whole.fragments(400))
            data = bytearray(parts[1].payload)
            data[5] ^= 1
            parts[1].payload = bytes(data)
            for part in parts:
                peer.send_packet(part)
            return 1

        for what, send, want in (
                ('a bit flipped in each region', flipped, {'bad-icv'}),
                ('a wrong SPI', wrong_spi, set()),
                ('a wrong sequence number', wrong_seq, {'bad-icv'}),
                ('truncated', truncated, {'bad-icv'}),
                ('shorter than any packet', stubs, {'bad-packet'}),
                ('random bytes', garbage, {'bad-icv'}),
                ('replayed', replayed, set()),
                ('a right ICV over too little', icv_of_less, {'bad-packet'}),
                ('padding longer than the packet', padding(
                    b'\xff\x06', b'\x30\x06'), {'bad-packet'}),
                ('garbage as padding', garbage_padding, set()),
                ('dummy packets', dummies, set()),
                ('a dummy packet with ranges', dummy_with_ranges,
                 {'bad-packet'}),
                ('other protocols', other_protocols, set()),
                ('malformed TCP headers', bad_headers, {'bad-packet'}),
                ('in fragments', fragments, set()),
                ('in fragments, one changed', other_fragments,
                 {'bad-icv'})):
            act(what, send, want)
        stage.honest()
