# SPDX-License-Identifier: GPL-2.0
"""What cannot be handled is refused at once, with an event, and never leaves
in a weaker form."""

import os
import time

from testbed import asymctl, iscsi, modules
from testbed.asymctl import Monitor, counters
from testbed.host import HostError
from testbed.sa import Sas, batch
from testbed.suite import check, count_in_file, foreign_frames, test

from . import steps

# A refusal must not look like a timeout.
AT_ONCE = 10

# For logins that are to fail.
ONE_ATTEMPT = {'node.conn[0].timeo.login_timeout': '5',
               'node.session.initial_login_retry_max': '1'}


def refused_count(host, reason):
    return counters(host)['refused-' + reason]


def fails_at_once(host, cmd):
    """cmd must fail, and soon."""
    start = time.monotonic()
    res = host.run(cmd, timeout=60, check=False)
    took = time.monotonic() - start
    check(res.rc != 0, 'succeeded: ' + cmd)
    check(took < AT_ONCE * host.slow, 'failed only after %d s: %s'
          % (took, cmd))
    return res.out


def read_cmd(disk, count=8):
    return 'dd if=%s of=/dev/null bs=4k count=%d iflag=direct' % (disk, count)


def write_cmd(disk, name):
    return 'dd if=%s of=%s bs=64k oflag=direct conv=fsync' % (name, disk)


def rescan(host, disk):
    """Ask for the size of the unit and of its blocks."""
    host.run('echo 1 > /sys/block/%s/device/rescan' % disk.split('/')[-1])


def marked_file(host, size=1 << 20):
    marker = os.urandom(32)
    return marker, host.write('marked', steps.marked(marker, size))


def no_hits(what, path, marker):
    hits = steps.halves(path, marker)
    check(hits == 0, '%d hits of plaintext %s' % (hits, what))


