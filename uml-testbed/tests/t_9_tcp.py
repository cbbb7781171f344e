# SPDX-License-Identifier: GPL-2.0
"""TCP corners of an honest peer that chance brings about rarely: the initiator
sends each byte in one way, and gets its data."""

import itertools
import os

from testbed.peer.tcp import ACK, FIN, RST, Features
from testbed.suite import check, test

from . import t_9_peer as honest
from . import xts
from .lies import Stage, stored

PIECE = 49152


def logged_in(stage, what, features):
    """Log in anew, to a peer with these features."""
    if stage.session:
        stage.session.logout()
    stage.peer.features = features
    stage.watch('login: ' + what, set(), stage.login)


def exchange(stage, what, length=PIECE, bs=8192):
    """Write and read; the peer has to hold what OpenSSL encrypts."""
    at = stage.place(length)
    data = os.urandom(length)

    def work():
        honest.write(stage.host, stage.disk, data, at, bs)
        return honest.read(stage.host, stage.disk, length, at, bs)

    got = stage.watch(what, set(), work)
    check(got == data, what + ': read back something else')
    stored = bytes(stage.target.luns[0].data[at:at + length])
    check(stored == xts.encrypt(stage.keys[0].raw, data, first=at // 512),
          what + ': the peer does not hold what OpenSSL encrypts')


@test()
def every_segment_size_works(ctx):
    """The byte of the stream that a segment ends with is of no importance."""
    with Stage(ctx, login=False, calm=True, mtu=9000) as stage:
        for mss in (88, 89, 536, 537, 1449, 8948):
            what = 'MSS %d' % mss
            logged_in(stage, what, Features(mss=mss, cut=mss - 12))
            exchange(stage, what, 24576 if mss < 100 else PIECE, 24576)
            longest = max(n for _, n in stage.peer.tcp.boundaries)
            check(longest <= mss - 12, 'a segment of %d bytes' % longest)
            # An MTU of 9000 without IP, ESP and TCP with timestamps.
            check(longest > min(mss - 12, 9000 - 20 - 101 - 32) - 32,
                  'segments of %d bytes at most' % longest)


@test()
def connections_work_without_options_and_across_the_wrap(ctx):
    with Stage(ctx, login=False, calm=True) as stage:
        for what, features in (
                ('no timestamps', Features(timestamps=False)),
                ('no window scaling', Features(wscale=None, window=65535)),
                ('no options', Features(timestamps=False, wscale=None,
                                        window=65535)),
                ('4 KiB of window', Features(wscale=None, window=4096)),
                ('1000 bytes of window', Features(wscale=None, window=1000)),
                # The login takes less than this.
                ("the peer's numbers wrap", Features(isn=(1 << 32) - 20000)),
                ('they wrap in the login', Features(isn=(1 << 32) - 100)),
                ('they start at -1', Features(isn=(1 << 32) - 1))):
            logged_in(stage, what, features)
            exchange(stage, what)


def dropper(count, after):
    """A Tcp.drop that loses the next segments with data from a position on."""
    lost = []

    def drop(head, at, payload, meta):
        if payload and at >= after and len(lost) < count:
            lost.append(at)
            return True
        return False
    return drop


@test()
def a_byte_has_one_ciphertext_however_it_is_sent_again(ctx):
    """The peer notices if a byte comes in two ways; here it sees to it that
    bytes come twice, with other boundaries."""
    with Stage(ctx, calm=True) as stage:
        def lossy(what, prepare, changed=True):
            """prepare(tcp) spoils the connection for a while."""
            tcp = stage.peer.tcp
            before = len(tcp.boundaries)
            stage.peer.call(prepare, tcp)
            exchange(stage, what)
            seen = tcp.boundaries[before:]
            again = [s for n, s in enumerate(seen) if any(
                a < s[0] + s[1] and s[0] < a + length
                for a, length in seen[:n])]
            check(again, what + ': nothing was sent again')
            if changed:
                check(any(s not in seen[:n] for n, s in enumerate(seen)
                          if s in again),
                      what + ': always the same boundaries')

        def lose(count):
            def prepare(tcp):
                tcp.drop = dropper(count, tcp.rcv_next + 1)
            return prepare

        def shrink(window, keep=3):
            """Lose full segments, and offer little room for them."""
            def prepare(tcp):
                lost = []

                def drop(head, at, payload, meta):
                    if len(payload) > 500 and len(lost) < keep:
                        lost.append(at)
                        if len(lost) == keep:
                            tcp.window = window
                            tcp.transmit(tcp.next)
                        return True
                    if lost and at > lost[0] + 3000:
                        tcp.window = tcp.features.window
                    return False

                tcp.drop = drop
            return prepare

        lossy('one segment lost', lose(1), False)
        lossy('ten segments lost', lose(10), False)
        lossy('lost, and 500 bytes of window', shrink(512))
        lossy('lost, and 130 bytes of window', shrink(130))
        stage.peer.call(lambda: setattr(stage.peer.tcp, 'drop', None))

        def acknowledge_less(tcp):
            """ACKs end inside of cipher blocks."""
            def drop(head, at, payload, meta):
                if len(payload) > 900 and at == tcp.rcv_next and not done:
                    done.append(at)
                    tcp.take(at, payload[:701])
                    return True
                return False

            done = []
            tcp.drop = drop

        lossy('half of a segment acknowledged', acknowledge_less)
        stage.honest()


@test()
def windows_may_close_and_open_at_any_byte(ctx):
    with Stage(ctx, calm=True) as stage:
        def closing(sizes):
            """Each time the window is full it opens by the next size."""
            def prepare(tcp):
                state = {'limit': tcp.rcv_next + 1500, 'next': 0}

                def drop(head, at, payload, meta):
                    end = max(tcp.rcv_next, at + len(payload))
                    if end >= state['limit'] and state['next'] < len(sizes):
                        state['limit'] = end + sizes[state['next']]
                        state['next'] += 1
                    tcp.window = max(0, state['limit'] - end) \
                        if state['next'] < len(sizes) \
                        else tcp.features.window
                    return False

                tcp.drop = drop
                tcp.window = 1500
                tcp.transmit(tcp.next)
            return prepare

        stage.session.logout()
        stage.peer.features = Features(wscale=0, window=65535)
        stage.login()
        for what, sizes in (
                ('16, 17, 31, 48 bytes', (16, 17, 31, 48)),
                ('one byte', (1, 1, 1)),
                ('1 to 15 bytes', tuple(range(1, 16, 3)))):
            before = len(stage.peer.tcp.boundaries)
            stage.peer.call(closing(sizes), stage.peer.tcp)
            exchange(stage, 'the window opens by ' + what, 16384)
            check(min(n for _, n in stage.peer.tcp.boundaries[before:])
                  <= max(sizes), 'no segment was that short')

        def zero(tcp):
            """Nothing for a second, with probes answered."""
            seen = []

            def drop(head, at, payload, meta):
                if seen is not None and len(seen) < 4:
                    tcp.window = 0
                    if at <= tcp.rcv_next and len(payload) <= 1:
                        seen.append(at)
                else:
                    tcp.window = tcp.features.window
                return False

            tcp.drop = drop

        stage.peer.call(zero, stage.peer.tcp)
        exchange(stage, 'a window of zero', 16384)
        check(stage.peer.tcp.window, 'the window was never probed')


@test()
def segments_of_the_peer_come_in_any_order(ctx):
    with Stage(ctx, calm=True) as stage:
        def in_order(order):
            def lie(conn, task):
                tcp = conn.tcp
                tcp.hold = True
                tcp.write(conn.data_pieces(task, stored(conn, task)))
                segments = tcp.cut_all(1300)
                groups = [segments[n::4] for n in range(4)]
                for n in order:
                    tcp.put(*reversed(groups[n]))
                tcp.hold = False
            return lie

        for order in itertools.permutations(range(4)):
            stage.lie('order %d %d %d %d' % order, in_order(order), set())
        stage.honest()


@test()
def connections_may_end_at_any_byte(ctx):
    """The initiator logs in anew and reads what there is."""
    with Stage(ctx) as stage:
        def ending(end, cut):
            """A part of the answer, then the end."""
            def lie(conn, task):
                tcp = conn.tcp
                tcp.hold = True
                tcp.write(conn.data_pieces(task, stored(conn, task)))
                tcp.put(tcp.cut(cut))
                end(tcp)
            return lie

        def fin(tcp):
            tcp.hold = False
            tcp.sent = []
            tcp.outbox = type(tcp.outbox)()
            tcp.fin()

        def rst(tcp):
            tcp.abort()

        def rst_without_ack(tcp):
            tcp.transmit(tcp.next, flags=RST)
            tcp.open = False

        def both(tcp):
            """FIN, and a RST right behind it."""
            tcp.transmit(tcp.next, flags=FIN | ACK)
            tcp.transmit(tcp.next + 1, flags=RST | ACK)
            tcp.open = False

        for name, end in (('FIN', fin), ('RST', rst),
                          ('RST without ACK', rst_without_ack),
                          ('FIN and RST', both)):
            for cut in (20, 48, 48 + 7, 48 + 512):
                stage.lie('%s after %d bytes' % (name, cut),
                          ending(end, cut), set())
        stage.honest()

        # Both ends close at the same time.
        tcp = stage.peer.tcp
        stage.peer.call(lambda: setattr(tcp, 'fin', lambda: None))

        def on_logout(conn, p):
            if p.opcode != 6:
                return False
            tcp.transmit(tcp.next, flags=FIN | ACK)
            return False

        stage.target.on_pdu = on_logout
        stage.watch('simultaneous close', set(),
                    lambda: stage.session.logout(check=False))
        stage.target.on_pdu = None
        stage.login()
        stage.honest()


@test()
def keepalives_are_answered_and_change_nothing(ctx):
    with Stage(ctx, calm=True) as stage:
        tcp = stage.peer.tcp

        def keepalive():
            # One byte below what is expected, without and with garbage.
            tcp.transmit(tcp.next - 1)
            tcp.transmit(tcp.next - 1, stage.marker[:1])

        before = stage.peer.received
        stage.peer.call(keepalive)
        # No ping comes in between, and nothing else has anything to say.
        stage.peer.wait('an answer to a keepalive',
                        lambda: stage.peer.received > before)
        stage.honest()
        check(stage.peer.tcp is tcp, 'the connection was lost')
