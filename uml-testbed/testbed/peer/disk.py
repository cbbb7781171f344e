# SPDX-License-Identifier: GPL-2.0
"""A logical unit in memory: the commands that Linux sends to a disk."""

import struct

GOOD, CHECK_CONDITION = 0x00, 0x02
ILLEGAL_REQUEST = 5
UNKNOWN_COMMAND, BAD_FIELD, OUT_OF_RANGE = 0x2000, 0x2400, 0x2100

READS = {0x08, 0x28, 0x88, 0xa8}
WRITES = {0x0a, 0x2a, 0x8a, 0xaa}


def sense(key, code):
    """Fixed format (SPC-4 4.5.3), as the data segment of a response."""
    data = struct.pack('>BxB4xB4xHxxxx', 0x70, key, 10, code)
    return struct.pack('>H', len(data)) + data


def access(cdb):
    """(LBA, blocks) of a READ or WRITE."""
    kind = cdb[0] >> 5
    if kind == 0:
        return int.from_bytes(cdb[1:4], 'big') & 0x1fffff, cdb[4] or 256
    if kind == 1:
        return struct.unpack_from('>xxIxH', cdb)
    if kind == 4:
        return struct.unpack_from('>xxQI', cdb)
    return struct.unpack_from('>xxII', cdb)


class Disk:
    def __init__(self, size=4 << 20, block_size=512, serial=b'asym0000'):
        self.data = bytearray(size)
        self.block_size = block_size
        self.serial = serial

    @property
    def blocks(self):
        return len(self.data) // self.block_size

    def parameters(self, cdb):
        """Answer to a command that does not touch the medium: bytes, or
        (sense key, code)."""
        op = cdb[0]
        if op == 0x12:
            return self._inquiry(cdb)
        if op == 0x25:
            return struct.pack('>II', self.blocks - 1, self.block_size)
        if op == 0x9e and cdb[1] & 0x1f == 0x10:
            return struct.pack('>QI', self.blocks - 1,
                               self.block_size).ljust(32, b'\0')
        if op == 0x1a:
            return b'\3\0\0\0'
        if op == 0x5a:
            return b'\0\6\0\0\0\0\0\0'
        if op in (0x00, 0x35, 0x91, 0x1b):
            return b''
        return ILLEGAL_REQUEST, UNKNOWN_COMMAND

    def _inquiry(self, cdb):
        if not cdb[1] & 1:
            return struct.pack('>BBBBB3s8s16s4s', 0, 0, 6, 2, 31,
                               b'\0\0\2', b'PEER    ', b'scripted        ',
                               b'1   ')
        pages = {
            0x00: bytes([0x00, 0x80, 0x83]),
            0x80: self.serial,
            0x83: b'\2\1\0\x08' + self.serial[:8].ljust(8),
        }
        page = pages.get(cdb[2])
        if page is None:
            return ILLEGAL_REQUEST, BAD_FIELD
        return struct.pack('>BBH', 0, cdb[2], len(page)) + page
