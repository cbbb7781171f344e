# SPDX-License-Identifier: GPL-2.0
"""A target that negotiates what was not offered, says one thing in text and
another in notes, and sends text that no login should hold."""

from testbed.peer import pdu
from testbed.peer.pdu import text_of
from testbed.suite import check, test

from .lies import Stage

class Logins:
    """Attempts to log in on one stage, each against another target."""

    def __init__(self, stage):
        self.stage = stage

    def attempt(self, what, respond, want, works=None, settings=None):
        """respond(connection, request, answer) sends the response that ends
        the login, or lets it be sent (None).  works: must the login succeed?
        Then data have to be right; None: the initiator may do as it likes."""
        stage = self.stage
        seen = []

        def on_login(conn, request):
            if request.flags & 0x83 != 0x83:
                return False
            seen.append(conn)
            return respond(conn, request, conn.answer(
                pdu.keys_of(request.data)))

        stage.target.on_login = on_login
        base = dict(stage.settings)
        stage.settings.update(settings or {})
        if works:
            # It is over when the target has answered, and no sooner.
            stage.settings['node.conn[0].timeo.login_timeout'] = '15'
        worked = stage.watch(what, want,
                             lambda: stage.try_login(seen, want))
        check(seen, what + ': no login has come so far')
        if works is not None:
            check(worked == works, '%s: login %s' % (what, worked))
        if worked:
            stage.honest()
        stage.target.on_login = None
        stage.settings.clear()
        stage.settings.update(base)
        stage.host.run('iscsiadm -m node -u; iscsiadm -m node -o delete; true',
                       check=False)


def respond_with(change, session=None):
    """Answer with other keys; change gets the dictionary."""
    def respond(conn, request, answer):
        change(answer)
        conn.declared.update(answer)
        digests = conn.digests() if session is None else session
        conn.send(conn.login_pdu(request, text_of(answer)), session=digests)
        conn.end_login(request)
        return True
    return respond


def text(make):
    """Answer with text that make(text of the answer) returns."""
    def respond(conn, request, answer):
        conn.declared.update(answer)
        conn.send(conn.login_pdu(request, make(text_of(answer))), session=0)
        conn.end_login(request)
        return True
    return respond


def hasty(ctx):
    """An attempt that fails takes this long."""
    return {'node.conn[0].timeo.login_timeout': '5' if ctx.quick else '2'}


HEADER = {'node.conn[0].iscsi.HeaderDigest': 'CRC32C,None'}


@test()
def digests_are_what_both_sides_have_agreed_on(ctx):
    with Stage(ctx, login=False, settings=hasty(ctx)) as stage:
        logins = Logins(stage)

        def says(**keys):
            return respond_with(lambda answer: answer.update(keys))

        for what, respond, want, works, settings in (
                ('HeaderDigest not offered', says(HeaderDigest='CRC32C'),
                 {'bad-stream'}, False, None),
                # open-iscsi does not take these either.
                ('two HeaderDigests', says(HeaderDigest='CRC32C,None'),
                 set(), False, HEADER),
                ('an unknown HeaderDigest', says(HeaderDigest='MD5'),
                 set(), False, None),
                ('HeaderDigest, offered', says(HeaderDigest='CRC32C'),
                 set(), True, HEADER),
                ('a note that denies HeaderDigest',
                 respond_with(lambda a: a.update(HeaderDigest='CRC32C'), 0),
                 set(), True, HEADER),
                ('a note that invents HeaderDigest',
                 respond_with(lambda a: a.update(HeaderDigest='None'), 1),
                 set(), True, HEADER),
                ('a note that invents both',
                 respond_with(lambda a: None, 3), set(), True, None)):
            logins.attempt(what, respond, want, works, settings)


@test()
def data_come_in_order_or_not_at_all(ctx):
    """What has come of a READ is counted from its start."""
    with Stage(ctx, login=False, settings=hasty(ctx)) as stage:
        logins = Logins(stage)
        for key in ('DataPDUInOrder', 'DataSequenceInOrder'):
            for value, want, works in (('No', {'bad-stream'}, False),
                                       ('Yes', set(), True)):
                logins.attempt('%s=%s' % (key, value), respond_with(
                    lambda answer, key=key, value=value: answer.update(
                        {key: value})), want, works)


