# SPDX-License-Identifier: GPL-2.0
"""Secrecy: nothing but ciphertext on the wire and at the target, and proof
that the same test would notice."""

from testbed import iscsi
from testbed.suite import check, test

from . import steps


def _size(ctx):
    return (2 if ctx.quick else 16) << 20


def _run(ctx, kind, mtu=1500, offload=True, settings=None, netem=None,
         **bind):
    bed = ctx.bed(mtu=mtu, offload=offload)
    bed.secure(kind)
    size = _size(ctx)
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size), settings, **bind)
    if netem:
        steps.bad_network(bed, netem)
    res = steps.witnesses(ctx, bed, session, lun, size)
    check(res.initiator == res.written,
          'the initiator read back %d of %d' % (res.initiator, res.written))
    return res


def _all(res, count, where):
    check(count >= res.written, 'only %d of %d hits %s'
          % (count, res.written, where))


@test({}, {'netem': 'loss-1', 'no_offload': True, 'header_digest': True},
      more=({'mtu': 9000}, {'no_offload': True}, {'header_digest': True},
            {'kind': 'asym-enc'}, {'kind': 'asym-chacha'},
            {'netem': 'loss-1'},
            {'netem': 'reorder', 'mtu': 1337}))
def three_witnesses_see_no_plaintext(ctx, mtu=1500, no_offload=False,
                                     header_digest=False, kind='asym',
                                     netem=None):
    res = _run(ctx, kind, mtu, not no_offload,
               {'node.conn[0].iscsi.HeaderDigest': 'CRC32C'}
               if header_digest else None, netem)
    check(res.wire == 0, '%d hits on the wire' % res.wire)
    check(res.target == 0, '%d hits at the target' % res.target)
    check(not res.foreign, '%d frames are not ESP' % len(res.foreign))
    check(res.esp > 0, 'no ESP on the wire')


@test()
def three_witnesses_find_the_marker_on_a_plain_binding(ctx):
    res = _run(ctx, 'asym', plain=True)
    check(res.wire == 0, '%d hits on the wire' % res.wire)
    check(not res.foreign, '%d frames are not ESP' % len(res.foreign))
    _all(res, res.target, 'at the target')


@test()
def three_witnesses_find_the_marker_at_the_target_of_ordinary_esp(ctx):
    res = _run(ctx, 'gcm')
    check(res.wire == 0, '%d hits on the wire' % res.wire)
    check(not res.foreign, '%d frames are not ESP' % len(res.foreign))
    _all(res, res.target, 'at the target')


@test()
def three_witnesses_find_the_marker_on_a_wire_without_ipsec(ctx):
    res = _run(ctx, 'plain')
    check(res.wire > res.written // 2, 'only %d hits on the wire' % res.wire)
    check(res.foreign, 'no frame other than ESP')
    _all(res, res.target, 'at the target')
