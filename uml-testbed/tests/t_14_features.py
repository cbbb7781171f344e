# SPDX-License-Identifier: GPL-2.0
"""What else an SA can be asked for works as it does with ordinary ESP, or is
refused: encapsulation, marks, interfaces, lifetimes, migration, nesting."""

import copy
import os
import re
import shlex
import struct

from testbed import asymctl, iscsi
from testbed.asymctl import counters
from testbed.host import HostError, poll
from testbed.sa import Sas, batch
from testbed.suite import check, count_in_file, frames, test

from . import steps, xts
from .scripts import MAPPINGS, NAT_T, Script, carry, encapsulate
from .t_10_network import check_unharmed, snmp
from .t_10_tcp import written_while

SIZE = 2 << 20
REFUSED_LOGIN = {'node.session.initial_login_retry_max': '1',
                 'node.conn[0].timeo.login_timeout': '5'}


class End:
    """An address that is no host's own."""

    def __init__(self, addr):
        self.addr = addr


def in_udp(src, dst):
    return ' encap espinudp %d %d 0.0.0.0' % (src, dst)


def traffic(bed, packets=200):
    """Until so many have been sent and opened."""
    before = [counters(h) for h in bed.hosts]
    poll('traffic', lambda: all(
        counters(h)[name] > b[name] + packets for h, b in
        zip(bed.hosts, before) for name in ('packets_sealed',
                                            'packets_opened')),
         60 * bed.i.slow)


def only(capture, wanted, what):
    """Nothing but ARP and what is wanted is on the wire."""
    count = 0
    for frame in frames(capture):
        if frame[12:14] == b'\x08\x06':
            continue
        check(frame[12:14] == b'\x08\x00' and wanted(frame[14:]),
              'something other than %s: %s' % (what, frame[:60].hex()))
        count += 1
    check(count > 100, 'only %d packets of %s' % (count, what))


def esp(packet, spis=None):
    return packet[9] == 50 and (
        not spis or struct.unpack('>I', packet[20:24])[0] in spis)


def witnessed(ctx, bed, wanted=esp, what='ESP', target=None, lun=None,
              **login):
    """Serve, bind, log in, write and read back.  On the wire and at the target
    nothing of it can be read, and OpenSSL makes of it what is stored.  Returns
    the session."""
    lun = lun or iscsi.Lun(0, size=4 << 20)
    target = target or bed.serve([lun])
    key = asymctl.Key('k-' + lun.name)
    key.add(bed.i)
    asymctl.bind(bed.i, target.iqn, lun.number, key)
    session = bed.login(target=target, **login)
    res = steps.witnesses(ctx, bed, session, lun, SIZE)
    check(res.wire == 0, '%d hits on the wire' % res.wire)
    check(res.target == 0, '%d hits at the target' % res.target)
    check(res.initiator == res.written,
          'the initiator read back %d of %d' % (res.initiator, res.written))
    only(os.path.join(bed.workdir, 'wire.pcap'), wanted, what)
    with open(bed.i.path('marked'), 'rb') as f:
        data = f.read()
    with open(lun.path, 'rb') as f:
        check(f.read(len(data)) == xts.encrypt(key.raw, data),
              'the disk does not hold what the key makes of the data')
    return session


def udp_esp(packet, port=NAT_T):
    """RFC 3948: no checksum, and no zeros where IKE has its marker."""
    src, dst, length, total, spi = struct.unpack('>HHHHI', packet[20:32])
    return packet[9] == 17 and {src, dst} == {NAT_T, port} and \
        length == len(packet) - 20 and total == 0 and spi != 0


# A namespace whose devices send nothing of their own.
QUIET = ("ip netns add %s; ip netns exec %s sh -c 'for d in all default; do"
         " echo 1 > /proc/sys/net/ipv6/conf/$d/disable_ipv6; done'")


# -- NAT -----------------------------------------------------------------------
BEHIND = '10.0.0.2'
MASQUERADE = """table ip nat {
chain out { type nat hook postrouting priority 100
oifname "%s" udp sport %d masquerade to :%d
}
}
"""


