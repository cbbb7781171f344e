# SPDX-License-Identifier: GPL-2.0
"""What user data takes of ciphers and hashes, from first principles.

Everything is counted in blocks of 16 bytes, as the paper does (Andukuri and Chow,
"Efficient Asymmetric IPsec for Secure iSCSI", 2010).
"""

BLOCK = 16
TCP = 32            # header, with timestamps
BHS = 48            # of an iSCSI PDU
SECTOR = 512
# Of asymmetric ESP: Documentation/wire-format.rst.
LEAD = 64           # keystream for the mask of the ICV and unused
MASK = 16           # of that the mask
META = 64
AHEAD = 128         # keystream that is made with MASK and META
TURNS = 8           # packets for which a request makes all three
NH_PIECE = 1024     # of which NH makes 32 bytes for Poly1305


def blocks(size):
    return -(-size // BLOCK)


def table_1(payload=1024):
    """Blocks encrypted (and as many decrypted) for the round trip of a segment:
    what was available to the paper's authors, and what they propose.

    The application encrypts, and ESP does it again in both directions; or all
    encrypt only what is theirs.
    """
    heads = 2 * (blocks(TCP) + blocks(BHS))
    return 3 * blocks(payload) + heads, blocks(payload) + heads


def trailer(size):
    """Bytes of padding, pad length and next header behind so many bytes."""
    return -(size + 2) % 4 + 2


class Packet:
    """A TCP segment: bytes of its header and of PDU headers, and of user data."""

    def __init__(self, payload, heads=TCP + BHS):
        self.payload = payload
        self.heads = heads
        self.tail = trailer(heads + payload)

    # -- asymmetric ESP
    @property
    def streamed(self):
        """Bytes under the SA's cipher, as the modules count them."""
        return META + self.heads + self.tail

    @property
    def hashed(self):
        return self.streamed + self.payload

    def sealed(self):
        """Blocks of keystream that a sender makes, with AES."""
        if self.streamed > META + AHEAD:
            return blocks(LEAD + self.streamed)
        return blocks(MASK + META + AHEAD)

    def opened(self):
        """... and a receiver."""
        rest = self.heads + self.tail
        return blocks(MASK + META + AHEAD) + (blocks(rest)
                                              if rest > AHEAD else 0)

    def nh(self):
        """Blocks that go through NH."""
        return blocks(self.hashed)

    def poly1305(self):
        """Blocks through Poly1305: two for each piece, lengths and AAD."""
        return 2 * -(-self.hashed // NH_PIECE) + 2

    # -- ESP with AES-GCM
    @property
    def text(self):
        return self.heads + self.payload + self.tail

    def gcm(self):
        """Blocks of AES: the mask of the tag, and the keystream."""
        return 1 + blocks(self.text)

    def ghash(self):
        """AAD, ciphertext, lengths."""
        return 1 + blocks(self.text) + 1


def xts(payload, sector=SECTOR):
    """Blocks of AES for whole sectors: data, and a tweak for each sector."""
    return blocks(payload) + -(-payload // sector)


def round_trip(payload=1024):
    """{what: (ESP with dm-crypt, asymmetric ESP)} for a WRITE and a READ of one
    segment, both hosts together: the blocks of the paper's Table 1, and what it
    leaves out."""
    p = Packet(payload)
    heads = 2 * blocks(p.heads)
    return {
        'user data, at rest': (blocks(payload), blocks(payload)),
        'user data, ESP': (2 * blocks(payload), 0),
        'headers': (heads, heads),
        'trailer, metadata, mask: sender':
            (2 * (p.gcm() - blocks(payload)) - heads, 2 * p.sealed() - heads),
        'trailer, metadata, mask: receiver':
            (2 * (p.gcm() - blocks(payload)) - heads, 2 * p.opened() - heads),
        'tweaks': (xts(payload) - blocks(payload),) * 2,
        'GHASH (each end)': (2 * p.ghash(), 0),
        'NH (each end)': (0, 2 * p.nh()),
        'Poly1305 (each end)': (0, 2 * p.poly1305()),
    }


def counters(requests, payload, sent, received):
    """What the initiator's counters must say after WRITEs or READs of so many
    bytes, each a PDU with its header in each direction, in so many packets."""
    data = requests * payload
    packets = sent + received
    # Headers are multiples of 4, so that all trailers are alike.
    streamed = packets * (META + TCP + trailer(TCP)) + 2 * requests * BHS
    return {'opaque': data, 'blocks': data // BLOCK, 'streamed': streamed,
            'hashed': streamed + data}
