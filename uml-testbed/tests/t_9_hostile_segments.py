# SPDX-License-Identifier: GPL-2.0
"""A target that plays with TCP: bytes sent twice, urgent, early, late, or
before anybody reads; and metadata that violate the format under a right
ICV."""

import time

from testbed.peer import pdu
from testbed.peer.esp import wire
from testbed.peer.tcp import ACK, PSH, SYN, URG
from testbed.suite import check, test

from .lies import Stage, answer, stored


def plain():
    return wire.Metadata()


@test()
def the_same_bytes_are_not_taken_in_two_ways(ctx):
    with Stage(ctx) as stage:
        def fake(segment):
            return stage.marker[:len(segment.payload)]

        def sealed_then_plain(conn, task):
            tcp = conn.tcp
            first, second, *rest = answer(conn, task)
            tcp.put(second)
            tcp.transmit(second.at, fake(second), plain())
            tcp.put(first, *rest)

        def plain_then_sealed(conn, task):
            tcp = conn.tcp
            first, second, *rest = answer(conn, task)
            tcp.transmit(second.at, fake(second), plain())
            tcp.put(second, first, *rest)

        def overlap_of_one_byte(conn, task):
            tcp = conn.tcp
            first, second, *rest = answer(conn, task)
            tcp.put(second)
            tcp.transmit(second.end - 1, fake(second)[:100], plain())
            tcp.put(first, *rest)

        def other_offset(conn, task):
            tcp = conn.tcp
            first, second, *rest = answer(conn, task)
            tcp.put(second)
            off, length, itt, at = second.meta.ranges[0]
            meta = wire.Metadata(True, [(off, length, itt, at + 512)],
                                 before=second.meta.before,
                                 after=second.meta.after)
            tcp.transmit(second.at, second.payload, meta)
            tcp.put(first, *rest)

        def cut_otherwise(conn, task):
            """Honest: the same bytes, the same marks, other boundaries."""
            tcp = conn.tcp
            data = stored(conn, task)
            pieces = conn.data_pieces(task, data)
            tcp.hold = True
            tcp.write(pieces)
            start = tcp.next
            small = tcp.cut_all(700)
            tcp.put(*small[2:5])
            # All of it once more, from the start.
            end = tcp.next
            tcp.next = start
            tcp.write(pieces)
            large = tcp.cut_all(1100)
            check(tcp.next == end, 'the answer has changed')
            tcp.put(*reversed(large))
            tcp.put(*small)
            tcp.hold = False

        stage.lie('opaque, then plain', sealed_then_plain, {'bad-packet'})
        stage.lie('plain, then opaque', plain_then_sealed, {'bad-packet'})
        stage.lie('an overlap of one byte', overlap_of_one_byte,
                  {'bad-packet'})
        stage.lie('opaque at another place', other_offset, {'bad-packet'})
        stage.lie('honestly, cut in two ways', cut_otherwise, set())
        stage.honest()


@test()
def a_head_that_comes_in_two_versions_is_read_in_one(ctx):
    """TCP keeps packets that overlap.  The version of a head that is compared
    is the one that the reader gets."""
    with Stage(ctx) as stage:
        def lie(conn, task):
            tcp = conn.tcp
            nop = pdu.Pdu(pdu.NOP_IN, fields=b'\xff\xff\xff\xff' +
                          conn.numbers(False)).head()
            p = conn.data_pdu(task, stage.marker[:task.expected])
            harmless = pdu.Pdu(pdu.NOP_IN, fields=p.fields, data=p.data)
            read = nop + p.head() + p.data
            shown = nop + harmless.head() + p.data
            start = tcp.next
            for at in range(0, len(read), 1000):
                tcp.own(read[at:at + 1000], plain())
            tcp.transmit(start + 40, shown[40:1000], plain())
            tcp.transmit(start, read[:68], plain())
            for at in range(1000, len(read), 1000):
                tcp.transmit(start + at, read[at:at + 1000], plain())

        stage.lie('two versions of a head', lie, {'unsealed-data'})
        stage.honest()


@test()
def what_tcp_has_had_is_history(ctx):
    """Late copies with other bytes and marks neither harm nor help."""
    with Stage(ctx, calm=True) as stage:
        segments = []

        def whole(conn, task):
            segments.extend(answer(conn, task))
            conn.tcp.put(*segments)

        stage.lie('an honest answer', whole, set())
        tcp = stage.peer.tcp

        def late():
            for s in segments:
                tcp.transmit(s.at, stage.marker[:len(s.payload)], plain())
                tcp.transmit(s.at, s.payload, wire.Metadata(
                    True, [(tcp.head_len, 16, 0xdead, 0)]))

        def copies():
            stage.peer.call(late)
            stage.honest()

        stage.watch('late copies', set(), copies)
        check(stage.peer.tcp is tcp, 'the connection was lost')


@test()
def urgent_data_end_the_connection(ctx):
    with Stage(ctx) as stage:
        def urgent(pointer, flags=ACK | PSH | URG):
            def lie(conn, task):
                tcp = conn.tcp
                first, second, *rest = answer(conn, task)
                tcp.put(first)
                tcp.transmit(second.at, second.payload, second.meta,
                             flags=flags, urgent=pointer)
                tcp.put(*rest)
            return lie

        def bare(conn, task):
            """The pointer comes first, the bytes later."""
            tcp = conn.tcp
            tcp.transmit(tcp.next, flags=ACK | URG, urgent=100)
            conn.serve(task)

        stage.lie('an urgent byte of data', urgent(100), {'bad-packet'})
        stage.lie('urgent beyond the segment', urgent(40000), {'bad-packet'})
        stage.lie('a pointer without the flag', urgent(100, ACK), set())
        stage.lie('an urgent pointer without data', bare, {'bad-packet'})
        stage.honest()


