# SPDX-License-Identifier: GPL-2.0
"""A target that holds the SA and lies about the bytes it sends.

The modules of the target are ours with a line changed; its disk holds what the
attacker wants the initiator to believe.
"""

from testbed import asymctl, iscsi, modules
from testbed.asymctl import Monitor
from testbed.host import HostError
from testbed.sa import Sas
from testbed.suite import check, test

from .t_7_refusals import marked_file

LIES = {
    # Data-In of a bound LUN comes under the SA key only, not as opaque.
    'plaintext': (('esp_asym/segment.c', '.grant\t= g->grant,',
                   '.grant\t= g->grant == ASYM_GRANT_OPAQUE ?'
                   ' ASYM_GRANT_SEALED : g->grant,'),),
    # An opaque range names another place than the head of its PDU.
    'other-offset': (('esp_asym/record.c',
                      'range->buffer_offset = rec->buffer_offset +',
                      'range->buffer_offset = 512 + rec->buffer_offset +'),),
    # ... or another task.
    'other-task': (('esp_asym/record.c', 'range->itt = rec->itt;',
                    'range->itt = rec->itt + 1;'),),
}

REASONS = ('unsealed-data', 'task-range', 'task-unknown')


@test(*({'lie': lie} for lie in LIES))
def initiator_takes_no_data_from_a_lying_target(ctx, lie):
    bed = ctx.bed()
    modules.load(bed.t, bed.offload,
                 directory=modules.build_for(bed.t, LIES[lie]))
    bed.load([bed.i])
    Sas(bed.i, bed.t, 'asym').install()
    lun = iscsi.Lun(0, size=4 << 20)
    bed.serve([lun])
    bed.bind(0)
    marker, name = marked_file(bed.i, lun.size)
    with open(bed.i.path('marked'), 'rb') as src, open(lun.path, 'r+b') as dst:
        dst.write(src.read())
    with Monitor(bed.i) as events:
        try:
            session = bed.login()
            bed.i.run('timeout 10 dd if=%s of=/tmp/got bs=4k count=8'
                      ' iflag=direct; true' % session.disk(), timeout=60)
        except HostError as err:
            ctx.note('the disk does not appear: %s' % str(err).split('\n')[0])
        got = bed.i.run('cat /tmp/got 2>/dev/null | od -An -v -tx1 |'
                        ' tr -d " \\n" | grep -c %s || true'
                        % marker[:16].hex()).out.strip()
        seen = [r for r in REASONS
                if asymctl.counters(bed.i)['refused-' + r]]
        check(seen, 'nothing was refused')
        events.wait(seen[0])
    check(got == '0', 'the initiator believed the target')
    ctx.note('refused: ' + ', '.join(seen))
