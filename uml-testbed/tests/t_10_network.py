# SPDX-License-Identifier: GPL-2.0
"""Data survive a bad network, with no error that ordinary ESP would not have.

When data do not survive, the same is tried with ordinary ESP, and the note
says what became of it.
"""

import re
import time

from testbed import iscsi
from testbed.asymctl import counters
from testbed.host import HostError
from testbed.suite import Failure, check, test

from . import steps

DIGEST = {'node.conn[0].iscsi.HeaderDigest': 'CRC32C'}

# KiB that fio writes, and reads, where the default would take too long.
SIZES = {'loss-5': 1024, 'loss-20': 48, 'reorder': 512, 'far': 1024,
         'all': 1024}
SIZE = 4096
# A file system waits for too many answers there.
NO_FILES = ('loss-20', 'far')

def snmp(host):
    """Counters of TCP and IP, as {'TcpRetransSegs': 3, ...}."""
    res = {}
    for path in ('/proc/net/snmp', '/proc/net/netstat'):
        lines = host.read(path).splitlines()
        for names, values in zip(lines[::2], lines[1::2]):
            kind = names.split(':')[0]
            res.update((kind + n, int(v)) for n, v in
                       zip(names.split()[1:], values.split()[1:]))
    return res


# What a bad network may cause: damaged packets, and packets of a connection
# that is gone.  mkfs tries WRITE SAME.
EXCUSED = ('refused-bad-icv', 'refused-no-flow', 'refused-refused-command')


def check_unharmed(bed):
    """No error at the block layer, and nothing that the modules refused."""
    for host in bed.hosts:
        found = re.search(r'.*(I/O error|Buffer I/O|EXT4-fs error).*',
                          host.console_text())
        check(not found, found and found.group(0))
        if not bed.sas.kind.startswith('asym'):
            continue
        bad = {k: v for k, v in counters(host).items() if v and
               (k.startswith('refused') or k == 'flows_broken') and
               k not in EXCUSED}
        check(not bad, '%s: %s' % (host.name, bad))


def exercise(ctx, bed, session, size, files=True):
    """fio, then a file system that is written, read after a new mount, and
    checked; returns what fio moved in a second."""
    disk = session.disk()
    start = time.monotonic()
    moved = steps.fio(ctx, bed.i, disk, size,
                      largest='256k' if size > 256 << 10 else '16k')
    rate = moved / (time.monotonic() - start)
    if files:
        sums = steps.fill_fs(bed.i, disk, parts=['include/crypto'],
                             mkfs='-b 1024 -N 128 -O ^has_journal',
                             timeout=400)
        steps.reread(bed.i, disk)
        steps.verify_fs(bed.i, disk, sums, timeout=400)
    check_unharmed(bed)
    return rate


def sent_again(bed):
    return sum(snmp(h)['TcpRetransSegs'] for h in bed.hosts)


def survive(ctx, network, kind, mtu, no_offload, header_digest):
    bed = ctx.bed(mtu=mtu, offload=not no_offload)
    bed.secure(kind)
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20), {
        **(DIGEST if header_digest else {}), **steps.PATIENCE})
    steps.patient(bed, session.disk())
    wire = steps.bad_network(bed, network)
    size = SIZES.get(network, SIZE) << 10
    if ctx.quick:
        size = max(size // 4, 48 << 10)

    def noticed():
        """What was lost was sent again, what was damaged was seen to be."""
        return (not network.startswith('loss') or sent_again(bed)) and (
            kind == 'gcm' or 'corrupt' not in steps.NETWORKS[network] or
            any(counters(h)['refused-bad-icv'] for h in bed.hosts))

    try:
        what, rate = steps.suffer(
            wire, network, lambda: exercise(ctx, bed, session, size,
                                            network not in NO_FILES), noticed)
    finally:
        ctx.note('%s, %s: %d segments sent again' % (kind, network,
                                                     sent_again(bed)))
    ctx.note('%s; fio moved %d KiB/s' % (what, rate / 1024))
    check(noticed(), 'no loss or damage was noticed')


# Timeouts one after the other, and some of everything.
@test({'network': 'loss-20'},
      {'network': 'all', 'no_offload': True, 'header_digest': True},
      more=(*({'network': n} for n in steps.NETWORKS if n != 'loss-20'),
            {'network': 'all', 'mtu': 1337}))
def data_survive_a_bad_network(ctx, network, kind='asym', mtu=1500,
                               no_offload=False, header_digest=False):
    args = (mtu, no_offload, header_digest)
    try:
        survive(ctx, network, kind, *args)
    except (Failure, HostError):
        try:
            survive(ctx, network, 'gcm', *args)
            ctx.note('ordinary ESP does not fail')
        except (Failure, HostError) as err:
            ctx.note('ordinary ESP fails as well: %s' % err)
        raise


@test({}, more=({'no_offload': True},))
def data_survive_a_queue_that_loses_before_esp(ctx, no_offload=False):
    """With offload, what the host's own queue drops, repeats and reorders are
    whole GSO packets that are not sealed yet."""
    bed = ctx.bed(offload=not no_offload)
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    for host in bed.hosts:
        host.run('%s -q sch_netem; tc qdisc add dev %s root netem limit 10000'
                 ' delay 2ms reorder 25%% 50%% loss 2%% duplicate 5%%'
                 % (host.modprobe_cmd, host.iface))
    steps.patient(bed, session.disk())
    rate = exercise(ctx, bed, session, 1 << 20)
    ctx.note('%d KiB/s, %d segments sent again' % (rate / 1024,
                                                   sent_again(bed)))
    check(sent_again(bed), 'nothing was sent again')
