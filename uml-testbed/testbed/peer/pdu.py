# SPDX-License-Identifier: GPL-2.0
"""iSCSI PDUs (RFC 7143)."""

import struct

NOP_OUT, COMMAND, TASK_REQUEST, LOGIN, TEXT, DATA_OUT, LOGOUT = range(7)
NOP_IN, RESPONSE, TASK_RESPONSE, LOGIN_RESPONSE, TEXT_RESPONSE, DATA_IN, \
    LOGOUT_RESPONSE = range(0x20, 0x27)
R2T, ASYNC, REJECT = 0x31, 0x32, 0x3f

FINAL = 0x80
STATUS = 0x01		# of Data-In
READ, WRITE = 0x40, 0x20
NO_TAG = 0xffffffff
BHS = 48

_TABLE = []
for _n in range(256):
    for _ in range(8):
        _n = _n >> 1 ^ (0x82f63b78 if _n & 1 else 0)
    _TABLE.append(_n)


def crc32c(data):
    """The digest as it is sent."""
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xff]
    return struct.pack('<I', crc ^ 0xffffffff)


class Pdu:
    """fields are bytes 20 to 47 of the BHS.

    ahs and data lengths are what is there, unless they are given otherwise
    """

    def __init__(self, opcode, flags=FINAL, itt=NO_TAG, lun=bytes(8),
                 fields=b'', ahs=b'', data=b'', specific=b'\0\0',
                 ahs_words=None, data_len=None):
        self.opcode = opcode
        self.flags = flags
        self.itt = itt
        self.lun = lun
        self.fields = fields.ljust(28, b'\0')
        self.ahs = ahs
        self.data = bytes(data)
        self.specific = specific
        self.ahs_words = len(ahs) // 4 if ahs_words is None else ahs_words
        self.data_len = len(data) if data_len is None else data_len

    def head(self):
        return struct.pack('>BB2sB3s8sI28s', self.opcode, self.flags,
                           self.specific, self.ahs_words & 0xff,
                           (self.data_len & 0xffffff).to_bytes(3, 'big'),
                           self.lun, self.itt, self.fields) + self.ahs

    def word(self, at):
        """A 32-bit field by its offset in the BHS."""
        return struct.unpack_from('>I', self.fields, at - 20)[0]


class Parser:
    """The stream of an initiator, PDU by PDU."""

    def __init__(self, handle):
        self._handle = handle
        self._data = bytearray()
        self.header_digest = False
        self.data_digest = False

    def feed(self, data):
        self._data += data
        while len(self._data) >= BHS:
            buf = self._data
            plain = buf[0] & 0x3f == LOGIN
            ahs_len = buf[4] * 4
            data_len = int.from_bytes(buf[5:8], 'big')
            head = BHS + ahs_len
            at = head + (4 if self.header_digest and not plain else 0)
            end = at + data_len + -data_len % 4
            tail = 4 if self.data_digest and data_len and not plain else 0
            if len(buf) < end + tail:
                return
            if at > head and crc32c(buf[:head]) != buf[head:at]:
                raise ValueError('wrong header digest')
            if tail and crc32c(buf[at:end]) != buf[end:end + 4]:
                raise ValueError('wrong data digest')
            op, flags, specific, lun, itt, fields = struct.unpack_from(
                '>BB2s4x8sI28s', buf)
            pdu = Pdu(op & 0x3f, flags, itt, lun, fields,
                      bytes(buf[BHS:head]), bytes(buf[at:at + data_len]),
                      specific)
            del self._data[:end + tail]
            self._handle(pdu)


def keys_of(text):
    """{key: value} of the text of a login."""
    res = {}
    for pair in bytes(text).split(b'\0'):
        if pair:
            key, value = pair.decode().split('=', 1)
            res[key] = value
    return res


def text_of(keys):
    return b''.join(('%s=%s' % kv).encode() + b'\0' for kv in keys.items())
