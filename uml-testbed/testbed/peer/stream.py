# SPDX-License-Identifier: GPL-2.0
"""Bytes of the stream that the peer sends, marked the way a target has to, and
how they are cut into segments."""

from .esp import wire


class Piece:
    """Bytes with one mark.

    opaque      None, or (ITT, buffer offset) of the first byte
    session     digests of a login response, or None
    block_size  (ITT, bytes) for the data of READ CAPACITY, or None
    """

    def __init__(self, data, opaque=None, session=None, block_size=None):
        self.data = bytes(data)
        self.opaque = opaque
        self.session = session
        self.block_size = block_size


class Segment:
    """A TCP segment: position in the stream, payload, metadata."""

    def __init__(self, at, payload, meta):
        self.at = at
        self.payload = payload
        self.meta = meta

    @property
    def end(self):
        return self.at + len(self.payload)


def metadata(parts, head):
    """Of a segment with a TCP header of head bytes; parts are (piece, begin,
    end).  WireError if it takes more than the metadata can hold."""
    meta = wire.Metadata()
    pos = head
    for piece, begin, end in parts:
        if piece.session is not None:
            if meta.session not in (None, piece.session):
                raise wire.WireError('two session notes')
            meta.session = piece.session
        if piece.block_size is not None:
            if meta.block_size not in (None, piece.block_size):
                raise wire.WireError('two block size notes')
            meta.block_size = piece.block_size
        if piece.opaque:
            itt, offset = piece.opaque
            first = begin - (offset + begin) % wire.BLOCK
            last = min(end + -(offset + end) % wire.BLOCK, len(piece.data))
            if not meta.ranges:
                meta.before = piece.data[max(first, 0):begin]
            meta.after = piece.data[end:last]
            meta.ranges.append((pos, end - begin, itt,
                                offset + begin & 0xffffffff))
        pos += end - begin
    meta.tagged = bool(meta.ranges)
    meta.encode()
    return meta


class Outbox:
    """What was written and not cut into segments yet."""

    def __init__(self):
        self._parts = []	# (piece, begin)
        self.bytes = 0

    def add(self, pieces):
        for piece in pieces:
            if piece.data:
                self._parts.append((piece, 0))
                self.bytes += len(piece.data)

    def cut(self, at, size, head):
        """The next segment, of size bytes or fewer, at a stream position."""
        parts = []
        meta = wire.Metadata()
        while size and self._parts:
            piece, begin = self._parts[0]
            end = min(begin + size, len(piece.data))
            try:
                meta = metadata(parts + [(piece, begin, end)], head)
            except wire.WireError:
                if not parts:
                    raise
                break
            parts.append((piece, begin, end))
            size -= end - begin
            if end == len(piece.data):
                self._parts.pop(0)
            else:
                self._parts[0] = (piece, end)
        payload = b''.join(p.data[b:e] for p, b, e in parts)
        self.bytes -= len(payload)
        return Segment(at, payload, meta)
