# SPDX-License-Identifier: GPL-2.0
"""Data digests: each end verifies what it holds, the initiator plaintext and
the target ciphertext, and no digest of plaintext leaves."""

import os
import random

from testbed import asymctl, iscsi, modules
from testbed.asymctl import counters
from testbed.peer import pdu
from testbed.peer.disk import WRITES, access
from testbed.peer.stream import metadata
from testbed.sa import Sas
from testbed.suite import check, test

from . import steps, t_4_format as fmt, t_9_peer as honest
from .lies import CHUNK, Stage, stored

DATA = {'node.conn[0].iscsi.DataDigest': 'CRC32C'}
BOTH = dict(DATA, **{'node.conn[0].iscsi.HeaderDigest': 'CRC32C'})


def digests_are_on(host, header=False):
    for part, on in (('data', True), ('header', header)):
        seen = host.run('cat /sys/class/iscsi_connection/*/%s_digest'
                        % part).out.split()
        check(seen == [str(int(on))], '%s digest: %s' % (part, seen))


def no_digest_was_wrong(bed):
    """At either end."""
    # ISCSI_ERR_DATA_DGST
    check('conn error (1015)' not in bed.i.console_text(),
          'the initiator found a wrong data digest')
    check(bed.peer or 'does not match computed' not in bed.t.console_text(),
          'the target found a wrong data digest')
    check(counters(bed.i)['flows_broken'] == 0, 'we found one, or worse')


# ---- data survive, on any network ----

@test({'mtu': 9000, 'header': True},
      {'mtu': 1337, 'no_offload': True, 'header': True},
      {'net': 'loss-5', 'mtu': 1338, 'no_offload': True}, more=(
      {}, {'header': True}, {'mtu': 577}, {'mtu': 4099}, {'net': 'loss-1'},
      {'net': 'reorder', 'header': True},
      {'net': 'all', 'no_offload': True}))
def fio_verifies_with_data_digests(ctx, header=False, mtu=1500, net=None,
                                   no_offload=False):
    bed = ctx.bed(mtu=mtu, offload=not no_offload)
    bed.secure('asym')
    size = (2 if ctx.quick or net else 16) << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size), {
        **(BOTH if header else DATA), **(steps.PATIENCE if net else {})})
    digests_are_on(bed.i, header)
    disk = session.disk()
    if net:
        steps.patient(bed, disk)
        ctx.note(steps.suffer(steps.bad_network(bed, net), net,
                              lambda: steps.fio(ctx, bed.i, disk, size))[0])
    else:
        steps.fio(ctx, bed.i, disk, size)
    no_digest_was_wrong(bed)
    session.logout()


@test()
def cryptsetup_opens_what_was_written_with_data_digests(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    lun = iscsi.Lun(0, size=fmt.SIZE)
    bed.serve([lun])
    key = asymctl.Key('k0')
    key.add(bed.i)
    bed.bind(0, key, 512)
    session = bed.login(BOTH)
    digests_are_on(bed.i, True)
    disk = session.disk()
    sums = fmt.small_fs(bed.i, disk)
    steps.reread(bed.i, disk)
    steps.verify_fs(bed.i, disk, sums)
    no_digest_was_wrong(bed)
    session.logout()
    fmt.dm_crypt_reads(bed, lun, key, 512, sums)


@test({'net': 'loss-1', 'header': True}, more=({}, {'plain': True}))
def three_witnesses_with_data_digests(ctx, net=None, header=False,
                                      plain=False):
    bed = ctx.bed()
    bed.secure('asym')
    size = (2 if ctx.quick else 8) << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size),
                              BOTH if header else DATA, plain=plain)
    digests_are_on(bed.i, header)
    if net:
        steps.bad_network(bed, net)
    res = steps.witnesses(ctx, bed, session, lun, size)
    no_digest_was_wrong(bed)
    check(res.wire == 0, '%d hits on the wire' % res.wire)
    check(not res.foreign and res.esp, 'frames that are not ESP')
    check((res.target == 0) != plain, '%d hits at the target' % res.target)


# ---- what digests say, seen by a target that keeps all of it ----

def _segments(conn, lun_data, log, p):
    """Remember what a data segment is, and what it was."""
    if p.opcode == pdu.COMMAND and p.fields[12] in WRITES:
        log['tasks'][p.itt] = access(p.fields[12:28])[0] * 512
    if p.opcode in (pdu.COMMAND, pdu.DATA_OUT) and p.data:
        at = log['tasks'][p.itt]
        if p.opcode == pdu.DATA_OUT:
            at += p.word(40)
        log['segments'].append((p.data, lun_data[at:at + len(p.data)]))
    return False


def _unsealed_read(conn, task):
    if task.reads:
        conn.send(conn.data_pdu(task, stored(conn, task)))
    return task.reads


