# SPDX-License-Identifier: GPL-2.0
"""A TCP connection that was accepted: enough of RFC 9293 to be served by an
honest host, and every segment under control of a test.

Positions are those of the stream, from 0 for its first byte, and do not wrap.
"""

import struct
import time

from .esp import wire
from .stream import Outbox, Segment

FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
RETRANSMIT = 0.4	# seconds
MASK = 0xffffffff


class TcpError(Exception):
    """The initiator broke a promise of the wire format."""


class Header:
    def __init__(self, data):
        (self.sport, self.dport, self.seq, self.ack, doff, self.flags,
         self.window, self.check, self.urgent) = struct.unpack_from(
             '>HHIIBBHHH', data)
        self.len = doff // 16 * 4
        self.options = dict(self._options(data[20:self.len]))

    @staticmethod
    def _options(data):
        while data and data[0]:
            if data[0] == 1:
                data = data[1:]
                continue
            yield data[0], data[2:data[1]]
            data = data[data[1]:]


class Features:
    """What the peer offers and how it behaves.

    mss         that it announces
    wscale      shift of its window, or None
    timestamps  whether it offers them
    isn         its initial sequence number
    window      bytes that it lets the initiator send ahead
    cut         bytes of its own segments, or None for what fits
    """

    def __init__(self, mss=1356, wscale=7, timestamps=True, isn=1000,
                 window=1 << 19, cut=None):
        self.mss = mss
        self.wscale = wscale
        self.timestamps = timestamps
        self.isn = isn
        self.window = window
        self.cut = cut