@test()
def text_that_no_login_should_hold_is_refused(ctx):
    with Stage(ctx, login=False, settings=hasty(ctx)) as stage:
        logins = Logins(stage)

        def split(at, flags=0x44):
            """The text in two responses, the first with the C bit."""
            def respond(conn, request, answer):
                whole = text_of(answer)
                conn.declared.update(answer)
                conn.send(conn.login_pdu(request, whole[:at], flags=flags),
                          session=0)
                conn.send(conn.login_pdu(request, whole[at:]), session=0)
                conn.end_login(request)
                return True
            return respond

        def huge(size):
            return text(lambda t: t + b'X-a=' + b'a' * size + b'\0')

        def claims(length):
            """A length of text that is not there."""
            def respond(conn, request, answer):
                p = conn.login_pdu(request, text_of(answer),
                                   data_len=length)
                conn.send(p, session=0)
                return True
            return respond

        def no_end(conn, request, answer):
            """Partial responses for ever."""
            for _ in range(200):
                conn.send(conn.login_pdu(request, b'X-a=b\0', flags=0x04),
                          session=0)
            return True

        any_way = None
        for what, respond, want, works in (
                ('doubled NULs', text(lambda t: t.replace(
                    b'\0', b'\0\0\0')), [set(), {'bad-stream'}], any_way),
                ('no NUL at the end', text(lambda t: t[:-1]),
                 {'bad-stream'}, False),
                ('a key without a value', text(lambda t: t + b'X-key\0'),
                 {'bad-stream'}, False),
                ('a value without a key', text(lambda t: t + b'=x\0'),
                 {'bad-stream'}, False),
                ('a key of 64 bytes', text(
                    lambda t: t + b'X' * 64 + b'=x\0'), [set(), {
                        'bad-stream'}], any_way),
                ('a digest twice', text(
                    lambda t: t + b'HeaderDigest=None\0'
                                  b'HeaderDigest=CRC32C\0'),
                 {'bad-stream'}, False),
                ('bytes that are no ASCII', text(
                    lambda t: t + bytes(range(128, 200)) + b'=x\0'),
                 [set(), {'bad-stream'}], any_way),
                ('a value of 300 bytes', huge(300), set(), any_way),
                ('a value of 7000 bytes', huge(7000), set(), any_way),
                ('64 KiB of text', huge(65536), {'bad-stream'}, False),
                ('text that never comes', claims(60000), [set(), {
                    'bad-stream'}], False),
                ('the largest length', claims(0xffffff), {'bad-stream'},
                 False),
                ('split in a key', split(10), [set(), {'bad-stream'}],
                 any_way),
                ('split in a digest', split(len('HeaderDigest=No')),
                 [set(), {'bad-stream'}], any_way),
                ('split without the C bit', split(10, 0x04), {'bad-stream'},
                 False),
                ('200 responses', no_end, [set(), {'bad-stream'}], False)):
            logins.attempt(what, respond, want, works)
        logins.attempt('an honest login', lambda c, r, a: False, set(), True)


@test()
def lengths_that_cut_cipher_blocks_send_no_plaintext(ctx):
    """The target may declare what it likes for what it is to receive."""
    with Stage(ctx, login=False, settings={
            'node.conn[0].timeo.login_timeout': '15',
            'node.session.iscsi.InitialR2T': 'No'}) as stage:
        logins = Logins(stage)
        secret = stage.marker

        def write():
            stage.host.write('secret', secret)
            stage.host.run('timeout 15 dd if=/share/secret of=%s bs=%d'
                           ' oflag=direct 2>/dev/null; true'
                           % (stage.disk, len(secret)), timeout=60)

        def received():
            return any(secret[:16] in c.stream or secret[16:32] in c.stream
                       for c in stage.peer.connections)

        # open-iscsi does not take the last one.
        for key, value, works in (
                ('MaxRecvDataSegmentLength', '1000', True),
                ('MaxRecvDataSegmentLength', '513', True),
                ('FirstBurstLength', '1000', True),
                ('MaxBurstLength', '1000', False)):
            def respond(conn, request, answer, key=key, value=value):
                seen.append(conn)
                answer[key] = value
                conn.finish_login(request, answer)
                return True

            stage.target.on_login = lambda conn, request: (
                request.flags & 0x83 == 0x83 and
                respond(conn, request, conn.answer(
                    pdu.keys_of(request.data))))
            seen = []
            worked = stage.try_login(seen)
            check(worked == works, '%s=%s: login %s' % (key, value, worked))
            if not works:
                continue
            stage.watch('%s=%s' % (key, value), [
                {'task-range'}, {'refused-command'},
                {'task-range', 'refused-command'}],
                write)
            check(not received(), '%s=%s: plaintext was sent' % (key, value))
            stage.host.run('iscsiadm -m node -u; iscsiadm -m node -o delete;'
                           ' true', check=False)
        stage.target.on_login = None
        logins.attempt('an honest login', lambda c, r, a: False, set(), True)
