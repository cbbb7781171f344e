# SPDX-License-Identifier: GPL-2.0
"""What real TCP makes of the stream on a bad network keeps the promises of the
wire format: each packet opens by itself, and a byte has one ciphertext."""

import os

from testbed import iscsi, wiretap
from testbed.suite import check, test

from . import steps
from .t_10_network import DIGEST, sent_again

LINE = ('%(opened)d packets opened, %(ranges)d ranges, %(cut_blocks)d cut'
        ' blocks, %(grants)d grants, %(sent_again)d bytes seen again')


def look(ctx, wire, opener):
    """Open all that the hosts sent, and check it."""
    wire.set()
    report = wiretap.feed(opener, wire.path)
    ctx.note(LINE % vars(report))
    check(not report.problems, '; '.join(report.problems[:3]))
    check(not report.unknown_spi, '%d packets of other SAs'
          % report.unknown_spi)
    check(report.opaque_bytes and report.grants, 'no user data were seen')
    return report


@test({'mtu': 1337, 'no_offload': True, 'esn': True},
      {'kind': 'asym-chacha', 'mtu': 1337, 'esn': True}, more=(
      {}, {'mtu': 1499, 'header_digest': True},
      {'mtu': 577, 'network': 'loss-1'}))
def capture_opens_independently_and_bytes_have_one_ciphertext(
        ctx, network='loss-5', mtu=1500, no_offload=False,
        header_digest=False, esn=False, kind='asym'):
    bed = ctx.bed(mtu=mtu, offload=not no_offload)
    bed.secure(kind, esn=esn)
    opener = wiretap.opener(bed.i)
    wire = steps.bad_network(bed, network,
                             os.path.join(ctx.workdir, 'sent.pcap'))
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20),
                              DIGEST if header_digest else None)
    steps.fio(ctx, bed.i, session.disk(), (256 if ctx.quick else 512) << 10,
              largest='128k')
    session.logout()
    ctx.note('%d segments sent again' % sent_again(bed))
    report = look(ctx, wire, opener)
    check(report.sent_again > 1000, 'hardly a byte was sent again')
    if mtu % 16:
        check(report.cut_blocks, 'no cipher block was cut')