@test()
def a_packet_of_an_old_task_is_none_of_the_new_one(ctx):
    """Bytes are sent early, while the tag belongs to one READ, and get in
    order when it belongs to another: they were opened for the first one's
    blocks."""
    with Stage(ctx, calm=True, settings={
            'node.session.cmds_max': '32',
            'node.session.queue_depth': '1'}) as stage:
        block = 512
        base = stage.place(64 * block)
        seen = []
        early = []	# position and bytes

        def first_round(conn, task):
            """How many READs there are until a tag comes again."""
            if task.reads and task.expected == block:
                seen.append(task.itt)
            return False

        def burst(count, skip):
            stage.host.run('timeout 20 dd if=%s of=/share/back bs=%d skip=%d'
                           ' count=%d iflag=direct 2>/dev/null; true'
                           % (stage.disk, block, base // block + skip, count),
                           timeout=60)

        stage.target.script = first_round
        burst(40, 0)
        check(len(set(seen)) < len(seen), 'no tag was used twice')
        period = seen[1:].index(seen[0]) + 1
        check(seen[period:] == seen[:-period], 'tags do not come in turn')
        del seen[:]

        def begin(conn, task):
            if not task.reads or task.expected != block:
                return False
            if not seen:
                tcp = conn.tcp
                # Behind the answers to all READs until the tag is back, and
                # the head of the one that has it.
                at = tcp.next + period * (pdu.BHS + block) + pdu.BHS
                data = stored(conn, task)
                meta = wire.Metadata(True, [(tcp.head_len, block, task.itt,
                                             0)])
                tcp.transmit(at, data, meta)
                early.append((at, data))
                seen.append(task.itt)
                return False
            seen.append(task.itt)
            if len(seen) == period + 1:
                check(task.itt == seen[0], 'another tag')
                # All that is missing is the head.
                at, data = early[0]
                tcp = conn.tcp
                tcp.put(tcp.own(conn.data_pdu(task, data).head(), plain()))
                check(tcp.next == at, 'the bytes do not fit there')
                tcp.next += block
                return True
            return False

        stage.target.script = begin

        def run():
            burst(period + 1, 0)
            with open(stage.host.path('back'), 'rb') as f:
                return f.read()

        got = stage.watch('a tag is used again', {'unsealed-data'}, run)
        stage.target.script = None
        check(len(seen) > period, 'the tag did not come again')
        check(got == stage.data[base:base + len(got)],
              'the initiator got the data of another READ')
        stage.honest()


@test()
def nothing_is_read_before_it_is_checked(ctx):
    """PDUs before the login, in the login, and right behind it, while
    open-iscsi hands the socket over to the kernel."""
    with Stage(ctx, login=False, settings={
            'node.conn[0].timeo.login_timeout': '2'}) as stage:
        def data_in(conn):
            return pdu.Pdu(pdu.DATA_IN, pdu.FINAL | pdu.STATUS, 0,
                           data=stage.marker[:512])

        def nop(conn):
            return pdu.Pdu(pdu.NOP_IN, fields=b'\xff\xff\xff\xff' +
                           conn.numbers(False))

        accept = stage.target.accept
        done = []

        def attempt(what, want):
            """The initiator may try again, and is not bothered then."""
            del done[:]
            works = stage.watch(what, want,
                                lambda: stage.try_login(done, want))
            check(done, what + ': no login has come so far')
            if works:
                stage.honest()
            stage.host.run('iscsiadm -m node -u; iscsiadm -m node -o delete;'
                           ' true', check=False)

        def in_the_syn(tcp):
            accept(tcp)
            if not done:
                done.append(tcp)
                p = data_in(None)
                tcp.transmit(-1, p.head() + p.data, flags=SYN | ACK)

        def first(tcp):
            accept(tcp)
            if not done:
                done.append(tcp)
                stage.target.connection.send(data_in(None))

        stage.target.accept = in_the_syn
        attempt('Data-In in the SYN', [set(), {'bad-stream'},
                                       {'bad-packet'}])
        stage.target.accept = first
        attempt('Data-In in the first bytes', {'bad-stream'})
        stage.target.accept = accept

        def instead(conn, request):
            if not done:
                done.append(conn)
                conn.send(data_in(conn))
            return False

        stage.target.on_login = instead
        attempt('Data-In before a login response', {'bad-stream'})

        def behind(delay, make):
            """After the response that ends the login."""
            def on_login(conn, request):
                if done or request.flags & 0x83 != 0x83:
                    return False
                done.append(conn)
                answer = conn.answer(conn.keys)
                p = conn.login_pdu(request, pdu.text_of(answer))
                conn.declared.update(answer)
                if delay:
                    conn.send(p, session=0)
                    time.sleep(delay)
                    conn.send(make(conn))
                else:
                    conn.tcp.write(conn.pieces(p, session=0) +
                                   conn.pieces(make(conn)))
                conn.end_login(request)
                return True
            return on_login

        # Some of these come while open-iscsi hands the socket over.
        for delay in (0, 0.003, 0.02) if not ctx.quick else (0.02, 0.1):
            stage.target.on_login = behind(delay, nop)
            attempt('NOP-In %d ms behind the login' % (delay * 1000),
                    set())
            stage.target.on_login = behind(delay, data_in)
            attempt('Data-In %d ms behind the login' % (delay * 1000),
                    {'task-unknown'})
