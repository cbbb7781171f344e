# SPDX-License-Identifier: GPL-2.0
"""IKE and the network: fragments, several SAs between the same hosts, an
address that changes, NAT."""

import os
import struct

from testbed import asymctl, iscsi, strongswan
from testbed.asymctl import counters
from testbed.host import poll
from testbed.suite import check, frames, test

from . import steps
from .ike import (SIZE, WAITS, Load, certificates, check_closed,
                  check_sas, check_unharmed, ike_frames, is_ike, loaded, psk, secret,
                  sealed_more, start)

ENCRYPTED_FRAGMENT = 53		# payload type of RFC 7383


def fragments(path):
    """Numbers of fragments of IKE messages, and of IP packets."""
    ike = ip = 0
    for frame in frames(path):
        packet = frame[14:]
        if frame[12:14] != b'\x08\x00' or packet[9] != 17:
            continue
        if int.from_bytes(packet[6:8], 'big') & 0x3fff:
            ip += 1
        elif is_ike(packet):
            # Port 4500 has four zeros before the IKE header.
            head = packet[28:] if packet[28:32] != bytes(4) else packet[32:]
            ike += head[16] == ENCRYPTED_FRAGMENT
    return ike, ip


@test({'how': 'ike'}, more=({'how': 'ip'},))
def large_certificates_come_in_fragments(ctx, how):
    """... of IKE, which every network carries (RFC 7383).  Without, they would
    be of IP."""
    bed = ctx.bed()
    start(bed)
    off = ('mobike = no', 'mobike = no\n        fragmentation = no')
    loaded(certificates(ctx, bed, *[off] * (how == 'ip'), names=100))
    capture = bed.net.capture(os.path.join(ctx.workdir, 'certificates.pcap'))
    session, _ = steps.disk(bed, iscsi.Lun(0, size=SIZE), WAITS)
    ike, ip = fragments(capture.stop())
    if how == 'ike':
        check(ike >= 4, '%d fragments of IKE' % ike)
        check(not ip, '%d fragments of IP' % ip)
    else:
        check(not ike, '%d fragments of IKE' % ike)
        check(ip >= 4, '%d fragments of IP' % ip)
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    check_sas(bed, esn=True)
    check_unharmed(bed)
    ctx.note('%d fragments of IKE, %d of IP' % (ike, ip))


PORTS = (iscsi.PORT, iscsi.PORT + 1)


def second(side, two_ike_sas, proposal):
    """The example once more, for another port: another CHILD_SA."""
    text = strongswan.example('psk-' + side, ('asymgcm256', proposal))
    text = text.replace('3260', str(PORTS[1]))
    text = text.replace('iscsi-closed {', 'second-closed {')
    if two_ike_sas:
        text = text.replace('.example.org', '-2.example.org')
        return text.replace(' iscsi {', ' second {')
    return text.replace('  iscsi {\n                mode',
                        '  second {\n                mode')


