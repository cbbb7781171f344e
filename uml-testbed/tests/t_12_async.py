# SPDX-License-Identifier: GPL-2.0
"""Ciphers that answer later, and not in order, as those of crypto engines do."""

import os
import time

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


def join_a_bridge(host):
    """A bridge sends at once and has no queue; it takes the address over."""
    host.modprobe('bridge')
    host.run('set -e; ip link add br0 type bridge mcast_snooping 0;'
             ' ip link set %s master br0; ip addr flush dev %s;'
             ' ip link set br0 up; ip addr add %s/24 dev br0'
             % (host.iface, host.iface, host.addr))
    check('noqueue' in host.run('ip link show br0').out, 'a bridge has a queue')


@test({}, more=({'no_offload': True},))
def nothing_stalls_without_a_queue_when_ciphers_answer_later(
        ctx, no_offload=False):
    """TCP takes a packet for not sent whose cipher answers later, if there is no
    queue in front of the device."""
    bed = ctx.bed(offload=not no_offload)
    for host in bed.hosts:
        join_a_bridge(host)
        modules.load_extra(host, 'asyncrypt')
    bed.secure('asym')
    size = 1 << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size))
    steps.fio(ctx, bed.i, session.disk(), size)
    session.logout()
    for host in bed.hosts:
        c = counters(host)
        ctx.note('%s: %d packets sealed, %d opened, %d answers came later'
                 % (host.name, c['packets_sealed'], c['packets_opened'],
                    c['async_completions']))
        check(c['async_completions'] > c['packets_opened'] // 16,
              '%s: ciphers are in no hurry' % host.name)


# Keeps the vector registers of the one CPU of a guest busy.
BUSY = ('while :; do cryptsetup benchmark -c aes-xts -s 256; done'
        ' > /dev/null 2>&1 & echo $!')


@test(platforms='qemu')
def no_packet_waits_for_vector_registers(ctx):
    """While others use them the kernel's fastest AES would answer later, and a
    packet would be overtaken."""
    bed = ctx.bed()
    bed.secure('asym')
    size = 1 << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size))
    for host in bed.hosts:
        host.modprobe('algif_skcipher')
    busy = [int(host.run(BUSY).out) for host in bed.hosts]
    # What comes in under the local key waits, now and then.
    for _ in range(8):
        steps.fio(ctx, bed.i, session.disk(), size)
        later = counters(bed.i)['async_completions']
        if later:
            break
    for host, pid in zip(bed.hosts, busy):
        host.end(pid)
    session.logout()
    ctx.note('%d answers came later at the initiator' % later)
    check(later, 'the vector registers were not busy')
    # It has no local key.
    later = counters(bed.t)['async_completions']
    check(not later, '%d packets have waited at the target' % later)


@test()
def nothing_leaves_unsealed_while_a_device_has_stopped(ctx):
    """Linux does not seal what goes to a device without a queue while packets of
    IPsec wait on the same CPU for another device."""
    bed = ctx.bed()
    steps.move_behind_a_veth(bed.i)
    bed.secure('asym')
    size = 1 << 20
    # Bound as plain: only the SA keeps its data from the network.
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size), plain=True)
    marker = os.urandom(32)
    name = bed.i.write('marked', steps.marked(marker, size))
    capture = bed.capture()
    modules.load_extra(bed.i, 'stopped')
    job = bed.i.start('dd if=%s of=%s bs=64k oflag=direct conv=fsync'
                      % (name, session.disk()))
    for _ in range(50):
        time.sleep(.1)
        refused = counters(bed.i)['refused-seal-bypassed']
        if refused:
            break
    bed.i.run('rmmod stopped')
    check(job.wait().rc == 0, 'dd failed')
    bed.target.sync()
    hits = steps.halves(capture.stop(), marker)
    check(hits == 0, '%d hits on the wire' % hits)
    check(refused, 'nothing was refused')
    with open(lun.path, 'rb') as f, open(bed.i.path('marked'), 'rb') as g:
        check(f.read(size) == g.read(), 'the target has something else')
