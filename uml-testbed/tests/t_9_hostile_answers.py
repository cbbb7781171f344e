# SPDX-License-Identifier: GPL-2.0
"""A target whose packets are in order and whose answers are not: commands that
were refused, data that do not come, block sizes that change, R2Ts for what
nobody writes."""

import os
import struct

from testbed import asymctl
from testbed.peer import pdu
from testbed.peer.disk import CHECK_CONDITION, WRITES, access, sense
from testbed.suite import check, test

from . import t_9_peer as honest
from .lies import CHUNK, Stage, stored

HALF = CHUNK // 2
RESERVED = 0x61		# what a refused command becomes


def rescan(stage):
    stage.host.run('echo 1 > /sys/block/%s/device/rescan'
                   % stage.disk.split('/')[-1], check=False)


@test()
def a_refused_read_brings_no_data(ctx):
    """A command that is refused goes out as one that no target knows.  A
    hostile one answers it."""
    with Stage(ctx) as stage:
        answered = []

        def answer(lie):
            def script(conn, task):
                if task.cdb[0] != RESERVED or not task.expected:
                    return False
                answered.append(task)
                lie(conn, task)
                return True
            return script

        def data(conn, task):
            conn.send(conn.data_pdu(task, stage.marker[:task.expected]))

        def success(conn, task):
            conn.status(task)

        asymctl.ctl(stage.host, 'key del k0')
        for what, lie in (('data', data), ('success', success)):
            del answered[:]
            stage.target.script = answer(lie)
            at = stage.place()
            got = stage.watch('a READ without a key: ' + what, {
                'key-missing', 'unsealed-data'}, lambda: stage.read(at))
            check(answered, 'no refused READ has come')
            check(not got, 'the initiator got something')


@test()
def a_read_that_succeeds_has_all_its_data(ctx):
    """What the pages of a buffer held before is not what the disk holds, and
    a target may have a hand in it."""
    with Stage(ctx) as stage:
        def head(data, at=0, final=False, sn=0, **args):
            """Sealed data from 0 up to data, and no more."""
            def lie(conn, task):
                p = conn.data_pdu(task, stored(conn, task)[at:data], at, sn,
                                  final, **args)
                conn.send(p, opaque=(task.itt, at))
            return lie

        def status(status=0, sense=b'', first=None, residual=0):
            """A response, behind what first has sent."""
            def lie(conn, task):
                if first:
                    first(conn, task)
                p = conn.response_pdu(task, status, sense)
                if residual:
                    p.flags |= 0x02
                    p.fields = p.fields[:24] + struct.pack('>I', residual)
                conn.send(p)
            return lie

        def pdus(*parts):
            """Data-In PDUs of these (begin, end); the last has the status."""
            def lie(conn, task):
                data = stored(conn, task)
                for sn, (begin, end) in enumerate(parts):
                    p = conn.data_pdu(task, data[begin:end], begin, sn,
                                      sn == len(parts) - 1)
                    conn.send(p, opaque=(task.itt, begin))
            return lie

        def medium(block, first, fixed=True):
            """A medium error at a block of the READ, and the data that
            first sends in front of it."""
            def lie(conn, task):
                lba = access(task.cdb)[0] + block
                if fixed:
                    data = struct.pack('>BxBI', 0xf0, 3, lba).ljust(18, b'\0')
                else:
                    data = struct.pack('>BB5xBBBBxQ', 0x72, 3, 12, 0, 10,
                                       0x80, lba)
                status(CHECK_CONDITION, struct.pack('>H', len(data)) + data,
                       first)(conn, task)
            return lie

        def cut(lie, size):
            """... in segments of size bytes."""
            def small(conn, task):
                conn.tcp.features.cut = size
                lie(conn, task)
                conn.tcp.features.cut = None
            return small

        short = sense(3, 0x1100)[:2 + 8]
        blocks = HALF // 512
        for what, lie in (
                ('status without data', status()),
                ('status after half of the data', status(first=head(HALF))),
                ('status with half of the data', head(HALF, final=True)),
                ('data with a hole', pdus((0, 512), (CHUNK - 512, CHUNK))),
                ('the first half twice', pdus((0, HALF), (0, HALF))),
                ('the second half first', pdus((HALF, CHUNK), (0, HALF))),
                ('a residual that lies', head(HALF, final=True,
                                              residual=512)),
                ('a residual of too much', status(residual=CHUNK + 512)),
                ('condition met', status(0x04)),
                ('a reserved bit of the status', status(0x01)),
                ('recovered error without data',
                 status(CHECK_CONDITION, sense(1, 0x1700))),
                ('no sense', status(CHECK_CONDITION, sense(0, 0))),
                ('sense of one byte', status(
                    CHECK_CONDITION, b'\0\1' + sense(3, 0x1100)[2:])),
                ('medium error behind half of it, without data',
                 medium(blocks, None)),
                ('... in descriptor format', medium(blocks, None, False)),
                ('... with less data than that',
                 medium(blocks, head(HALF - 512))),
                ('recovered error, byte by byte', cut(
                    status(CHECK_CONDITION, sense(1, 0x1700)), 1))):
            stage.lie(what, lie, {'unsealed-data'})

        # What honest targets do.  The SCSI layer asks again.
        for what, lie in (
                ('a short answer that says so',
                 head(HALF, final=True, residual=CHUNK - HALF)),
                ('busy', status(0x08)),
                ('task set full', status(0x28)),
                ('unit attention', status(CHECK_CONDITION, sense(6, 0x2900))),
                ('unit attention, byte by byte', cut(
                    status(CHECK_CONDITION, sense(6, 0x2900)), 1)),
                ('recovered error with all data', status(
                    CHECK_CONDITION, sense(1, 0x1700), head(CHUNK))),
                ('half of it and a medium error', medium(
                    blocks, head(HALF)))):
            stage.lie(what, lie, set())
        for what, lie in (
                ('medium error', status(CHECK_CONDITION, sense(3, 0x1100))),
                ('a short medium error', status(CHECK_CONDITION, b'\0\x08' +
                                                short[2:]))):
            stage.lie(what, lie, set(), garbage=True)
        stage.honest()


