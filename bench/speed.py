# SPDX-License-Identifier: GPL-2.0
"""How long the kernel's ciphers take on a platform: speed/speed.c."""

import bisect
import os
import re
import shutil
import subprocess

from testbed import cache
from testbed.host import HostError

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'speed')
LINE = re.compile(r'speed: (\S+) (\S+) (\d+) (\d+)$', re.M)


def _build(kdir):
    ours = [os.path.join(HERE, name) for name in ('Kbuild', 'speed.c')]

    def make(tmp):
        for path in ours:
            shutil.copy(path, tmp)
        res = subprocess.run(['make', '-s', '-C', kdir, 'M=' + tmp, 'ARCH=um',
                              'modules'], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
        if res.returncode:
            raise HostError('speed.c does not build:\n' + res.stdout)

    return cache.build('speed-' + cache.digest(
        kdir, *(('file', path) for path in ours)), make)


def parse(log):
    """{cipher: {'driver': its name, 'ps': {bytes: picoseconds}}}"""
    res = {}
    for name, driver, size, ps in LINE.findall(log):
        subject = res.setdefault(name, {'driver': driver, 'ps': {}})
        subject['ps'][size] = int(ps)
    return res


def measure(host):
    """... of the ciphers of a UML host."""
    shutil.copy(os.path.join(_build(host.kdir), 'speed.ko'),
                host.path('speed.ko'))
    host.run('insmod /share/speed.ko; rc=$?; dmesg > /share/speed.log;'
             ' exit $rc', timeout=600)
    with open(host.path('speed.log')) as f:
        return parse(f.read())


class Speed:
    """Nanoseconds of a request, between the sizes that were measured.  faster:
    by how much some ciphers are than measured."""

    def __init__(self, measured, faster=()):
        faster = dict(faster)
        self._points = {
            name: sorted((int(size), ps / 1000 / faster.get(name, 1))
                         for size, ps in subject['ps'].items())
            for name, subject in measured.items()}

    def ns(self, name, size):
        points = self._points[name]
        i = bisect.bisect_left(points, (size,))
        i = min(max(i, 1), len(points) - 1)
        (x0, y0), (x1, y1) = points[i - 1:i + 1]
        return y0 + (y1 - y0) * (size - x0) / (x1 - x0)
