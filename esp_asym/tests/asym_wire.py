# SPDX-License-Identifier: GPL-2.0
"""Wire format version 2 of asymmetric ESP, written from
Documentation/wire-format.rst and not from the kernel modules."""

import struct

from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 2
AES, CHACHA20 = 'asym(gcm(aes))', 'asym(chacha20,poly1305)'
# Of the key of the stream cipher, and of that of the hash.
LABELS = {AES: (b'asym-esp v2 stream', b'asym-esp v2 hash'),
          CHACHA20: (b'asym-esp v2 chacha20', b'asym-esp v2 chacha20 hash')}
KEY_SIZES = {AES: (20, 36), CHACHA20: (36,)}
HEADER = 16                     # SPI, sequence number, IV
META = 64
ICV = 16
STREAM_META = 64
STREAM_INNER = STREAM_META + META
BLOCK = 16
RANGES_MAX = 15

TAGGED = 0x01
GRANT, EDGE_BEFORE, EDGE_AFTER, SESSION, BLOCK_SIZE = 1, 2, 3, 4, 5
GRANTS_MAX = 6
GRANT_SEALED, GRANT_OPAQUE, GRANT_CAPACITY_10, GRANT_CAPACITY_16 = range(4)
HEADER_DIGEST, DATA_DIGEST = 0x01, 0x02
NO_NEXT_HEADER, TCP = 59, 6


class WireError(Exception):
    """The packet violates the format."""


class BadVersion(WireError):
    pass


class BadIcv(WireError):
    pass


class Metadata:
    """What the 64 bytes say.

    ranges      list of (offset, length) or (offset, length, itt, buffer
                offset) if tagged
    grants      list of (treatment, sequence number, itt)
    before, after   bytes of cut cipher blocks
    session     digests, or None
    block_size  (itt, bytes), or None
    """

    def __init__(self, tagged=False, ranges=(), grants=(), before=b'',
                 after=b'', session=None, block_size=None):
        self.tagged = tagged
        self.ranges = [tuple(r) for r in ranges]
        self.grants = [tuple(g) for g in grants]
        self.before = bytes(before)
        self.after = bytes(after)
        self.session = session
        self.block_size = tuple(block_size) if block_size else None

    def __eq__(self, other):
        return self.__dict__ == other.__dict__

    def encode(self):
        ranges = b''.join(struct.pack('>HHII' if self.tagged else '>HH', *r)
                          for r in self.ranges)
        notes = b''.join(struct.pack('>BBII', GRANT, *g) for g in self.grants)
        if self.before:
            notes += bytes([EDGE_BEFORE, len(self.before)]) + self.before
        if self.after:
            notes += bytes([EDGE_AFTER, len(self.after)]) + self.after
        if self.session is not None:
            notes += bytes([SESSION, self.session])
        if self.block_size:
            notes += struct.pack('>BII', BLOCK_SIZE, *self.block_size)
        head = bytes([VERSION, TAGGED if self.tagged else 0,
                      len(self.ranges), len(notes)])
        whole = head + ranges + notes
        if len(whole) > META:
            raise WireError('metadata do not fit')
        return whole.ljust(META, b'\0')

    @classmethod
    def decode(cls, data, inner_len):
        """inner_len: bytes of the inner packet."""
        if data[0] != VERSION:
            raise BadVersion('version %d' % data[0])
        if data[1] & ~TAGGED:
            raise WireError('unknown flags')
        meta = cls(tagged=bool(data[1] & TAGGED))
        form = '>HHII' if meta.tagged else '>HH'
        size = struct.calcsize(form)
        count, notes = data[2], data[3]
        if count > RANGES_MAX or 4 + count * size + notes > META:
            raise WireError('counts exceed the metadata')
        pos, end = 4, 0
        for _ in range(count):
            r = struct.unpack_from(form, data, pos)
            pos += size
            if not r[1] or r[0] < end or r[0] + r[1] > inner_len:
                raise WireError('empty, overlapping or outlying range')
            end = r[0] + r[1]
            meta.ranges.append(r)
        meta._notes(data[pos:pos + notes])
        if any(data[pos + notes:]):
            raise WireError('bytes behind the notes')
        meta._check_blocks()
        return meta

    def _notes(self, data):
        while data:
            kind = data[0]
            if kind == GRANT and len(data) >= 10:
                grant = struct.unpack_from('>BII', data, 1)
                if grant[0] > GRANT_CAPACITY_16 or \
                        len(self.grants) == GRANTS_MAX:
                    raise WireError('unknown grant, or too many')
                self.grants.append(grant)
                data = data[10:]
            elif kind in (EDGE_BEFORE, EDGE_AFTER) and len(data) >= 2:
                name = 'before' if kind == EDGE_BEFORE else 'after'
                n = data[1]
                if not 1 <= n < BLOCK or n > len(data) - 2 or \
                        getattr(self, name):
                    raise WireError('malformed or second edge')
                setattr(self, name, bytes(data[2:2 + n]))
                data = data[2 + n:]
            elif kind == SESSION and len(data) >= 2:
                if self.session is not None or \
                        data[1] & ~(HEADER_DIGEST | DATA_DIGEST):
                    raise WireError('malformed or second session note')
                self.session = data[1]
                data = data[2:]
            elif kind == BLOCK_SIZE and len(data) >= 9:
                note = struct.unpack_from('>II', data, 1)
                if self.block_size or not note[1]:
                    raise WireError('malformed or second block size')
                self.block_size = note
                data = data[9:]
            else:
                raise WireError('unknown or short note')

    def _check_blocks(self):
        if not self.tagged or not self.ranges:
            if self.before or self.after:
                raise WireError('edges without tagged ranges')
            return
        for i, (off, length, itt, at) in enumerate(self.ranges):
            begin = at % BLOCK
            rest = -(at + length) % BLOCK
            if begin != (len(self.before) if i == 0 else 0) or \
                    rest != (len(self.after)
                             if i == len(self.ranges) - 1 else 0):
                raise WireError('cut cipher block without its edge')


