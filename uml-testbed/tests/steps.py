# SPDX-License-Identifier: GPL-2.0
"""Steps that several scenarios take."""

import json
import os
import subprocess

from testbed import cache, iscsi
from testbed.suite import check, count_in_file, foreign_frames, sha256_file

FSDIR = '/tmp/fs'


def reread(host, disk):
    """Have the next read of a disk go to the disk."""
    host.run('sync; blockdev --flushbufs %s; echo 3 > /proc/sys/vm/drop_caches'
             % disk)


# -- a file system with a source tree --------------------------------------
SMALL = ('include/net', 'include/crypto')
LARGE = SMALL + ('scripts', 'include/linux')


def source_tree(host, parts):
    """A tar file with hundreds or thousands of source files in the share of a
    host, and their sums for sha256sum -c; returns the guest's paths of both."""
    tree = os.path.join(cache.uml_kernel('release'), 'build')
    subprocess.run(['tar', '-cf', host.path('tree.tar'), '-C', tree, *parts],
                   check=True)
    with open(host.path('tree.sha256'), 'w') as out:
        for part in parts:
            for base, dirs, files in os.walk(os.path.join(tree, part)):
                for name in files:
                    path = os.path.join(base, name)
                    if os.path.isfile(path) and not os.path.islink(path):
                        out.write('%s  %s\n' % (sha256_file(path),
                                                os.path.relpath(path, tree)))
    return '/share/tree.tar', '/share/tree.sha256'


def make_fs(host, disk, tar, mkfs='', timeout=180):
    host.run('mkfs.ext4 -q -F %s %s && mkdir -p %s && mount %s %s'
             ' && tar -xf %s -C %s && umount %s'
             % (mkfs, disk, FSDIR, disk, FSDIR, tar, FSDIR, FSDIR), timeout=timeout)


def fill_fs(host, disk, small=False, mkfs='', parts=None, timeout=180):
    tar, sums = source_tree(host, parts or (SMALL if small else LARGE))
    make_fs(host, disk, tar, mkfs, timeout)
    return sums


def verify_fs(host, disk, sums, fsck=True, mount='', timeout=180):
    """Every file is what it was, and the file system is sound."""
    host.run('mkdir -p %s && mount %s %s %s' % (FSDIR, mount, disk, FSDIR))
    res = host.run('cd %s && sha256sum -c --quiet %s' % (FSDIR, sums),
                   timeout=timeout, check=False)
    host.run('umount ' + FSDIR)
    check(res.rc == 0, 'files differ: ' + res.out[:500])
    if fsck:
        host.run('fsck.ext4 -fn ' + disk, timeout=timeout)


# -- the network -----------------------------------------------------------
# Of both directions; see testbed/wire.py.  A delay is of one direction.
NETWORKS = {
    'loss-0.1': {'loss': .001},
    'loss-1': {'loss': .01},
    'loss-5': {'loss': .05},
    'loss-20': {'loss': .20},
    'duplicate': {'duplicate': .05},
    'reorder': {'reorder': .25, 'delay': .005, 'jitter': .005},
    'corrupt': {'corrupt': .01},
    # Less than what a congestion window holds waits: queues overflow.
    'rate': {'rate': 20e6, 'queue': 20000},
    'far': {'delay': .1},
    # An initial window overflows the queue; losses keep windows small later.
    'all': {'loss': .01, 'duplicate': .02, 'reorder': .05, 'delay': .004,
            'jitter': .004, 'corrupt': .005, 'rate': 20e6, 'queue': 6000},
}

# What must have happened under a condition.
TRACES = {'loss': 'lost', 'duplicate': 'duplicated', 'reorder': 'reordered',
          'corrupt': 'corrupted', 'rate': 'overflowed'}


def bad_network(bed, how, path=None):
    """Returns the Wire."""
    return bed.net.wire(path, **NETWORKS[how])


# With much loss, or a slow machine, connections stand still for longer than
# open-iscsi waits.
PATIENCE = {'node.conn[0].timeo.noop_out_interval': '0',
            'node.conn[0].timeo.noop_out_timeout': '0',
            'node.session.timeo.replacement_timeout': '600'}


def patient(bed, disk):
    """The kernels, too, shall wait: for the answer to a command, and to a ping.
    The reset of a target that has given up is one packet, which may be lost."""
    bed.target.be_patient()
    bed.i.poll('echo 600 > /sys/block/%s/device/timeout' % disk.split('/')[-1])


def suffer(wire, how, work, more=lambda: True):
    """Do work on a bad network until all of its conditions have been met, and
    more() says that what follows from them has: how often that takes depends
    on luck and on the machine.  Returns what happened, and the last result."""
    for attempt in range(8):
        result = work()
        count = wire.counts()
        missing = [TRACES[what] for what in NETWORKS[how]
                   if what in TRACES and not count[TRACES[what]]]
        if not missing and more():
            break
        if 'overflowed' in missing:
            # The hosts are not fast enough to fill a link of this rate.
            wire.set(rate=NETWORKS[how]['rate'] / 3 ** (attempt + 1))
    check(not missing, 'nothing was ' + ', '.join(missing))
    return ', '.join('%d %s' % (v, k) for k, v in count.items() if v), result


