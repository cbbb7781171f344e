# SPDX-License-Identifier: GPL-2.0
"""SAs that end, are renewed, or reach the ends of their sequence numbers, under
load."""

import os
import struct

from testbed import iscsi, wiretap
from testbed.asymctl import Monitor, counters
from testbed.host import poll
from testbed.sa import Sas, batch
from testbed.suite import check, foreign_frames, test

from . import steps
from .t_10_capture import look
from .t_10_network import check_unharmed, exercise
from .t_10_tcp import written_while

TOP = 1 << 32
# The modules leave room for the longest GSO packet.
RESERVE = 65536


def xfrm_stat(host):
    return {k: int(v) for k, v in
            (line.split() for line in host.read('/proc/net/xfrm_stat')
             .splitlines())}


def secure(bed, out='', inbound='', both=False, **args):
    """SAs with more arguments for the sender and the receiver of the
    initiator's, or of both."""
    bed.load()
    bed.sas = Sas(bed.i, bed.t, 'asym', **args)
    for host, peer in ((bed.i, bed.t), (bed.t, bed.i)):
        mine = both or host is bed.i
        batch(host, [
            'xfrm state add ' + bed.sas.state(
                host.addr, peer.addr, ' ' + out if mine else ''),
            'xfrm state add ' + bed.sas.state(
                peer.addr, host.addr, ' ' + inbound
                if both or not mine else ''),
            'xfrm policy add ' + bed.sas.policy(host.addr, peer.addr, 'out'),
            'xfrm policy add ' + bed.sas.policy(peer.addr, host.addr, 'in')])


def renew(bed, spi):
    """New SAs, the receivers' first, next to those that are there."""
    sas = Sas(bed.i, bed.t, 'asym', spi=spi)
    for inbound in (True, False):
        for host, peer in ((bed.i, bed.t), (bed.t, bed.i)):
            pair = (peer, host) if inbound else (host, peer)
            batch(host, ['xfrm state add ' + sas.state(*(h.addr
                                                         for h in pair))])
    bed.sas = sas


def no_clear_frames(path):
    foreign, esp = foreign_frames(path)
    check(not foreign, '%d frames are not ESP' % len(foreign))
    check(esp, 'no ESP on the wire')


SOFT = {'bytes': 'byte-soft 1000000', 'packets': 'packet-soft 500',
        'time': 'time-soft 3'}


@test({'limit': 'bytes'}, more=({'limit': 'packets'}, {'limit': 'time'}))
def soft_expiry_and_renewal_under_load_disturb_nothing(ctx, limit):
    bed = ctx.bed()
    secure(bed, 'limit ' + SOFT[limit])
    capture = bed.capture()
    bed.i.run('ip xfrm monitor expire > /share/expire 2>&1 < /dev/null &'
              ' echo $! > /run/expire.pid')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()

    def renewals():
        # As a daemon does: new ones at the soft limit, then the old ones go.
        bed.i.poll('grep -q "hard 0" /share/expire', 60)
        for round in range(3):
            renew(bed, 0x2000 + round * 16)
            for host in bed.hosts:
                for spi in ((0x1000, 0x1001) if not round else
                            (0x1ff0 + round * 16, 0x1ff1 + round * 16)):
                    for src, dst in ((bed.i, bed.t), (bed.t, bed.i)):
                        host.run('ip xfrm state delete src %s dst %s proto esp'
                                 ' spi 0x%x' % (src.addr, dst.addr, spi),
                                 check=False)
            before = counters(bed.i)['packets_sealed']
            poll('traffic', lambda: counters(bed.i)['packets_sealed'] >
                 before + 200, 60 * bed.i.slow)

    writes = written_while(bed, disk, 1 << 20, renewals)
    bed.i.run('kill $(cat /run/expire.pid)')
    for host in bed.hosts:
        check('0x0000100' not in host.run('ip xfrm state').out,
              'an old SA is there')
    ctx.note('%d writes' % writes)
    check(counters(bed.i)['flows_started'] == 1, 'the connection was renewed')
    check_unharmed(bed)
    no_clear_frames(capture.stop())


# Time: as long as it may take to log in.
LIMITS = {'bytes': 'byte-hard 1000000', 'packets': 'packet-hard 150',
          'time': 'time-hard 20'}