class Nat:
    """A router with NAT between the host and the wire: a namespace that takes
    over the host's device and address."""

    def __init__(self, host, port):
        self.host = host
        dev = host.iface
        host.run('\n'.join([
            'set -e', QUIET % ('nat', 'nat'),
            'ip link add door type veth peer eth9 netns nat',
            'ip addr add %s/24 dev door' % BEHIND, 'ip link set door up',
            'mtu=$(cat /sys/class/net/%s/mtu)' % dev,
            'ip link set %s netns nat' % dev,
            'ip -n nat addr add 10.0.0.1/24 dev eth9',
            'ip -n nat addr add %s/24 dev %s' % (host.addr, dev),
            'for d in lo eth9 %s; do ip -n nat link set $d up; done' % dev,
            'ip link set door mtu $mtu', 'ip -n nat link set eth9 mtu $mtu',
            'ip route add default via 10.0.0.1',
            'ip netns exec nat sh -c "echo 1 > /proc/sys/net/ipv4/ip_forward"'
        ]))
        self.translate(port)

    def translate(self, port):
        """From now on the host's port 4500 is another one outside.  What it
        was is forgotten with the address of the device."""
        name = self.host.write('nat', MASQUERADE % (self.host.iface, NAT_T,
                                                    port))
        dev = self.host.iface
        self.host.run('\n'.join([
            'set -e', 'nat="ip netns exec nat nft"',
            '$nat delete table ip nat 2> /dev/null || true',
            '$nat -f ' + name,
            'ip -n nat addr del %s/24 dev %s' % (self.host.addr, dev),
            'ip -n nat addr add %s/24 dev %s' % (self.host.addr, dev)]))


@test({}, more=({'esn': True, 'no_offload': True}, {'mtu': 1337},
                {'mtu': 9000}))
def data_survive_nat_with_udp_encapsulation(ctx, esn=False, mtu=1500,
                                            no_offload=False):
    """... and a NAT that chooses another port in the middle of it, and a path
    that then has a smaller MTU."""
    bed = ctx.bed(mtu=mtu, offload=not no_offload)
    bed.load()
    nat = Nat(bed.i, 40500)
    bed.sas = outer = Sas(bed.i, bed.t, 'asym', esn=esn)
    inner = Sas(End(BEHIND), bed.t, 'asym', esn=esn)
    i, t = bed.i.addr, bed.t.addr
    inner.key = {(BEHIND, t): outer.key[i, t], (t, BEHIND): outer.key[t, i]}
    for host in bed.hosts:
        encapsulate(host)

    def lines(sas, me, peer, port):
        """port: of the peer, as this host sees it."""
        return ['xfrm state add ' + sas.state(me, peer, in_udp(NAT_T, port)),
                'xfrm state add ' + sas.state(peer, me, in_udp(port, NAT_T)),
                'xfrm policy add ' + sas.policy(me, peer, 'out'),
                'xfrm policy add ' + sas.policy(peer, me, 'in')]

    batch(bed.i, lines(inner, BEHIND, t, NAT_T))
    batch(bed.t, lines(outer, t, i, 40500))
    session = witnessed(ctx, bed, lambda p: udp_esp(p, 40500), 'ESP in UDP')
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)

    news = Script(bed.t, 'mappings', MAPPINGS)

    def another_port():
        traffic(bed)
        nat.translate(40600)
        poll(lambda: 'mapping; there was: ' + news.text(),
             lambda: '%s 40600' % i in news.text(), 60 * bed.i.slow)
        # What IKE does then.
        for pair, ports in (((t, i), (NAT_T, 40600)), ((i, t), (40600, NAT_T))):
            batch(bed.t, ['xfrm state update ' + outer.state(
                *pair, in_udp(*ports))])
        traffic(bed)
        wire = bed.net.wire(mtu=1100)
        traffic(bed)
        check(wire.counts()['refused'], 'no packet was too long')
        check(wire.counts()['refused'] < 100, 'nobody learned of it')

    ctx.note('%d writes' % written_while(bed, session.disk(), SIZE,
                                         another_port))
    check(counters(bed.i)['flows_started'] == 1, 'the connection was renewed')
    check_unharmed(bed)