@test()
def unbound_lun_fails_at_once_with_an_event(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    lun = iscsi.Lun(0, size=4 << 20)
    bed.serve([lun])
    with Monitor(bed.i) as events:
        cap = bed.capture()
        session = bed.login()
        disk = session.disk()
        marker, name = marked_file(bed.i)
        fails_at_once(bed.i, read_cmd(disk))
        fails_at_once(bed.i, write_cmd(disk, name))
        events.wait('unbound-lun')
    check(refused_count(bed.i, 'unbound-lun') > 0, 'not counted')
    # Everything but data works, and nothing hangs.
    bed.i.run('sg_turs %s && sg_readcap %s > /dev/null' % (disk, disk),
              timeout=10)
    # What comes later heals it, once the unit has told its block size again.
    bed.bind(0)
    rescan(bed.i, disk)
    bed.i.run(write_cmd(disk, name))
    bed.target.sync()
    session.logout()
    pcap = cap.stop()
    foreign, esp = foreign_frames(pcap)
    check(not foreign and esp, 'frames that are not ESP')
    no_hits('on the wire', pcap, marker)
    no_hits('at the target', lun.path, marker)


@test()
def bindings_of_other_luns_do_not_count(ctx):
    """LUN 0 bound, 1 plain, 2 neither, by number and not by luck."""
    bed = ctx.bed()
    bed.secure('asym')
    luns = [iscsi.Lun(n, name='disk%d' % n, size=4 << 20) for n in range(3)]
    bed.serve(luns)
    bed.bind(0)
    bed.bind(1, plain=True)
    session = bed.login()
    marker, name = marked_file(bed.i)
    bed.i.run(write_cmd(session.disk(0), name))
    bed.i.run(write_cmd(session.disk(1), name))
    fails_at_once(bed.i, write_cmd(session.disk(2), name))
    bed.target.sync()
    no_hits('on the bound LUN', luns[0].path, marker)
    no_hits('on the unbound LUN', luns[2].path, marker)
    check(steps.halves(luns[1].path, marker), 'nothing on the plain LUN')


def _write_same(bed, disk):
    marker, name = marked_file(bed.i, 512)
    return marker, bed.i.run(
        'sg_write_same --16 --lba=8 --num=64 --xferlen=512 --in=%s %s'
        % (name, disk), check=False)


@test()
def write_same_with_data_is_refused_like_an_unknown_command(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()
    with Monitor(bed.i) as events:
        cap = bed.capture()
        marker, res = _write_same(bed, disk)
        check(res.rc in (5, 9), 'exit status %d: %s' % (res.rc, res.out))
        events.wait('refused-command')
    bed.target.sync()
    no_hits('at the target', lun.path, marker)
    no_hits('on the wire', cap.stop(), marker)
    # The disk still works, and zeroing falls back to writes.
    bed.i.run('blkdiscard -z -l 65536 ' + disk)
    bed.i.run(read_cmd(disk))


@test()
def write_same_works_under_ordinary_esp(ctx):
    """The test above could fail."""
    bed = ctx.bed()
    bed.secure('gcm')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    marker, res = _write_same(bed, session.disk())
    check(res.rc == 0, res.out)
    bed.target.sync()
    check(count_in_file(lun.path, marker) >= 16, 'it did not write')


XCOPY = 'sg_raw %s 83 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00'


@test()
def extended_copy_is_refused_like_an_unknown_command(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()
    with Monitor(bed.i) as events:
        res = bed.i.run(XCOPY % disk, check=False)
        check(res.rc in (5, 9), 'exit status %d: %s' % (res.rc, res.out))
        events.wait('refused-command')
    bed.i.run(read_cmd(disk))


@test()
def extended_copy_is_known_under_ordinary_esp(ctx):
    bed = ctx.bed()
    bed.secure('gcm')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    res = bed.i.run(XCOPY % session.disk(), check=False)
    check(res.rc == 0, res.out)


@test({'kind': 'gcm'}, {'kind': 'asym'})
def every_size_of_command_block_reads_and_writes(ctx, kind):
    bed = ctx.bed()
    bed.secure(kind)
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()
    for n, cdb in enumerate((6, 10, 12, 16)):
        data = os.urandom(64 * 512)
        name = bed.i.write('data', data)
        bed.i.run('sg_dd if=%s of=%s blk_sgio=1 oflag=sgio bs=512 cdbsz=%d'
                  ' bpt=16 seek=%d count=64 2>&1' % (name, disk, cdb, n * 64))
        bed.i.run('sg_dd if=%s of=/share/back blk_sgio=1 iflag=sgio bs=512'
                  ' cdbsz=%d bpt=16 skip=%d count=64 2>&1'
                  % (disk, cdb, n * 64))
        with open(bed.i.path('back'), 'rb') as f:
            check(f.read() == data, '%d-byte commands read something else'
                  % cdb)
        bed.target.sync()
        with open(lun.path, 'rb') as f:
            f.seek(n * 64 * 512)
            check((f.read(len(data)) == data) == (kind == 'gcm'),
                  'the wrong thing is on the target')


@test({'kind': 'gcm'}, {'kind': 'asym'})
def write_and_verify_writes_like_any_write(ctx, kind):
    bed = ctx.bed()
    bed.secure(kind)
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()
    # WRITE AND VERIFY (10) and (16), 16 blocks at block 32 and 64.
    for lba, cdb in ((32, '2e 00 00 00 00 20 00 00 10 00'),
                     (64, '8e 00 00 00 00 00 00 00 00 40 00 00 00 10 00 00')):
        data = os.urandom(16 * 512)
        name = bed.i.write('data', data)
        bed.i.run('sg_raw -s %d -i %s %s %s 2>&1'
                  % (len(data), name, disk, cdb))
        steps.reread(bed.i, disk)
        bed.i.run('dd if=%s of=/share/back bs=512 skip=%d count=16'
                  ' iflag=direct 2>/dev/null' % (disk, lba))
        with open(bed.i.path('back'), 'rb') as f:
            check(f.read() == data, 'something else was read at %d' % lba)
        bed.target.sync()
        with open(lun.path, 'rb') as f:
            f.seek(lba * 512)
            check((f.read(len(data)) == data) == (kind == 'gcm'),
                  'the wrong thing is on the target')


@test()
def unmap_gives_blocks_back_and_touches_no_others(ctx):
    """Commands without user data work: UNMAP, SYNCHRONIZE CACHE.  Blocks that
    were given back open to garbage, never to what T has chosen."""
    bed = ctx.bed()
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=8 << 20, kind='thin'))
    disk = session.disk()
    data = os.urandom(8 << 20)
    name = bed.i.write('data', data)
    bed.i.run('dd if=%s of=%s bs=1M oflag=direct 2>/dev/null && sg_sync %s'
              % (name, disk, disk), timeout=60)
    used = int(bed.t.run('du -k ' + lun.file).out.split()[0])
    bed.i.run('blkdiscard -o %d -l %d %s' % (2 << 20, 4 << 20, disk))
    left = int(bed.t.run('du -k ' + lun.file).out.split()[0])
    check(used - left == 4096, '%d KiB were given back' % (used - left))
    steps.reread(bed.i, disk)
    bed.i.run('dd if=%s of=/share/back bs=1M iflag=direct 2>/dev/null' % disk,
              timeout=60)
    with open(bed.i.path('back'), 'rb') as f:
        back = f.read()
    check(back[:2 << 20] == data[:2 << 20], 'blocks before were touched')
    check(back[6 << 20:] == data[6 << 20:], 'blocks behind were touched')
    check(bytes(512) not in back[2 << 20:6 << 20],
          'zeros of the target were delivered as they are')


@test({'kind': 'gcm'}, {'kind': 'asym'})
def compare_and_write_compares_and_writes(ctx, kind):
    bed = ctx.bed()
    bed.secure(kind)
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()
    old, new, wrong = (os.urandom(512) for _ in range(3))
    bed.i.run('dd if=%s of=%s bs=512 seek=5 oflag=direct'
              % (bed.i.write('old', old), disk))

    def caw(a, b):
        name = bed.i.write('caw', a + b)
        return bed.i.run('sg_compare_and_write --in=%s --lba=5 --num=1'
                         ' --xferlen=1024 %s' % (name, disk), check=False)

    res = caw(wrong, new)
    check(res.rc == 14, 'no miscompare: %d %s' % (res.rc, res.out))
    res = caw(old, new)
    check(res.rc == 0, res.out)
    steps.reread(bed.i, disk)
    bed.i.run('dd if=%s of=/share/back bs=512 skip=5 count=1 iflag=direct'
              % disk)
    with open(bed.i.path('back'), 'rb') as f:
        check(f.read() == new, 'the block does not hold what was written')


@test()
def connection_older_than_the_sa_is_refused_and_recovers(ctx):
    bed = ctx.bed()
    lun = iscsi.Lun(0, size=4 << 20)
    bed.serve([lun])
    # No pings: with the binding and without the SA they would be refused.
    bed.target.be_patient()
    session = bed.login(steps.PATIENCE)		# in the clear
    disk = session.disk()
    bed.i.run(read_cmd(disk))
    bed.load()
    bed.bind(0)
    sas = Sas(bed.i, bed.t, 'asym')
    # The target first: it must not answer in the clear in between.
    sas.install(bed.t)
    cap = bed.capture()
    with Monitor(bed.i) as events:
        sas.install(bed.i)
        marker, name = marked_file(bed.i)
        job = bed.i.start(write_cmd(disk, name), timeout=120)
        events.wait('not-from-syn', 60)
        # open-iscsi logs in again.  That connection is fine, but a session
        # that recovers does not ask for the block size, and the binding has
        # not learned it yet.
        if job.wait().rc:
            events.wait('block-size-unknown', 60)
    rescan(bed.i, disk)
    bed.i.run(write_cmd(disk, name))
    steps.reread(bed.i, disk)
    bed.i.run('dd if=%s of=/share/back bs=64k count=16 iflag=direct' % disk)
    bed.target.sync()
    session.logout()
    with open(bed.i.path('back'), 'rb') as f, \
            open(bed.i.path('marked'), 'rb') as g:
        check(f.read() == g.read(), 'read back something else')
    pcap = cap.stop()
    no_hits('on the wire', pcap, marker)
    no_hits('at the target', lun.path, marker)


@test()
def key_deleted_in_use_stops_data_and_nothing_else(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=8 << 20))
    disk = session.disk()
    marker, name = marked_file(bed.i, 8 << 20)
    cap = bed.capture()
    with Monitor(bed.i) as events:
        job = bed.i.start('while %s; do :; done'
                          % write_cmd(disk, name).replace('64k', '256k'),
                          timeout=90)
        # Sectors written.
        bed.i.poll('set -- $(cat /sys/block/%s/stat); [ $7 -gt 4096 ]'
                   % disk.split('/')[-1], 40)
        asymctl.ctl(bed.i, 'key del k0')
        events.wait('key-missing', 30)
        res = job.wait()
    check(res.rc == 0, 'the writer did not end')
    fails_at_once(bed.i, read_cmd(disk))
    fails_at_once(bed.i, write_cmd(disk, name))
    bed.i.run('sg_turs ' + disk, timeout=10)
    bed.target.sync()
    session.logout()
    pcap = cap.stop()
    no_hits('on the wire', pcap, marker)
    no_hits('at the target', lun.path, marker)


