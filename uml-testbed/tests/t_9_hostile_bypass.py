# SPDX-License-Identifier: GPL-2.0
"""A target that sends data of its choosing beside the asymmetric SA: in another
one, in none, or in fragments."""

import struct

from testbed.peer import ip
from testbed.peer.esp import wire
from testbed.peer.tcp import ACK, Features
from testbed.sa import batch
from testbed.suite import check, test

from .lies import CHUNK, Stage, answer
from .steps import counted, move_behind_a_veth

NULL_SPI = 0x3000
NULL_ESP = ("xfrm state add src %s dst %s proto esp spi 0x%x reqid 3 mode"
            " transport enc cipher_null '' auth digest_null ''")


def in_null_esp(tcp):
    """A TCP packet in ESP that does nothing."""
    pad = -(len(tcp) + 2) % 4
    return struct.pack('>II', NULL_SPI, 1) + tcp + \
        bytes(range(1, pad + 1)) + bytes([pad, ip.TCP])


def beside(stage, what, send, reason='unsealed-data', **flags):
    """Honest data, of which TCP drops a packet that tells of some; then other
    bytes for their place, in a TCP segment that send(tcp, segment) sends.
    flags are those of the honest segment in front of it."""
    def lie(conn, task):
        tcp = conn.tcp
        first, second, *rest = answer(conn, task)
        # It acknowledges what nobody has sent.
        tcp.transmit(second.at, second.payload, second.meta,
                     ack=tcp.rcv_next + (1 << 24))
        fake = tcp.segment(second.at, stage.marker[:len(second.payload)])
        total = ip.checksum_between(stage.peer.addr, tcp.addr, ip.TCP, fake)
        tcp.transmit(first.at, first.payload, first.meta, **flags)
        send(tcp, fake[:16] + struct.pack('>H', total) + fake[18:])
        tcp.put(second, *rest)

    stage.lie(what, lie, {reason})


@test({}, {'offload': True}, {'family': 6},
      more=({'family': 6, 'offload': True},))
def bytes_of_another_sa_are_not_taken(ctx, family=4, offload=False):
    """The target seals data of its own choosing in an SA that the module does
    not look into, and that inside of the asymmetric one, as the policy wants.
    TCP has dropped the packet that told of honest data at that place.  With
    esp4_offload the kernel drops what was in two SAs, and GRO adds what was
    in another one to the packet in front."""
    with Stage(ctx, family=family, offload=offload) as stage:
        peer = stage.peer
        batch(stage.host, [NULL_ESP % (peer.addr, stage.host.addr, NULL_SPI)])

        def nested(tcp, segment):
            peer.send_esp(tcp.addr, in_null_esp(segment), wire.Metadata(),
                          ip.ESP)

        def other_sa(tcp, segment):
            peer.send_raw(tcp.addr, in_null_esp(segment))

        def plain(tcp, segment):
            peer.send_packet(peer.packet(tcp.addr, ip.TCP, segment))

        if not offload:
            beside(stage, 'inside of the asymmetric SA', nested)
        # Whether packets meet in GRO is a matter of luck.
        for _ in range(10 if offload else 1):
            beside(stage, 'in another SA', other_sa)
        beside(stage, 'in the clear', plain)
        stage.honest()


def destination_options(proto):
    """An extension of eight bytes in front of proto."""
    return bytes([proto, 0, 1, 4, 0, 0, 0, 0])


@test({'family': 6}, more=({'family': 4},))
def bytes_in_fragments_are_not_taken(ctx, family):
    """Over IPv6 the first fragment is all that can be judged.  It may have
    nothing but the TCP header, or end in front of it.  No policy wants what
    comes in to have been in an SA."""
    with Stage(ctx, family=family) as stage:
        peer = stage.peer
        policy = stage.bed.sas.policy(peer.addr, stage.host.addr, 'in')
        batch(stage.host, ['xfrm policy delete ' + policy.split(' tmpl')[0]])

        def fragments(tcp, proto, payload, first):
            return peer.packet(tcp.addr, proto, payload,
                               ident=tcp.next & 0xffff).fragments(512, first)

        def head_alone(tcp, segment):
            return fragments(tcp, ip.TCP, segment, tcp.head_len)

        def some_data(tcp, segment):
            return fragments(tcp, ip.TCP, segment, 512)

        def no_head(tcp, segment):
            """The first has one of two extensions."""
            return fragments(tcp, ip.DSTOPTS, destination_options(
                ip.DSTOPTS) + destination_options(ip.TCP) + segment, 8)

        def clear(parts):
            def send(tcp, segment):
                for part in parts(tcp, segment):
                    peer.send_packet(part)
            return send

        def sealed(parts):
            def send(tcp, segment):
                for part in parts(tcp, segment):
                    peer.send_esp(tcp.addr, part.payload, wire.Metadata(),
                                  part.proto)
            return send

        beside(stage, 'the first has the TCP header alone', clear(head_alone))
        beside(stage, 'the first has data, too', clear(some_data))
        if family == 6:
            beside(stage, 'the first ends in front of TCP', clear(no_head))
            beside(stage, 'inside of the SA, TCP header alone',
                   sealed(head_alone), 'bad-packet')
            beside(stage, 'inside of the SA, in front of TCP',
                   sealed(no_head), 'bad-packet')
        stage.honest()


# What comes for the host waits, and arrives at a device that has all of it at
# once: only there GRO sees one packet beside the other.
WAITING = """set -e
ethtool -K door gro on > /dev/null
ip netns exec outside ethtool -K way tso off > /dev/null
tc -n outside qdisc add dev way root netem slot 20ms
"""

LARGE = """table inet large {
chain in { type filter hook input priority 0
tcp sport 3260 meta length > 1500 counter
}
}
"""


@test()
def gro_adds_nothing_to_what_came_out_of_the_sa(ctx):
    """It looks at the SAs of the first packet only."""
    with Stage(ctx, login=False, offload=True,
               features=Features(timestamps=False)) as stage:
        host, peer = stage.host, stage.peer
        host.modprobe('sch_netem')
        move_behind_a_veth(host)
        host.run(WAITING)
        batch(host, [NULL_ESP % (peer.addr, host.addr, NULL_SPI)])
        host.run('nft -f ' + host.write('large', LARGE))
        stage.login()

        # Without PSH: GRO keeps nothing that is to be delivered at once.
        def honest(conn, task):
            for s in answer(conn, task):
                conn.tcp.transmit(s.at, s.payload, s.meta, flags=ACK)

        at = stage.place()
        stage.once(at, honest)
        check(stage.read(at) == stage.data[at:at + CHUNK], 'not the truth')
        check(counted(host, 'large'), 'GRO puts nothing together')
        for _ in range(5):
            beside(stage, 'next to a packet of the SA', lambda tcp, segment:
                   peer.send_raw(tcp.addr, in_null_esp(segment)), flags=ACK)
        stage.honest()
