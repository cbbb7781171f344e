# SPDX-License-Identifier: GPL-2.0
"""Debian's kernels in QEMU, in instructions of the guest.

One guest with one CPU is both hosts.  A virtual nanosecond is an instruction, so
that neither timers nor TCP notice what else the machine does.  Instructions say
nothing of how long they take.

A CPU for each host did not tell their costs apart: a third of a sender's ciphers
ran on the receiver's, presumably where TCP small queues go on when a packet is freed.
"""

import collections
import os

from testbed import modules
from testbed.qemu import QemuHost

from . import counter, rig


class Meter:
    """Instructions of both hosts together."""

    unit = 'instructions/byte'

    def __init__(self, counter):
        self._counter = counter
        self._symbols = None

    def read(self):
        return self._counter.blocks()

    @staticmethod
    def difference(after, before):
        return counter.difference(after, before)

    @staticmethod
    def totals(difference):
        return {'both': sum(counter.totals(difference))}

    @staticmethod
    def processors(difference):
        return counter.totals(difference)

    def functions(self, difference, guest):
        """{side: {function: instructions}}"""
        if not self._symbols:
            guest.run('cat /proc/kallsyms > /share/kallsyms', timeout=600)
            with open(guest.path('kallsyms')) as f:
                self._symbols = counter.Symbols(f.read())
        return {'both': sum(self._symbols.functions(difference),
                            collections.Counter())}


def boot(series, workdir, mtu, loaded, vcpus=None):
    """With a number of CPUs they run side by side and time is the machine's: of
    those that share a clock of instructions one would wait for the other for ever.
    """
    os.makedirs(workdir, exist_ok=True)
    count = counter.Counter(os.path.join(workdir, 'counts'))
    guest = QemuHost('initiator', '192.0.2.1', series, workdir,
                     vcpus=vcpus or 1, mem='1536M', icount=not vcpus,
                     accel='tcg',
                     cmdline='ipv6.disable_ipv6=1 idle=halt',
                     qemu_args=('-plugin', count.argument()), boot=600)
    guest.slow = 40
    try:
        return rig.one_guest('qemu-' + series, guest, mtu, Meter(count),
                             guest.stop,
                             modules.load if loaded else modules.load_esp,
                             features='/sys/kernel/debug/sched/features')
    except BaseException:
        guest.stop()
        raise
