# SPDX-License-Identifier: GPL-2.0
"""What a decrypted packet shows at the target: no TCP checksum of plaintext.

tcpdump runs at the target, where ESP GRO has opened the packets.  The test
knows the data, finds them in the stream behind their local cipher, and computes
the checksum that TCP would have computed over the plaintext.
"""

import os
import struct

from testbed import iscsi
from testbed.suite import check, frames, test

from . import steps

SIZE = 2 << 20


def segments(path, port=iscsi.PORT):
    """(source, destination, header, payload) of TCP segments to a port."""
    for frame in frames(path):
        if frame[12:14] != b'\x08\x00' or frame[23] != 6:
            continue
        ip = frame[14:]
        ihl = (ip[0] & 15) * 4
        total = struct.unpack('>H', ip[2:4])[0]
        tcp = ip[ihl:total]
        if struct.unpack('>H', tcp[2:4])[0] != port:
            continue
        off = (tcp[12] >> 4) * 4
        yield ip[12:16], ip[16:20], tcp[:off], tcp[off:]


def checksum(src, dst, head, payload):
    data = (src + dst + struct.pack('>HH', 6, len(head) + len(payload))
            + head[:16] + b'\0\0' + head[18:] + payload)
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


class Stream:
    """Both versions of a TCP stream: as captured, and with plaintext."""

    def __init__(self, segs, raw, data):
        first = min((struct.unpack('>I', h[4:8])[0] for s, d, h, p in segs
                     if p), default=None)
        check(first is not None, 'no TCP segment with data was captured')
        self.base = first
        size = max((struct.unpack('>I', h[4:8])[0] - first) % (1 << 32)
                   + len(p) for s, d, h, p in segs if p)
        check(size < 16 << 20, 'sequence numbers make no sense')
        self.plain = bytearray(size)
        for s, d, h, p in segs:
            at = (struct.unpack('>I', h[4:8])[0] - first) % (1 << 32)
            self.plain[at:at + len(p)] = p
        # Data are in the stream in pieces of whole 512-byte blocks.
        self.found = 0
        index = {raw[o:o + 16]: o for o in range(0, len(raw), 512)}
        seen = bytes(self.plain)
        for start in range(0, 4):
            for at in range(start, size - 512, 4):
                off = index.get(seen[at:at + 16])
                if off is not None and \
                        seen[at:at + 512] == raw[off:off + 512]:
                    self.plain[at:at + 512] = data[off:off + 512]
                    self.found += 512

    def part(self, head, payload):
        at = (struct.unpack('>I', head[4:8])[0] - self.base) % (1 << 32)
        return bytes(self.plain[at:at + len(payload)])


def look(ctx, kind):
    """Returns how many segments with data were seen, and how many carry the
    checksum of the plaintext."""
    bed = ctx.bed()
    bed.secure(kind)
    session, lun = steps.disk(bed, iscsi.Lun(0, size=SIZE))
    disk = session.disk()
    data = os.urandom(SIZE)
    name = bed.i.write('data', data)
    bed.t.run('tcpdump -i %s -s 0 -U -n -w /share/seen.pcap tcp'
              ' > /share/tcpdump.log 2>&1 < /dev/null &'
              ' echo $! > /run/tcpdump.pid' % bed.t.iface)
    bed.t.poll('grep -q listening /share/tcpdump.log')
    # Small requests with pauses for answers: a segment that GRO did not merge
    # with others still has the checksum that it came with.
    bed.i.run('dd if=%s of=%s bs=4k oflag=direct 2>/dev/null' % (name, disk),
              timeout=120)
    bed.target.sync()
    bed.t.run('kill $(cat /run/tcpdump.pid)')
    bed.t.poll('! [ -d /proc/$(cat /run/tcpdump.pid) ]')
    with open(lun.path, 'rb') as f:
        raw = f.read()
    segs = [s for s in segments(bed.t.path('seen.pcap'))]
    stream = Stream(segs, raw, data)
    check(stream.found >= SIZE // 2, 'found only %d bytes of the data in the'
          ' decrypted packets' % stream.found)
    seen = match = 0
    for src, dst, head, payload in segs:
        plain = stream.part(head, payload)
        if len(payload) < 256:
            continue
        if kind != 'gcm' and plain == payload:
            continue
        seen += 1
        match += struct.unpack('>H', head[16:18])[0] == checksum(
            src, dst, head, plain)
    ctx.note('%d segments with data, %d with the checksum of the plaintext'
             % (seen, match))
    return seen, match


@test()
def target_sees_no_checksum_of_plaintext(ctx):
    seen, match = look(ctx, 'asym')
    check(seen >= 50, 'only %d segments' % seen)
    # One of 65536 matches by chance.
    check(match <= 1, '%d of %d segments carry the checksum of the plaintext'
          % (match, seen))


@test()
def checksum_of_plaintext_is_found_under_ordinary_esp(ctx):
    """The test above could fail."""
    seen, match = look(ctx, 'gcm')
    check(match >= 50, 'only %d of %d segments carry the checksum of the'
          ' plaintext' % (match, seen))


@test(platforms='qemu')
def no_device_writes_a_checksum_into_a_sealed_packet(ctx):
    """A bridge takes packets with unfinished checksums, its port finishes
    them: nothing of that may happen to ESP."""
    bed = ctx.bed()
    dev = bed.i.iface
    bed.i.modprobe('bridge')
    bed.i.run('ethtool -K %s tx off; ip link add br0 type bridge &&'
              ' ip addr flush dev %s && ip link set %s master br0 &&'
              ' ip link set br0 up && ip addr add %s/24 dev br0'
              % (dev, dev, dev, bed.i.addr))
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=SIZE))
    data = os.urandom(SIZE)
    name = bed.i.write('data', data)
    disk = session.disk()
    bed.i.run('dd if=%s of=%s bs=256k oflag=direct 2>/dev/null' % (name, disk),
              timeout=120)
    steps.reread(bed.i, disk)
    bed.i.run('cmp -n %d %s %s' % (SIZE, name, disk), timeout=120)
    stat = bed.t.run('cat /proc/net/esp_asym_stat').out
    check('refused-bad-icv' in stat, 'no such counter')
    for line in stat.splitlines():
        if line.startswith('refused-bad-icv'):
            check(line.split()[1] == '0', 'the target saw ' + line)