# -- TCP encapsulation ---------------------------------------------------------
@test(platforms='uml')
def data_survive_in_tcp_encapsulation(ctx):
    """RFC 8229; stock Debian has no such sockets."""
    bed = ctx.bed()
    bed.load()
    bed.sas = sas = Sas(bed.i, bed.t, 'asym')
    encap = ' encap espintcp %d %d 0.0.0.0' % (NAT_T, NAT_T)
    for host, peer in (bed.hosts, bed.hosts[::-1]):
        pairs = ((host.addr, peer.addr), (peer.addr, host.addr))
        batch(host, ['xfrm state add ' + sas.state(*p, encap) for p in pairs])
        for pair, way, port in zip(pairs, ('out', 'in'), (
                ('dport', 'sport'), ('sport', 'dport'))):
            # Not of the carrier itself.
            batch(host, ['xfrm policy add ' + sas.policy(*pair, way).replace(
                'proto tcp', 'proto tcp %s %d' % (
                    port[host is bed.t], iscsi.PORT), 1)])
    client = carry((bed.i, bed.i.addr), (bed.t, bed.t.addr))
    session = witnessed(
        ctx, bed, lambda p: p[9] == 6 and {struct.unpack(
            '>HH', p[20:24])} == {(NAT_T, NAT_T)}, 'the carrier')
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    check_unharmed(bed)
    # Without its connection nothing goes.
    bed.i.run('kill %d' % client.pid)
    before = counters(bed.i)['refused-no-sa']
    bed.i.start('dd if=%s of=/dev/null bs=64k count=1 iflag=direct'
                % session.disk(), 10)
    poll('refusal', lambda: counters(bed.i)['refused-no-sa'] > before,
         30 * bed.i.slow)
    check('no connection carries' in bed.i.console_text(), 'no reason')


# -- marks ---------------------------------------------------------------------
MARK = """table ip marks {
chain %s
%s
}
}
"""


def mark(host, chain, rule):
    host.run('nft -f ' + host.write('marks', MARK % (chain, rule)))


@test()
def data_survive_with_marks_on_policies_and_sas(ctx):
    """The initiator marks what comes before it looks for the SA.  The target's
    SA marks what it has opened, and what answers that has its mark."""
    bed = ctx.bed()
    bed.load()
    bed.sas = sas = Sas(bed.i, bed.t, 'asym')
    there, back = ((bed.i.addr, bed.t.addr), (bed.t.addr, bed.i.addr))
    five, seven = ' mark 5 mask 0xff', ' mark 7 mask 0xff'
    batch(bed.i, ['xfrm state add ' + sas.state(*there),
                  'xfrm state add ' + sas.state(*back, five),
                  'xfrm policy add ' + sas.policy(*there, 'out'),
                  'xfrm policy add ' + sas.policy(*back, 'in').replace(
                      ' tmpl', five + ' tmpl')])
    batch(bed.t, ['xfrm state add ' + sas.state(*there, ' output-mark 7'),
                  'xfrm state add ' + sas.state(*back, seven),
                  'xfrm policy add ' + sas.policy(*there, 'in'),
                  'xfrm policy add ' + sas.policy(*back, 'out').replace(
                      ' tmpl', seven + ' tmpl')])
    mark(bed.i, 'in { type filter hook prerouting priority -150',
         'meta l4proto esp meta mark set 5')
    for name in ('tcp_fwmark_accept', 'fwmark_reflect'):
        bed.t.run('echo 1 > /proc/sys/net/ipv4/' + name)
    session = witnessed(ctx, bed)
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    check_unharmed(bed)


