# SPDX-License-Identifier: GPL-2.0
"""Several SAs around each packet.  An asymmetric one has to be the first to get
it: inside of whatever else there is, it works; around anything else it does not
see TCP, and iSCSI is refused."""

import os
import re
import struct

from testbed import asymctl, iscsi
from testbed.asymctl import counters
from testbed.host import HostError
from testbed.modes import BITS, Mode, url
from testbed.sa import ALGORITHMS, batch, flush
from testbed.suite import check, count_in_file, frames, test

from . import steps, xts
from .echo import talk
from .t_7_refusals import ONE_ATTEMPT

SIZE = 2 << 20
ESP, AH, COMP, FRAGMENT = 50, 51, 108, 44
PROTOCOLS = {'ah': AH, 'comp': COMP}
# The inner SA, and the outer one, of the direction to the target.
SPIS = (0x1000, 0x2000)


def algorithm(kind):
    if kind == 'ah':
        return ("auth-trunc 'hmac(sha256)' 0x%s 128 replay-window 128"
                % os.urandom(32).hex())
    if kind == 'comp':
        return 'comp deflate'
    key = os.urandom(36 if kind.startswith('asym') else 20)
    return ALGORITHMS[kind] % key.hex() + ' replay-window 128'


class Nest(Mode):
    """Two SAs of kinds and modes around each TCP packet, the inner one first.

    What is in a tunnel has the inner addresses of the hosts.
    """

    def __init__(self, bed, kinds, modes, outer, inner):
        super().__init__(bed, 'tunnel' if 'tunnel' in modes else 'transport',
                         outer, inner)
        self.bed = bed
        self.kinds = kinds
        self.modes = modes
        # An SA behind a tunnel is between the ends of it.
        self.ends = [self.outer if 'tunnel' in modes[:n + 1] else self.inner
                     for n in range(2)]
        for host in self.hosts:
            if set(kinds) & set(PROTOCOLS):
                host.modprobe('ah4', 'ah6', 'ipcomp', 'ipcomp6')
        bed.load()
        bed.sas = self

    def _template(self, n, src, dst):
        kind = self.kinds[n]
        return ('src %s dst %s proto %s reqid %d mode %s' % (
            self.ends[n][src], self.ends[n][dst],
            kind if kind in PROTOCOLS else 'esp', n + 1, self.modes[n]))

    def _state(self, n, src, dst, spi):
        res = self._template(n, src, dst).replace(' reqid', ' spi 0x%x reqid'
                                                  % spi)
        if self.mixed and self.modes[n] == 'tunnel':
            res += ' flag af-unspec'
        return 'xfrm state add %s %s' % (res, algorithm(self.kinds[n]))

    def install(self):
        i, t = self.hosts
        bits = BITS[self.family]
        lines = [self._state(n, *pair, SPIS[n] + k) for n in range(2)
                 for k, pair in enumerate(((i, t), (t, i)))]
        for host, ways in ((i, ('out', 'in')), (t, ('in', 'out'))):
            policies = []
            for (src, dst), way in zip(((i, t), (t, i)), ways):
                line = ('xfrm policy add src %s/%d dst %s/%d proto tcp dir %s'
                        % (self.inner[src], bits, self.inner[dst], bits, way))
                for n in range(2):
                    line += ' tmpl ' + self._template(n, src, dst)
                    # What does not get smaller is sent as it is.
                    if self.kinds[n] == 'comp':
                        line += ' level use'
                policies.append(line)
                # With xfrm_interface the kernel asks for the outer SA alone,
                # too, when it has removed a tunnel.
                if way == 'in' and self.modes[1] == 'tunnel':
                    policies.append(
                        'xfrm policy add src %s/%d dst %s/%d proto esp dir in'
                        ' tmpl %s' % (self.inner[src], bits, self.inner[dst],
                                      bits, self._template(1, src, dst)))
            batch(host, lines + policies)

    def replace(self, kinds):
        """SAs of other kinds instead of the present ones."""
        for host in self.hosts:
            flush(host)
        self.kinds = kinds
        self.install()

    def serve(self):
        """A target at the inner address, bound to a key; (unit, key).  What was
        never written is zeroes, sealed or not: IPComp would make it smaller."""
        lun = iscsi.Lun(0, size=4 << 20)
        self.bed.serve([lun], address='::' if self.family == 6 else '0.0.0.0')
        with open(lun.path, 'r+b') as f:
            f.write(os.urandom(lun.size))
        return lun, self.bed.bind()

    def login(self, settings=None):
        return self.bed.login(settings, portal=url(
            self.inner[self.bed.t], iscsi.PORT))


