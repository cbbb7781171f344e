# SPDX-License-Identifier: GPL-2.0
"""SAs in any mode between two hosts, over either family, for connections
between addresses of either.

In transport mode connections have the addresses of the hosts.  In the other
modes they have addresses that only packets inside of the SAs have.
"""

import os

from .bed import ADDRESSES
from .iscsi import bracketed
from .sa import ALGORITHMS, batch

INNER = {4: ('10.9.0.1', '10.9.0.2'), 6: ('fd00:9::1', 'fd00:9::2')}
BITS = {4: 32, 6: 128}


def url(address, port):
    return '%s:%d' % (bracketed(address), port)


class Mode:
    """mode   'transport', 'tunnel' or 'beet'
    outer, inner   4 or 6
    encap  what ip(8) takes for it
    """

    def __init__(self, bed, mode, outer, inner, encap=''):
        self.hosts = (bed.i, bed.t)
        self.mode = mode
        self.encap = encap
        self.states = []	# arguments of ip xfrm state, there and back
        self.family = inner
        self.mixed = outer != inner
        self.outer = dict(zip(self.hosts, ADDRESSES[outer]))
        self.inner = self.outer if mode == 'transport' else dict(
            zip(self.hosts, INNER[inner]))
        for host in self.hosts:
            self._address(host, outer)

    def _other(self, host):
        return self.hosts[host is self.hosts[0]]

    def _address(self, host, outer):
        lines = []
        if 6 in (outer, self.family):
            host.enable_ipv6()
        if outer == 6:
            lines.append('addr add %s/64 dev %s nodad'
                         % (self.outer[host], host.iface))
        if self.mode != 'transport':
            mine, theirs = self.inner[host], self.inner[self._other(host)]
            bits = BITS[self.family]
            # An address that is still tentative is no source of a route.
            lines += ['addr add %s/%d dev lo %s'
                      % (mine, bits, 'nodad' if self.family == 6 else ''),
                      'route add %s/%d dev %s src %s'
                      % (theirs, bits, host.iface, mine)]
        batch(host, lines)

    def _sa(self, src, dst, spi, key, kind, reqid):
        res = ('src %s dst %s proto esp spi 0x%x reqid %d'
               ' mode %s %s replay-window 128'
               % (self.outer[src], self.outer[dst], spi, reqid, self.mode,
                  ALGORITHMS[kind] % key.hex()))
        if self.mode == 'tunnel' and self.mixed:
            res += ' flag af-unspec'
        if self.mode == 'beet':
            bits = BITS[self.family]
            res += ' sel src %s/%d dst %s/%d' % (
                self.inner[src], bits, self.inner[dst], bits)
        return res + (self.encap and ' encap ' + self.encap)

    def _policy(self, src, dst, direction, ports, reqid):
        bits = BITS[self.family]
        return ('xfrm policy add src %s/%d dst %s/%d proto tcp %s dir %s'
                ' priority %d tmpl src %s dst %s proto esp reqid %d mode %s'
                % (self.inner[src], bits, self.inner[dst], bits, ports,
                   direction, 1 if ports else 2, self.outer[src],
                   self.outer[dst], reqid, self.mode))

    def install(self, kind, spi, port=None):
        """SAs of a kind for TCP, or for connections to a port only; spi and
        the one behind it."""
        there, back = (('dport %d' % port, 'sport %d' % port) if port
                       else ('', ''))
        keys = [os.urandom(36), os.urandom(36)]
        if kind == 'gcm':
            keys = [key[:20] for key in keys]
        i, t = self.hosts
        self.states = [self._sa(i, t, spi, keys[0], kind, spi),
                       self._sa(t, i, spi + 1, keys[1], kind, spi)]
        sas = ['xfrm state add ' + state for state in self.states]
        for host, ways in ((i, ('out', 'in')), (t, ('in', 'out'))):
            batch(host, sas + [self._policy(i, t, ways[0], there, spi),
                               self._policy(t, i, ways[1], back, spi)])