@test()
def mark_that_comes_behind_the_module_lets_nothing_out(ctx):
    """netfilter marks what TCP sends, and only then there is an SA: too late to
    follow the connection."""
    bed = ctx.bed()
    bed.load()
    bed.sas = sas = Sas(bed.i, bed.t, 'asym')
    seven = ' mark 7 mask 0xff tmpl'
    batch(bed.i, [line.replace(' tmpl', seven) if 'dir out' in line else line
                  for line in sas.lines(bed.i)])
    sas.install(bed.t)
    mark(bed.i, 'out { type route hook output priority mangle',
         'tcp dport %d meta mark set 7' % iscsi.PORT)
    cap = bed.capture()
    refused(bed, 'refused-no-sa')
    check(count_in_file(cap.stop(), bed.target.iqn.encode()) == 0,
          'the login is on the wire')


def refused(bed, reason):
    """A login to a bound unit comes to nothing, for this reason."""
    bed.serve([iscsi.Lun(0, size=4 << 20)])
    bed.bind()
    try:
        bed.login(REFUSED_LOGIN)
    except HostError:
        pass
    else:
        check(False, 'it has logged in')
    check(counters(bed.i)[reason] > 0, 'not counted as ' + reason)
    for host in bed.hosts:
        check(not counters(host)['opaque_bytes_sent'], 'user data were sent')


# -- interfaces ----------------------------------------------------------------
@test({}, more=({'no_offload': True},))
def data_survive_through_xfrm_interfaces(ctx, no_offload=False):
    """In tunnel mode: in transport mode the kernel itself sees a loop."""
    bed = ctx.bed(offload=not no_offload)
    bed.load()
    bed.sas = sas = Sas(bed.i, bed.t, 'asym')
    inner = {bed.i: '10.1.0.1', bed.t: '10.1.0.2'}
    for host, peer in (bed.hosts, bed.hosts[::-1]):
        if not host.platform.startswith('uml'):
            host.modprobe('xfrm_interface')
        host.run('\n'.join([
            'set -e',
            'ip link add ipsec0 type xfrm dev %s if_id 42' % host.iface,
            'ip addr add %s/24 dev ipsec0' % inner[host],
            'ip link set ipsec0 mtu 1380 up']))
        for a, b, way in ((host, peer, 'out'), (peer, host, 'in')):
            policy = sas.policy(a.addr, b.addr, way)
            policy = 'src %s/32 dst %s/32 proto tcp dir %s if_id 42' % (
                inner[a], inner[b], way) + policy[policy.index(' tmpl'):]
            batch(host, [('xfrm state add ' + sas.state(
                a.addr, b.addr, ' if_id 42')).replace('transport', 'tunnel'),
                'xfrm policy add ' + policy.replace('transport', 'tunnel')])
    session = witnessed(ctx, bed, portal='%s:%d' % (inner[bed.t],
                                                    iscsi.PORT))
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    check(counters(bed.i)['flows_started'] == 1, 'the connection was renewed')
    check_unharmed(bed)
    # Without its SA the interface has nothing to go through.
    before = counters(bed.i)['refused-no-sa']
    bed.i.run('ip xfrm policy flush')
    bed.i.start('dd if=%s of=/dev/null bs=64k count=1 iflag=direct'
                % session.disk(), 10)
    poll('refusal', lambda: counters(bed.i)['refused-no-sa'] > before,
         30 * bed.i.slow)


# -- several SAs ---------------------------------------------------------------
def used(host, spi):
    """Packets that an SA has had."""
    out = host.run('ip -s xfrm state').out
    found = re.search(r'spi 0x%08x.*?\n\s+\d+\(bytes\), (\d+)\(packets\)'
                      % spi, out, re.S)
    check(found, 'no SA %x' % spi)
    return int(found.group(1))