@test({'kind': 'plain'}, {'kind': 'gcm'})
def bound_lun_without_an_asym_sa_sends_nothing(ctx, kind):
    """A binding means sealed: a lost policy must not turn it into plaintext."""
    bed = ctx.bed()
    bed.secure(kind)
    bed.load([bed.i])
    lun = iscsi.Lun(0, size=4 << 20)
    bed.serve([lun])
    bed.bind(0)
    marker, name = marked_file(bed.i)
    cap = bed.capture()
    with Monitor(bed.i) as events:
        try:
            session = bed.login(ONE_ATTEMPT)
            fails_at_once(bed.i, write_cmd(session.disk(), name))
            fails_at_once(bed.i, read_cmd(session.disk()))
        except HostError as err:
            ctx.note('login already fails: %s' % str(err).split('\n')[0])
        events.wait('no-sa')
    bed.target.sync()
    no_hits('on the wire', cap.stop(), marker)
    no_hits('at the target', lun.path, marker)


@test({'kind': 'plain'}, {'kind': 'gcm'},
      {'kind': 'plain', 'other_is_bound': True})
def binding_under_an_unprotected_connection_stops_it(ctx, kind,
                                                     other_is_bound=False):
    """From the binding on nothing is plain; what came before was asked for."""
    bed = ctx.bed()
    bed.secure(kind)
    bed.load([bed.i])
    lun = iscsi.Lun(0, size=4 << 20)
    bed.serve([lun])
    if other_is_bound:
        # Then the connection was looked at when it logged in, and let go.
        asymctl.bind(bed.i, 'iqn.2024-01.test.asym:other', 1)
    session = bed.login({'node.session.timeo.replacement_timeout': '5'})
    disk = session.disk()
    old, name = marked_file(bed.i)
    bed.i.run(write_cmd(disk, name))
    bed.target.sync()
    check(steps.halves(lun.path, old) > 0, 'nothing was written before')

    marker, name = marked_file(bed.i)
    cap = bed.capture()
    peer = bed.t.run("awk '$2 ~ /:0CBC$/ && $4 == \"01\" {print $3}'"
                     ' /proc/net/tcp').out.strip()
    check(len(peer.split()) == 1, 'the connections are ' + peer)
    with Monitor(bed.i) as events:
        # A ping that comes before the write ends the connection as well.
        bed.bind(0)
        bed.i.run('! timeout 60 ' + write_cmd(disk, name), timeout=90)
        events.wait('no-sa' if other_is_bound else 'not-from-syn')
        # The reset of a connection holds no data, and gets out.
        bed.t.poll('! grep -q " %s " /proc/net/tcp' % peer, 5)
    bed.target.sync()
    no_hits('on the wire', cap.stop(), marker)
    no_hits('at the target', lun.path, marker)


