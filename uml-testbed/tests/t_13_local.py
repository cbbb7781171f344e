# SPDX-License-Identifier: GPL-2.0
"""Initiator and target on one host."""

import os

from testbed import asymctl, iscsi, sa
from testbed.asymctl import Monitor, counters
from testbed.host import HostError
from testbed.suite import check, test

from . import steps, xts
from .t_7_refusals import ONE_ATTEMPT

SIZE = 1 << 20


def secure(host, addr):
    """What is sent to oneself has one SA: both ends find it by its address."""
    key = os.urandom(36).hex()
    sel = 'src %s/32 dst %s/32 proto tcp dir %%s tmpl src %s dst %s proto esp' \
        ' reqid 1 mode transport' % (addr, addr, addr, addr)
    sa.batch(host, [
        'xfrm state add src %s dst %s proto esp spi 0x1000 reqid 1 mode'
        " transport aead 'asym(gcm(aes))' 0x%s 128 replay-window 128"
        % (addr, addr, key),
        'xfrm policy add ' + sel % 'out', 'xfrm policy add ' + sel % 'in'])


def loopback(host, ipsec):
    host.run('cd /proc/sys/net/ipv4/conf/lo; echo %d > disable_xfrm;'
             ' echo %d > disable_policy' % (not ipsec, not ipsec))


@test({'address': 'own'}, {'address': 'loopback'},
      more=({'address': 'own', 'no_offload': True},))
def initiator_and_target_may_share_a_host(ctx, address, no_offload=False):
    """The kernel sends nothing through IPsec on lo unless it is told to, and
    without an SA a bound unit cannot be had.  With it, everything is as between
    two hosts."""
    bed = ctx.bed(offload=not no_offload)
    host = bed.i
    addr = host.addr if address == 'own' else '127.0.0.1'
    bed.load([host])
    secure(host, addr)
    bed.target = iscsi.Target(host, [iscsi.Lun(0, size=4 << 20)])
    key = bed.bind()

    portal = '%s:%d' % (addr, iscsi.PORT)

    with Monitor(host) as events:
        try:
            bed.login(ONE_ATTEMPT, portal=portal)
        except HostError:
            pass
        else:
            check(False, 'a login without IPsec')
        events.wait('no-sa')
    check(counters(host)['packets_sealed'] == 0, 'lo uses IPsec by itself')

    loopback(host, True)
    session = bed.login(portal=portal)
    disk = session.disk()
    before = counters(host)
    data = os.urandom(SIZE)
    name = host.write('data', data)
    host.run('dd if=%s of=%s bs=256k oflag=direct conv=fsync 2>/dev/null'
             % (name, disk), timeout=120)
    bed.target.sync()
    with open(bed.target.luns[0].path, 'rb') as f:
        check(f.read(SIZE) == xts.encrypt(key.raw, data),
              'the disk does not hold what OpenSSL encrypts')
    steps.reread(host, disk)
    host.run('dd if=%s of=/share/back bs=256k count=%d iflag=direct'
             ' 2>/dev/null' % (disk, SIZE >> 18), timeout=120)
    with open(host.path('back'), 'rb') as f:
        check(f.read() == data, 'read back something else')
    ctx.bytes += SIZE
    got = counters(host)
    # Both ends count in one place.
    for name, want in (('blocks_sealed', SIZE // 16),
                       ('opaque_bytes_sent', 2 * SIZE),
                       ('opaque_bytes_received', 2 * SIZE)):
        check(got[name] - before[name] >= want, '%s: %d, not %d' % (
            name, got[name] - before[name], want))
    check(got['flows_broken'] == before['flows_broken'], 'a flow broke')
    session.logout()
