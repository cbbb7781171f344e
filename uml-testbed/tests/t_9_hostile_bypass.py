# SPDX-License-Identifier: GPL-2.0
"""A target that sends data of its choosing beside the asymmetric SA: in another
one, or in none."""

import socket
import struct

from testbed.peer import ip
from testbed.peer.esp import wire
from testbed.sa import batch
from testbed.suite import test

from .lies import Stage, answer

NULL_SPI = 0x3000
NULL_ESP = ("xfrm state add src %s dst %s proto esp spi 0x%x reqid 3 mode"
            " transport enc cipher_null '' auth digest_null ''")


def in_null_esp(tcp):
    """A TCP packet in ESP that does nothing."""
    pad = -(len(tcp) + 2) % 4
    return struct.pack('>II', NULL_SPI, 1) + tcp + \
        bytes(range(1, pad + 1)) + bytes([pad, ip.TCP])


def with_checksum(src, dst, tcp):
    total = ip.checksum(socket.inet_aton(src) + socket.inet_aton(dst) +
                        struct.pack('>HH', ip.TCP, len(tcp)) + tcp)
    return tcp[:16] + struct.pack('>H', total) + tcp[18:]


@test({}, {'offload': True})
def bytes_of_another_sa_are_not_taken(ctx, offload=False):
    """The target seals data of its own choosing in an SA that the module does
    not look into, and that inside of the asymmetric one, as the policy wants.
    TCP has dropped the packet that told of honest data at that place.  With
    esp4_offload the kernel drops what was in two SAs, and GRO adds what was
    in another one to the packet in front."""
    with Stage(ctx, offload=offload) as stage:
        peer = stage.peer
        batch(stage.host, [NULL_ESP % (peer.addr, stage.host.addr, NULL_SPI)])

        def lie_by(send):
            def lie(conn, task):
                tcp = conn.tcp
                first, second, *rest = answer(conn, task)
                # It acknowledges what nobody has sent.
                tcp.transmit(second.at, second.payload, second.meta,
                             ack=tcp.rcv_next + (1 << 24))
                fake = with_checksum(peer.addr, tcp.addr, tcp.segment(
                    second.at, stage.marker[:len(second.payload)]))
                tcp.put(first)
                send(tcp.addr, fake)
                tcp.put(second, *rest)
            return lie

        def nested(addr, tcp):
            peer.send_esp(addr, in_null_esp(tcp), wire.Metadata(), ip.ESP)

        def other_sa(addr, tcp):
            peer.send_raw(addr, in_null_esp(tcp))

        def plain(addr, tcp):
            peer.send_packet(ip.Packet(peer.addr, addr, ip.TCP, tcp))

        if not offload:
            stage.lie('inside of the asymmetric SA', lie_by(nested),
                      {'unsealed-data'})
        # Whether packets meet in GRO is a matter of luck.
        for _ in range(10 if offload else 1):
            stage.lie('in another SA', lie_by(other_sa), {'unsealed-data'})
        stage.lie('in the clear', lie_by(plain), {'unsealed-data'})
        stage.honest()
