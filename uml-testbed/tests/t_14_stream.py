# SPDX-License-Identifier: GPL-2.0
"""ESP in a TCP stream over IPv6 (RFC 8229): as over IPv4, in every mode."""

import struct

from testbed import iscsi
from testbed.asymctl import counters
from testbed.host import poll
from testbed.modes import Mode, url
from testbed.suite import check, foreign_frames, test

from . import steps, xts
from .scripts import NAT_T, carry
from .steps import counted
from .t_14_modes import OPENED, nothing_was_refused


def is_carrier(frame):
    return frame[12:14] == b'\x86\xdd' and frame[20] == 6 and \
        frame[54:58] == struct.pack('>HH', NAT_T, NAT_T)


@test({'mode': 'transport', 'inner': 6}, {'mode': 'tunnel', 'inner': 4},
      more=({'mode': 'tunnel', 'inner': 6}, {'mode': 'beet', 'inner': 4},
            {'mode': 'beet', 'inner': 6},
            {'mode': 'transport', 'inner': 6, 'no_offload': True}),
      platforms='uml')
def data_survive_in_tcp_over_ipv6(ctx, mode, inner, no_offload=False):
    """... and nothing goes without the connection that carries it.  Stock
    Debian has no such sockets."""
    bed = ctx.bed(offload=not no_offload)
    bed.load()
    sas = Mode(bed, mode, 6, inner, 'espintcp %d %d ::' % (NAT_T, NAT_T))
    # Not for the carrier itself.
    sas.install('asym', 0x1000, port=iscsi.PORT)
    client = carry((bed.i, sas.outer[bed.i]), (bed.t, sas.outer[bed.t]))
    size = (2 if ctx.quick else 4) << 20
    lun = iscsi.Lun(0, size=size)
    bed.serve([lun], address='::' if inner == 6 else '0.0.0.0')
    key = bed.bind()
    for host in bed.hosts:
        host.run('nft -f ' + host.write('opened', OPENED))
    session = bed.login(portal=url(sas.inner[bed.t], iscsi.PORT))
    seen = steps.witnesses(ctx, bed, session, lun, size)
    check(seen.wire == 0, '%d hits on the wire' % seen.wire)
    check(seen.target == 0, '%d hits at the target' % seen.target)
    check(seen.esp == 0, '%d frames of ESP without TCP' % seen.esp)
    others = [f for f in seen.foreign if not is_carrier(f)]
    check(not others, '%d frames are not of the carrier' % len(others))
    check(len(seen.foreign) > 2 * size // 1500,
          'only %d frames' % len(seen.foreign))
    with open(bed.i.path('marked'), 'rb') as f, open(lun.path, 'rb') as g:
        check(xts.decrypt(key.raw, g.read(size)) == f.read(),
              'the key does not open what the target has')
    for host in bed.hosts:
        check(counted(host, 'opened') > 100,
              '%s: a firewall does not know what came in' % host.name)
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    check(counters(bed.i)['flows_started'] == 1, 'the connection was renewed')
    nothing_was_refused(bed)
    bed.i.run('kill %d' % client.pid)
    bed.i.start('dd if=%s of=/dev/null bs=64k count=1 iflag=direct'
                % session.disk(), 10)
    poll('refusal', lambda: counters(bed.i)['refused-no-sa'],
         30 * bed.i.slow)
    check('no connection carries' in bed.i.console_text(), 'no reason')
