# SPDX-License-Identifier: GPL-2.0
"""What protection should cost, of what ciphers take and what a packet takes besides.

All figures are nanoseconds, of one host if nothing else is said.  The costs besides
are not known from first principles: fitted() takes them from a measurement of ESP and
of dm-crypt, and asymmetric ESP is predicted with those.  So where it then measures
higher or lower, its own path is what differs.
"""

import collections

from tests import theory

# Bytes of TCP payload in a packet.
PAYLOAD = {1500: {'plain': 1448, 'gcm': 1414, 'asym': 1344},
           9000: {'plain': 8948, 'gcm': 8914, 'asym': 8848}}
SIDES = ('initiator', 'target')


class Model:
    """
    speed      Speed of the ciphers
    mtu
    esp        what ESP takes for a packet besides its cipher, on each host
    crypt      what dm-crypt takes for a byte besides its cipher
    asym       what asymmetric ESP takes for a packet besides ciphers; by default
               what ESP does
    """

    def __init__(self, speed, mtu, esp=0, crypt=0, asym=None):
        self.speed = speed
        self.mtu = mtu
        self.esp = esp
        self.crypt = crypt
        self.asym = esp if asym is None else asym

    def _packet(self, kind):
        payload = PAYLOAD[self.mtu][kind]
        return payload, theory.Packet(payload, heads=theory.TCP)

    def gcm(self):
        """ESP, per byte."""
        payload, p = self._packet('gcm')
        return (self.speed.ns('gcm(aes)', p.text) + self.esp) / payload

    def dmcrypt(self):
        """dm-crypt with sectors of 512 bytes, per byte; on the initiator."""
        return self.speed.ns('xts(aes)', theory.SECTOR) / theory.SECTOR + \
            self.crypt

    def parts(self, workload):
        """{(part of asymmetric ESP, side): per byte}"""
        payload, p = self._packet('asym')
        ns = self.speed.ns
        res = collections.Counter()
        sectors = payload / theory.SECTOR
        if workload == 'seq-read':
            # What a packet cuts is two requests, each with a tweak of its own.
            piece = payload / (sectors + 1)
            res['XTS', 'initiator'] = ns('xts(aes)', piece) / piece
        else:
            res['XTS', 'initiator'] = \
                ns('xts(aes)', theory.SECTOR) / theory.SECTOR
        made = theory.TURNS * theory.BLOCK * p.opened()
        for side in SIDES:
            res['keystream', side] = \
                ns('ecb(aes)', made) / theory.TURNS / payload
            res['hash', side] = ns('nhpoly1305', theory.BLOCK * p.nh()) / payload
            res['framework', side] = self.asym / payload
            # Plain iSCSI and ESP sum up every segment, at both ends.
            res['no checksum', side] = -ns('checksum', payload) / payload
        return res

    def ratios(self, workload):
        """{(side, reference): predicted ratio of protection costs}"""
        parts = self.parts(workload)
        ours = {side: sum(v for (_, s), v in parts.items() if s == side)
                for side in SIDES}
        ours['both'] = sum(ours.values())
        res = {}
        for side in (*SIDES, 'both'):
            esp = self.gcm() * (2 if side == 'both' else 1)
            crypt = 0 if side == 'target' else self.dmcrypt()
            res[side, 'gcm'] = ours[side] / esp
            res[side, 'gcm+dmcrypt-512'] = ours[side] / (esp + crypt)
        return res

    def allowance(self, workload, side, reference, goal):
        """What asymmetric ESP may take for a packet besides ciphers so that the
        ratio is the goal."""
        payload, _ = self._packet('asym')
        hosts = 2 if side == 'both' else 1
        esp = self.gcm() * hosts
        if reference != 'gcm' and side != 'target':
            esp += self.dmcrypt()
        parts = self.parts(workload)
        rest = sum(v for (part, s), v in parts.items()
                   if part != 'framework' and side in (s, 'both'))
        return (goal * esp - rest) * payload / hosts


def fitted(speed, mtu, costs):
    """The Model whose costs besides ciphers are those that ESP and dm-crypt have
    shown: costs are {configuration: ns per byte on both hosts}."""
    model = Model(speed, mtu)
    payload = PAYLOAD[mtu]['gcm']
    protection = costs['gcm'] - costs['plain']
    esp = (protection / 2 - model.gcm()) * payload
    crypt = 0
    if 'gcm+dmcrypt-512' in costs:
        crypt = costs['gcm+dmcrypt-512'] - costs['gcm'] - model.dmcrypt()
    return Model(speed, mtu, esp, crypt)


def explained(model, costs, workload):
    """What asymmetric ESP was measured to take for a packet, besides ciphers, on
    each host."""
    payload = PAYLOAD[model.mtu]['asym']
    rest = sum(v for (part, _), v in model.parts(workload).items()
               if part != 'framework')
    return (costs['asym-512'] - costs['plain'] - rest) * payload / 2
