# SPDX-License-Identifier: GPL-2.0
"""What configurations are measured on: an initiator and a target, the network
between them, and a meter for what they cost.

Either both hosts are one guest, the target in a network namespace of its own::

    initiator [veth-i] ------- [veth-t] target

so that all cost is that of the hosts' work and none that of a virtual network; or
they are the two guests of a Bed.
"""

import re
import shlex

from testbed import iscsi, program
from testbed.host import Host

SIDES = ('initiator', 'target')

# GRO makes veth poll, as a real device does; in a thread, or it would as often as not
# poll for each packet and merge nothing.  Without segmentation offload its packets
# are those of a wire.
ONE_GUEST = '''
set -e
ip netns add target
ip link add veth-i mtu %(mtu)d type veth peer name veth-t mtu %(mtu)d
ip link set veth-t netns target
ip addr add 192.0.2.1/24 dev veth-i
ip link set veth-i up
ethtool -K veth-i gro on tso off tx off > /dev/null
echo 1 > /sys/class/net/veth-i/threaded
exec nsenter --net=/run/netns/target sh -ec '
ip addr add 192.0.2.2/24 dev veth-t
ip link set lo up
ip link set veth-t up
ethtool -K veth-t gro on tso off tx off > /dev/null
mount -t sysfs sys /mnt
echo 1 > /mnt/class/net/veth-t/threaded
umount /mnt
'
'''
NAMESPACE = '''
sysctl -qw net.ipv4.tcp_wmem="4096 131072 %(window)d"
sysctl -qw net.ipv4.tcp_rmem="4096 131072 %(window)d"
sysctl -qw net.ipv4.tcp_no_metrics_save=1
'''
# Less than passes veth's ring, of 256 packets, at once.
WINDOW = 262144


class View(Host):
    """A host as one configuration sees it: with an address of its own."""

    def __init__(self, host, name, addr, iface, netns=None):
        self.host = host
        self.name = name
        self.addr = addr
        self.iface = iface
        self.netns = netns
        self.share = host.share
        self.console = host.console
        self.kdir = host.kdir
        self.platform = host.platform
        self.modprobe_cmd = host.modprobe_cmd
        self.slow = host.slow

    def _exchange(self, cmd, timeout):
        if self.netns:
            cmd = 'exec nsenter --net=/run/netns/%s sh -c %s' % (
                self.netns, shlex.quote(cmd))
        return self.host._exchange(cmd, timeout)

    def alive(self):
        return self.host.alive()

    def at(self, addr):
        return View(self.host, self.name, addr, self.iface, self.netns)


class Rig:
    """
    platform  name of the platform
    i, t      Views of the hosts
    meter     with read(), difference(after, before) of two readings, totals() of
              a difference, a number for each side, and the unit of such a number
              for a byte
    stop      function that ends what the rig runs on
    load      function that loads a guest's modules
    passes    how many times as much a turn moves, where that is cheap: what
              starting a program costs differs from time to time
    features  file of the scheduler's features in the guest that is both hosts, or
              None
    """

    def __init__(self, platform, i, t, meter, stop, load, passes=1,
                 features=None):
        self.platform = platform
        self.i = i
        self.t = t
        self.meter = meter
        self.passes = passes
        self._features = features
        self._stop = stop
        self._initiator = None
        for host in (i, t):
            host.run(NAMESPACE % {'window': WINDOW})
        for host in [i] if i.host is t.host else [i, t]:
            load(host)
        self.kernel = i.run('uname -r').out.strip()

    def initiator(self):
        if not self._initiator:
            self._initiator = iscsi.Initiator(self.i)
        return self._initiator

    def load(self, host):
        """Path of the program that makes the load."""
        return program.path(host, 'load')

    def traffic(self):
        """Of each side: packets and bytes that it has sent, segments that TCP
        has handed down and got, and those that it has sent again."""
        return [_traffic(host) for host in (self.i, self.t)]

    def memory(self):
        """Bytes of kernel memory in use in the guest or guests."""
        hosts = [self.i] if self.i.host is self.t.host else [self.i, self.t]
        return sum(_slab(host) for host in hosts)

    def gather(self, wanted):
        """Let requests that are under way pass together.

        Where both hosts share a processor, a target that is woken takes it from
        the initiator in the middle of what that would send next.  If it always
        does, requests pass one at a time as if there were no others; whether it
        does turns on a few instructions of either.  Two machines do not stop each
        other.
        """
        if self._features:
            self.i.run('echo %sWAKEUP_PREEMPTION > %s'
                       % ('NO_' * wanted, self._features))

    def stop(self):
        self._stop()


def one_guest(platform, guest, mtu, meter, stop, load, passes=1,
              features=None):
    guest.run(ONE_GUEST % {'mtu': mtu})
    return Rig(platform, View(guest, 'initiator', '192.0.2.1', 'veth-i'),
               View(guest, 'target', '192.0.2.2', 'veth-t', 'target'),
               meter, stop, load, passes, features)


def _traffic(host):
    text = host.run('cat /proc/net/dev /proc/net/snmp').out
    dev = re.search(r'%s:(.*)' % host.iface, text).group(1).split()
    names, values = {}, {}
    for line in text.splitlines():
        proto, _, rest = line.partition(': ')
        if proto in ('Ip', 'Tcp'):
            if proto in names:
                values.update(zip((proto + n for n in names[proto]),
                                  rest.split()))
            else:
                names[proto] = rest.split()
    return {'packets': int(dev[9]), 'octets': int(dev[8]),
            'octets_in': int(dev[0]),
            'handed_down': int(values['IpOutRequests']),
            'got': int(values['IpInReceives']),
            'sent_again': int(values['TcpRetransSegs'])}


def _slab(host):
    kib = dict(re.findall(r'(\w+): +(\d+) kB',
                          host.run('cat /proc/meminfo').out))
    return (int(kib['Slab']) + int(kib['KernelStack'])) * 1024
