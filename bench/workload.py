# SPDX-License-Identifier: GPL-2.0
"""What the hosts do while their cost is measured."""

import json
import os

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
)
