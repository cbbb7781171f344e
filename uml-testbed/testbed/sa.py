# SPDX-License-Identifier: GPL-2.0
"""Transport mode SAs and policies between two hosts, by ip xfrm."""

import os

# kind -> the algorithm as ip xfrm takes it; %s is the key
ALGORITHMS = {
    'gcm': "aead 'rfc4106(gcm(aes))' 0x%s 128",
    'gmac': "aead 'rfc4543(gcm(aes))' 0x%s 128",
    'chacha': "aead 'rfc7539esp(chacha20,poly1305)' 0x%s 128",
    'asym': "aead 'asym(gcm(aes))' 0x%s 128",
    'asym-enc': "enc 'asym(gcm(aes))' 0x%s",
    'asym-chacha': "aead 'asym(chacha20,poly1305)' 0x%s 128",
    'asym-chacha-enc': "enc 'asym(chacha20,poly1305)' 0x%s",
}


def is_asym(kind):
    return kind.startswith('asym')


class Sas:
    """The SAs of both directions between hosts a and b.

    kind   one of ALGORITHMS, or 'plain' for none at all
    esn    64-bit sequence numbers
    proto  what the policies cover: 'tcp', or None for everything
    """

    def __init__(self, a, b, kind, esn=False, proto='tcp', replay=128,
                 spi=0x1000):
        self.hosts = (a, b)
        self.kind = kind
        self.algorithm = ALGORITHMS.get(kind)
        self.esn = esn
        self.proto = proto
        self.replay = replay
        self.spi = {(a.addr, b.addr): spi, (b.addr, a.addr): spi + 1}
        self.key = {pair: os.urandom(36) for pair in self.spi}

    def state(self, src, dst, extra=''):
        """The arguments that ip xfrm state add takes for src to dst."""
        pair = (src, dst)
        alg = self.algorithm % self.key[pair].hex()
        return ('src %s dst %s proto esp spi 0x%x reqid 1 mode transport %s'
                ' replay-window %d%s%s'
                % (src, dst, self.spi[pair], alg, self.replay,
                   ' flag esn' if self.esn else '', extra))

    def policy(self, src, dst, direction):
        sel = 'src {0}/{2} dst {1}/{2}'.format(src, dst,
                                                128 if ':' in src else 32)
        if self.proto:
            sel += ' proto ' + self.proto
        return ('%s dir %s tmpl src %s dst %s proto esp reqid 1'
                ' mode transport' % (sel, direction, src, dst))

    def lines(self, host, policies=True):
        me = host.addr
        peer = [h.addr for h in self.hosts if h is not host][0]
        lines = ['xfrm state add ' + self.state(me, peer),
                 'xfrm state add ' + self.state(peer, me)]
        if policies:
            lines += ['xfrm policy add ' + self.policy(me, peer, 'out'),
                      'xfrm policy add ' + self.policy(peer, me, 'in')]
        return lines

    def install(self, host=None):
        """On one host or on both."""
        if self.kind == 'plain':
            return
        for h in [host] if host else self.hosts:
            batch(h, self.lines(h))

    def remove(self, host=None):
        for h in [host] if host else self.hosts:
            flush(h)


def batch(host, lines):
    """Run lines as ip(8) commands; the first that fails raises."""
    name = host.write('ip.batch', '\n'.join(lines) + '\n')
    return host.run('ip -batch ' + name).out


def flush(host):
    host.run('ip xfrm policy flush; ip xfrm state flush')