@test()
def connections_have_sas_of_their_own_and_may_change_them(ctx):
    """One for each port, with a selector, and a third that takes one of the
    connections over and gives it back."""
    bed = ctx.bed()
    ports = (iscsi.PORT, iscsi.PORT + 1)
    bed.load(params={'esp_asym': 'iscsi_ports=%d,%d' % ports})
    sas = [Sas(bed.i, bed.t, 'asym', spi=0x1000 * n) for n in (1, 2, 3)]
    bed.sas = sas[0]
    there, back = ((bed.i.addr, bed.t.addr), (bed.t.addr, bed.i.addr))

    def lines(n, selectors):
        res = []
        for pair, port in zip((there, back), selectors):
            state = sas[n].state(*pair, port and ' sel src %s/32 dst %s/32'
                                 ' proto tcp %s' % (*pair, port))
            res.append('xfrm state add ' + state.replace(
                'reqid 1', 'reqid %d' % (n + 1)))
        return res

    def policy(host, verb, n, port):
        """What goes out through that port goes through SA n."""
        way, name = ((there, 'dport'), (back, 'sport'))[host is bed.t]
        return 'xfrm policy %s %s' % (verb, sas[n].policy(
            *way, 'out').replace('proto tcp', 'proto tcp %s %d' % (
                name, port), 1).replace('reqid 1', 'reqid %d' % (n + 1)))

    for host in bed.hosts:
        batch(host, lines(2, ('', '')))
        # It may come in on any of them.
        batch(host, ['xfrm policy add ' + bed.sas.policy(
            *(there if host is bed.t else back), 'in').replace(
                ' reqid 1', '')])
        for n, port in enumerate(ports):
            batch(host, lines(n, ('dport %d' % port, 'sport %d' % port)) +
                  [policy(host, 'add', n, port)])
    disks = []
    for n, port in enumerate(ports):
        lun = iscsi.Lun(0, 'disk%d' % n, size=4 << 20)
        target = iscsi.Target(bed.t, [lun], 'iqn.2024-01.test.asym:d%d' % n,
                              port)
        bed.target = bed.target or target
        session = witnessed(ctx, bed, lambda p: esp(p, {
            s for m in range(n + 1) for s in sas[m].spi.values()}),
            'the SAs of the ports', target, lun)
        disks.append(session.disk())
    check(used(bed.i, 0x2000) > 100, 'the second port did not use its SA')
    other = bed.i.start('fio --name=o --filename=%s --direct=1 --rw=randwrite'
                        ' --bs=16k --size=2M --loops=4 --verify=crc32c'
                        ' --verify_fatal=1' % disks[1], 300)

    def change():
        for n in (2, 0, 2):
            for host in bed.hosts:
                before = used(host, 0x1000 * (n + 1) + (host is bed.t))
                batch(host, [policy(host, 'update', n, ports[0])])
                poll('the other SA', lambda: used(
                    host, 0x1000 * (n + 1) + (host is bed.t)) > before + 50,
                     60 * bed.i.slow)
            traffic(bed)

    ctx.note('%d writes' % written_while(bed, disks[0], 1 << 20, change))
    res = other.wait()
    check(res.rc == 0, 'fio: ' + res.out[-500:])
    check(counters(bed.i)['flows_started'] == 2, 'a connection was renewed')
    check_unharmed(bed)


# -- the IP header -------------------------------------------------------------
def headers(bed, pcap):
    """(from the initiator, TOS, DF) of what is on the wire."""
    return {(p[12:16] == bytes(map(int, bed.i.addr.split('.'))), p[1],
             p[6] & 0x40) for p in (f[14:] for f in frames(pcap)
                                    if f[12:14] == b'\x08\x00')}


def marked_traffic(ctx, kind, offload):
    bed = ctx.bed(offload=offload)
    bed.secure(kind)
    for host in bed.hosts:
        host.run('echo 1 > /proc/sys/net/ipv4/tcp_ecn')
    mark(bed.i, 'out { type filter hook output priority -150',
         'tcp dport %d ip dscp set af21' % iscsi.PORT)
    # What a full router says, said when ESP leaves the target.
    mark(bed.t, 'out { type filter hook output priority 0',
         'meta l4proto esp ip ecn ect0 limit rate 20/second ip ecn set ce')
    cap = bed.capture()
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    seen = headers(bed, cap.stop())
    check(snmp(bed.i)['IpExtInCEPkts'] > 0, '%s: no CE came in' % kind)
    check(snmp(bed.t)['TcpExtTCPDeliveredCE'] > 0,
          '%s: the target was not told of CE' % kind)
    check_unharmed(bed)
    return seen


