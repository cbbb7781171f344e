# SPDX-License-Identifier: GPL-2.0
"""The SAs of the peer: its own and the initiator's."""

import os
import struct
import sys

from .. import cache

sys.path.append(os.path.join(cache.TOP, 'esp_asym', 'tests'))

import asym_wire as wire  # noqa: E402


class RawMetadata:
    """64 bytes that need not follow the format.  ranges is what stays
    unencrypted all the same."""

    def __init__(self, raw, ranges=()):
        self.raw = bytes(raw).ljust(wire.META, b'\0')
        self.ranges = list(ranges)

    def encode(self):
        return self.raw


class Esp:
    """What is sent under one key and received under the other."""

    def __init__(self, tx_key, tx_spi, rx_key, rx_spi, esn=False,
                 algorithm=wire.AES):
        self.tx = wire.Sa(tx_key, esn, algorithm)
        self.rx = wire.Sa(rx_key, esn, algorithm)
        self.tx_spi = tx_spi
        self.rx_spi = rx_spi
        self.seq = 0
        self._mask = int.from_bytes(os.urandom(8), 'big')
        self._ivs = set()

    def seal(self, inner, proto, meta, seq=None, spi=None, trailer=None):
        """A packet.  Its sequence number is the next one unless given."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        iv = struct.pack('>Q', self._mask ^ seq) if seq == self.seq \
            else os.urandom(8)
        return self.tx.seal(self.tx_spi if spi is None else spi, seq, iv,
                            inner, proto, meta, trailer)

    def open(self, packet):
        """(metadata, inner packet, next header) of a packet that has to be
        good."""
        if struct.unpack_from('>I', packet)[0] != self.rx_spi:
            raise wire.WireError('unknown SPI')
        iv = packet[8:16]
        if iv in self._ivs:
            raise wire.WireError('an IV was used twice')
        self._ivs.add(iv)
        return self.rx.open(packet)