def is_fragment(frame):
    return frame[12:14] == b'\x86\xdd' and frame[20] == FRAGMENT


def outermost(frame):
    """(protocol, SPI) of what is not ARP, or of IPv6 looking for neighbours, or a
    fragment that is not the first."""
    if frame[12:14] == b'\x08\x00':
        proto, at = frame[23], 34
    elif is_fragment(frame):
        if int.from_bytes(frame[56:58], 'big') & ~7:
            return None
        proto, at = frame[54], 62
    elif frame[12:14] == b'\x86\xdd' and frame[20] not in (0, 58):
        proto, at = frame[20], 54
    else:
        return None
    at += {AH: 4}.get(proto, 0)
    return proto, struct.unpack('>I', frame[at:at + 4])[0]


def seen(pcap):
    """(protocol, SPI) -> number of packets."""
    res = {}
    for frame in frames(pcap):
        what = outermost(frame)
        if what:
            res[what] = res.get(what, 0) + 1
    return res


def fragmented(pcap):
    return any(map(is_fragment, frames(pcap)))


def packets(host, spi):
    """Packets that an SA has had."""
    out = host.run('ip -s xfrm state list spi 0x%x' % spi).out
    return int(re.search(r'\(bytes\), (\d+)\(packets\)\n', out).group(1))


def inside_of(around, mode='transport', outer=4, inner=4, **more):
    return dict(around=around, mode=mode, outer=outer, inner=inner, **more)


@test(inside_of('ah'), inside_of('gcm', 'tunnel', 6, 4),
      inside_of('comp', outer=6, inner=6),
      more=(inside_of('ah', outer=6, inner=6), inside_of('ah', 'tunnel', 4, 6),
            inside_of('ah', own='tunnel'),
            inside_of('ah', no_offload=True),
            inside_of('comp'),
            inside_of('gcm', 'tunnel'), inside_of('gcm', 'tunnel', 4, 6),
            inside_of('gcm', 'tunnel', 6, 6),
            inside_of('gcm', 'tunnel', no_offload=True),
            inside_of('gcm', outer=6, inner=6, no_offload=True),
            inside_of('gcm', own='tunnel', no_offload=True),
            inside_of('gcm', no_gro=True),
            inside_of('asym-chacha', 'tunnel', 6, 4)))
