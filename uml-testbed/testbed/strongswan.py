# SPDX-License-Identifier: GPL-2.0
"""strongSwan in the guests, with our plugin or without, configured by the
files in Documentation/examples/strongswan."""

import os
import re
import shutil
import subprocess

from . import cache
from .host import HostError, poll

PLUGIN = os.path.join(cache.TOP, 'tools', 'strongswan')
EXAMPLES = os.path.join(cache.TOP, 'Documentation', 'examples', 'strongswan')
SIDES = ('initiator', 'target')

# Plugins that nobody here needs, and of which some have packets of their own.
OTHERS = ('addrblock', 'bypass-lan', 'dhcp', 'eap-*', 'farp', 'forecast', 'ha',
          'led', 'lookip', 'tnc-*', 'unity', 'xauth-*')

# Routes of its own are for tunnels; the log is for the test.
CONF = '''charon-systemd {
    install_routes = no
    filelog {
        test {
            path = /share/charon.log
            default = 1
            flush_line = yes
        }
    }
}
'''


def build():
    """Directory with the plugin."""
    names = ('Makefile', 'fetch-headers', 'asym.conf', 'asym.h', 'config.h',
             'plugin.c', 'negotiation.c')
    key = cache.digest(*(('file', os.path.join(PLUGIN, n)) for n in names))

    def make(tmp):
        res = subprocess.run(['make', '-s', '-C', PLUGIN, 'O=' + tmp,
                              'ASYM_CACHE=' + cache.root()], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if res.returncode:
            raise HostError('the plugin does not build:\n' + res.stdout)

    return cache.build('strongswan-plugin-' + key, make)


def example(name, *edits):
    """Text of a configuration; edits are (old, new), as a user would."""
    with open(os.path.join(EXAMPLES, name + '.conf')) as f:
        text = f.read()
    for old, new in edits:
        if text.count(old) != 1:
            raise HostError('%s.conf does not hold once: %s' % (name, old))
        text = text.replace(old, new)
    return text


class Sa:
    """A CHILD_SA as swanctl --list-sas --raw shows it."""

    def __init__(self, fields):
        self.id = int(fields['uniqueid'])
        self.state = fields['state']
        self.mode = fields['mode']
        self.alg = fields.get('encr-alg')
        self.bits = int(fields.get('encr-keysize', 0))
        self.esn = fields.get('esn') == '1'


class Daemon:
    """charon-systemd of a host."""

    def __init__(self, host, plugin=True):
        self.host = host
        lines = ['set -e', 'cd /etc/strongswan.d/charon',
                 'rm -f ' + ' '.join(n + '.conf' for n in OTHERS)]
        if plugin:
            shutil.copy(os.path.join(build(), 'libstrongswan-asym.so'),
                        host.path('libstrongswan-asym.so'))
            shutil.copy(os.path.join(PLUGIN, 'asym.conf'),
                        host.path('asym.conf'))
            lines += ['cp /share/libstrongswan-asym.so /usr/lib/ipsec/plugins',
                      'cp /share/asym.conf /etc/strongswan.d/charon/']
        name = host.write('charon-test.conf', CONF)
        lines += ['cp %s /etc/strongswan.d/' % name,
                  'charon-systemd > /share/charon.out 2>&1 < /dev/null &']
        host.run('\n'.join(lines))
        host.poll('swanctl --version > /dev/null && [ -S /run/charon.vici ] &&'
                  ' swanctl --stats > /dev/null 2>&1', 60)

    def configure(self, text, secrets=''):
        """Load a configuration; returns what swanctl says."""
        name = self.host.write('swanctl.conf', text)
        keys = self.host.write('secrets.conf', secrets)
        return self.host.run(
            'umask 077; cp %s /etc/swanctl/conf.d/asym.conf;'
            ' cp %s /etc/swanctl/conf.d/secrets.conf;'
            ' swanctl --load-all --noprompt' % (name, keys), check=False)

    def log(self):
        with open(self.host.path('charon.log'), errors='replace') as f:
            return f.read()

    def wait_log(self, text, timeout=20):
        try:
            poll(text, lambda: text in self.log(), timeout * self.host.slow)
        except HostError:
            raise HostError('%s: charon does not say "%s"'
                            % (self.host.name, text)) from None

    def sas(self):
        """The CHILD_SAs that are there."""
        out = self.host.run('swanctl --list-sas --raw').out
        res = []
        for line in out.splitlines():
            children = line[line.find('child-sas {'):]
            for body in re.findall(r'\{(name=[^{}]*)', children):
                res.append(Sa(dict(f.split('=', 1) for f in body.split()
                                   if '=' in f)))
        return res

    def installed(self):
        return [sa for sa in self.sas() if sa.state == 'INSTALLED']

    # A swanctl costs as much as a rekeying: whether it came to an end is
    # read in the log.
    def _rekey(self, args, pattern, timeout):
        def newest():
            return max(map(int, re.findall(pattern, self.log())), default=0)

        old = newest()
        self.host.run('swanctl --rekey %s > /dev/null' % args)
        poll('rekeying after %d' % old, lambda: newest() > old,
             timeout * self.host.slow)

    def rekey_child(self, timeout=60):
        """Until there is another CHILD_SA, in both directions."""
        self._rekey('--child iscsi',
                    r'\] (?:outbound )?CHILD_SA iscsi\{(\d+)\} established',
                    timeout)

    def rekey_ike(self, timeout=60):
        self._rekey('--ike iscsi', r'IKE_SA iscsi\[(\d+)\] rekeyed', timeout)


class Ca:
    """Certificates by the commands of Documentation/strongswan.rst."""

    def __init__(self, directory):
        self.dir = directory
        os.makedirs(directory, mode=0o700)
        self._pki('--gen --type ecdsa --size 384 --outform pem', 'ca-key.pem')
        self._pki('--self --ca --lifetime 3650 --in ca-key.pem --type ecdsa'
                  ' --dn CN=iSCSI-CA --outform pem', 'ca.pem')
        for side in SIDES:
            self._pki('--gen --type ecdsa --size 384 --outform pem',
                      side + '-key.pem')
            self._pki('--issue --lifetime 365 --cacert ca.pem'
                      ' --cakey ca-key.pem --type priv --in %s-key.pem'
                      ' --dn CN=%s.example.org --san %s.example.org'
                      ' --outform pem' % (side, side, side), side + '.pem')

    def _pki(self, args, out):
        with open(os.path.join(self.dir, out), 'wb') as f:
            subprocess.run(['pki'] + args.split(), cwd=self.dir, stdout=f,
                           check=True, stderr=subprocess.DEVNULL)

    def install(self, host, side):
        for name, where in (('ca.pem', 'x509ca/ca.pem'),
                            (side + '.pem', 'x509/%s.pem' % side),
                            (side + '-key.pem', 'private/%s.pem' % side)):
            shutil.copy(os.path.join(self.dir, name), host.path(name))
            host.run('cp /share/%s /etc/swanctl/%s' % (name, where))