# The host's own network is another namespace, that forwards.
BEHIND_VETH = """set -e
ip netns add outside
ip netns exec outside sh -c 'cd /proc/sys/net/ipv4
    echo 1 > ip_forward; echo 1 > conf/all/proxy_arp'
ip link add door type veth peer name way netns outside
ip link set %(dev)s netns outside
ip -n outside addr add 192.0.2.254/24 dev %(dev)s
ip -n outside addr add 10.0.0.1/24 dev way
ip -n outside link set %(dev)s up
ip -n outside link set way up
ip -n outside route add %(addr)s dev way
ip addr add %(addr)s/24 dev door
ip link set door up
"""


def move_behind_a_veth(host):
    """Everything passes a veth, door, to a namespace that has the device."""
    host.modprobe('veth')
    host.run(BEHIND_VETH % {'dev': host.iface, 'addr': host.addr})


def counted(host, table):
    """How many packets the rules of a table have met."""
    out = host.run('nft list table inet ' + table).out.split()
    return sum(int(out[n + 1]) for n, word in enumerate(out)
               if word == 'packets')


# -- fio ---------------------------------------------------------------------
def fio(ctx, host, disk, size, name='fio', largest='1m'):
    """Random reads and writes of mixed sizes with verification; returns the
    bytes moved, which the run counts."""
    base = ('fio --name=v --filename=%s --direct=1 --ioengine=libaio'
            ' --iodepth=16 --thread --bsrange=512-%s --blockalign=512'
            ' --size=%d --verify=crc32c --verify_fatal=1 --randseed=%d'
            ' --output-format=json --output=/share/%s.json')
    moved = 0
    # The first pass lays out data for the reads of the second to meet.
    for seed, how in ((1, '--rw=randwrite --do_verify=1'),
                      (2, '--rw=randrw --do_verify=1 --norandommap=0'
                          ' --serialize_overlap=1')):
        res = host.run((base % (disk, largest, size, seed, name)) + ' ' + how,
                       timeout=900, check=False)
        check(res.rc == 0, 'fio: ' + res.out[-800:])
        with open(host.path(name + '.json')) as f:
            text = f.read()
        job = json.loads(text[text.index('{'):])['jobs'][0]
        check(job['error'] == 0, 'fio: error %d' % job['error'])
        check(job['read']['io_bytes'] > 0, 'fio verified nothing')
        moved += job['read']['io_bytes'] + job['write']['io_bytes']
    ctx.bytes += moved
    return moved


# -- three witnesses -----------------------------------------------------------
class Witnesses:
    """Hits of a marker in the capture, on the target and on the initiator.
    Each hit in the capture or at the target may be half a marker."""

    def __init__(self, wire, target, initiator, written, foreign, esp):
        self.wire = wire
        self.target = target
        self.initiator = initiator
        self.written = written
        self.foreign = foreign
        self.esp = esp

    def __str__(self):
        return ('%d markers written: %d hits on the wire, %d at the target,'
                ' %d at the initiator; %d frames other than ESP, %d of ESP'
                % (self.written, self.wire, self.target, self.initiator,
                   len(self.foreign), self.esp))


def marked(marker, size):
    """Data full of a marker, at all alignments."""
    record = marker + b'.' * 29
    return (record * (size // len(record) + 1))[:size]


def halves(path, marker):
    """A hit is either half of the marker: that is one cipher block."""
    return max(count_in_file(path, marker[:16]),
               count_in_file(path, marker[16:]))


def witnesses(ctx, bed, session, lun, size):
    """Write a file full of markers, read it back, and count."""
    marker = os.urandom(32)
    data = marked(marker, size)
    capture = bed.capture()
    name = bed.i.write('marked', data)
    disk = session.disk(lun.number)
    bed.i.run('dd if=%s of=%s bs=64k oflag=direct conv=fsync 2>/dev/null'
              % (name, disk), timeout=180)
    reread(bed.i, disk)
    bed.i.run('dd if=%s of=/share/back bs=64k count=%d iflag=direct'
              ' 2>/dev/null' % (disk, size // 65536), timeout=180)
    bed.target.sync()
    pcap = capture.stop()
    foreign, esp = foreign_frames(pcap)
    res = Witnesses(halves(pcap, marker), halves(lun.path, marker),
                    count_in_file(bed.i.path('back'), marker),
                    data.count(marker), foreign, esp)
    ctx.note(str(res))
    with open(bed.i.path('back'), 'rb') as f:
        check(f.read() == data, 'what was read is not what was written')
    return res


def disk(bed, lun=None, settings=None, **bind):
    """Serve, bind (on asym SAs), log in; returns (session, lun)."""
    lun = lun or iscsi.Lun(0)
    bed.serve([lun])
    if bed.sas.kind.startswith('asym') and bind.get('key') is not False:
        bed.bind(lun.number, **bind)
    # The target's first ping is due from the login on.
    if settings and PATIENCE.items() <= settings.items():
        bed.target.be_patient()
    return bed.login(settings), lun