@test({'plain': True}, {'mtu': 1001}, more=({}, {'header': True}))
def no_digest_of_plaintext_reaches_the_target(ctx, header=False, plain=False,
                                              mtu=1500):
    """The peer verifies each digest over what it got, as a target does."""
    bed = ctx.bed(peer=True, mtu=mtu)
    bed.secure('asym')
    bed.serve({0: honest.Disk(honest.SIZE)})
    bed.target.answers['DataDigest'] = 'CRC32C'
    bed.target.answers['HeaderDigest'] = 'CRC32C' if header else 'None'
    bed.bind(0, plain=plain)
    if plain:
        bed.target.script = _unsealed_read
    data = os.urandom(honest.SIZE)
    log = {'tasks': {}, 'segments': []}
    bed.target.on_pdu = lambda conn, p: _segments(conn, data, log, p)
    session = bed.login(dict(honest.SETTINGS, **(BOTH if header else DATA)))
    digests_are_on(bed.i, header)
    disk = session.disk()
    honest.write(bed.i, disk, data)
    check(honest.read(bed.i, disk, len(data)) == data,
          'read back something else')
    no_digest_was_wrong(bed)
    session.logout()

    # What is not a data segment: heads and digests.
    rest = bytes(bed.peer.tcp.stream)
    forbidden = []
    for sent, was in log['segments']:
        check((sent == was) == plain, 'a data segment is not what it must be')
        check(rest.count(sent) == 1, 'a data segment is there twice')
        rest = rest.replace(sent, b'')
        forbidden.append(pdu.crc32c(was))
    check(sum(len(s) for s, _ in log['segments']) == honest.SIZE,
          'not everything was seen')
    found = [f for f in forbidden if f in rest]
    ctx.note('%d data segments, %d other bytes, %d digests of plaintext'
             % (len(forbidden), len(rest), len(found)))
    check(found == (forbidden if plain else []),
          '%d of %d digests of plaintext' % (len(found), len(forbidden)))


@test()
def data_of_a_refused_command_have_the_digest_of_zeros(ctx):
    """... and of their padding."""
    bed = ctx.bed(peer=True)
    bed.secure('asym')
    bed.serve({0: honest.Disk(honest.SIZE)})
    bed.target.answers['DataDigest'] = 'CRC32C'
    bed.bind(0)
    seen = []

    def on_pdu(conn, p):
        if p.opcode == pdu.COMMAND and p.fields[12] == 0x61:
            seen.append(p.data)
        return False

    bed.target.on_pdu = on_pdu
    session = bed.login(dict(honest.SETTINGS, **DATA))
    disk = session.disk()
    for length in (512, 513, 518):
        name = bed.i.write('cdb-data', os.urandom(length))
        bed.i.run('sg_raw -s %d -i %s %s 41 00 00 00 00 00 00 00 08 00; true'
                  % (length, name, disk))
    # A wrong digest would have ended the peer's part.
    check(sorted(set(seen)) == [bytes(512), bytes(513), bytes(518)],
          'seen: %s' % [len(s) for s in seen])
    honest.write(bed.i, disk, os.urandom(4096), bs=4096)
    no_digest_was_wrong(bed)
    session.logout()


# ---- what is damaged is noticed ----

ONCE = '''	{
		static bool once;

		if (!once && flow->treatment == ASYM_TREAT_LOCAL &&
		    len >= 4096) {
			once = true;
			((u8 *)page_address(page))[100] ^= 1;
		}
	}
'''
DAMAGE = {
    # The sender has summed up other bytes than those that we read.
    'before_sealing': '		asym_digest_sum(flow, &digest.came,'
                      ' page_address(page), len);\n',
    # Ciphertext, after it has been summed up.
    'after_sealing': '		err = push_blocks(sk, flow, msg, taken,'
                     ' page, 0, len);\n	} else {\n',
}


@test({'where': 'before_sealing', 'immediate': True},
      {'where': 'after_sealing', 'immediate': False}, more=(
      {'where': 'before_sealing', 'immediate': False},
      {'where': 'after_sealing', 'immediate': True}))
def damage_at_the_initiator_is_noticed(ctx, where, immediate):
    bed = ctx.bed()
    old = DAMAGE[where]
    modules.load(bed.i, bed.offload, directory=modules.build_for(
        bed.i, (('esp_asym/block.c', old, ONCE + old),)))
    bed.load([bed.t])
    Sas(bed.i, bed.t, 'asym').install()
    lun = iscsi.Lun(0, size=4 << 20)
    bed.serve([lun])
    bed.bind(0)
    session = bed.login(dict(DATA, **{
        'node.session.iscsi.ImmediateData': 'Yes' if immediate else 'No',
        'node.session.iscsi.InitialR2T': 'No' if immediate else 'Yes'}))
    disk = session.disk()
    data = os.urandom(1 << 20)
    honest.write(bed.i, disk, data)
    # Before, we notice; after, only the target can.
    ours = where == 'before_sealing'
    theirs = 'does not match computed' in bed.t.console_text()
    check(theirs != ours, 'noticed by the target: %s' % theirs)
    c = counters(bed.i)
    check(c['refused-bad-stream'] == int(ours), 'refused by us: %d'
          % c['refused-bad-stream'])
    check(c['flows_started'] > 1, 'nothing was done again')
    steps.reread(bed.i, disk)
    check(honest.read(bed.i, disk, len(data)) == data,
          'read back something else')