class Tcp:
    """peer sends; reader gets the received bytes in order."""

    def __init__(self, peer, packet, syn, features):
        self.peer = peer
        self.addr = packet.src
        self.port = syn.dport
        self.remote_port = syn.sport
        self.features = features
        self.reader = None
        self.open = True
        self.reset = False	# by the initiator
        self.fin_received = False
        self.hold = False	# nothing leaves by itself

        opts = syn.options
        self._irs = syn.seq
        self.mss = struct.unpack('>H', opts[2])[0] if 2 in opts else 536
        self._their_shift = opts[3][0] if 3 in opts and \
            features.wscale is not None else 0
        self._our_shift = features.wscale if 3 in opts and \
            features.wscale is not None else 0
        self.timestamps = 8 in opts and features.timestamps
        self._stamp = opts[8][:4] if self.timestamps else b''
        self._answer_shift = 3 in opts and features.wscale is not None

        # Sending.
        self.outbox = Outbox()
        self.sent = []		# segments that are not acknowledged
        self.una = 0
        self.next = 0
        self.peer_window = syn.window
        self.fin_sent = False
        self._timer = None
        # Receiving.
        self.rcv_next = 0
        self._pieces = []	# (position, bytes) out of order
        self._ack_now = False
        self.stream = bytearray()	# all that was received, in order
        self._bytes = bytearray()	# each byte as it first came,
        self._marks = bytearray()	# and 0: never, 1: sealed, 2: opaque
        self.window = features.window
        self.drop = None	# func(header, position, payload, meta) -> bool
        self.boundaries = []	# (position, length) of each received segment

    # -- numbers ---------------------------------------------------------
    def _seq(self, at):
        return self.features.isn + 1 + at & MASK

    def _position(self, seq, base, near):
        """The stream position of a sequence number, near another one."""
        diff = seq - (base + 1 + near) & MASK
        return near + (diff - (1 << 32) if diff >> 31 else diff)

    @property
    def head_len(self):
        return 32 if self.timestamps else 20

    # -- sending -----------------------------------------------------------
    def segment(self, at, payload=b'', flags=ACK, urgent=0, seq=None,
                window=None, ack=None):
        """The bytes of a segment; nothing is remembered."""
        opts = b''
        if flags & SYN:
            opts = struct.pack('>BBH', 2, 4, self.features.mss)
            if self._answer_shift:
                opts += bytes([1, 3, 3, self._our_shift])
        if self.timestamps:
            opts += b'\1\1\10\12' + struct.pack(
                '>I', int(time.monotonic() * 1000) & MASK) + self._stamp
        if window is None:
            window = self.window if flags & SYN else \
                self.window >> self._our_shift
        if ack is None:
            ack = self.rcv_next + bool(self.fin_received)
        return struct.pack(
            '>HHIIBBHHH', self.port, self.remote_port,
            self._seq(at) if seq is None else seq & MASK,
            self._irs + 1 + ack & MASK, (20 + len(opts)) * 4, flags,
            min(window, 65535), 0, urgent) + opts + payload

    def transmit(self, at, payload=b'', meta=None, **args):
        """Send a segment, whatever the state of the connection is."""
        if 'flags' not in args:
            args['flags'] = ACK | (PSH if payload else 0)
        self.peer.send_esp(self.addr, self.segment(at, payload, **args),
                           meta or wire.Metadata())
        self._ack_now = False

    def syn_ack(self):
        """The initiator sends its SYN again if this is lost."""
        self.transmit(-1, flags=SYN | ACK)

    def write(self, pieces):
        self.outbox.add(pieces)
        if not self.hold:
            self.pump()

    def cut(self, size=None):
        """Take the next segment out of what was written."""
        limit = self.mss - self.head_len + 20
        size = min(size or self.features.cut or limit, limit)
        segment = self.outbox.cut(self.next, size, self.head_len)
        self.next = segment.end
        self.sent.append(segment)
        return segment

    def cut_all(self, size=None):
        """All that was written as segments, for a test to send."""
        segments = []
        while self.outbox.bytes:
            segments.append(self.cut(size))
        return segments

    def own(self, payload, meta):
        """A segment that the test made itself, in its place in the stream."""
        segment = Segment(self.next, payload, meta)
        self.next = segment.end
        self.sent.append(segment)
        return segment

    def put(self, *segments):
        """Send segments that were cut."""
        for s in segments:
            self.transmit(s.at, s.payload, s.meta)
        self._timer = time.monotonic() + RETRANSMIT

    def pump(self):
        while self.open and self.outbox.bytes:
            room = self.una + self.peer_window - self.next
            if room <= 0:
                break
            self.put(self.cut(room))

    def fin(self):
        self.fin_sent = True
        self.transmit(self.next, flags=FIN | ACK)

    def abort(self):
        self.transmit(self.next, flags=RST | ACK)
        self.open = False

    # -- receiving -----------------------------------------------------------
    def input(self, head, payload, meta):
        at = self._position(head.seq, self._irs, self.rcv_next)
        if head.check:
            raise TcpError('a TCP checksum was sent')
        if head.flags & RST:
            self.reset = True
            self.open = False
            return
        if head.flags & SYN:
            self.syn_ack()
            return
        self._record(at, head.len, payload, meta)
        if self.drop and self.drop(head, at, payload, meta):
            return
        if self.timestamps and 8 in head.options and at <= self.rcv_next:
            self._stamp = head.options[8][:4]
        self._acked(head)
        if payload:
            self.take(at, payload)
        if head.flags & FIN and \
                at + len(payload) == self.rcv_next and not self.fin_received:
            self.fin_received = True
            self._ack_now = True
            if not self.hold and not self.fin_sent:
                self.fin()
        if not payload and at < self.rcv_next:
            self._ack_now = True	# a probe
        if not self.hold:
            self.pump()

    def _record(self, at, head_len, payload, meta):
        """A byte of the stream has one ciphertext, and is opaque or not."""
        if not payload:
            return
        self.boundaries.append((at, len(payload)))
        marks = bytearray([1]) * len(payload)
        for off, length in meta.ranges:
            marks[off - head_len:off - head_len + length] = b'\2' * length
        end = at + len(payload)
        missing = max(0, end - len(self._bytes))
        self._bytes += bytes(missing)
        self._marks += bytes(missing)
        for i, mark in enumerate(self._marks[at:end]):
            if mark and (mark, self._bytes[at + i]) != (marks[i], payload[i]):
                raise TcpError('byte %d of the stream has two ciphertexts'
                               % (at + i))
        self._bytes[at:end] = payload
        self._marks[at:end] = marks

    def _acked(self, head):
        if not head.flags & ACK:
            return
        una = self._position(head.ack, self.features.isn, self.una)
        if self.una < una <= self.next + 1:
            self.una = una
            self.sent = [s for s in self.sent if s.end > una]
            self._timer = time.monotonic() + RETRANSMIT
        self.peer_window = head.window << self._their_shift
        if self.fin_received and self.una > self.next:
            self.open = False

    def take(self, at, payload):
        """Have bytes of the stream, and say so."""
        self._ack_now = True
        self._pieces.append((at, payload))
        fresh = b''
        progress = True
        while progress:
            progress = False
            for piece in self._pieces:
                at, data = piece
                if at <= self.rcv_next:
                    self._pieces.remove(piece)
                    new = data[self.rcv_next - at:]
                    self.rcv_next += len(new)
                    fresh += new
                    progress = True
                    break
        self.stream += fresh
        if fresh and self.reader:
            self.reader(fresh)

    # -- time ------------------------------------------------------------
    def acknowledge(self):
        """After a batch of frames."""
        if self._ack_now and self.open and not self.hold:
            self.transmit(self.next)
        self._ack_now = False

    def tick(self, now):
        if not self.open or self.hold or not self.sent:
            return
        if self._timer and now > self._timer:
            s = self.sent[0]
            self.transmit(s.at, s.payload, s.meta)
            self._timer = now + RETRANSMIT