@test({}, more=({'no_offload': True},))
def dscp_ecn_and_df_are_those_of_ordinary_esp(ctx, no_offload=False):
    ours, theirs = (marked_traffic(ctx, kind, not no_offload)
                    for kind in ('asym', 'gcm'))
    ctx.note('of both: %s' % sorted(ours))
    check(ours == theirs, 'not those of ordinary ESP: %s' % sorted(theirs))
    for expected in ((True, 0x4a, 0x40), (False, 0x03, 0x40)):
        check(expected in ours, 'no packet with %s: %s' % (expected,
                                                           sorted(ours)))


# -- namespaces ----------------------------------------------------------------
def inside(host, name):
    """The host with its commands in a namespace of its network."""
    res = copy.copy(host)
    res.run = lambda cmd, *args, **more: host.run(
        'nsenter --net=/run/netns/%s sh -c %s' % (name, shlex.quote(cmd)),
        *args, **more)
    return res


@test()
def target_and_its_sas_may_be_in_a_namespace(ctx):
    bed = ctx.bed()
    bed.load()
    dev, addr = bed.t.iface, bed.t.addr
    bed.t.run('set -e; %s; ip link set %s netns box;'
              ' ip -n box addr add %s/24 dev %s;'
              ' ip -n box link set lo up; ip -n box link set %s up'
              % (QUIET % ('box', 'box'), dev, addr, dev, dev))
    box = inside(bed.t, 'box')
    bed.sas = sas = Sas(bed.i, bed.t, 'asym')
    batch(bed.i, sas.lines(bed.i))
    batch(box, sas.lines(bed.t))
    lun = iscsi.Lun(0, size=4 << 20)
    bed.target = iscsi.Target(box, [lun])
    session = witnessed(ctx, bed, target=bed.target, lun=lun)
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    check(counters(box)['flows_started'] == 1, 'not followed there')
    check(counters(bed.t)['packets_opened'] == 0, 'counted in another')
    check_unharmed(bed)


# -- migration -----------------------------------------------------------------
# ip(8) has no command for it.  Arguments: direction, both addresses of the
# policy's selector, then for SAs between the same addresses the new ones, and
# "encap" if they are to be in UDP from now on.
MIGRATE = """
import socket, struct, sys

way, old_s, old_d, new_s, new_d = sys.argv[1:6]
v4 = lambda a: socket.inet_aton(a).ljust(16, b'\\0')

def attr(kind, data):
    return struct.pack('=HH', len(data) + 4, kind) + data

policy = v4(old_d) + v4(old_s) + bytes(8) + struct.pack(
    '=HBBB3xII', 2, 32, 32, 6, 0, 0) + struct.pack('=IB3x', 0,
                                                   ('in', 'out').index(way))
body = policy + attr(17, v4(old_d) + v4(old_s) + v4(new_d) + v4(new_s) +
                     struct.pack('=BBHIHH', 50, 0, 0, 1, 2, 2))
if 'encap' in sys.argv:
    body += attr(4, struct.pack('=H', 2) + struct.pack('>HH2x', %d, %d) +
                 bytes(16))
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 6)
s.send(struct.pack('=IHHII', 16 + len(body), 0x21, 5, 1, 0) + body)
error, = struct.unpack_from('=i', s.recv(65536), 16)
sys.exit(-error)
""" % (NAT_T, NAT_T)


def migrate(host, args):
    host.run('/usr/bin/python3 %s %s' % (host.write('migrate.py', MIGRATE),
                                         args))