class Digests(Stage):
    """A stage with data digests; wrong ones end the connection."""

    def __init__(self, ctx, header=False, **args):
        answers = {'DataDigest': 'CRC32C',
                   'HeaderDigest': 'CRC32C' if header else 'None'}
        super().__init__(ctx, settings=BOTH if header else DATA,
                         answers=answers, **args)

    def complaints(self):
        # ISCSI_ERR_DATA_DGST
        return self.host.console_text().count('detected conn error (1015)')


@test({'header': True}, more=({},))
def damage_at_the_target_is_noticed(ctx, header=False):
    with Digests(ctx, header) as stage:
        def damaged(part, at):
            """A bit of the data or of the digest is another one."""
            def lie(conn, task):
                p = conn.data_pdu(task, stored(conn, task))
                pieces = conn.pieces(p, opaque=(task.itt, 0))
                piece = pieces[part]
                data = bytearray(piece.data)
                data[at] ^= 1 << random.randrange(8)
                piece.data = bytes(data)
                conn.tcp.write(pieces)
            return lie

        for what, part, at in (
                ('first byte of the data', 1, 0),
                ('a byte in the middle', 1, CHUNK // 2 + 5),
                ('last byte of the data', 1, CHUNK - 1),
                *(('byte %d of the digest' % n, 2, n) for n in range(4))):
            before = stage.complaints()
            stage.lie(what, damaged(part, at), set())
            check(stage.complaints() == before + 1,
                  '%s: it was not noticed' % what)
        stage.honest()


@test({'header': True}, more=({},))
def digests_come_in_any_pieces(ctx, header=False):
    """... in any order, and in packets that overlap."""
    with Digests(ctx, header, calm=True) as stage:
        def answer(cut):
            """cut(length) gives (begin, end) of the segments to be sent."""
            def lie(conn, task):
                tcp = conn.tcp
                p = conn.data_pdu(task, stored(conn, task))
                pieces = conn.pieces(p, opaque=(task.itt, 0))
                length = sum(len(x.data) for x in pieces)
                base = tcp.next
                for begin in range(0, length, 1000):
                    tcp.own(*stretch(pieces, begin, min(begin + 1000, length),
                                     tcp.head_len))
                for begin, end in cut(length):
                    tcp.transmit(base + begin, *stretch(pieces, begin, end,
                                                        tcp.head_len))
            return lie

        def step(size):
            return lambda length: [(at, min(at + size, length))
                                   for at in range(0, length, size)]

        def backwards(size):
            return lambda length: step(size)(length)[::-1]

        def digest_first(length):
            """The digest byte by byte before all the rest."""
            return [(length - n, length - n + 1) for n in (2, 4, 1, 3)] + \
                step(1200)(length - 4)

        def digest_last(length):
            return step(999)(length - 4) + [(length - n, length - n + 1)
                                            for n in (4, 3, 2, 1)]

        def overlapping(length):
            """What is there already comes again, cut elsewhere."""
            return [(1400, 2600), (0, 900), (900, 1700), (2500, 3700),
                    (2600, 3500), (4000, 5000), (3600, 4800)] + \
                [(at, at + 800) for at in range(4800, length - 1100, 500)] + \
                [(length - 3, length), (length - 1200, length - 2),
                 (length - 600, length - 1)]

        before = stage.complaints()
        for what, cut in (
                ('1300 bytes', step(1300)), ('61 bytes', step(61)),
                ('16 bytes', step(16)), ('7 bytes', step(7)),
                ('backwards', backwards(1300)),
                ('backwards, 411 bytes', backwards(411)),
                ('digest first', digest_first), ('digest last', digest_last),
                ('overlapping', overlapping)):
            connections = counters(stage.host)['flows_started']
            stage.lie(what, answer(cut), set())
            check(counters(stage.host)['flows_started'] == connections,
                  '%s: the connection was lost' % what)
        check(stage.complaints() == before, 'a right digest was wrong')
        stage.honest()


def stretch(pieces, begin, end, head):
    """(payload, metadata) of bytes of a list of pieces."""
    parts = []
    at = 0
    for piece in pieces:
        first, last = max(begin - at, 0), min(end - at, len(piece.data))
        if first < last:
            parts.append((piece, first, last))
        at += len(piece.data)
    return b''.join(p.data[a:b] for p, a, b in parts), metadata(parts, head)


# ---- negotiation ----

@test()
def data_digest_that_was_not_offered_is_refused(ctx):
    with Stage(ctx, login=False) as stage:
        tried = []

        def on_login(conn, p):
            keys = pdu.keys_of(p.data)
            if 'DataDigest' not in keys:
                return False
            tried.append(conn)
            conn.finish_login(p, dict(conn.answer(keys),
                                      DataDigest='CRC32C'))
            return True

        stage.target.on_login = on_login
        want = {'bad-stream'}
        worked = stage.watch('the login', want,
                             lambda: stage.try_login(tried, want))
        check(tried and not worked, 'logged in')
