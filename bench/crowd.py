# SPDX-License-Identifier: GPL-2.0
"""Many sessions, many LUNs, or many PDUs under way, on one rig."""

import json
import os
import re

from testbed import asymctl, iscsi
from testbed.host import poll
from tests import steps

from .config import Config, Place, expect

BLOCK = 65536
LUN_SIZE = 1 << 18
# Bytes that a disk of many moves, over and over: to open a thousand and to make
# buffers for them takes as much as what little a share of the whole would be.
EACH = 1 << 20
# A MaxRecvDataSegmentLength that makes a PDU of each sector.
PDU = 512
BHS = 48
# Milliseconds that acknowledgements are under way, while PDUs gather.
DELAY = 200

# iscsi.Target for one LUN, then as many as there shall be, by one process: it is
# starting processes that takes time in a guest.
LUNS = '''
import os
core, tpg, acl, count, size = %r
for n in range(1, count):
    dev = '%%s/fileio_0/crowd%%d' %% (core, n)
    os.makedirs(dev)
    with open('/tmp/crowd%%d.img' %% n, 'w') as f:
        f.truncate(size)
    for name, text in (('control', 'fd_dev_name=/tmp/crowd%%d.img,fd_dev_size=%%d'
                        %% (n, size)), ('enable', '1'),
                       ('wwn/vpd_unit_serial', 'crowd%%04d' %% n)):
        with open(os.path.join(dev, name), 'w') as f:
            f.write(text)
    for where, what in (('%%s/lun/lun_%%d' %% (tpg, n), dev),
                        ('%%s/lun_%%d' %% (acl, n), '%%s/lun/lun_%%d' %% (tpg, n))):
        os.mkdir(where)
        os.symlink(what, where + '/link')
'''


def config(kind):
    return Config(kind, kind, sector=512 if kind.startswith('asym') else None,
                  loaded=True)


class Crowd(Place):
    """One target to which a number of sessions log in, or that has a number of
    LUNs."""

    def __init__(self, rig, kind, number, sessions=1, luns=1, size=LUN_SIZE,
                 params=(), settings=None):
        super().__init__(rig, config(kind), number, size, disks=0)
        name = '%s-%d' % (kind, number)
        lun = iscsi.Lun(0, name=name, size=size, kind='thin')
        self.target = iscsi.Target(self.t, [lun], params=params,
                                   iqn='iqn.2024-01.test.asym:' + name)
        self.target.be_patient()
        self._add_luns(luns, size)
        if self.config.asym:
            self._bind(name, luns)
        settings = {**steps.PATIENCE,
                    'node.conn[0].timeo.login_timeout': '600',
                    'node.session.nr_sessions': str(sessions),
                    **(settings or {})}
        self.session = rig.initiator().login(self.target, settings,
                                             timeout=3600)
        self.disks = poll('%d disks appear' % (sessions * luns),
                          lambda: self._look(sessions * luns), 600)
        self.i.run('for d in %s; do echo 600 >'
                   ' /sys/block/${d##*/}/device/timeout; done'
                   % ' '.join(self.disks), timeout=600)

    def _add_luns(self, luns, size):
        tpg = '%s/%s/tpgt_1' % (iscsi.ISCSI, self.target.iqn)
        script = self.t.write('luns.py', LUNS % ((
            iscsi.CORE, tpg, '%s/acls/%s' % (tpg, iscsi.INITIATOR), luns,
            size),))
        self.t.run('python3 -S ' + script, timeout=1800)

    def _bind(self, name, luns):
        key = asymctl.Key(name)
        key.add(self.i)
        asymctl.bind(self.i, self.target.iqn, 0, key, 512)
        self.i.run('set -e; n=1; while [ $n -lt %d ]; do %s bind add iqn %s'
                   ' lun $n key %s sector-size 512; n=$((n + 1)); done'
                   % (luns, asymctl.path(self.i), self.target.iqn, key.name),
                   timeout=1800)

    def _look(self, count):
        out = self.i.run(
            'for s in /sys/class/iscsi_session/session*; do'
            ' read n < $s/targetname; [ "$n" = %s ] || continue;'
            ' for d in $s/device/target*/*:*:*:*/block/sd*; do'
            ' read size < $d/size && [ $size != 0 ] && echo /dev/${d##*/};'
            ' done; done' % self.target.iqn, check=False, timeout=600).out
        disks = [d for d in out.split() if re.fullmatch(r'/dev/sd\w+', d)]
        return disks if len(disks) == count else None

    def load(self, op, size, block=BLOCK, depth=1):
        """Moves size bytes, over all disks; returns (what the meter has, what the
        program says)."""
        meter = self.rig.meter
        pattern = os.urandom(8).hex()

        def run(each):
            start = meter.read()
            out = self.i.run('%s %s seq %d %d %d %s %s' % (
                self.rig.load(self.i), op, block, depth, each, pattern,
                ' '.join(self.disks)), timeout=3600).out
            return meter.totals(meter.difference(meter.read(), start)), \
                json.loads(out)

        evidence = self.packets(), self.counters()
        octets = self._octets()
        # Who opens a disk first reads its partitions.
        run(0)
        empty, _ = run(0)
        spent, said = run(max(EACH, size // len(self.disks)))
        moved = said['bytes']
        expect('something was moved', moved >= size // 2)
        self.check_turn(evidence, (self.packets(), self.counters()),
                        moved if op == 'write' else 0,
                        moved if op == 'read' else 0, self._octets() - octets)
        return {side: (spent[side] - empty[side]) / moved for side in spent}, \
            said

    def _octets(self):
        return sum(side['octets'] for side in self.rig.traffic())

    def unacknowledged(self):
        """Bytes that are under way, of the session that has most."""
        # What is in /proc/net/tcp: local, remote, state, tx_queue:rx_queue.
        out = self.i.run("awk '$3 ~ /:0CBC$/ {print substr($5, 1, 8)}'"
                         " /proc/net/tcp").out
        return max((int(line, 16) for line in out.split()), default=0)

    def peak(self, size, block, depth):
        """The most bytes that were under way during a write, as often looked at
        as possible.  Not while something is measured: to look takes time."""
        job = self.i.start('%s write seq %d %d %d 0011223344556677 %s' % (
            self.rig.load(self.i), block, depth, size, ' '.join(self.disks)),
            timeout=3600)
        most = 0
        while not job.done():
            most = max(most, self.unacknowledged())
        expect('the write ended well', job.wait().rc == 0)
        return most


class Gathering:
    """While it lasts, windows of connections with its settings hold so many PDUs
    of PDU bytes, and from delay() on acknowledgements come late."""

    def __init__(self, rig, pdus):
        self.rig = rig
        # open-iscsi chooses the sizes of buffers itself.
        self.settings = {'node.conn[0].tcp.window_size':
                         str(pdus * (PDU + BHS))}

    def __enter__(self):
        # Without GRO a veth has the queue of the machine, and not one of 256.
        self.rig.i.run('sysctl -qw net.core.netdev_max_backlog=100000'
                       ' net.core.wmem_max=33554432'
                       ' net.core.rmem_max=33554432')
        for host in (self.rig.i, self.rig.t):
            host.run('ethtool -K %s gro off > /dev/null;'
                     ' sysctl -qw net.ipv4.tcp_rmem="4096 131072 33554432"'
                     % host.iface)
        return self

    def delay(self):
        self.rig.t.run('tc qdisc add dev %s root netem delay %dms limit 100000'
                       % (self.rig.t.iface, DELAY))

    def __exit__(self, *exc):
        self.rig.t.run('tc qdisc del dev %s root' % self.rig.t.iface,
                       check=False)