@test({'kind': 'asym', 'esn': True}, more=({'kind': 'asym-enc'},
                                           {'kind': 'asym-chacha'}))
def sas_migrate_under_load(ctx, kind, esn=False):
    """First behind UDP under a living connection, as when a NAT appears, then
    to another address of the initiator."""
    bed = ctx.bed()
    bed.secure(kind, esn=esn)
    for host in bed.hosts:
        encapsulate(host)
    i, t, new = bed.i.addr, bed.t.addr, '192.0.2.11'
    session = witnessed(ctx, bed)

    def move(to, *how):
        for host in bed.hosts:
            out = host is bed.i
            for way, src, dst, args in (
                    ('out' if out else 'in', i, t, (to, t)),
                    ('in' if out else 'out', t, i, (t, to))):
                migrate(host, ' '.join((way, src, dst, *args, *how)))

    def behind_udp():
        traffic(bed)
        move(i, 'encap')
        traffic(bed)

    ctx.note('%d writes' % written_while(bed, session.disk(), SIZE,
                                         behind_udp))
    check(counters(bed.i)['flows_started'] == 1, 'the connection was renewed')
    for host in bed.hosts:
        check(host.run('ip xfrm state').out.count('espinudp') == 2,
              'they are not encapsulated')
    session.logout()
    bed.target.remove()

    move(new)
    for host in bed.hosts:
        out = host.run('ip xfrm state').out
        check(out.count(new) == 2 and i + ' ' not in out,
              'they are not at the new address: ' + out)
    bed.i.run('ip addr del %s/24 dev %s && ip addr add %s/24 dev %s'
              % (i, bed.i.iface, new, bed.i.iface))
    for host, way in ((bed.i, ('out', 'in')), (bed.t, ('in', 'out'))):
        batch(host, ['xfrm policy add ' + bed.sas.policy(new, t, way[0]),
                     'xfrm policy add ' + bed.sas.policy(t, new, way[1])])
    lun = iscsi.Lun(0, 'moved', size=4 << 20)
    target = iscsi.Target(bed.t, [lun], 'iqn.2024-01.test.asym:moved')
    bed.target = target
    session = witnessed(ctx, bed, udp_esp, 'ESP in UDP', target, lun)
    check_unharmed(bed)


# -- nesting -------------------------------------------------------------------
def nest(bed, order):
    """SAs of two kinds around each packet, the inner first."""
    bed.load()
    sas = {kind: Sas(bed.i, bed.t, kind, spi=spi)
           for kind, spi in (('asym', 0x1000), ('gcm', 0x2000))}
    bed.sas = sas['asym']
    for host, peer in (bed.hosts, bed.hosts[::-1]):
        pairs = ((host.addr, peer.addr), (peer.addr, host.addr))
        for n, kind in enumerate(order):
            batch(host, ['xfrm state add ' + sas[kind].state(*p).replace(
                'reqid 1', 'reqid %d' % (n + 1)) for p in pairs])
        for pair, way in zip(pairs, ('out', 'in')):
            one = bed.sas.policy(*pair, way)
            two = one[one.index(' tmpl'):].replace('reqid 1', 'reqid 2')
            batch(host, ['xfrm policy add ' + one + two])


@test()
def asymmetric_esp_may_be_inside_of_ordinary_esp(ctx):
    """Without esp4_offload: GRO of a stock kernel drops what has been in two SAs
    (XfrmInError), whatever they are."""
    bed = ctx.bed(offload=False)
    nest(bed, ('asym', 'gcm'))
    session = witnessed(ctx, bed, lambda p: esp(p, (0x2000, 0x2001)),
                        'the outer SA')
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    check(used(bed.i, 0x1000) > 100, 'the inner SA is not used')
    check_unharmed(bed)


@test()
def asymmetric_esp_around_another_sa_is_no_protection(ctx):
    """It does not see the TCP that is inside."""
    bed = ctx.bed(offload=False)
    nest(bed, ('gcm', 'asym'))
    refused(bed, 'refused-no-sa')
