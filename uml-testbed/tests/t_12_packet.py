# SPDX-License-Identifier: GPL-2.0
"""Packets whose memory others see, too: files, pipes, packet sockets."""

import hashlib
import os

from testbed import iscsi, program
from testbed.asymctl import counters
from testbed.iscsi import PORT
from testbed.suite import check, count_in_file, frames, test

from . import steps

FILES = '/tmp/files'
METHODS = ('sendfile', 'splice', 'tee', 'vmsplice')


def sha256(host, cmd):
    return host.run(cmd + ' | sha256sum').out.split()[0]


def two_files(host, data):
    """The same data in a file on ext4 and in one on tmpfs, read-only."""
    name = host.write('data', data)
    host.modprobe('loop')
    host.run('truncate -s 32M /tmp/ext4.img && mkfs.ext4 -q -F /tmp/ext4.img'
             ' && mkdir -p %s && mount -o loop /tmp/ext4.img %s'
             ' && cp %s %s/file && cp %s /tmp/file && sync'
             ' && chmod 400 %s/file /tmp/file'
             % (FILES, FILES, name, FILES, name, FILES))
    return FILES + '/file', '/tmp/file'


def unchanged(host, path, digest, when):
    """In the page cache, and on the disk if there is one."""
    check(sha256(host, 'cat ' + path) == digest,
          '%s changed the page cache of %s' % (when, path))
    if path.startswith(FILES):
        check(sha256(host, 'dd if=%s bs=64k iflag=direct 2>/dev/null' % path)
              == digest, '%s changed %s on its disk' % (when, path))
        # Nobody made a page dirty that is written some day.
        host.run('sync; echo 1 > /proc/sys/vm/drop_caches')
        check(sha256(host, 'cat ' + path) == digest,
              '%s changed %s for ever' % (when, path))


@test({}, more=({'no_offload': True},))
def pages_of_files_are_sealed_and_stay_as_they_are(ctx, no_offload=False):
    """On a connection that is no iSCSI everything is sealed under the SA."""
    bed = ctx.bed(offload=not no_offload)
    bed.secure('asym')
    i = bed.i
    marker = os.urandom(32)
    data = steps.marked(marker, (1 << 20) + 77)
    digest = hashlib.sha256(data).hexdigest()
    files = two_files(i, data)
    feed = program.path(i, 'feed')
    cap = bed.capture()
    with program.Service(bed.t, 'connections', 'sink 9 /tmp/got'):
        for path in files:
            for method in METHODS:
                i.run('cat %s > /dev/null' % path)
                out = sha256(i, '%s %s %s 9 %s' % (feed, method, bed.t.addr,
                                                   path))
                bed.t.poll('[ "$(sha256sum < /tmp/got)" = "%s  -" ]' % digest)
                bed.t.run('rm /tmp/got')
                if method == 'tee':
                    check(out == digest, 'what the other pipe holds changed')
                unchanged(i, path, digest, method)
    pcap = cap.stop()
    check(count_in_file(pcap, marker[:16]) == 0, 'plaintext on the wire')
    check(os.path.getsize(pcap) > len(METHODS) * len(files) * len(data),
          'not all of it went over the wire')
    check(counters(i)['flows_started'] == 0, 'it was taken for iSCSI')


@test()
def pages_of_files_that_are_no_iscsi_are_refused(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    i = bed.i
    marker = os.urandom(32)
    data = steps.marked(marker, 1 << 20)
    digest = hashlib.sha256(data).hexdigest()
    files = two_files(i, data)
    feed = program.path(i, 'feed')
    cap = bed.capture()
    refused = 0
    with program.Service(bed.t, 'connections', 'sink %d /tmp/got' % PORT):
        for path in files:
            for method in METHODS:
                res = i.run('%s %s %s %d %s > /dev/null'
                            % (feed, method, bed.t.addr, PORT, path),
                            check=False)
                check(res.rc == 3, '%s was not refused: %d %s'
                      % (method, res.rc, res.out))
                refused += 1
                check(counters(i)['refused-bad-stream'] == refused,
                      '%s: %d times' % (method, refused))
                unchanged(i, path, digest, method)
        check(bed.t.ok('! [ -s /tmp/got ]'), 'the target got some of it')
    check(count_in_file(cap.stop(), marker[:16]) == 0, 'plaintext on the wire')


@test()
def pages_of_the_disk_stay_as_they_are_while_written(ctx):
    """What is written back is sealed; what is in the page cache is not."""
    bed = ctx.bed()
    bed.secure('asym')
    size = 2 << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size))
    disk = session.disk()
    data = os.urandom(size)
    digest = hashlib.sha256(data).hexdigest()
    name = bed.i.write('data', data)
    for how in ('', ' oflag=direct'):
        # From a file, and through the cache of the disk or not.
        bed.i.run('cp %s /tmp/file; dd if=/tmp/file of=%s bs=64k conv=fsync%s'
                  ' 2>/dev/null' % (name, disk, how))
        check(sha256(bed.i, 'cat /tmp/file') == digest, 'the file changed')
        check(sha256(bed.i, 'cat ' + disk) == digest,
              'the cache of the disk changed')
        steps.reread(bed.i, disk)
        check(sha256(bed.i, 'cat ' + disk) == digest, 'read back another')


@test()
def packets_that_others_hold_do_not_change(ctx):
    """A packet socket holds clones of what is received and sent; what it reads
    afterwards is what was on the wire."""
    bed = ctx.bed(offload=False)
    bed.secure('asym')
    size = 1 << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size))
    disk = session.disk()
    cap = bed.capture()
    taps = []
    for host in bed.hosts:
        tap = program.Service(host, 'tap', host.iface + ' /share/tap.pcap')
        taps.append(tap.__enter__())
    bed.i.run('dd if=/dev/urandom of=%s bs=64k count=16 oflag=direct'
              ' 2>/dev/null && dd if=%s of=/dev/null bs=64k iflag=direct'
              ' 2>/dev/null' % (disk, disk))
    for tap in taps:
        tap.host.end(tap.pid, 'USR1')
    # By SPI and sequence number: some are lost on their way to the wire.
    wire = {f[34:42]: f for f in frames(cap.stop())}
    for host in bed.hosts:
        seen = [f for f in frames(host.path('tap.pcap'))
                if f[12:14] == b'\x08\x00' and f[23] == 50]
        came = [f for f in seen if f[:6] == seen[0][:6]]
        both = [f for f in seen if f[34:42] in wire]
        other = [f for f in both if f != wire[f[34:42]]]
        ctx.note('%s: %d packets held' % (host.name, len(seen)))
        check(len(seen) * 1400 > size, 'not everything was held')
        check(0 < len(came) < len(seen), 'packets in one direction only')
        check(len(both) > len(seen) // 2, 'the wire was not seen')
        check(not other, '%s: %d of %d packets are not what was on the wire'
              % (host.name, len(other), len(seen)))
