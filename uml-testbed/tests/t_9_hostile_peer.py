# SPDX-License-Identifier: GPL-2.0
"""A target that holds the SA keys, follows the wire format where it likes to,
and wants the initiator to take data of its choosing for the disk's."""

from testbed.peer import pdu
from testbed.peer.disk import CHECK_CONDITION, sense
from testbed.peer.stream import Piece, metadata
from testbed.suite import check, test

from .lies import CHUNK, Stage, stored

HALF = CHUNK // 2


@test()
def data_that_are_not_sealed_are_not_believed(ctx):
    with Stage(ctx) as stage:
        fake = stage.marker

        def all_plain(conn, task):
            conn.send(conn.data_pdu(task, fake[:task.expected]))

        def one_pdu_of_two(conn, task):
            data = stored(conn, task)
            first = conn.data_pdu(task, data[:HALF], final=False)
            conn.send(first, opaque=(task.itt, 0))
            conn.send(conn.data_pdu(task, fake[:HALF], HALF, 1))

        def part(begin, end):
            """Bytes of one Data-In come unsealed."""
            def lie(conn, task):
                data = stored(conn, task)
                p = conn.data_pdu(task, data)
                conn.tcp.write([
                    Piece(p.head()),
                    Piece(data[:begin], (task.itt, 0)),
                    Piece(fake[:end - begin]),
                    Piece(data[end:], (task.itt, end))])
            return lie

        def last_byte(conn, task):
            data = stored(conn, task)
            p = conn.data_pdu(task, data)
            # An edge completes the block for the range, the byte itself
            # comes unsealed.
            whole = Piece(data, (task.itt, 0))
            head = conn.tcp.head_len
            conn.tcp.write([Piece(p.head())])
            size = 1024
            for at in range(0, len(data), size):
                chunk = data[at:at + size]
                last = at + size == len(data)
                meta = metadata([(whole, at, at + size - last)], head)
                conn.tcp.put(conn.tcp.own(
                    chunk[:-1] + fake[:1] if last else chunk, meta))

        for what, lie in (
                ('all of it', all_plain),
                ('the second of two PDUs', one_pdu_of_two),
                ('the first block', part(0, 16)),
                ('a block in the middle', part(4096, 4112)),
                ('the last block', part(CHUNK - 16, CHUNK)),
                ('the last byte', last_byte)):
            stage.lie('plaintext: ' + what, lie, {'unsealed-data'})
        stage.honest()


@test()
def marks_must_agree_with_the_heads(ctx):
    with Stage(ctx, luns=(0, 1)) as stage:
        fake = stage.marker

        def marked(itt=0, offset=0):
            """Honest data, whose marks name another task or place."""
            def lie(conn, task):
                p = conn.data_pdu(task, stored(conn, task))
                conn.send(p, opaque=(task.itt + itt & 0xffffffff,
                                     offset & 0xffffffff))
            return lie

        def exchanged(conn, task):
            """All of it comes, all within the buffer."""
            data = stored(conn, task)
            conn.send(conn.data_pdu(task, data[:HALF], final=False),
                      opaque=(task.itt, HALF))
            conn.send(conn.data_pdu(task, data[HALF:], HALF, 1),
                      opaque=(task.itt, 0))

        def head_says(**args):
            """Honest marks, another head."""
            def lie(conn, task):
                p = conn.data_pdu(task, stored(conn, task), **args)
                conn.send(p, opaque=(task.itt, 0))
            return lie

        def sense_data(conn, task):
            data = sense(3, 0x1100).ljust(32, b'\0')
            conn.status(task, CHECK_CONDITION, data, opaque=(task.itt, 0))

        def head(conn, task):
            p = conn.data_pdu(task, stored(conn, task))
            conn.tcp.write([Piece(p.head(), (task.itt, 0)),
                            Piece(p.data, (task.itt, 0))])

        def half_a_head(conn, task):
            p = conn.data_pdu(task, stored(conn, task))
            conn.tcp.write([Piece(p.head()[:32]),
                            Piece(p.head()[32:], (task.itt, 0)),
                            Piece(p.data, (task.itt, 0))])

        def nop(conn, task):
            conn.send(pdu.Pdu(pdu.NOP_IN, fields=b'\xff\xff\xff\xff' +
                              conn.numbers(False), data=bytes(512)),
                      opaque=(task.itt, 0))

        def alias(conn, task):
            # open-iscsi looks at some bits of the tag only.
            conn.send(conn.data_pdu(task, fake[:task.expected],
                                    itt=task.itt ^ 0x00010000))

        def unknown(conn, task):
            conn.send(conn.data_pdu(task, fake[:task.expected],
                                    itt=0x00001234))

        for what, lie, want in (
                ('marks of an unknown task', marked(itt=0x700),
                 {'task-unknown'}),
                # TCP may have the first segments before the last one comes.
                ('marks 512 further', marked(offset=512),
                 [{'unsealed-data'}, {'task-range'}]),
                ('marks of two halves exchanged', exchanged,
                 {'unsealed-data'}),
                ('marks at the end of 4 GiB', marked(offset=-512),
                 {'task-range'}),
                ('marks beyond the buffer', marked(offset=CHUNK),
                 {'task-range'}),
                ('head says another place', head_says(offset=16),
                 {'unsealed-data'}),
                ('head says 4 GiB', head_says(offset=-512), {'bad-stream'}),
                ('head of an unknown task', unknown, {'task-unknown'}),
                ('head of an alias of the task', alias, {'task-unknown'}),
                ('opaque sense data', sense_data, {'bad-packet'}),
                ('opaque head', head, {'bad-packet'}),
                ('half of the head opaque', half_a_head, {'bad-packet'}),
                ('opaque NOP-In', nop, {'bad-packet'})):
            stage.lie(what, lie, want)
        stage.honest()


