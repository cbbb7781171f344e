# SPDX-License-Identifier: GPL-2.0
"""What is compared: configurations of the protection of one disk."""

from testbed import asymctl, iscsi
from testbed.sa import Sas, is_asym
from tests import steps, xts


class Config:
    """
    sa      kind of the SAs, as testbed/sa.py has them
    crypt   sector size of dm-crypt on the initiator, or None
    sector  sector size of the binding of an asymmetric SA
    loaded  in a guest that has our modules
    """

    def __init__(self, name, sa, crypt=None, sector=None, loaded=False):
        self.name = name
        self.sa = sa
        self.crypt = crypt
        self.sector = sector
        self.asym = is_asym(sa)
        self.loaded = loaded or self.asym

    @property
    def at_rest(self):
        """Sector size under which the disk is encrypted, or None."""
        return self.crypt or self.sector


CONFIGS = (
    Config('plain', 'plain'),
    # What good neighbours our modules are.
    Config('plain+modules', 'plain', loaded=True),
    Config('gcm', 'gcm'),
    Config('chacha', 'chacha'),
    Config('gmac', 'gmac'),
    Config('dmcrypt-512', 'plain', crypt=512),
    Config('dmcrypt-4096', 'plain', crypt=4096),
    Config('gcm+dmcrypt-512', 'gcm', crypt=512),
    Config('gcm+dmcrypt-4096', 'gcm', crypt=4096),
    Config('chacha+dmcrypt-512', 'chacha', crypt=512),
    Config('asym-512', 'asym', sector=512),
    Config('asym-4096', 'asym', sector=4096),
    Config('asym-chacha-512', 'asym-chacha', sector=512),
    Config('asym-chacha-4096', 'asym-chacha', sector=4096),
)


class WrongSubject(Exception):
    """What was measured is not what it was taken for."""


def expect(what, condition):
    if not condition:
        raise WrongSubject('not so: ' + what)


