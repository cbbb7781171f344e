#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Check the test vectors of the wire format, or write them anew.

Each vector is built from its input, compared, opened again, and damaged in every
byte.  The implementation is asym_wire.py; nothing of the kernel modules is used.
"""

import argparse
import glob
import hashlib
import json
import os
import struct
import sys

from cryptography.hazmat.primitives.poly1305 import Poly1305

import asym_wire as wire

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, '..', '..', 'Documentation', 'vectors')
NHPOLY1305 = os.path.join(HERE, 'nhpoly1305.json')


# ---- what the vectors hold ----

def opaque(text, size):
    """Stands for user data that are sealed already."""
    return b''.join(hashlib.sha256(b'%s %d' % (text.encode(), i)).digest()
                    for i in range(size // 32 + 1))[:size]


def key(text, size):
    return hashlib.sha512(text.encode()).digest()[:size]


def tcp(sport, dport, seq, ack, payload, flags=0x18):
    """With the timestamps option; the checksum is 0."""
    option = bytes([1, 1, 8, 10]) + struct.pack('>II', 1000, 2000)
    return struct.pack('>HHIIBBHHH', sport, dport, seq, ack, 8 << 4, flags,
                       502, 0, 0) + option + payload


def bhs(opcode, flags, data_len, itt, rest=b'', lun=0):
    return (bytes([opcode, flags, 0, 0, 0]) + data_len.to_bytes(3, 'big') +
            struct.pack('>QI', lun << 48, itt) + rest).ljust(48, b'\0')


def read_10(itt, lba, blocks):
    cdb = struct.pack('>BBIBHB', 0x28, 0, lba, 0, blocks, 0)
    return bhs(0x01, 0xc1, 0, itt,
               struct.pack('>III', blocks * 512, 7, 9) + cdb)


def data_out(itt, offset, data_len, final=True):
    return bhs(0x05, 0x80 if final else 0, data_len, itt,
               struct.pack('>IIIIIIIII', 0x11, 0, 9, 0, 0, offset, 0, 0,
                           0)[:28])


def data_in(itt, offset, data_len, final=False):
    return bhs(0x25, 0x80 if final else 0, data_len, itt,
               struct.pack('>IIIIII', 0xffffffff, 5, 6, 7, 0, offset))


def vectors():
    yield {
        'name': 'no-ranges',
        'comment': 'Target to initiator, SCSI Response, nothing opaque;'
                   ' AES-128.',
        'key': key('no-ranges', 20), 'esn': False, 'spi': 0xc0000001,
        'seq': 17, 'iv': struct.pack('>Q', 17 ^ 0x0123456789abcdef),
        'next_header': wire.TCP,
        'inner': tcp(3260, 40001, 0x10000000, 0x20000000,
                     bhs(0x21, 0x80, 0, 5)),
        'meta': wire.Metadata(tagged=True),
    }
    yield {
        'name': 'initiator-write',
        'comment': 'Initiator to target, AES-256: a READ (10) whose Data-In is'
                   ' to come opaque, then a Data-Out of one sealed block.',
        'key': key('initiator-write', 36), 'esn': False, 'spi': 0xc0000002,
        'seq': 0xfffffffe,
        'iv': struct.pack('>Q', 0xfffffffe ^ 0xfedcba9876543210),
        'next_header': wire.TCP,
        'inner': tcp(40001, 3260, 0x20000000, 0x10000030,
                     read_10(0x31, 2048, 8) + data_out(0x30, 0, 512) +
                     opaque('initiator-write', 512)),
        'meta': wire.Metadata(
            ranges=[(32 + 48 + 48, 512)],
            grants=[(wire.GRANT_OPAQUE, 0x20000000, 0x31)]),
    }
    first, second = opaque('first', 4096), opaque('second', 512)
    yield {
        'name': 'target-cut-blocks',
        'comment': 'Target to initiator, ESN: the segment begins inside a'
                   ' cipher block of one Data-In and ends inside a block of'
                   ' the next one.',
        'key': key('target-cut-blocks', 36), 'esn': True, 'spi': 0xc0000003,
        'seq': 0x100000005,
        'iv': struct.pack('>Q', 0x100000005 ^ 0x5555555555555555),
        'next_header': wire.TCP,
        'inner': tcp(3260, 40001, 0x10001000, 0x20000290,
                     first[3500:] + data_in(0x32, 8192, 512) + second[:100]),
        'meta': wire.Metadata(
            tagged=True,
            ranges=[(32, 596, 0x31, 3500),
                    (32 + 596 + 48, 100, 0x32, 8192)],
            before=first[3488:3500], after=second[100:112]),
    }
    yield {
        'name': 'target-notes',
        'comment': 'Target to initiator: what READ CAPACITY (10) returned,'
                   ' and that header digests were agreed on.',
        'key': key('target-notes', 36), 'esn': False, 'spi': 0xc0000004,
        'seq': 3, 'iv': struct.pack('>Q', 3), 'next_header': wire.TCP,
        'inner': tcp(3260, 40001, 0x10002000, 0x20000390,
                     data_in(0x33, 0, 8, True) + struct.pack('>II', 131071,
                                                             512)),
        'meta': wire.Metadata(tagged=True, session=wire.HEADER_DIGEST,
                              block_size=(0x33, 512)),
    }
    udp = struct.pack('>HHHH', 5000, 5001, 8 + 11, 0) + b'hello world'
    yield {
        'name': 'not-tcp',
        'comment': 'Anything that is not TCP is encrypted under the SA, here a'
                   ' UDP datagram of odd length.',
        'key': key('not-tcp', 20), 'esn': True, 'spi': 0xc0000005, 'seq': 1,
        'iv': struct.pack('>Q', 0xffffffffffffffff), 'next_header': 17,
        'inner': udp, 'meta': wire.Metadata(),
    }
    yield {
        'name': 'chacha20-no-ranges',
        'comment': 'asym(chacha20,poly1305), nothing opaque: behind the key'
                   ' derivation only the keystream is another.',
        'algorithm': wire.CHACHA20, 'key': key('chacha20-no-ranges', 36),
        'esn': True, 'spi': 0xc0000006, 'seq': 0x100000007,
        'iv': struct.pack('>Q', 0x0123456789abcdef), 'next_header': wire.TCP,
        'inner': tcp(40001, 3260, 0x20000100, 0x10000800, read_10(0x41, 8, 8)),
        'meta': wire.Metadata(grants=[(wire.GRANT_OPAQUE, 0x20000100, 0x41)]),
    }
    third = opaque('chacha20-cut-blocks', 4096)
    yield {
        'name': 'chacha20-cut-blocks',
        'comment': 'asym(chacha20,poly1305), target to initiator: two opaque'
                   ' ranges with cut cipher blocks.',
        'algorithm': wire.CHACHA20, 'key': key('chacha20-cut-blocks', 36),
        'esn': False, 'spi': 0xc0000007, 'seq': 9,
        'iv': struct.pack('>Q', 9), 'next_header': wire.TCP,
        'inner': tcp(3260, 40001, 0x10003000, 0x20000490,
                     third[1001:2048] + data_in(0x42, 2048, 512) +
                     third[2048:2118]),
        'meta': wire.Metadata(
            tagged=True,
            ranges=[(32, 1047, 0x42, 1001), (32 + 1047 + 48, 70, 0x42, 2048)],
            before=third[992:1001], after=third[2118:2128]),
    }


def sa_of(v):
    return wire.Sa(v['key'], v['esn'], v.get('algorithm', wire.AES))


# ---- their form in a file ----

def meta_to_json(meta):
    out = {'tagged': meta.tagged}
    names = ('offset', 'length', 'itt', 'buffer_offset')
    out['ranges'] = [dict(zip(names, r)) for r in meta.ranges]
    out['grants'] = [dict(zip(('treatment', 'seq', 'itt'), g))
                     for g in meta.grants]
    out['edge_before'] = meta.before.hex()
    out['edge_after'] = meta.after.hex()
    out['session'] = meta.session
    out['block_size'] = meta.block_size and dict(
        zip(('itt', 'bytes'), meta.block_size))
    return out


def meta_from_json(m):
    return wire.Metadata(
        m['tagged'], [tuple(r.values()) for r in m['ranges']],
        [(g['treatment'], g['seq'], g['itt']) for g in m['grants']],
        bytes.fromhex(m['edge_before']), bytes.fromhex(m['edge_after']),
        m['session'], m['block_size'] and tuple(m['block_size'].values()))


def derived(sa, v):
    """The intermediate values that help to find a mistake."""
    aad = sa.aad(v['spi'], v['seq'])
    packet = sa.seal(v['spi'], v['seq'], v['iv'], v['inner'],
                     v['next_header'], v['meta'])
    return {
        'stream_key': sa.stream_key.hex(),
        'hash_key': sa.hash_key.hex(),
        'counter_block_0': sa.counter(v['iv'], 0).hex(),
        'mask': sa.stream(v['iv'], 0, bytes(wire.ICV)).hex(),
        'aad': aad.hex(),
        'metadata': v['meta'].encode().hex(),
        'icv': packet[-wire.ICV:].hex(),
        'packet': packet.hex(),
    }


def to_json(v):
    sa = sa_of(v)
    return {
        'name': v['name'], 'comment': v['comment'],
        'input': {
            'algorithm': sa.algorithm,
            'sa_key': v['key'].hex(), 'esn': v['esn'],
            'spi': '%08x' % v['spi'], 'seq': '%016x' % v['seq'],
            'iv': v['iv'].hex(), 'next_header': v['next_header'],
            'inner': v['inner'].hex(), 'metadata': meta_to_json(v['meta']),
        },
        'output': derived(sa, v),
    }


def from_json(doc):
    i = doc['input']
    return {
        'name': doc['name'], 'comment': doc['comment'],
        'algorithm': i['algorithm'], 'key': bytes.fromhex(i['sa_key']), 'esn': i['esn'],
        'spi': int(i['spi'], 16), 'seq': int(i['seq'], 16),
        'iv': bytes.fromhex(i['iv']), 'next_header': i['next_header'],
        'inner': bytes.fromhex(i['inner']),
        'meta': meta_from_json(i['metadata']),
    }


# ---- checks ----

def check_builds(doc):
    v = from_json(doc)
    made = derived(sa_of(v), v)
    wrong = [k for k in doc['output'] if doc['output'][k] != made.get(k)]
    return not wrong and set(made) == set(doc['output']), ' '.join(wrong)


def check_opens(doc):
    v = from_json(doc)
    packet = bytes.fromhex(doc['output']['packet'])
    meta, inner, next_header = sa_of(v).open(
        packet, v['seq'] >> 32)
    return (meta == v['meta'] and inner == v['inner'] and
            next_header == v['next_header']), ''


def check_ranges_untouched(doc):
    """Opaque ranges lie in the packet as they are, and nothing else does."""
    v = from_json(doc)
    body = bytes.fromhex(doc['output']['packet'])[wire.HEADER + wire.META:]
    at = 0
    for r in v['meta'].ranges + [(len(v['inner']), 0)]:
        if r[0] - at >= 8 and body[at:r[0]] == v['inner'][at:r[0]]:
            return False, 'bytes outside of the ranges are not encrypted'
        if body[r[0]:r[0] + r[1]] != v['inner'][r[0]:r[0] + r[1]]:
            return False, 'an opaque range was changed'
        at = r[0] + r[1]
    return True, ''


def check_damage(doc):
    v = from_json(doc)
    packet = bytes.fromhex(doc['output']['packet'])
    sa = sa_of(v)
    tries = [(packet[:i] + bytes([packet[i] ^ 1 << i % 8]) + packet[i + 1:],
              v['seq'] >> 32) for i in range(len(packet))]
    if v['esn']:
        tries.append((packet, (v['seq'] >> 32) + 1))
    tries += [(packet[:-1], v['seq'] >> 32), (packet + b'\0', v['seq'] >> 32)]
    for i, (bad, hi) in enumerate(tries):
        try:
            sa.open(bad, hi)
        except wire.BadIcv:
            continue
        return False, 'damage %d was not noticed' % i
    return True, ''


CHECKS = (('is built bit for bit', check_builds),
          ('opens to its input', check_opens),
          ('leaves opaque ranges and only these', check_ranges_untouched),
          ('refuses damage to any byte', check_damage))


def check_hashes():
    """What asym_wire.py computes by itself, as others have published it."""
    with open(NHPOLY1305) as f:
        theirs = json.load(f)['vectors']
    for i, v in enumerate(theirs):
        key, text, digest = (bytes.fromhex(v[name])
                             for name in ('key', 'plaintext', 'digest'))
        yield ('NHPoly1305 of %d bytes, vector %d' % (len(text), i),
               wire.nhpoly1305(key, text) == int.from_bytes(digest, 'little'))
    text = opaque('poly1305', 2 * wire.BLOCK)
    mac = Poly1305(text[:16] + bytes(16))
    mac.update(text)
    yield ('Poly1305 without a number added',
           wire.poly1305(text[:16], text) ==
           int.from_bytes(mac.finalize(), 'little'))


def generate(directory):
    for v in vectors():
        path = os.path.join(directory, v['name'] + '.json')
        with open(path, 'w') as f:
            json.dump(to_json(v), f, indent=2)
            f.write('\n')


def write_metadata(directory, docs):
    """The 64 bytes of each vector, for the test of meta.c."""
    for doc in docs:
        path = os.path.join(directory, doc['name'] + '.meta')
        with open(path, 'wb') as f:
            f.write(bytes.fromhex(doc['output']['metadata']))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.
                                RawDescriptionHelpFormatter)
    p.add_argument('--vectors', default=VECTORS, metavar='DIR')
    p.add_argument('--generate', action='store_true',
                   help='write the vectors to DIR')
    p.add_argument('--metadata', metavar='OUT',
                   help='write the metadata of each vector to a file in OUT')
    args = p.parse_args()
    if args.generate:
        generate(args.vectors)
        return 0
    docs = []
    for path in sorted(glob.glob(os.path.join(args.vectors, '*.json'))):
        with open(path) as f:
            docs.append(json.load(f))
    if args.metadata:
        write_metadata(args.metadata, docs)
        return 0

    tests = failed = 0

    def result(ok, name, why=''):
        nonlocal tests, failed
        tests += 1
        failed += not ok
        print('%sok %d - %s' % ('' if ok else 'not ', tests, name))
        if why:
            print('# ' + why)

    for name, ok in check_hashes():
        result(ok, name)
    known = {v['name'] for v in vectors()}
    result(known == {d['name'] for d in docs} and len(docs) >= 3,
           'every vector is there')
    for doc in docs:
        for name, check in CHECKS:
            try:
                ok, why = check(doc)
            except Exception as err:  # a broken vector may break anything
                ok, why = False, '%s: %s' % (type(err).__name__, err)
            result(ok, 'vector %s %s' % (doc['name'], name), why)
    print('1..%d' % tests)
    print('%d passed, %d failed, 0 skipped' % (tests - failed, failed))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
