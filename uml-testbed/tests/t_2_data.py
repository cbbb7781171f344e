# SPDX-License-Identifier: GPL-2.0
"""Data survive: a file system with a source tree, and fio."""

from testbed import iscsi
from testbed.suite import test

from . import steps

DIGEST = {'node.conn[0].iscsi.HeaderDigest': 'CRC32C'}


@test({'kind': 'asym-chacha', 'esn': True}, more=(
      {'kind': 'gcm'}, {'kind': 'asym'}, {'kind': 'asym', 'esn': True},
      {'kind': 'asym-enc'}, {'kind': 'asym', 'block': 4096}))
def source_tree_survives_on_ext4(ctx, kind, esn=False, block=512):
    bed = ctx.bed()
    bed.secure(kind, esn=esn)
    session, lun = steps.disk(bed, iscsi.Lun(0, size=96 << 20,
                                             block_size=block))
    disk = session.disk()
    sums = steps.fill_fs(bed.i, disk, small=ctx.quick)
    steps.reread(bed.i, disk)
    steps.verify_fs(bed.i, disk, sums)
    session.logout()
    # ... and in a new session.
    session = bed.login()
    steps.verify_fs(bed.i, session.disk(), sums)
    session.logout()


# These move more than the GiB that check demands of a run.
@test({'kind': 'gcm', 'mtu': 1500},
      {'kind': 'asym', 'mtu': 1500},
      {'kind': 'asym', 'mtu': 1500, 'no_offload': True, 'header_digest': True},
      {'kind': 'asym-chacha', 'mtu': 1500},
      {'kind': 'asym', 'mtu': 9000, 'header_digest': True}, more=(
      {'kind': 'gcm', 'mtu': 1500, 'no_offload': True},
      {'kind': 'asym', 'mtu': 1500, 'header_digest': True},
      {'kind': 'asym', 'mtu': 1500, 'no_offload': True},
      {'kind': 'asym', 'mtu': 9000},
      {'kind': 'asym-chacha', 'mtu': 9000, 'no_offload': True},
      {'kind': 'asym', 'mtu': 9000, 'no_offload': True},
      {'kind': 'asym', 'mtu': 9000, 'no_offload': True,
       'header_digest': True}))
def fio_verifies(ctx, kind, mtu, no_offload=False, header_digest=False):
    bed = ctx.bed(mtu=mtu, offload=not no_offload)
    bed.secure(kind)
    size = (8 if ctx.quick else 48) << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size),
                              DIGEST if header_digest else None)
    steps.fio(ctx, bed.i, session.disk(), size)
    session.logout()


@test({'kind': 'asym', 'mtu': 1337}, more=(
      {'kind': 'asym', 'mtu': 577},
      {'kind': 'asym', 'mtu': 1338, 'no_offload': True},
      {'kind': 'asym', 'mtu': 4099}))
def fio_verifies_with_segments_that_cut_blocks(ctx, kind, mtu,
                                               no_offload=False):
    fio_verifies(ctx, kind, mtu, no_offload)
