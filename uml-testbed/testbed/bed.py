# SPDX-License-Identifier: GPL-2.0
"""Both hosts, the wire between them and everything a scenario does to them."""

import os
import shutil
import tempfile

from . import asymctl, cache, coverage, iscsi, modules
from .host import HostError
from .net import Network
from .sa import Sas, is_asym

# Of the initiator and the target.
ADDRESSES = {4: ('192.0.2.1', '192.0.2.2'), 6: ('2001:db8::1', '2001:db8::2')}

PLATFORMS = ('uml', 'uml-debug', 'qemu-6.1', 'qemu-6.12', 'qemu-6.1-6.12')


class Bed:
    """Use as a context manager: what it started ends with it.

    platform  one of PLATFORMS
    offload   with esp4_offload, or without
    peer      a scripted Peer takes the place of the target host
    family    of IP, for all that a bed with a peer does
    """

    def __init__(self, platform='uml', mtu=1500, offload=True, workdir=None,
                 mem=None, peer=False, family=4):
        if platform not in PLATFORMS:
            raise HostError('no platform ' + platform)
        self.platform = platform
        self.mtu = mtu
        self.offload = offload
        self.workdir = workdir or tempfile.mkdtemp(prefix='asym-bed-')
        self._own_workdir = workdir is None
        self.net = None
        self.hosts = []
        self.peer = None
        self.sas = None
        self.target = None
        self.i_iscsi = None
        places = tuple(zip(('initiator', 'target'), ADDRESSES[4],
                           ('tap-i', 'tap-t')))
        try:
            self.net = Network([tap for _, _, tap in places], mtu)
            if peer:
                from .peer.peer import Peer

                self.peer = Peer(self.net, 'tap-t', ADDRESSES[family][1])
                places = places[:1]
            if platform.startswith('uml'):
                self._boot_uml(mem, places)
            else:
                self._boot_qemu(places)
            if family == 6:
                self._move_to_ipv6()
        except BaseException:
            self.stop()
            raise

    def _boot_uml(self, mem, places):
        from .uml import UmlHost

        flavour = 'debug' if self.platform == 'uml-debug' else 'release'
        kernel = cache.uml_kernel(flavour)
        for name, addr, tap in places:
            self.hosts.append(UmlHost(
                name, addr, kernel, os.path.join(self.workdir, name),
                self.net, tap, flavour=flavour,
                mem=mem or ('384M' if flavour == 'release' else '768M')))

    def _boot_qemu(self, places):
        from . import qemu

        series = self.platform.split('-')[1:]
        names = [m for m in qemu.MODULES
                 if self.offload or not m.endswith('_offload')]
        for (name, addr, tap), ver in zip(places, (series[0], series[-1])):
            self.hosts.append(qemu.QemuHost(
                name, addr, ver, os.path.join(self.workdir, name), self.net,
                tap, modules=names,
                # Frames of IPv6's own would be noise in the captures.
                cmdline='ipv6.disable_ipv6=1'))

    def _move_to_ipv6(self):
        self.i.enable_ipv6()
        self.i.addr = ADDRESSES[6][0]
        self.i.run('ip addr add %s/64 dev %s nodad' % (self.i.addr,
                                                       self.i.iface))

    @property
    def i(self):
        return self.hosts[0]

    @property
    def t(self):
        return self.hosts[1]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def stop(self):
        for host in self.hosts:
            if coverage.run:
                coverage.run.take(host)
            host.stop()
        if self.peer:
            self.peer.stop()
        if self.net:
            self.net.stop()
        if self._own_workdir:
            shutil.rmtree(self.workdir, ignore_errors=True)

    # -- steps -----------------------------------------------------------
    def capture(self):
        """What the hosts send each other from now on; stop() gives a path."""
        return self.net.capture(os.path.join(self.workdir, 'wire.pcap'))

    def load(self, hosts=None, params=None):
        """esp4 and the modules under test."""
        for host in hosts or self.hosts:
            modules.load(host, self.offload, params)

    def secure(self, kind, **args):
        """Install SAs of a kind (see sa.py), with all that they need."""
        if is_asym(kind):
            self.load()
        elif kind != 'plain':
            for host in self.hosts:
                modules.load_esp(host, self.offload)
        self.sas = Sas(self.i, self.peer or self.t, kind, **args)
        if self.peer:
            self.sas.install(self.i)
            self.peer.secure(self.sas, self.i.addr)
        else:
            self.sas.install()
        return self.sas

    def serve(self, luns=None, **args):
        """Start a target on the target host; for a peer, luns maps numbers to
        its disks."""
        if self.peer:
            from .peer.disk import Disk
            from .peer.target import Target

            self.target = Target(self.peer, luns or {0: Disk()}, **args)
            self.peer.target = self.target
            return self.target
        self.target = iscsi.Target(self.t, luns or [iscsi.Lun(0)], **args)
        return self.target

    def bind(self, lun=0, key=None, sector_size=None, plain=False):
        """Bind a LUN of the target, with a key of ours or as plain."""
        return asymctl.bind(self.i, self.target.iqn, lun, key, sector_size,
                            plain)

    def login(self, settings=None, target=None, **args):
        if not self.i_iscsi:
            self.i_iscsi = iscsi.Initiator(self.i)
        return self.i_iscsi.login(target or self.target, settings, **args)

    def crash_reports(self):
        """... and what the peer found wrong with what it received."""
        return [r for h in self.hosts for r in h.crash_reports()] + (
            self.peer.errors if self.peer else [])
