# SPDX-License-Identifier: GPL-2.0
"""The disk format is dm-crypt's, in both directions, and OpenSSL agrees."""

import os

from testbed import asymctl, iscsi
from testbed.suite import check, test

from . import steps, xts

SIZE = 24 << 20
IMAGE = '/tmp/disk.img'

# block size of the LUN, sector size of the binding, bits of the key
SHAPES = ({'block': 512, 'sector': 512}, {'block': 512, 'sector': 4096},
          {'block': 4096, 'sector': 4096},
          {'block': 512, 'sector': 512, 'bits': 256})


def dm_open(host, key, sector):
    """Open IMAGE with dm-crypt; returns the mapping's device."""
    host.modprobe('loop', 'dm_crypt', 'xts')
    name = host.write('key.bin', key.raw)
    loop = host.run('losetup -f --show ' + IMAGE).out.strip()
    host.run('cryptsetup open --type plain --cipher aes-xts-plain64'
             ' --key-size %d --key-file %s --sector-size %d %s plain; rc=$?;'
             ' rm %s; exit $rc' % (len(key.raw) * 8, name, sector, loop, name))
    return '/dev/mapper/plain'


def dm_close(host):
    host.run('cryptsetup close plain && losetup -D')


def new_image(host):
    host.run('rm -f %s && truncate -s %d %s' % (IMAGE, SIZE, IMAGE))


def dm_crypt_reads(bed, lun, key, sector, sums):
    """The target's host opens what it has stored, with the key and dm-crypt."""
    bed.target.sync()
    bed.target.remove()
    bed.t.run('cp /share/%s.img %s' % (lun.name, IMAGE))
    os.replace(bed.i.path('tree.sha256'), bed.t.path('tree.sha256'))
    steps.verify_fs(bed.t, dm_open(bed.t, key, sector), sums, mount='-o ro')
    dm_close(bed.t)


@test(*SHAPES[:2], more=SHAPES[2:])
def cryptsetup_opens_what_we_wrote(ctx, block, sector, bits=512):
    bed = ctx.bed()
    bed.secure('asym')
    lun = iscsi.Lun(0, size=SIZE, block_size=block)
    bed.serve([lun])
    key = asymctl.Key('k0', bits)
    key.add(bed.i)
    bed.bind(0, key, sector)
    session = bed.login()
    sums = small_fs(bed.i, session.disk(), max(block, sector))
    session.logout()
    dm_crypt_reads(bed, lun, key, sector, sums)


@test(SHAPES[1], more=(SHAPES[0], *SHAPES[2:]))
def we_read_what_cryptsetup_wrote(ctx, block, sector, bits=512):
    bed = ctx.bed()
    bed.secure('asym')
    key = asymctl.Key('k0', bits)
    new_image(bed.t)
    sums = small_fs(bed.t, dm_open(bed.t, key, sector), block)
    dm_close(bed.t)
    lun = iscsi.Lun(0, size=SIZE, block_size=block)
    bed.t.run('cp %s /share/%s.img && sync' % (IMAGE, lun.name))
    os.replace(bed.t.path('tree.sha256'), bed.i.path('tree.sha256'))
    bed.serve([lun])
    key.add(bed.i)
    bed.bind(0, key, sector)
    session = bed.login()
    steps.verify_fs(bed.i, session.disk(), sums)
    session.logout()


@test(SHAPES[2], more=(*SHAPES[:2], SHAPES[3]))
def openssl_decrypts_what_we_wrote(ctx, block, sector, bits=512):
    """... written in pieces of all sizes, at all places."""
    bed = ctx.bed()
    bed.secure('asym')
    size = 4 << 20
    lun = iscsi.Lun(0, size=size, block_size=block)
    bed.serve([lun])
    key = asymctl.Key('k0', bits)
    key.add(bed.i)
    bed.bind(0, key, sector)
    session = bed.login()
    disk = session.disk()
    data = bytearray(os.urandom(size))
    name = bed.i.write('data', data)
    bed.i.run('dd if=%s of=%s bs=1M oflag=direct 2>/dev/null' % (name, disk))
    lines = []
    for i, (at, count) in enumerate(((1, 1), (3, 7), (17, 130), (500, 333),
                                     (1000, 24))):
        patch = os.urandom(count * block)
        if (at + count) * block > size:
            continue
        data[at * block:at * block + len(patch)] = patch
        lines.append('dd if=%s of=%s bs=%d seek=%d oflag=direct 2>/dev/null'
                     % (bed.i.write('patch%d' % i, patch), disk, block, at))
    bed.i.run(' && '.join(lines))
    bed.i.run('dd if=%s of=/share/back bs=1M iflag=direct 2>/dev/null' % disk)
    session.logout()
    bed.target.sync()
    with open(bed.i.path('back'), 'rb') as f:
        check(f.read() == data, 'read back something else')
    with open(lun.path, 'rb') as f:
        raw = f.read()
    check(raw == xts.encrypt(key.raw, bytes(data), sector),
          'the raw disk is not what OpenSSL encrypts')


@test({'sector': 512}, {'sector': 4096})
def the_oracles_agree_with_each_other(ctx, sector):
    """dm-crypt and OpenSSL: what the tests above lean on."""
    bed = ctx.bed()
    key = asymctl.Key('k0')
    new_image(bed.t)
    data = os.urandom(1 << 20)
    disk = dm_open(bed.t, key, sector)
    bed.t.run('dd if=%s of=%s bs=64k conv=fsync 2>/dev/null'
              % (bed.t.write('data', data), disk))
    dm_close(bed.t)
    bed.t.run('dd if=%s of=/share/raw bs=64k count=16 2>/dev/null' % IMAGE)
    with open(bed.t.path('raw'), 'rb') as f:
        check(f.read() == xts.encrypt(key.raw, data, sector),
              'dm-crypt and OpenSSL differ')


def small_fs(host, disk, block=512):
    """A file system with a few hundred files; returns their sums."""
    # dm-crypt's device has blocks of 512 bytes, the LUN will not.
    return steps.fill_fs(host, disk, small=True,
                         mkfs='-b 4096' if block == 4096 else '')