def asymmetric_esp_is_carried_in_another_sa(ctx, around, mode, outer, inner,
                                            own='transport',
                                            no_offload=False, no_gro=False):
    """... of AH, ordinary ESP, IPComp, or its own kind: three witnesses see no
    plaintext, and the disk is dm-crypt's.  GRO of a stock kernel drops what has
    been in two SAs if the outer one is of ESP in transport mode.  Packets are
    in IPv6 fragments only where the kernel does that with any two SAs."""
    bed = ctx.bed(offload=not no_offload)
    for host in bed.hosts if no_gro else ():
        host.run('ethtool -K %s gro off' % host.iface)
    sas = Nest(bed, ('asym', around), (own, mode), outer, inner)
    sas.install()
    lun, key = sas.serve()
    session = sas.login()
    res = steps.witnesses(ctx, bed, session, lun, SIZE)
    check(res.wire == 0, '%d hits on the wire' % res.wire)
    check(res.target == 0, '%d hits at the target' % res.target)
    check(res.initiator == res.written,
          'the initiator read back %d of %d' % (res.initiator, res.written))
    with open(bed.i.path('marked'), 'rb') as f, open(lun.path, 'rb') as g:
        check(xts.decrypt(key.raw, g.read(SIZE)) == f.read(),
              'the key does not open what the target has')
    # What is sealed does not get smaller: IPComp leaves it alone.
    n = 0 if around == 'comp' else 1
    wanted = {(PROTOCOLS.get(around, ESP) if n else ESP, SPIS[n] + k)
              for k in range(2)}
    pcap = os.path.join(bed.workdir, 'wire.pcap')
    in_fragments = fragmented(pcap)
    found = seen(pcap)
    check(set(found) == wanted, 'packets by protocol and SPI: %s' % found)
    check(min(found.values()) > 100, 'packets by SPI: %s' % found)
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    for host in bed.hosts:
        check(packets(host, SPIS[0]) > 100, 'the inner SA is not used')
        bad = {k: v for k, v in counters(host).items() if v and (
            k.startswith('refused') or k == 'flows_broken')}
        check(not bad, '%s: %s' % (host.name, bad))
    check(counters(bed.i)['flows_started'] == 1, 'the connection was renewed')
    if in_fragments:
        session.logout()
        sas.replace(('gcm', around))
        capture = bed.capture()
        talk(bed, sas.inner[bed.t])
        check(fragmented(capture.stop()),
              'only what is sealed leaves in fragments')


@test({'inside': 'comp', 'family': 4}, {'inside': 'ah', 'family': 6},
      more=({'inside': 'comp', 'family': 6}, {'inside': 'ah', 'family': 4},
            {'inside': 'gcm', 'family': 6}))
def asymmetric_esp_around_another_sa_refuses_iscsi(ctx, inside, family):
    """... with the reason, whether a unit is bound to a key or not: what IPComp
    does to TCP is not seen, and what nobody has bound would go to the target
    as under any ESP.  Anything else is carried, without esp4_offload, see
    above."""
    bed = ctx.bed(offload=False)
    sas = Nest(bed, (inside, 'asym'), ('transport',) * 2, family, family)
    sas.install()
    sas.serve()
    capture = bed.capture()

    def refused(what):
        before = counters(bed.i)['refused-no-sa']
        try:
            sas.login(ONE_ATTEMPT)
        except HostError:
            pass
        else:
            check(False, 'logged in to a unit that is ' + what)
        check(counters(bed.i)['refused-no-sa'] > before,
              'not counted as no-sa, the unit is ' + what)

    refused('bound to a key')
    asymctl.ctl(bed.i, 'bind del iqn %s lun 0' % bed.target.iqn)
    refused('not bound')
    check('another SA hides iSCSI' in bed.i.console_text(), 'no reason')
    found = seen(capture.stop())
    check(not found, 'something has left: %s' % found)
    # AH covers the protocol field: inside of ESP in transport mode no kernel
    # finds it right.
    if inside != 'ah':
        capture = bed.capture()
        talk(bed, sas.inner[bed.t])
        found = seen(capture.stop())
        check(set(found) == {(ESP, SPIS[1]), (ESP, SPIS[1] + 1)},
              'packets by protocol and SPI: %s' % found)
    for host in bed.hosts:
        check(not counters(host)['flows_started'], 'followed')


@test()
def ordinary_sas_in_a_tunnel_go_on_beside_the_modules(ctx):
    """The modules load esp4_offload, whose GRO forgets the outer one of two
    SAs; policies would then drop what they want in both."""
    bed = ctx.bed()
    sas = Nest(bed, ('gcm', 'gcm'), ('transport', 'tunnel'), 4, 4)
    sas.install()
    talk(bed, sas.inner[bed.t])
    for host in bed.hosts:
        for spi in SPIS:
            check(packets(host, spi) > 100, 'SA %x is not used' % spi)
