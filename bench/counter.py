# SPDX-License-Identifier: GPL-2.0
"""Instructions of a QEMU guest, counted by the plugin counter.c."""

import bisect
import collections
import mmap
import os
import struct
import subprocess

from testbed import cache

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'counter.c')
BLOCK = struct.Struct('<4Q')    # address, instructions, executions by CPU
USER = 'user space'


def build():
    """Path of the plugin."""
    def make(tmp):
        subprocess.run(['gcc', '-O2', '-Wall', '-Wextra', '-Werror', '-shared',
                        '-fPIC', '-fvisibility=hidden', '-o',
                        os.path.join(tmp, 'counter.so'), SOURCE], check=True)

    return os.path.join(cache.build('qemu-counter-' + cache.digest(
        ('file', SOURCE)), make), 'counter.so')


class Counter:
    """What the plugin counts in a file."""

    def __init__(self, path):
        self.path = path
        self._map = None

    def argument(self):
        """For -plugin of QEMU."""
        return '%s,counts=%s' % (build(), self.path)

    def blocks(self):
        """{(address, instructions): executions of each CPU}"""
        if not self._map:
            with open(self.path, 'rb') as f:
                self._map = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        return {(addr, insns): counts for addr, insns, *counts
                in BLOCK.iter_unpack(self._map[:]) if insns}


def difference(after, before):
    """What was executed between two readings: the same form."""
    none = (0, 0)
    return {key: [a - b for a, b in zip(counts, before.get(key, none))]
            for key, counts in after.items()
            if counts != before.get(key, none)}


def totals(blocks):
    """Instructions of each CPU."""
    sums = [0, 0]
    for (_, insns), counts in blocks.items():
        for cpu, count in enumerate(counts):
            sums[cpu] += insns * count
    return sums


class Symbols:
    """Functions by address, from the text of /proc/kallsyms.

    That still has the initialisation of a module when its memory is another
    module's: so of two names for one address that one is wrong.
    """

    def __init__(self, text):
        found = []
        for line in text.splitlines():
            addr, kind, name, *module = line.split()
            if kind in 'tTwW':
                found.append((int(addr, 16), name, ' '.join(module)))
        found.sort(key=lambda entry: (entry[0],
                                      not entry[1].endswith('_init')))
        self._addrs = [entry[0] for entry in found]
        self._names = ['%s %s' % (name, module) if module else name
                       for _, name, module in found]

    def name(self, addr):
        if not addr:
            return USER
        i = bisect.bisect_right(self._addrs, addr) - 1
        return self._names[i] if i >= 0 else '?'

    def functions(self, blocks):
        """[Counter of instructions by function, for each CPU]"""
        res = [collections.Counter(), collections.Counter()]
        for (addr, insns), counts in blocks.items():
            name = self.name(addr)
            for cpu, count in enumerate(counts):
                if count:
                    res[cpu][name] += insns * count
        return res
