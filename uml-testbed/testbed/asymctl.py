# SPDX-License-Identifier: GPL-2.0
"""asymctl in a guest, and the counters of the modules."""

import json
import os
import shutil
import subprocess

from . import cache
from .host import HostError, poll


def _build():
    """The executable, built from the sources in tools/ and include/."""
    files = []
    for top in ('tools', 'include'):
        for base, dirs, names in os.walk(os.path.join(cache.TOP, top)):
            dirs.sort()
            files += [os.path.relpath(os.path.join(base, n), cache.TOP)
                      for n in sorted(names)
                      if n.endswith(('.c', '.h', '.mk')) or n == 'Makefile']
    key = cache.digest(*files, *(('file', os.path.join(cache.TOP, f))
                                 for f in files))

    def make(tmp):
        for f in files:
            os.makedirs(os.path.dirname(os.path.join(tmp, f)), exist_ok=True)
            shutil.copy2(os.path.join(cache.TOP, f), os.path.join(tmp, f))
        res = subprocess.run(['make', '-s', '-C', os.path.join(
            tmp, 'tools/asymctl')], stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.STDOUT)
        if res.returncode:
            raise HostError('asymctl does not build:\n' + res.stdout)
        os.rename(os.path.join(tmp, 'tools/asymctl/asymctl'),
                  os.path.join(tmp, 'asymctl.bin'))

    return os.path.join(cache.build('asymctl-' + key, make), 'asymctl.bin')


def path(host):
    """Path of asymctl in the guest."""
    if not os.path.exists(host.path('asymctl')):
        shutil.copy2(_build(), host.path('asymctl.tmp'))
        os.rename(host.path('asymctl.tmp'), host.path('asymctl'))
    return '/share/asymctl'


def ctl(host, args, check=True, stdin=None):
    cmd = path(host) + ' ' + args
    if stdin is not None:
        name = host.write('asymctl.in', stdin)
        cmd = '%s < %s; rc=$?; rm %s; exit $rc' % (cmd, name, name)
    return host.run(cmd, check=check)


def ctl_json(host, args):
    return json.loads(ctl(host, '-j ' + args).out)


class Key:
    """A local key; raw is what the kernel got."""

    def __init__(self, name='k0', bits=512, raw=None):
        self.name = name
        self.raw = raw or os.urandom(bits // 8)

    def add(self, host):
        """Into the keyring of the guest, then by reference into keystore."""
        desc = 'asym:' + self.name
        name = host.write('key.tmp', self.raw)
        host.run('keyctl padd logon %s @u < %s > /dev/null; rc=$?; rm %s;'
                 ' exit $rc' % (desc, name, name))
        ctl(host, 'key add %s cipher aes-xts-plain64 keyring logon:%s'
            % (self.name, desc))


def bind(host, iqn, lun=0, key=None, sector_size=None, plain=False):
    if plain:
        ctl(host, 'bind add iqn %s lun %d plain' % (iqn, lun))
        return None
    if key is None:
        key = Key('k%d' % lun)
        key.add(host)
    ctl(host, 'bind add iqn %s lun %d key %s%s' % (
        iqn, lun, key.name,
        ' sector-size %d' % sector_size if sector_size else ''))
    return key


def counters(host):
    """/proc/net/esp_asym_stat as a dictionary."""
    res = {}
    for line in host.read('/proc/net/esp_asym_stat').splitlines():
        name, value = line.split()
        res[name] = int(value)
    return res


class Monitor:
    """Events of a host while a with block runs."""

    def __init__(self, host):
        self.host = host
        self._file = 'events'

    def __enter__(self):
        tool = path(self.host)
        self.host.run('%s -j monitor > /share/%s 2>&1 < /dev/null &'
                      ' echo $! > /run/monitor.pid' % (tool, self._file))
        # It listens once its netlink socket is bound to the group.
        self.host.poll('p=$(cat /run/monitor.pid); [ -d /proc/$p ] &&'
                       ' awk -v p=$p \'$2 == 16 && $4 != "00000000" {f = 1}'
                       ' END {exit !f}\' /proc/net/netlink')
        return self

    def __exit__(self, *exc):
        # Until it is gone: the next one's socket must not be taken for this.
        if self.host.alive():
            self.host.end(int(self.host.read('/run/monitor.pid')))

    def text(self):
        with open(self.host.path(self._file), encoding='utf-8',
                  errors='replace') as f:
            return f.read()

    def wait(self, reason, timeout=10, since=0):
        """Until an event with this reason has come, behind so many characters
        of text()."""
        poll(lambda: 'event %s; there was: %s' % (reason, self.text()[-300:]),
             lambda: '"reason":"%s"' % reason in self.text()[since:],
             timeout * self.host.slow)