@test({'note': 4096, 'data': 512}, {'note': 520, 'data': 512}, more=(
      {'note': 512, 'data': 4096}, {'note': 4096, 'data': 4096}))
def a_block_size_that_changes_moves_no_address(ctx, note, data):
    with Stage(ctx) as stage:
        def script(conn, task):
            size = {0x25: 4, 0x9e: 8}.get(task.cdb[0])
            if not size:
                return False
            answer = bytearray(conn.target.luns[0].parameters(task.cdb))
            answer[size:size + 4] = struct.pack('>I', data)
            answer = bytes(answer[:task.expected])
            conn.send(conn.data_pdu(task, answer), block_size=(task.itt, note))
            return True

        stage.target.script = script
        rescanned = [{'block-size-changed'}] if note == 4096 else \
            [{'block-size-unknown'}] if note == 520 else [set()]
        # The kernel may look at the disk while it rescans.
        stage.watch('READ CAPACITY', rescanned + [
            r | {'refused-command'} for r in rescanned] + [
            r | {'key-missing'} for r in rescanned],
            lambda: rescan(stage))
        reads = len(stage.target.commands)
        at = stage.place()
        got = stage.read(at)
        lbas = {struct.unpack_from('>xxI', t.cdb)[0]
                for t in stage.target.commands[reads:]
                if t.reads and t.cdb[0] == 0x28}
        check(lbas <= {at // 512}, 'READs of other blocks: %s' % lbas)
        check(got in (b'', stage.data[at:at + CHUNK]),
              'the initiator got something else')
        # What may be written is where and what it has to be.
        stored_before = bytes(stage.target.luns[0].data)
        stage.host.run('timeout 20 dd if=/dev/zero of=%s bs=4096 count=1'
                       ' seek=8 oflag=direct 2>/dev/null; true' % stage.disk,
                       timeout=60)
        after = bytes(stage.target.luns[0].data)
        changed = {i // 4096 for i in range(0, len(after), 512)
                   if after[i:i + 512] != stored_before[i:i + 512]}
        check(changed <= {8}, 'blocks %s were written' % changed)
        check(b'\0' * 16 not in after, 'plaintext was written')


@test()
def nothing_leaves_that_was_not_to_be_written(ctx):
    """R2Ts that ask for more, for other places, or for the buffer of a
    READ."""
    with Stage(ctx, settings={
            'node.session.iscsi.ImmediateData': 'No'}) as stage:
        def r2t(offset=0, length=None, itt=None):
            def lie(conn, task):
                p = conn.r2t_pdu(task, offset, length or task.expected)
                if itt is not None:
                    p.itt = itt
                conn.send(p)
            return lie

        def read_first(conn, task):
            """Half of a READ's data, and then an R2T for them."""
            data = stored(conn, task)
            half = len(data) // 2
            p = conn.data_pdu(task, data[:half], final=False)
            conn.send(p, opaque=(task.itt, 0))
            p = conn.r2t_pdu(task, 0, half)
            p.fields = p.fields[:16] + struct.pack('>I', 1) + p.fields[20:]
            conn.send(p)

        def write(what, lie, want):
            at = stage.place()
            done = []

            def script(conn, task):
                if done or task.cdb[0] not in WRITES:
                    return False
                done.append(task)
                lie(conn, task)
                return True

            stage.target.script = script
            data = os.urandom(CHUNK)
            stage.watch(what, want, lambda: honest.write(
                stage.host, stage.disk, data, at, CHUNK))
            stage.target.script = None
            check(done, '%s: the WRITE never came' % what)
            stage.data = stage.data[:at] + data + stage.data[at + CHUNK:]
            check(stage.read(at) == data, '%s: it was not written' % what)

        sent = []

        def on_pdu(conn, p):
            if p.opcode == pdu.DATA_OUT:
                sent.append((p.itt, p.word(40), len(p.data)))
            return False

        stage.target.on_pdu = on_pdu
        # open-iscsi has its own opinion of these.
        write('R2T beyond the data', r2t(CHUNK, 512), set())
        write('R2T for more than there is', r2t(0, CHUNK + 512), set())
        write('R2T that wraps', r2t(0xfffffe00, 1024), set())
        write('R2T of an unknown task', r2t(itt=0x1234), set())
        write('R2T inside of a cipher block', r2t(8, 512), {'task-range'})
        stage.lie("R2T for a READ's buffer", read_first, set())
        for itt, offset, length in sent:
            check(offset + length <= CHUNK, 'Data-Out beyond the buffer')
        stage.honest()
