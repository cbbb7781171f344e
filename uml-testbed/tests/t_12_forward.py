# SPDX-License-Identifier: GPL-2.0
"""Packets that a host opens, or seals, for somebody behind it."""

import hashlib
import os
import struct

from testbed import program
from testbed.asymctl import counters
from testbed.host import poll
from testbed.iscsi import PORT
from testbed.suite import check, count_in_file, foreign_frames, test

from . import steps
from .t_10_network import snmp
from .t_6_checksum import checksum, segments

BEHIND = '10.0.0.2'
NAT = """table ip nat {
chain in { type nat hook prerouting priority -100
%s
}
chain out { type nat hook postrouting priority 100
oifname "%s" masquerade
}
}
"""


class Container:
    """A namespace on a host, behind NAT: its connections leave with the host's
    address, and what comes to one of the host's ports goes to it."""

    def __init__(self, host, ports):
        self.host = host
        dnat = '\n'.join('iifname "%s" tcp dport %d dnat to %s'
                         % (host.iface, port, BEHIND) for port in ports)
        name = host.write('nat', NAT % (dnat, host.iface))
        host.run('\n'.join([
            'set -e', 'ip netns add behind',
            # Nobody tells a namespace behind NAT about the room for ESP.
            'ip link add door mtu 1300 type veth peer eth9 mtu 1300'
            ' netns behind',
            'ip addr add 10.0.0.1/24 dev door', 'ip link set door up',
            'ip -n behind addr add %s/24 dev eth9' % BEHIND,
            'ip -n behind link set lo up', 'ip -n behind link set eth9 up',
            'ip -n behind route add default via 10.0.0.1',
            # So that the next host gets whole checksums.
            'ethtool -K door tx off > /dev/null',
            'ip netns exec behind ethtool -K eth9 tx off > /dev/null',
            'echo 1 > /proc/sys/net/ipv4/ip_forward',
            'nft -f ' + name]))

    def wrap(self, cmd):
        return 'ip netns exec behind ' + cmd

    def service(self, name, args):
        res = program.Service(self.host, name, args)
        res.cmd = self.wrap(res.cmd)
        return res


def gateway(ctx, ports, offload):
    bed = ctx.bed(offload=offload)
    bed.secure('asym')
    sas = bed.sas
    # What is opened here and goes on needs a policy of its own.
    bed.t.run('ip xfrm policy add ' + sas.policy(bed.i.addr, BEHIND, 'fwd')
              .replace('dst %s proto esp' % BEHIND,
                       'dst %s proto esp' % bed.t.addr))
    return bed, Container(bed.t, ports)


def transfer(sender, cmd, sink, digest):
    sender.run(cmd, timeout=120)
    sink.poll('[ "$(sha256sum < /tmp/got)" = "%s  -" ]' % digest)
    sink.run('rm /tmp/got')


@test({}, {'no_offload': True})
def forwarded_packets_arrive_with_valid_checksums(ctx, no_offload=False):
    """Opened and passed on, and sealed for another host: no iSCSI."""
    bed, behind = gateway(ctx, [9], not no_offload)
    marker = os.urandom(32)
    data = steps.marked(marker, (1 << 20) + 77)
    digest = hashlib.sha256(data).hexdigest()
    for host in bed.hosts:
        host.run('cp %s /tmp/file' % host.write('data', data))
    feed = '%s sendfile %%s 9 /tmp/file'
    cap = bed.capture()
    tap = behind.service('tap', 'eth9 /share/behind.pcap').__enter__()
    with behind.service('connections', 'sink 9 /tmp/got'):
        transfer(bed.i, feed % (program.path(bed.i, 'feed')) % bed.t.addr,
                 bed.t, digest)
    with program.Service(bed.i, 'connections', 'sink 9 /tmp/got'):
        transfer(bed.t, behind.wrap(
            feed % program.path(bed.t, 'feed') % bed.i.addr), bed.i, digest)
    pcap = cap.stop()
    foreign, esp = foreign_frames(pcap)
    check(not foreign, '%d frames are not ESP' % len(foreign))
    check(count_in_file(pcap, marker[:16]) == 0, 'plaintext on the wire')
    check(esp * 1400 > 2 * len(data), 'not all of it went over the wire')
    bed.t.end(tap.pid, 'USR1')
    seen = list(segments(bed.t.path('behind.pcap'), 9))
    check(sum(len(payload) for *_, payload in seen) > len(data),
          'the container has not seen them')
    for src, dst, head, payload in seen:
        check(head[16:18] == struct.pack('>H', checksum(src, dst, head,
                                                        payload)),
              'a segment that was opened has a wrong checksum')
    check(snmp(bed.t)['IpForwDatagrams'] > 100, 'nothing was forwarded')


@test()
def iscsi_of_a_host_behind_is_refused_with_a_reason(ctx):
    """Only the end of a connection can follow it: an initiator behind a host
    with the SA sends nothing, and a target behind one answers nothing."""
    bed, behind = gateway(ctx, [PORT], True)
    marker = os.urandom(32)
    data = steps.marked(marker, 1 << 18)
    bed.t.run('cp %s /tmp/file' % bed.t.write('data', data))
    cap = bed.capture()
    with program.Service(bed.i, 'connections', 'sink %d /tmp/got' % PORT):
        res = bed.t.run('timeout 5 ' + behind.wrap(
            '%s sendfile %s %d /tmp/file' % (
                program.path(bed.t, 'feed'), bed.i.addr, PORT)), check=False)
        check(res.rc, 'it was taken')
        check(bed.i.ok('! [ -s /tmp/got ]'), 'some of it arrived')
    outwards = counters(bed.t)['refused-no-flow']
    check(outwards > 0, 'not refused')
    check('that is not followed' in bed.t.console_text(), 'no reason')
    with behind.service('connections', 'sink %d /tmp/got' % PORT):
        # It accepts, and reads what is sent; no answer needs to come back.
        with program.Service(bed.i, 'connections', 'hold %s %d 1'
                             % (bed.t.addr, PORT)):
            poll('it arrives', lambda: bed.t.ok('[ -s /tmp/got ]'),
                 20 * bed.i.slow)
    check(count_in_file(cap.stop(), marker[:16]) == 0, 'plaintext on the wire')