@test()
def marks_of_another_lun_or_command_are_refused(ctx):
    """... while its own READ waits."""
    with Stage(ctx, luns=(0, 1), calm=True) as stage:
        other = stage.session.disk(1)

        def pair(what, answer, want, second):
            """A READ of LUN 0 waits until a second command is there."""
            waiting = []

            def script(conn, task):
                if task.reads and task.lun == 0 and not waiting:
                    waiting.append(task)
                    return True
                if len(waiting) == 1 and second(task):
                    waiting.append(task)
                    answer(conn, waiting[0], task)
                    return True
                return False

            at = stage.place()

            def run():
                job = stage.host.start(
                    'dd if=%s of=/share/first bs=%d skip=%d count=1'
                    ' iflag=direct,skip_bytes 2>/dev/null'
                    % (stage.disk, CHUNK, at), timeout=60)
                stage.peer.wait('the first READ', lambda: waiting)
                stage.host.run('dd if=%s of=/share/second bs=%d count=1'
                               ' skip=%d iflag=direct,skip_bytes 2>/dev/null;'
                               ' sg_inq %s > /dev/null; true'
                               % (other, CHUNK, at, stage.disk), timeout=60)
                job.wait()

            stage.target.script = script
            stage.watch(what, want, run)
            stage.target.script = None
            check(len(waiting) == 2, 'the two commands never met')
            for name in ('first', 'second'):
                with open(stage.host.path(name), 'rb') as f:
                    check(f.read() == stage.data[at:at + CHUNK],
                          '%s: %s READ got something else' % (what, name))

        def read_of_lun_1(task):
            return task.reads and task.lun == 1

        def inquiry(task):
            return task.cdb[0] == 0x12

        def exchanged(conn, first, second):
            conn.send(conn.data_pdu(first, stored(conn, second)),
                      opaque=(second.itt, 0))
            conn.serve(second)

        def inquiry_marked(conn, first, second):
            data = conn.target.luns[0].parameters(second.cdb)[:32]
            conn.send(conn.data_pdu(second, data,
                                    residual=second.expected - 32),
                      opaque=(first.itt, 0))

        def inquiry_own_mark(conn, first, second):
            data = conn.target.luns[0].parameters(second.cdb)[:32]
            conn.send(conn.data_pdu(second, data,
                                    residual=second.expected - 32),
                      opaque=(second.itt, 0))

        pair('data of the other LUN', exchanged, {'unsealed-data'},
             read_of_lun_1)
        pair("INQUIRY with a READ's mark", inquiry_marked, {'bad-packet'},
             inquiry)
        pair('INQUIRY with its own mark', inquiry_own_mark, {'task-range'},
             inquiry)
        stage.honest()


