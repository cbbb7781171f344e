# SPDX-License-Identifier: GPL-2.0
"""The wire between the hosts: a bridge and a tap per host in a network
namespace of its own, so that nothing of the machine's network is touched and
nobody needs to clean up: the namespace ends with the process that holds it.

    initiator [vec0] --- tap-i --- br0 --- tap-t --- [vec0] target
                                    |
                                 tcpdump

A bad wire (wire.py) lies between br0 and a second bridge with the last tap.
"""

import ctypes
import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import threading

from .host import HostError, poll
from .wire import Wire

PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000


def die_with_parent():
    """For preexec_fn: no process of a test outlives the test runner."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Network:
    def __init__(self, taps, mtu=1500):
        self.mtu = mtu
        self._taps = taps
        self._captures = []
        self._wire = None
        # cat ends when our end of its standard input closes.
        self._holder = subprocess.Popen(
            ['unshare', '--net', 'sh', '-c', 'echo; exec cat'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self._holder.stdout.readline()
            lines = ['link add br0 type bridge mcast_snooping 0',
                     'link set br0 mtu %d' % mtu]
            for tap in taps:
                lines += ['tuntap add %s mode tap' % tap,
                          'link set %s mtu %d master br0 up' % (tap, mtu)]
            lines += ['link set br0 up', 'link set lo up']
            # No packets of its own on the wire: what a capture shows is
            # what the hosts sent.
            self.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/'
                      'disable_ipv6; echo 1 > /proc/sys/net/ipv6/conf/'
                      'default/disable_ipv6'])
            self.run(['ip', '-batch', '-'], input='\n'.join(lines))
        except BaseException:
            self.stop()
            raise

    def command(self, argv):
        """argv prefixed such that it runs in the namespace."""
        return ['nsenter', '--net=/proc/%d/ns/net' % self._holder.pid,
                '--'] + argv

    def run(self, argv, input=None):
        res = subprocess.run(self.command(argv), input=input, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if res.returncode:
            raise HostError('%s: %s' % (' '.join(argv), res.stdout.rstrip()))
        return res.stdout

    def open_tap(self, name):
        """Descriptor of a tap: what is written to it is on the wire.

        The file belongs to the namespace in which it is opened, and a thread
        can enter one alone.
        """
        result = []

        def work():
            libc = ctypes.CDLL(None, use_errno=True)
            with open('/proc/%d/ns/net' % self._holder.pid) as ns:
                if libc.setns(ns.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), 'setns')
            fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK |
                         os.O_CLOEXEC)
            fcntl.ioctl(fd, TUNSETIFF, struct.pack(
                '16sH22x', name.encode(), IFF_TAP | IFF_NO_PI))
            result.append(fd)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if not result:
            raise HostError('cannot open ' + name)
        return result[0]

    def capture(self, path, filter='', snaplen=262144):
        """Start to record what passes the bridge; returns a Capture."""
        cap = Capture(self, path, filter, snaplen)
        self._captures.append(cap)
        return cap

    def wire(self, path=None, seed=1, **spec):
        """Put a bad wire before the last tap; returns a Wire.  path takes all
        that the hosts send; a capture shows what passes the first bridge."""
        self.run(['ip', '-batch', '-'], input='\n'.join([
            'link add br1 type bridge mcast_snooping 0',
            'link set br1 mtu %d' % self.mtu,
            'link set %s master br1' % self._taps[-1],
            'link set br1 up']))
        self._wire = Wire(self, 'br0', 'br1', path, seed,
                          preexec_fn=die_with_parent)
        self._wire.set(**spec)
        return self._wire

    def wire_counts(self):
        """What the bad wire did, if there is one."""
        return self._wire.counts() if self._wire else {}

    def octets(self):
        """What has passed the tap of the first host, in both directions."""
        out = self.run(['ip', '-s', '-j', 'link', 'show', self._taps[0]])
        stats = json.loads(out)[0]['stats64']
        return stats['rx']['bytes'] + stats['tx']['bytes']

    def stop(self):
        for cap in self._captures:
            cap.stop()
        self._captures = []
        if self._wire:
            self._wire.stop()
        if self._holder.poll() is None:
            self._holder.stdin.close()
            self._holder.wait()
        self._holder.stdout.close()


class Capture:
    """tcpdump on the bridge, outside of the hosts: inside, ESP GRO would
    already have decrypted what is seen."""

    def __init__(self, net, path, filter, snaplen):
        self.path = path
        self._log = path + '.log'
        argv = ['tcpdump', '-i', 'br0', '-s', str(snaplen), '-U', '-n',
                '-B', '65536', '-Z', 'root', '-w', path]
        with open(self._log, 'wb') as log:
            self._proc = subprocess.Popen(
                net.command(argv + filter.split()), stderr=log,
                stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        poll('tcpdump', lambda: self._ready())

    def _ready(self):
        if self._proc.poll() is not None:
            with open(self._log) as f:
                raise HostError('tcpdump: ' + f.read())
        with open(self._log) as f:
            return 'listening on' in f.read()

    def _complete(self):
        """Is in the file all that has passed the bridge?  The kernel hands
        packets over a second late, and tcpdump forgets what it has not been
        given when it is told to end."""
        size = os.path.getsize(self._log)
        self._proc.send_signal(signal.SIGUSR1)

        def answer():
            with open(self._log) as f:
                f.seek(size)
                return re.search(r'(\d+) packets? captured, (\d+) packets?'
                                 r' received', f.read())

        counts = poll('tcpdump counts', answer, 60)
        return counts.group(1) == counts.group(2)

    def stop(self):
        """End the recording and return the path of the file."""
        if self._proc is None:
            return self.path
        poll('tcpdump writes what it has got', self._complete, 60)
        self._proc.send_signal(signal.SIGINT)
        self._proc.wait()
        self._proc = None
        with open(self._log) as f:
            text = f.read()
        if '0 packets dropped by kernel' not in text:
            raise HostError('incomplete capture: ' + text)
        os.unlink(self._log)
        return self.path
