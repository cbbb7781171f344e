# SPDX-License-Identifier: GPL-2.0
"""Ciphers that answer later, and not in order, as those of crypto engines do."""

from testbed import iscsi, modules
from testbed.asymctl import counters
from testbed.suite import check, test

from . import steps


@test({}, more=({'no_offload': True},))
def fio_verifies_with_ciphers_that_answer_later(ctx, no_offload=False):
    """On a network that loses packets."""
    bed = ctx.bed(offload=not no_offload)
    for host in bed.hosts:
        modules.load_extra(host, 'asyncrypt')
    bed.secure('asym')
    size = (1 if ctx.quick else 2) << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size))
    wire = steps.bad_network(bed, 'loss-1')
    ctx.note(steps.suffer(wire, 'loss-1', lambda: steps.fio(
        ctx, bed.i, session.disk(), size))[0])
    session.logout()
    for host in bed.hosts:
        c = counters(host)
        sealed, opened = c['packets_sealed'], c['packets_opened']
        later = c['async_completions']
        ctx.note('%s: %d packets sealed, %d opened, %d answers came later'
                 % (host.name, sealed, opened, later))
        # At least one request for eight packets, whose keystream is made with
        # one; more while the cipher still has the one before.  One in eight
        # answers at once.
        check(later > (sealed + opened) // 16,
              '%s: only %d answers came later' % (host.name, later))
        check(c['refused-crypto-error'] == 0, 'a cipher failed')
        check(c['refused-bad-icv'] == 0, 'a packet was damaged')