@test()
def lengths_that_lie_are_refused(ctx):
    with Stage(ctx) as stage:
        fake = stage.marker

        def ahs(conn, task):
            data = stored(conn, task)
            p = conn.data_pdu(task, data, ahs_words=255)
            conn.send(p, opaque=(task.itt, 0))

        def ahs_of_text(conn, task):
            """What the AHS swallows is what a reader without one believes."""
            p = conn.data_pdu(task, fake[:task.expected], ahs_words=4)
            conn.tcp.write([Piece(p.head()), Piece(p.data[:16]),
                            Piece(p.data[16:])])

        def longer(conn, task):
            p = conn.data_pdu(task, stored(conn, task)[:HALF], final=False,
                              data_len=HALF + 512)
            conn.send(p, opaque=(task.itt, 0))
            conn.send(conn.data_pdu(task, fake[:HALF], HALF, 1))

        def shorter(conn, task):
            p = conn.data_pdu(task, stored(conn, task), data_len=HALF,
                              final=False)
            conn.send(p, opaque=(task.itt, 0))

        def one_more(conn, task):
            data = stored(conn, task)
            p = conn.data_pdu(task, data, data_len=len(data) + 1)
            conn.send(p, opaque=(task.itt, 0))
            conn.tcp.write([Piece(fake[:4])])

        def opcode(conn, task):
            p = conn.data_pdu(task, stored(conn, task))
            p.opcode = 0x2f
            conn.send(p, opaque=(task.itt, 0))

        def login_again(conn, task):
            conn.send(conn.login_pdu(task.command, b'DataDigest=CRC32C\0',
                                     flags=0x87))

        for what, lie, want in (
                ('AHS in place of data', ahs, {'bad-packet'}),
                ('AHS of plaintext', ahs_of_text, {'unsealed-data'}),
                ('data longer than sent', longer, {'unsealed-data'}),
                # open-iscsi does not take these heads either, if they come first.
                ('data shorter than sent', shorter, [{'bad-packet'}, set()]),
                ('one byte of data more', one_more,
                 [{'unsealed-data'}, set()]),
                ('unknown opcode', opcode, {'bad-stream'}),
                ('a login in the middle', login_again, {'bad-stream'})):
            stage.lie(what, lie, want)
        stage.honest()


@test()
def what_nobody_can_take_for_plaintext_is_left_to_the_iscsi_layer(ctx):
    """Sealed data that overlap, other blocks' data, tasks that are over: no
    refusal of ours is needed, and none of it is plaintext."""
    with Stage(ctx) as stage:
        def overlapping(conn, task):
            data = stored(conn, task)
            for sn, at in enumerate((0, HALF // 2, HALF)):
                p = conn.data_pdu(task, data[at:at + HALF], at, sn, sn == 2)
                conn.send(p, opaque=(task.itt, at))

        def other_place(conn, task):
            data = bytes(conn.target.luns[0].data[:task.expected])
            conn.send(conn.data_pdu(task, data), opaque=(task.itt, 0))

        def marker(conn, task):
            conn.send(conn.data_pdu(task, stage.marker[:task.expected]),
                      opaque=(task.itt, 0))

        def odd_edge(conn, task):
            """A block is cut, and its edge says something else."""
            data = stored(conn, task)
            p = conn.data_pdu(task, data)
            conn.tcp.write([Piece(p.head())])
            head = conn.tcp.head_len
            for begin, end in ((0, 1000), (1000, len(data))):
                for at in range(begin, end, 1000):
                    to = min(at + 1000, end)
                    meta = metadata([(Piece(data, (task.itt, 0)), at, to)],
                                    head)
                    if at == 1000:
                        meta.before = b'edgeedge'
                    conn.tcp.put(conn.tcp.own(data[at:to], meta))

        def twice(conn, task):
            data = stored(conn, task)
            conn.send(conn.data_pdu(task, data), opaque=(task.itt, 0))
            conn.send(conn.data_pdu(task, data), opaque=(task.itt, 0))

        stage.lie('overlapping halves', overlapping, set())
        got = stage.lie('data of another place', other_place, set(),
                        garbage=True)
        check(got and got != stage.data[:CHUNK], 'a copy of another place')
        stage.lie('the marker as ciphertext', marker, set(), garbage=True)
        before = stage.lie('an edge that does not fit', odd_edge, set(),
                           garbage=True)
        check(len(before) == CHUNK, 'an edge ended the READ')
        # libiscsi drops the connection; data have been delivered once.
        stage.lie('a READ answered twice', twice, set())
        stage.honest()
