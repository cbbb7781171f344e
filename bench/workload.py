# SPDX-License-Identifier: GPL-2.0
"""What the hosts do while their cost is measured."""

import json
import os
import time

from tests import steps

LOAD = '%s %s %s %d %d %d %s %s'
NOTHING = {'requests': 0, 'bytes': 0, 'ns': 0, 'p50': 0, 'p99': 0}


class Load:
    """Direct I/O by the program load.

    reads     percent of the requests that read
    order     'seq' or 'random'
    part      of the disk's size that is moved
    disks     how many, each with a session of its own
    """

    def __init__(self, name, reads, order, block, depth, part=1, disks=1):
        self.name = name
        self.reads = reads
        self.order = order
        self.block = block
        self.depth = depth
        self.part = part
        self.disks = disks

    def command(self, place, pattern, empty=False):
        size = 0 if empty else int(place.size * self.part) * place.rig.passes
        op = {100: 'read', 0: 'write'}.get(self.reads, str(self.reads))
        return LOAD % (place.rig.load(place.i), op, self.order, self.block,
                       self.depth, size, pattern, ' '.join(place.disks))

    def prepare(self, place):
        # All of the disk has one pattern, before and after each turn; only
        # writing all of it may bring a new one.
        if not place.pattern:
            place.fill(os.urandom(8).hex())

    def run(self, place):
        """Returns bytes written and read, and what the program says."""
        if self.reads == 0 and self.order == 'seq' and self.part == 1:
            place.pattern = os.urandom(8).hex()
        out = place.i.run(self.command(place, place.pattern), timeout=900).out
        said = json.loads(out)
        # Of a mixed load nobody counts which: less than either is expected.
        share = {0: (1, 0), 100: (0, 1)}.get(self.reads)
        if share is None:
            share = (.8 * (100 - self.reads) / 100, .8 * self.reads / 100)
        return [int(said['bytes'] * s) for s in share], said

    def run_empty(self, place):
        place.i.run(self.command(place, place.pattern, empty=True))

    def check(self, place):
        if self.reads < 100:
            place.check_data()


class Files:
    """A file system is made and a source tree unpacked in it."""

    disks = 1

    def __init__(self, name):
        self.name = name

    def prepare(self, place):
        host = place.i
        self._tar, self._sums = steps.source_tree(host, steps.SMALL)
        host.run('mkdir -p %s; cp %s %s /tmp' % (steps.FSDIR, self._tar,
                                                 self._sums), timeout=300)
        place.pattern = None

    def run(self, place):
        disk = place.disks[0]
        before = self._sectors(place)
        start = time.monotonic()
        place.i.run('mkfs.ext4 -q -F -E nodiscard %s && mount %s %s'
                    ' && tar -xf /tmp/tree.tar -C %s && umount %s'
                    % (disk, disk, steps.FSDIR, steps.FSDIR, steps.FSDIR),
                    timeout=900)
        ns = int((time.monotonic() - start) * 1e9)
        moved = [(a - b) * 512 for a, b in zip(self._sectors(place), before)]
        return moved, {**NOTHING, 'bytes': sum(moved), 'ns': ns}

    def run_empty(self, place):
        place.i.run('true')

    def check(self, place):
        steps.verify_fs(place.i, place.disks[0], '/tmp/tree.sha256',
                        timeout=900)

    @staticmethod
    def _sectors(place):
        stat = place.i.read('/sys/block/%s/stat' % os.path.basename(
            place.devices[0])).split()
        return int(stat[6]), int(stat[2])


MIB = 1 << 20
WORKLOADS = (
    Load('seq-write', 0, 'seq', MIB, 1),
    Load('seq-read', 100, 'seq', MIB, 1),
    Load('random-write-1', 0, 'random', 4096, 1, part=.25),
    Load('random-read-1', 100, 'random', 4096, 1, part=.25),
    Load('random-write-32', 0, 'random', 4096, 32, part=.25),
    Load('random-read-32', 100, 'random', 4096, 32, part=.25),
    Load('mixed-32', 70, 'random', 4096, 32, part=.25),
    Load('write-4-sessions', 0, 'seq', MIB, 1, disks=4),
    Load('read-4-sessions', 100, 'seq', MIB, 1, disks=4),
    Files('files'),
)
