# SPDX-License-Identifier: GPL-2.0
"""What the hosts do while their cost is measured."""

import json
import os

from tests import steps

LOAD = '%s %s %s %d %d %d %s %s'


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
        place.rig.gather(self.depth > 1)

    def run(self, place):
        """What the program says of bytes and nanoseconds."""
        if self.reads == 0 and self.order == 'seq' and self.part == 1:
            place.pattern = os.urandom(8).hex()
        out = place.i.run(self.command(place, place.pattern), timeout=900).out
        return json.loads(out)

    def run_empty(self, place):
        place.i.run(self.command(place, place.pattern, empty=True))

    def check(self, place):
        if self.reads < 100:
            place.check_data()


class Files:
    """A file system is made on the disk and filled with a source tree.  What
    tar and mkfs take themselves, plain iSCSI takes as well."""

    disks = 1

    def __init__(self, name):
        self.name = name
        self._tree = {}     # share of a host -> paths of tar file and sums

    def prepare(self, place):
        place.rig.gather(False)
        first = place.i.share not in self._tree
        if first:
            self._tree[place.i.share] = steps.source_tree(place.i, steps.SMALL)
        # Zeros that a command writes count as written, and pass no wire.
        for device in place.devices:
            place.i.run('echo 0 | tee /sys/class/block/%s/device/scsi_disk/*/'
                        'max_write_same_blocks' % device.split('/')[-1])
        if first:
            # Tree, programs and modules come from the other machine only once.
            self._make(place)

    def _make(self, place):
        place.pattern = None
        steps.make_fs(place.i, place.disks[0], self._tree[place.i.share][0],
                      timeout=900)

    def run(self, place):
        """The time; what it moves, only the disk knows."""
        start = _now(place.i)
        self._make(place)
        return {'ns': _now(place.i) - start}

    def run_empty(self, place):
        place.i.run('true')

    def check(self, place):
        disk = place.disks[0]
        steps.reread(place.i, disk)
        steps.verify_fs(place.i, disk, self._tree[place.i.share][1],
                        timeout=900)
        place.check_stored(lambda at, size: _bytes(place.i, disk, at, size))


def _bytes(host, disk, at, size):
    host.run('dd if=%s of=/share/read bs=%d skip=%d count=1 iflag=direct'
             ' 2>/dev/null' % (disk, size, at // size))
    with open(host.path('read'), 'rb') as f:
        return f.read()


def _now(host):
    return int(host.run('date +%s%N').out)


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
