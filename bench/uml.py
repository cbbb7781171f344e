# SPDX-License-Identifier: GPL-2.0
"""User Mode Linux, in time of the machine's CPU.

``uml`` is one guest, both hosts together, with ciphers in C; ``uml-x86`` has those
of x86.  ``uml-pair`` is two guests, and the cost of their network with it.
"""

import os
import time

from testbed import cache, modules
from testbed.bed import Bed
from testbed.net import Network
from testbed.uml import UmlHost

from . import ciphers, rig

TICK = os.sysconf('SC_CLK_TCK')


def cpu_time(session):
    """Nanoseconds of CPU of all processes of a session, the ended included.

    A guest's processes are processes of the machine, children of its kernel.
    """
    total = 0
    for name in os.listdir('/proc'):
        if not name.isdigit():
            continue
        try:
            with open('/proc/%s/stat' % name) as f:
                fields = f.read().rpartition(')')[2].split()
            if int(fields[3]) != session:
                continue
            # The clock of another process, as clock_getcpuclockid() says.
            clock = ~int(name) << 3 | 2
            total += time.clock_gettime_ns(clock)
            total += (int(fields[13]) + int(fields[14])) * 1000000000 // TICK
        except OSError:
            pass    # it has just ended
    return total


class Meter:
    """CPU time of guests: {side: host}."""

    unit = 'ns/byte'

    def __init__(self, hosts):
        self._sessions = {side: host._proc.pid for side, host in hosts.items()}

    def read(self):
        return {side: cpu_time(session)
                for side, session in self._sessions.items()}

    @staticmethod
    def difference(after, before):
        return {side: after[side] - before[side] for side in after}

    @staticmethod
    def totals(difference):
        return difference


def boot(workdir, mtu, loaded):
    """One guest; returns its Rig."""
    return _one_guest('uml', workdir, mtu,
                      modules.load if loaded else modules.load_esp, 2)


def boot_x86(workdir, mtu, loaded):
    built = ciphers.build_modules(os.path.join(cache.uml_kernel('release'),
                                               'build'))

    def load(host):
        ciphers.load(host, built)
        if loaded:
            modules.load(host, directory=built)
        else:
            modules.load_esp(host)

    return _one_guest('uml-x86', workdir, mtu, load, 4)


def _one_guest(platform, workdir, mtu, load, passes):
    net = Network(['tap-i'], mtu)
    guest = None

    def stop():
        if guest:
            guest.stop()
        net.stop()

    try:
        guest = UmlHost('initiator', '198.51.100.1', cache.uml_kernel('release'),
                        workdir, net, 'tap-i', mem='2G')
        return rig.one_guest(platform, guest, mtu, Meter({'both': guest}), stop,
                             load, passes)
    except BaseException:
        stop()
        raise


def boot_pair(workdir, mtu, loaded):
    bed = Bed('uml', mtu=mtu, workdir=workdir, mem='1G')
    try:
        return rig.Rig('uml-pair',
                       *(rig.View(h, h.name, h.addr, h.iface)
                         for h in bed.hosts),
                       Meter(dict(zip(rig.SIDES, bed.hosts))), bed.stop,
                       modules.load if loaded else modules.load_esp, 2)
    except BaseException:
        bed.stop()
        raise
