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
    %s
    filelog {
        test {
            path = /share/charon.log
            default = 1
            flush_line = yes
        }
    }
}
'''


# Of every build: what uml-testbed/mutants wants to see noticed.
edits_of_all = ()


def build(edits=()):
    """Directory with the plugin; edits are (file, old text, new text), as of
    the modules."""
    edits = (*edits, *edits_of_all)
    names = ('Makefile', 'fetch-headers', 'asym.conf', 'asym.h', 'config.h',
             'plugin.c', 'negotiation.c')
    key = cache.digest(repr(edits), *(
        ('file', os.path.join(PLUGIN, n)) for n in names))

    def make(tmp):
        for name in names:
            shutil.copy2(os.path.join(PLUGIN, name), tmp)
        for name, old, new in edits:
            path = os.path.join(tmp, os.path.basename(name))
            with open(path) as f:
                text = f.read()
            if text.count(old) != 1:
                raise HostError('%s does not hold once: %s' % (name, old))
            with open(path, 'w') as f:
                f.write(text.replace(old, new))
        res = subprocess.run(['make', '-s', '-C', tmp, 'O=' + tmp,
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

    def __init__(self, ike, fields):
        self.ike = ike
        self.name = fields['name']
        self.id = int(fields['uniqueid'])
        self.state = fields['state']
        self.mode = fields['mode']
        self.alg = fields.get('encr-alg')
        self.bits = int(fields.get('encr-keysize', 0))
        self.esn = fields.get('esn') == '1'


class Daemon:
    """charon-systemd of a host.

    plugin    with ours: True, False, or edits of its source
    settings  (name, value) in its section of strongswan.conf
    """

    def __init__(self, host, plugin=True, settings=()):
        self.host = host
        lines = ['set -e', 'cd /etc/strongswan.d/charon',
                 'rm -f ' + ' '.join(n + '.conf' for n in OTHERS)]
        if plugin:
            shutil.copy(os.path.join(build(() if plugin is True else plugin),
                                     'libstrongswan-asym.so'),
                        host.path('libstrongswan-asym.so'))
            shutil.copy(os.path.join(PLUGIN, 'asym.conf'),
                        host.path('asym.conf'))
            lines += ['cp /share/libstrongswan-asym.so /usr/lib/ipsec/plugins',
                      'cp /share/asym.conf /etc/strongswan.d/charon/']
        name = host.write('charon-test.conf', CONF % '\n    '.join(
            '%s = %s' % pair for pair in settings))
        lines.append('cp %s /etc/strongswan.d/' % name)
        host.run('\n'.join(lines))
        self.run()

    def run(self):
        self.host.run('charon-systemd >> /share/charon.out 2>&1 < /dev/null &')
        self.host.poll(
            'swanctl --version > /dev/null && [ -S /run/charon.vici ] &&'
            ' swanctl --stats > /dev/null 2>&1', 60)

    def signal(self, name):
        """TERM and KILL: until it has ended."""
        pid = int(self.host.run('pidof charon-systemd').out)
        if name in ('TERM', 'KILL'):
            self.host.end(pid, name)
        else:
            self.host.run('kill -%s %d' % (name, pid))

    def load(self):
        return self.host.run('swanctl --load-all --noprompt', check=False)

    def configure(self, text, secrets=''):
        """Load a configuration; returns what swanctl says."""
        name = self.host.write('swanctl.conf', text)
        keys = self.host.write('secrets.conf', secrets)
        self.host.run('umask 077; cp %s /etc/swanctl/conf.d/asym.conf;'
                      ' cp %s /etc/swanctl/conf.d/secrets.conf' % (name, keys))
        return self.load()

    def log(self):
        with open(self.host.path('charon.log'), errors='replace') as f:
            return f.read()

    def wait_log(self, text, timeout=20, count=1):
        """Until it has said so, count times."""
        try:
            poll(text, lambda: self.log().count(text) >= count,
                 timeout * self.host.slow)
        except HostError:
            raise HostError('%s: charon does not say "%s"'
                            % (self.host.name, text)) from None

    def sas(self):
        """The CHILD_SAs that are there."""
        out = self.host.run('swanctl --list-sas --raw').out
        res = []
        for line in out.splitlines():
            ike, _, children = line.partition('child-sas {')
            ike = re.search(r'uniqueid=(\d+)', ike)
            for body in re.findall(r'\{(name=[^{}]*)', children):
                res.append(Sa(ike.group(1), dict(
                    f.split('=', 1) for f in body.split() if '=' in f)))
        return res

    def installed(self):
        return [sa for sa in self.sas() if sa.state == 'INSTALLED']

    # A swanctl costs as much as a rekeying: whether it came to an end is
    # read in the log.
    def _newest(self, pattern):
        return max(map(int, re.findall(pattern, self.log())), default=0)

    def _renew(self, args, pattern, timeout):
        old = self._newest(pattern)
        self.host.run('swanctl --rekey %s > /dev/null' % args)
        poll('renewal of %d' % old, lambda: self._newest(pattern) > old,
             timeout * self.host.slow)

    CHILD = r'\] (?:outbound )?CHILD_SA iscsi\{(\d+)\} established'

    def newest_child(self):
        return self._newest(self.CHILD)

    def rekey_child(self, timeout=60):
        """Until there is another CHILD_SA, in both directions."""
        self._renew('--child iscsi', self.CHILD, timeout)

    def rekey_ike(self, timeout=60):
        self._renew('--ike iscsi', r'IKE_SA iscsi\[(\d+)\] rekeyed', timeout)

    def reauthenticate(self, timeout=60):
        """Until there is another IKE_SA, and the old one is gone."""
        gone = self.log().count('] IKE_SA deleted')
        self._renew('--reauth --ike iscsi',
                    r'IKE_SA iscsi\[(\d+)\] established', timeout)
        self.wait_log('] IKE_SA deleted', timeout, gone + 1)


class Ca:
    """Certificates by the commands of Documentation/strongswan.rst; each has
    so many names more."""

    def __init__(self, directory, names=0):
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
                      ' --outform pem' % (side, side, side) + ''.join(
                          ' --san disk%d.%s.example.org' % (n, side)
                          for n in range(names)), side + '.pem')

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