class Place:
    """A configuration on a rig: addresses of its own on both hosts, SAs between
    them, and disks of its own."""

    def __init__(self, rig, config, number, size, disks=1):
        self.rig = rig
        self.config = config
        self.size = size
        self.i = rig.i.at('192.0.2.%d' % (10 + number))
        self.t = rig.t.at('192.0.2.%d' % (100 + number))
        for host, peer in ((self.i, self.t), (self.t, self.i)):
            host.run('ip addr add %s/32 dev %s && ip route add %s dev %s src %s'
                     % (host.addr, host.iface, peer.addr, host.iface,
                        host.addr))
        self.sas = Sas(self.i, self.t, config.sa, spi=0x1000 + 16 * number)
        self.sas.install()
        self.keys = {}
        self.luns = []
        self.disks = []
        self.devices = []   # below dm-crypt, if there is that
        self.pattern = None
        for k in range(disks):
            self._add_disk('%s-%d-%d' % (config.name.replace('+', '-'), number,
                                         k))

    def _add_disk(self, name):
        lun = iscsi.Lun(0, name=name, size=self.size, kind='thin')
        target = iscsi.Target(self.t, [lun],
                              iqn='iqn.2024-01.test.asym:' + name)
        target.be_patient()
        key = asymctl.Key(name)
        if self.config.asym:
            key.add(self.i)
            asymctl.bind(self.i, target.iqn, 0, key, self.config.sector)
        disk = self.rig.initiator().login(target, steps.PATIENCE).disk()
        self.devices.append(disk)
        if self.config.crypt:
            disk = self._crypt(name, disk, key)
        self.keys[lun.name] = key
        self.luns.append(lun)
        self.disks.append(disk)

    def _crypt(self, name, disk, key):
        self.i.modprobe('dm_crypt', 'xts')
        file = self.i.write('key.bin', key.raw)
        self.i.run('cryptsetup open --type plain --cipher aes-xts-plain64'
                   ' --key-size 512 --key-file %s --sector-size %d %s %s; rc=$?;'
                   ' rm %s; exit $rc'
                   % (file, self.config.crypt, disk, name, file), timeout=120)
        return '/dev/mapper/' + name

    def fill(self, pattern):
        """Write a pattern everywhere."""
        self.pattern = pattern
        self.i.run('%s write seq 1048576 4 %d %s %s'
                   % (self.rig.load(self.i), self.size, pattern,
                      ' '.join(self.disks)), timeout=600)

    # -- is it what it says? -----------------------------------------------
    def packets(self):
        """Bytes that the SAs of both directions have protected, seen by the
        sender; nothing without SAs."""
        res = {}
        for (src, dst), spi in self.sas.spi.items():
            host = self.i if src == self.i.addr else self.t
            out = host.run('ip -s xfrm state list src %s dst %s'
                           % (src, dst)).out
            if 'lifetime current' not in out:
                continue
            words = out.split('lifetime current:')[1].split('\n')[1].split()
            res[src] = int(words[0].split('(')[0])
        return res

    def moved(self):
        """Bytes that the disks have written and read."""
        res = [0, 0]
        for device in self.devices:
            stat = self.i.run('cat /sys/class/block/%s/stat'
                              % device.split('/')[-1]).out.split()
            res[0] += int(stat[6]) * 512
            res[1] += int(stat[2]) * 512
        return res

    def counters(self):
        if not self.config.asym:
            return {}, {}
        return asymctl.counters(self.i), asymctl.counters(self.t)

    def check_turn(self, before, after, written, read, octets):
        """That a turn went the way it is named after.  before, after are
        (packets(), counters()); octets those of the wire."""
        name = self.config.name
        expect('%s: the data passed the wire' % name, octets >= written + read)
        if self.config.crypt:
            for name_, disk in zip(self.keys, self.disks):
                table = self.i.run('dmsetup table ' + name_).out
                expect('dm-crypt: ' + table, ' crypt aes-xts-plain64 ' in table)
        if self.config.sa == 'plain':
            expect('plain is plain', not after[0])
        else:
            for addr, size in ((self.i.addr, written), (self.t.addr, read)):
                done = after[0].get(addr, 0) - before[0].get(addr, 0)
                expect('%s: %d bytes of payload from %s, %d under its SA'
                       % (name, size, addr, done), done >= size)
        if not self.config.asym:
            return
        for counter, size in (('blocks_sealed', written),
                              ('blocks_opened', read)):
            done = [a[counter] - b[counter]
                    for a, b in zip(after[1], before[1])]
            # Not more either, but for blocks cut and bytes sent again.
            expect('%s: %s %d for %d bytes' % (name, counter, done[0], size),
                   size // 16 <= done[0] <= size // 16 * 1.1 + 256)
            expect('the target has no local key', done[1] == 0)

    def check_data(self):
        """That all of the disks reads as the pattern that was written, and is
        stored as it should be."""
        load = self.rig.load(self.i)
        pattern = self.pattern
        self.i.run('%s check seq 1048576 1 %d %s %s'
                   % (load, self.size, pattern, ' '.join(self.disks)),
                   timeout=600)
        self.check_stored(lambda at, size: bytes.fromhex(pattern) * (size // 8))

    def check_stored(self, plain):
        """That what is stored at both ends of the disks is plain(offset, bytes), or
        its ciphertext as OpenSSL makes it."""
        self.t.run('sync')
        part = 1 << 16
        for lun in self.luns:
            for at in (0, self.size - part):
                self.t.run('dd if=%s of=/share/stored bs=%d skip=%d count=1'
                           ' 2>/dev/null' % (lun.file, part, at // part))
                with open(self.t.path('stored'), 'rb') as f:
                    stored = f.read()
                want = plain(at, part)
                if self.config.at_rest:
                    want = xts.encrypt(self.keys[lun.name].raw, want,
                                       self.config.at_rest, at // 512)
                expect('%s: stored is what it should be' % self.config.name,
                       stored == want)