def poly1305(r, data):
    """Poly1305 (RFC 8439) of whole blocks, without the number that is added."""
    r = int.from_bytes(r, 'little') & 0x0ffffffc0ffffffc0ffffffc0fffffff
    acc = 0
    for i in range(0, len(data), 16):
        block = int.from_bytes(data[i:i + 16], 'little') | 1 << 128
        acc = (acc + block) * r % ((1 << 130) - 5)
    return acc % (1 << 128)


NH_UNIT = 1024
NH_PASSES = 4
NH_KEY = NH_UNIT + 16 * (NH_PASSES - 1)
HASH_KEY = 16 + 16 + NH_KEY


def nh(key, data):
    """NH of up to 1024 bytes, whole blocks; key: its 32-bit words."""
    words = struct.unpack('<%dI' % (len(data) // 4), data)
    out = b''
    for shift in range(0, 4 * NH_PASSES, 4):
        total = 0
        for i in range(0, len(words), 4):
            k = i + shift
            total += (words[i] + key[k] & 0xffffffff) * \
                (words[i + 2] + key[k + 2] & 0xffffffff) + \
                (words[i + 1] + key[k + 1] & 0xffffffff) * \
                (words[i + 3] + key[k + 3] & 0xffffffff)
        out += struct.pack('<Q', total & 0xffffffffffffffff)
    return out


def nhpoly1305(key, data):
    """key: r and the key of NH."""
    words = struct.unpack('<%dI' % (NH_KEY // 4), key[16:])
    data += bytes(-len(data) % 16)
    return poly1305(key[:16], b''.join(
        nh(words, data[i:i + NH_UNIT]) for i in range(0, len(data), NH_UNIT)))


class Sa:
    """One direction: key is the SA key with its 4 bytes of salt."""

    def __init__(self, key, esn=False, algorithm=AES):
        if len(key) not in KEY_SIZES[algorithm]:
            raise ValueError('an SA key of %s has not %d bytes'
                             % (algorithm, len(key)))
        self.esn = esn
        self.algorithm = algorithm
        self.salt = key[-4:]
        self.stream_key, self.hash_key = (
            HKDF(hashes.SHA256(), size, None, label).derive(key[:-4])
            for size, label in zip((len(key) - 4, HASH_KEY),
                                   LABELS[algorithm]))

    def counter(self, iv, block):
        if self.algorithm == AES:
            return self.salt + iv + struct.pack('>I', block)
        return struct.pack('<I', block) + self.salt + iv

    def stream(self, iv, pos, data):
        """Encrypt or decrypt data at a position of the keystream."""
        if self.algorithm == AES:
            size = 16
            cipher = Cipher(algorithms.AES(self.stream_key),
                            modes.CTR(self.counter(iv, pos // size)))
        else:
            size = 64
            cipher = Cipher(algorithms.ChaCha20(
                self.stream_key, self.counter(iv, pos // size)), None)
        cipher = cipher.encryptor()
        cipher.update(bytes(pos % size))
        return cipher.update(data)

    def aad(self, spi, seq):
        if self.esn:
            return struct.pack('>IQ', spi, seq)
        return struct.pack('>II', spi, seq & 0xffffffff)

    def mac(self, iv, aad, text):
        front = struct.pack('<I', len(text)) + aad.ljust(12, b'\0')
        mask = int.from_bytes(self.stream(iv, 0, bytes(16)), 'little')
        total = mask + poly1305(self.hash_key[:16], front) + \
            nhpoly1305(self.hash_key[16:], text)
        return (total % (1 << 128)).to_bytes(16, 'little')

    def _crypt(self, iv, meta, body):
        """Everything behind the metadata, without the opaque ranges."""
        out, pos, stream = b'', 0, STREAM_INNER
        for r in meta.ranges + [(len(body), 0)]:
            piece = body[pos:r[0]]
            out += self.stream(iv, stream, piece)
            stream += len(piece)
            out += body[r[0]:r[0] + r[1]]
            pos = r[0] + r[1]
        return out

    def seal(self, spi, seq, iv, inner, next_header, meta, trailer=None):
        """The packet from the SPI to the ICV.

        For packets that violate the format under a right ICV: trailer takes
        the place of padding, pad length and next header; meta may be anything
        with encode() and ranges.
        """
        if trailer is None:
            pad = bytes(range(1, 1 + -(len(inner) + 2) % 4))
            trailer = pad + bytes([len(pad), next_header])
        body = inner + trailer
        text = self.stream(iv, STREAM_META, meta.encode()) + \
            self._crypt(iv, meta, body)
        return struct.pack('>II', spi, seq & 0xffffffff) + iv + text + \
            self.mac(iv, self.aad(spi, seq), text)

    def open(self, packet, seq_hi=0):
        """Returns metadata, inner packet, next header."""
        if len(packet) < HEADER + META + 2 + ICV:
            raise WireError('packet too short')
        spi, seq = struct.unpack_from('>II', packet)
        iv = packet[8:HEADER]
        text, icv = packet[HEADER:-ICV], packet[-ICV:]
        aad = self.aad(spi, seq_hi << 32 | seq)
        if not constant_time.bytes_eq(icv, self.mac(iv, aad, text)):
            raise BadIcv('SPI %#x, sequence number %d' % (spi, seq))
        raw = self.stream(iv, STREAM_META, text[:META])
        body = text[META:]
        meta = Metadata.decode(raw, len(body) - 2)
        body = self._crypt(iv, meta, body)
        pad, next_header = body[-2:]
        if pad + 2 > len(body):
            raise WireError('padding longer than the packet')
        inner = body[:-2 - pad]
        if meta.ranges:
            last = meta.ranges[-1]
            if next_header != TCP:
                raise WireError('opaque ranges outside of TCP')
            if last[0] + last[1] > len(inner):
                raise WireError('an opaque range covers the padding')
            if len(inner) < 20 or meta.ranges[0][0] < inner[12] // 16 * 4:
                raise WireError('an opaque range covers the TCP header')
        return meta, inner, next_header