@test({'limit': 'bytes'}, {'limit': 'packets'}, more=({'limit': 'time'},))
def hard_expiry_under_load_lets_nothing_out_in_the_clear(ctx, limit):
    bed = ctx.bed()
    secure(bed, 'limit ' + LIMITS[limit])
    capture = bed.capture()
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()

    with Monitor(bed.i) as events:
        def expire():
            events.wait('no-sa', 60)
            check('spi 0x00001000' not in bed.i.run('ip xfrm state').out,
                  'the SA is still there')
            renew(bed, 0x2000)
            before = counters(bed.i)['packets_sealed']
            poll('traffic', lambda: counters(bed.i)['packets_sealed'] >
                 before + 200, 60 * bed.i.slow)

        ctx.note('%d writes' % written_while(bed, disk, 1 << 20, expire))
    check(counters(bed.i)['refused-no-sa'], 'not counted')
    no_clear_frames(capture.stop())


@test({'window': 32, 'esn': True},
      more=({'window': 32}, {'window': 4096, 'esn': True}))
def data_survive_reordering_with_a_replay_window(ctx, window, esn=False):
    bed = ctx.bed()
    secure(bed, replay=window, esn=esn)
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    wire = steps.bad_network(bed, 'reorder')
    what, rate = steps.suffer(wire, 'reorder', lambda: exercise(
        ctx, bed, session, 512 << 10, files=False))
    late = sum(xfrm_stat(h)['XfrmInStateSeqError'] for h in bed.hosts)
    ctx.note('%s; %d were too late for the window' % (what, late))
    check(not late or window < 4096, 'packets were late for a long window')
    check_unharmed(bed)


@test({}, more=({'no_offload': True},))
def low_half_of_extended_sequence_numbers_wraps(ctx, no_offload=False):
    bed = ctx.bed(offload=not no_offload)
    first, high = TOP - 150, 6
    where = 'replay-%%s 0x%x replay-%%s-hi %d' % (first, high)
    secure(bed, where % ('oseq', 'oseq'), where % ('seq', 'seq'), both=True,
           esn=True)
    opener = wiretap.opener(bed.i)
    for spi in opener.sas:
        opener.seq[spi] = high << 32 | first
    wire = steps.bad_network(bed, 'loss-1', os.path.join(ctx.workdir,
                                                         'sent.pcap'))
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    exercise(ctx, bed, session, 512 << 10, files=False)
    session.logout()
    look(ctx, wire, opener)
    for spi, seq in opener.seq.items():
        check(seq > (high + 1) << 32, 'SPI %x did not wrap' % spi)
    check_unharmed(bed)


def sequence_numbers(path, spi):
    res = []
    for packet in wiretap.packets(path):
        number, seq = struct.unpack('>II', packet[20:28])
        if packet[9] == 50 and number == spi:
            res.append(seq)
    return res


@test({'legacy': True}, {'esn': True}, more=({}, {'no_offload': True}))
def sequence_numbers_that_end_stop_the_sa(ctx, legacy=False, esn=False,
                                          no_offload=False):
    bed = ctx.bed(offload=not no_offload)
    first = TOP - RESERVE - 400
    where = 'replay-oseq 0x%x' % first
    inbound = 'replay-seq 0x%x' % first
    if esn:
        where += ' replay-oseq-hi 0xffffffff'
        inbound += ' replay-seq-hi 0xffffffff'
    secure(bed, where, inbound, both=True, esn=esn,
           replay=32 if legacy else 128)
    capture = bed.capture()
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()

    with Monitor(bed.i) as events:
        def end():
            poll('refusal', lambda: any(counters(h)['refused-no-sa']
                                        for h in bed.hosts), 30 * bed.i.slow)
            if counters(bed.i)['refused-no-sa']:
                events.wait('no-sa')
            renew(bed, 0x2000)
            before = counters(bed.i)['packets_sealed']
            poll('traffic', lambda: counters(bed.i)['packets_sealed'] >
                 before + 200, 60 * bed.i.slow)

        writes = written_while(bed, disk, 1 << 20, end)
    pcap = capture.stop()
    no_clear_frames(pcap)
    for spi in (0x1000, 0x1001):
        seqs = sequence_numbers(pcap, spi)
        check(len(seqs) == len(set(seqs)), 'a sequence number was used twice')
        check(min(seqs) > first, 'sequence numbers started again')
        check(max(seqs) < TOP - RESERVE, 'the reserve was used')
    ctx.note('%d writes; %d of the last 400 numbers were used' % (
        writes, len(sequence_numbers(pcap, 0x1000))))