@test({}, {'beside': 'aes256gcm16'}, more=({'two_ike_sas': True},))
def child_sas_between_the_same_hosts_do_not_meet(ctx, two_ike_sas=False,
                                                 beside='asymgcm256'):
    """One for each target, of one IKE_SA or two; the second may be ordinary
    ESP, for a unit that nobody has bound."""
    asym = beside == 'asymgcm256'
    bed = ctx.bed()
    start(bed, params={'esp_asym': 'iscsi_ports=%d,%d' % PORTS})
    shared = secret()
    for daemon, side in zip(bed.ike, strongswan.SIDES):
        loaded([daemon.configure(strongswan.example('psk-' + side) + second(
            side, two_ike_sas, beside), shared)])
    session, _ = steps.disk(bed, iscsi.Lun(0, size=SIZE), WAITS)
    other = iscsi.Target(bed.t, [iscsi.Lun(1, 'other', size=SIZE)],
                         iqn='iqn.2024-01.test.asym:other', port=PORTS[1])
    if asym:
        asymctl.bind(bed.i, other.iqn, 1)
    there = bed.login(WAITS, other)
    disks = session.disk(), there.disk(1)
    for disk in disks:
        steps.patient(bed, disk)
    bed.i.run('swanctl --list-sas')
    flows = counters(bed.i)['flows_started']
    capture = bed.net.capture(os.path.join(ctx.workdir, 'two.pcap'),
                              snaplen=96)
    loads = [Load(ctx, bed.i, disk, SIZE // 4, name) for disk, name in
             zip(disks, ('first', 'second'))]
    try:
        for n in range(3):
            before = {sa.id for sa in bed.ike[0].installed()
                      if sa.name == 'second'}
            check(before, 'there is no CHILD_SA of the second connection')
            bed.ike[n % 2].host.run(
                'swanctl --terminate --child second > /dev/null')
            poll('another CHILD_SA of the second connection',
                 lambda: {sa.id for sa in bed.ike[0].installed()
                          if sa.name == 'second'} - before, 60 * bed.i.slow)
            sealed_more(bed)
    finally:
        for load in loads:
            load.stop()
    check_closed(capture.stop())
    check(counters(bed.i)['flows_started'] == flows,
          'a connection was renewed')
    for daemon in bed.ike:
        sas = daemon.installed()
        check({(sa.name, sa.alg) for sa in sas} ==
              {('iscsi', 'ASYM_GCM_AES'),
               ('second', 'ASYM_GCM_AES' if asym else 'AES_GCM_16')},
              '%s has %s' % (daemon.host.name,
                             [(sa.name, sa.alg) for sa in sas]))
        check(sum(sa.name == 'iscsi' for sa in sas) == 1,
              'the first connection has another CHILD_SA')
        check(len({sa.ike for sa in sas}) == 1 + two_ike_sas,
              'IKE_SAs: %s' % {sa.ike for sa in sas})
    check_unharmed(bed, waited=True)


def check_no_login(path):
    """Of iSCSI in the clear there is the BHS of a login request at most: the
    module stops it when it has seen whose text follows."""
    for frame in frames(path):
        packet = frame[14:]
        if frame[12:14] != b'\x08\x00' or packet[9] != 6:
            continue
        length = int.from_bytes(packet[2:4], 'big') - 20 - packet[32] // 16 * 4
        head = packet[20 + packet[32] // 16 * 4:]
        check(not length or length == 48 and head[0] & 0x3f == 3,
              '%d bytes of TCP in the clear' % length)


NEW = '192.0.2.11'


@test({'mobike': 'no'}, more=({'mobike': 'yes'},))
def address_that_changes_lets_nothing_out(ctx, mobike):
    """The policies of the examples and a TCP connection belong to addresses.
    With another one the module holds back what has no SA any more; with a
    configuration for it the disk is there again.  MOBIKE moves the SA, and
    the initiator logs in again under it."""
    bed = ctx.bed()
    start(bed)
    loaded(psk(bed, ('mobike = no', 'mobike = ' + mobike)))
    lun = iscsi.Lun(0, size=SIZE)
    session, _ = steps.disk(bed, lun, {
        **WAITS, 'node.session.timeo.replacement_timeout': '20',
        'node.conn[0].timeo.noop_out_interval': '2',
        'node.conn[0].timeo.noop_out_timeout': '2'})
    disk = session.disk()
    data = os.urandom(1 << 20)
    write = ('dd if=%s of=%s bs=64k oflag=direct conv=fsync 2> /dev/null'
             % (bed.i.write('data', data), disk))
    bed.i.run(write)
    capture = bed.net.capture(os.path.join(ctx.workdir, 'move.pcap'))
    before = counters(bed.i)['refused-no-sa']
    bed.i.run('ip addr del %s/24 dev %s && ip addr add %s/24 dev %s'
              % (bed.i.addr, bed.i.iface, NEW, bed.i.iface))
    res = bed.i.run(write, timeout=180, check=False)
    check_no_login(capture.stop())
    if mobike == 'yes':
        check(not res.rc, 'the disk has not come back')
        states = bed.i.run('ip xfrm state').out
        check('src ' + NEW in states and 'asym(' in states,
              'the SA has not moved: ' + states)
    else:
        check(res.rc, 'the disk has come back without an SA')
        check(counters(bed.i)['refused-no-sa'] > before, 'nothing was refused')
        session.logout(check=False)
        shared = secret()
        for daemon, side in zip(bed.ike, strongswan.SIDES):
            loaded([daemon.configure(strongswan.example(
                'psk-' + side).replace(bed.i.addr, NEW), shared)])
        disk = bed.login(WAITS).disk()
    bed.i.run('dd if=%s of=/share/back bs=64k count=16 iflag=direct'
              ' 2> /dev/null' % disk)
    with open(bed.i.path('back'), 'rb') as f:
        check(f.read() == data, 'the disk holds something else')


BEHIND = '10.0.0.2'
ANOTHER = 40600
PORTS_OF_NAT = struct.pack('>HH', 4500, ANOTHER)
NAT = """table ip nat {
chain out { type nat hook postrouting priority 100
oifname "%s" masquerade
}
}
"""


def behind_nat(host):
    """A namespace of the host has its network device and address; the host is
    behind it."""
    name = host.write('nat', NAT % host.iface)
    host.run('\n'.join([
        'set -e', 'ip netns add nat',
        # Its IPv6 would have packets of its own.
        'for d in all default; do ip netns exec nat sh -c'
        ' "echo 1 > /proc/sys/net/ipv6/conf/$d/disable_ipv6"; done',
        'ip link set %s netns nat' % host.iface,
        'ip link add inside type veth peer door netns nat',
        'ip addr add %s/24 dev inside' % BEHIND, 'ip link set inside up',
        'ip -n nat link set lo up', 'ip -n nat link set door up',
        'ip -n nat addr add 10.0.0.1/24 dev door',
        'ip -n nat addr add %s/24 dev %s' % (host.addr, host.iface),
        'ip -n nat link set %s up' % host.iface,
        'ip route add default via 10.0.0.1',
        'ip netns exec nat sh -c "echo 1 > /proc/sys/net/ipv4/ip_forward"',
        'ip netns exec nat nft -f ' + name]))


def forget_ports(host, port):
    """The NAT chooses another port for what comes from 4500 from now on; what
    it was is forgotten with the address of the device."""
    name = host.write('nat', NAT.replace('masquerade', 'udp sport 4500'
                                         ' masquerade to :%d' % port, 1)
                      % host.iface)
    host.run('\n'.join([
        'set -e', 'ip netns exec nat nft delete table ip nat',
        'ip netns exec nat nft -f ' + name,
        'ip -n nat addr del %s/24 dev %s' % (host.addr, host.iface),
        'ip -n nat addr add %s/24 dev %s' % (host.addr, host.iface)]))


@test({}, {'mode': 'tunnel'})
def nat_between_the_hosts_is_found_and_passed(ctx, mode='transport'):
    """UDP encapsulation (RFC 3948): nothing but UDP passes the NAT, which
    chooses another port meanwhile.  In tunnel mode the connection has the
    address in front of the NAT at both ends."""
    bed = ctx.bed()
    behind_nat(bed.i)
    tunnel = mode == 'tunnel'
    start(bed)
    shared = secret()
    # It is ESP that tells of the other port, and not IKE that asks.
    edits = (('mode = transport', 'mode = ' + mode),
             ('dpd_delay = 30s', 'dpd_delay = 600s'))
    texts = [strongswan.example('psk-initiator', *edits).replace(
                 bed.i.addr, BEHIND),
             strongswan.example('psk-target', *edits)]
    if tunnel:
        texts[1] = texts[1].replace(bed.i.addr + '/32', BEHIND + '/32')
        # Policies see what has a route only, and strongSwan makes none for
        # those of a port.
        bed.t.run('ip route add %s dev %s' % (BEHIND, bed.t.iface))
    for daemon, text in zip(bed.ike, texts):
        loaded([daemon.configure(text, shared)])
    capture = bed.net.capture(os.path.join(ctx.workdir, 'nat.pcap'))
    session, lun = steps.disk(bed, iscsi.Lun(0, size=SIZE), WAITS)
    steps.fio(ctx, bed.i, session.disk(), SIZE)
    forget_ports(bed.i, ANOTHER)
    res = steps.witnesses(ctx, bed, session, lun, SIZE)
    check(res.initiator == res.written,
          'the initiator read back %d of %d' % (res.initiator, res.written))
    check(res.wire == 0, '%d hits on the wire' % res.wire)
    check(res.target == 0, '%d hits at the target' % res.target)
    ike, esp, other = ike_frames(capture.stop())
    check(not esp, '%d frames of ESP without UDP' % esp)
    check(ike > 100, '%d frames of UDP' % ike)
    moved = [f for f in other if f[23] == 17 and f[34:38] == PORTS_OF_NAT]
    check(len(moved) > 100, 'only %d frames to the other port' % len(moved))
    check(moved == other, '%d frames are neither IKE nor ESP in UDP'
          % (len(other) - len(moved)))
    check_sas(bed, mode=mode)
    check('espinudp' in bed.i.run('ip xfrm state').out, 'no UDP encapsulation')
    states = bed.t.run('ip xfrm state').out
    check('sport 4500 dport %d' % ANOTHER in states,
          'the target does not know of the other port: ' + states)
    conns = asymctl.ctl_json(bed.t, 'show')
    peer = BEHIND if tunnel else bed.i.addr
    check([c['peer'] for c in conns] == [peer] and conns[0]['protected'],
          'the connection at the target: %s' % conns)
    check(counters(bed.i)['flows_started'] == 1, 'the connection was renewed')
    check_unharmed(bed)