@test()
def plain_binding_lets_an_unprotected_connection_go_on(ctx):
    bed = ctx.bed()
    bed.load([bed.i])
    bed.serve([iscsi.Lun(0, size=4 << 20)])
    disk = bed.login().disk()
    write = write_cmd(disk, marked_file(bed.i)[1])
    bed.i.run(write)
    bed.bind(0, plain=True)
    bed.i.run(write)
    # A sealed unit of another target ends it once, so that it is looked at.
    asymctl.bind(bed.i, 'iqn.2024-01.test.asym:other', 1)
    bed.i.run(write, timeout=90)
    refused = refused_count(bed.i, 'not-from-syn')
    check(refused > 0, 'it was not looked at')
    asymctl.bind(bed.i, 'iqn.2024-01.test.asym:another', 2)
    bed.i.run(write)
    check(refused_count(bed.i, 'not-from-syn') == refused,
          'it was looked at again')
    check(refused_count(bed.i, 'no-sa') == 0, 'it was taken for another')


@test()
def policy_lost_under_a_connection_sends_nothing(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()
    marker, name = marked_file(bed.i)
    cap = bed.capture()
    with Monitor(bed.i) as events:
        bed.i.run('ip xfrm policy flush')
        job = bed.i.start('timeout 20 ' + write_cmd(disk, name), timeout=40)
        events.wait('no-sa', 20)
        # With its policy back the initiator goes on where it was, or logs in
        # again; either way the data arrive sealed.
        batch(bed.i, ['xfrm policy add ' + bed.sas.policy(
            bed.i.addr, bed.t.addr, 'out'), 'xfrm policy add '
            + bed.sas.policy(bed.t.addr, bed.i.addr, 'in')])
        job.wait()
    bed.i.poll(write_cmd(disk, name), 60)
    bed.target.sync()
    session.logout()
    no_hits('on the wire', cap.stop(), marker)
    no_hits('at the target', lun.path, marker)


@test()
def connection_leaves_the_queue_when_there_is_an_sa(ctx):
    """Where packets wait for SAs (xfrm_larval_drop=0) a socket keeps the route
    into the queue; TCP gives it up after some retransmissions, here after many."""
    bed = ctx.bed()
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20), steps.PATIENCE)
    disk = session.disk()
    flows = counters(bed.i)['flows_started']
    marker, name = marked_file(bed.i)
    cap = bed.capture()
    # The kernel wants SAs only where somebody hears of it.
    bed.i.run('echo 0 > /proc/sys/net/core/xfrm_larval_drop;'
              ' echo 100 > /proc/sys/net/ipv4/tcp_retries1;'
              ' ip xfrm monitor acquire > /dev/null 2>&1 < /dev/null &')
    with Monitor(bed.i) as events:
        bed.i.run('ip xfrm state deleteall spi 0x%x'
                  % bed.sas.spi[bed.i.addr, bed.t.addr])
        job = bed.i.start(write_cmd(disk, name), timeout=60)
        events.wait('no-sa', 20)
        other = Sas(bed.i, bed.t, 'asym', spi=0x2000)
        for host in bed.t, bed.i:
            batch(host, ['xfrm state add '
                         + other.state(bed.i.addr, bed.t.addr)])
        job.wait()
    check(counters(bed.i)['flows_started'] == flows,
          'the connection was renewed')
    bed.target.sync()
    session.logout()
    no_hits('on the wire', cap.stop(), marker)
    no_hits('at the target', lun.path, marker)


