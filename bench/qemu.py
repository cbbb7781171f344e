# SPDX-License-Identifier: GPL-2.0
"""Debian's kernels in QEMU, in instructions of the guest.

One guest with two CPUs.  The second one is left to the target host alone: LIO's
threads and the polling of its network device.  Everything else runs on the first.
So the instructions of a CPU are those of a host, and hardly depend on what else
the machine does.  They say nothing of how long an instruction takes.
"""

import os

from testbed import modules
from testbed.qemu import QemuHost

from . import counter, rig

# The second CPU is nobody's who is not sent there.  MWAIT would be a busy wait.
CMDLINE = 'isolcpus=1 idle=halt ipv6.disable_ipv6=1'
CPUS_OF_LIO = '/sys/kernel/config/target/iscsi/cpus_allowed_list'
SEPARATE = '''
set -e
mkdir -p %s
echo 1 > %s
for n in 0:veth-i 1:veth-t; do
	dev=${n#*:}
	in=
	[ $dev = veth-i ] || in='nsenter --net=/run/netns/target'
	$in sh -c "mount -t sysfs sys /mnt && echo 1 > /mnt/class/net/$dev/threaded
		umount /mnt"
	pid=$(pgrep "napi/$dev")
	taskset -p -c ${n%%:*} $pid > /dev/null
done
''' % (os.path.dirname(CPUS_OF_LIO), CPUS_OF_LIO)


class Meter:
    """Instructions of the CPU of each side."""

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
        return dict(zip(rig.SIDES, counter.totals(difference)))

    def functions(self, difference, guest):
        """{side: {function: instructions}}"""
        if not self._symbols:
            guest.run('cat /proc/kallsyms > /share/kallsyms', timeout=600)
            with open(guest.path('kallsyms')) as f:
                self._symbols = counter.Symbols(f.read())
        return dict(zip(rig.SIDES, self._symbols.functions(difference)))


def boot(series, workdir, mtu, loaded):
    os.makedirs(workdir, exist_ok=True)
    count = counter.Counter(os.path.join(workdir, 'counts'))
    guest = QemuHost('initiator', '192.0.2.1', series, workdir, vcpus=2,
                     mem='1536M', accel='tcg,thread=single', cmdline=CMDLINE,
                     qemu_args=('-cpu', 'max,erms=off', '-plugin',
                                count.argument()), boot=600)
    guest.slow = 40
    try:
        r = rig.one_guest('qemu-' + series, guest, mtu, Meter(count),
                          guest.stop,
                          modules.load if loaded else modules.load_esp)
        guest.run(SEPARATE)
        return r
    except BaseException:
        guest.stop()
        raise