@test()
def peer_without_our_module_gets_nothing(ctx):
    bed = ctx.bed()
    bed.load([bed.i])
    modules.load_esp(bed.t, bed.offload)
    sas = Sas(bed.i, bed.t, 'asym')
    batch(bed.i, sas.lines(bed.i))
    res = bed.t.run('ip xfrm state add ' + sas.state(bed.i.addr, bed.t.addr),
                    check=False)
    check(res.rc, 'a kernel without the module took the SA')
    # The nearest that such a host can have: the same SPI, ordinary ESP.
    ordinary = Sas(bed.i, bed.t, 'gcm')
    ordinary.key = sas.key
    batch(bed.t, ordinary.lines(bed.t))
    lun = iscsi.Lun(0, size=4 << 20)
    bed.serve([lun])
    bed.bind(0)
    cap = bed.capture()
    initiator = iscsi.Initiator(bed.i)
    bed.i_iscsi = initiator
    try:
        bed.login(ONE_ATTEMPT)
    except HostError:
        pass
    else:
        check(False, 'logged in')
    stat = dict(line.split() for line in
                bed.t.read('/proc/net/xfrm_stat').splitlines())
    check(int(stat['XfrmInStateProtoError']) + int(stat['XfrmInError']) > 0,
          'the target did not count what it refused')
    foreign, esp = foreign_frames(cap.stop())
    check(not foreign, '%d frames are not ESP' % len(foreign))
    check(esp, 'no ESP on the wire')


@test({'setting': 'MaxRecvDataSegmentLength'},
      more=({'setting': 'FirstBurstLength'},))
def lengths_that_cut_blocks_are_refused_at_login(ctx, setting):
    bed = ctx.bed()
    bed.secure('asym')
    lun = iscsi.Lun(0, size=4 << 20)
    bed.serve([lun])
    bed.bind(0)
    key = 'node.conn[0].iscsi.' if setting.startswith('MaxRecv') \
        else 'node.session.iscsi.'
    with Monitor(bed.i) as events:
        try:
            bed.login({key + setting: '65540', **ONE_ATTEMPT})
        except HostError:
            pass
        else:
            check(False, 'logged in')
        events.wait('bad-segment-length')
