# SPDX-License-Identifier: GPL-2.0
"""An initiator in user space: whichever way it takes bytes from the socket, it
gets none that have not been judged, and in whichever pieces it gives bytes to
it, they leave sealed."""

import os

from testbed import program
from testbed.asymctl import counters
from testbed.sa import batch
from testbed.suite import check, test

from . import steps, xts
from .lies import CHUNK, PATIENCE, Stage

BHS = 48
EOPNOTSUPP = 'Operation not supported'

# How initiator.c reads.
PATHS = ('recv', 'waitall', 'peek', 'splice', 'map', 'busy')
MARKS = ('mark-before', 'mark-after', 'mark-epoll', 'mark-splice')


class Reader:
    def __init__(self, stage):
        self.stage = stage
        self.tool = program.path(stage.host, 'initiator')

    def run(self, how, at, meanwhile=None):
        """What comes for a READ, and what the program says of itself."""
        host = self.stage.host
        pid = host.run('timeout %d %s read %s %s %d %s %d %d > /share/back'
                       ' 2>/share/said < /dev/null & echo $!'
                       % (PATIENCE * host.slow, self.tool, how,
                          self.stage.peer.addr, self.stage.target.port,
                          self.stage.target.iqn, at // 512, CHUNK // 512)).out
        if meanwhile:
            meanwhile()
        host.poll('! [ -d /proc/%d ]' % int(pid), PATIENCE * host.slow + 20)
        with open(host.path('back'), 'rb') as f:
            data = f.read()
        with open(host.path('said'), encoding='utf-8') as f:
            return data, f.read()


@test({'ways': 'paths'}, {'ways': 'marks'})
def no_way_to_read_is_ahead_of_the_judge(ctx, ways):
    """Each way is seen to bring what an honest target sends, and nothing of
    what a lying one does.  Below the low-water mark of a socket TCP has bytes
    that it tells nobody of, and gives to whoever reads: it stays at 1."""
    with Stage(ctx, login=False, calm=True) as stage:
        reader = Reader(stage)
        for how in PATHS if ways == 'paths' else MARKS:
            at = stage.place()
            data, said = stage.watch(how + ': the truth', set(),
                                     lambda: reader.run(how, at))
            check(data[BHS:] == stage.data[at:at + CHUNK],
                  '%s: %d bytes came: %s' % (how, len(data), said))
            check('the mark is 1\n' in said, '%s: %s' % (how, said))
            # Before the connection nobody knows what it will be.
            late = how in ('mark-after', 'mark-epoll', 'mark-splice')
            check((EOPNOTSUPP in said) == late, '%s: %s' % (how, said))

            def plain(conn, task):
                conn.send(conn.data_pdu(task, stage.marker[:task.expected]))

            at = stage.place()
            done = stage.once(at, plain)
            data, said = stage.watch(how + ': a lie', {'unsealed-data'},
                                     lambda: reader.run(how, at))
            stage.target.script = None
            check(done, how + ': the READ never came')
            check(not stage.believed(data),
                  how + ': it has read what was not judged')
            check('the end: ' in said, '%s: %s' % (how, said))


@test()
def user_data_may_be_sent_in_any_pieces(ctx):
    """Calls that end inside of a cipher block: nothing of it leaves before it
    is whole."""
    with Stage(ctx, login=False, calm=True) as stage:
        host = stage.host
        tool = program.path(host, 'initiator')
        disk = stage.target.luns[0].data
        for size in (1, 7, 16, 47, 48, 49, 1000):
            at = stage.place()
            data = steps.marked(os.urandom(32), CHUNK)
            name = host.write('data', data)
            before = counters(host)
            host.run('timeout %d %s write %d %s %d %s %d %d < %s 2>&1'
                     % (PATIENCE * host.slow, tool, size, stage.peer.addr,
                        stage.target.port, stage.target.iqn, at // 512,
                        CHUNK // 512, name), timeout=PATIENCE + 20)
            check(bytes(disk[at:at + CHUNK]) == xts.encrypt(
                stage.keys[0].raw, data, first=at // 512),
                'pieces of %d: the disk holds something else' % size)
            check(not any(data[:16] in c.stream or data[16:32] in c.stream
                          for c in stage.peer.connections),
                  'pieces of %d: plaintext was sent' % size)
            after = counters(host)
            cut = after['blocks_cut'] - before['blocks_cut']
            check((cut > 0) == (size % 16 > 0), 'pieces of %d: %d blocks cut'
                  % (size, cut))
            sealed = after['blocks_sealed'] - before['blocks_sealed']
            check(sealed == CHUNK // 16, 'pieces of %d: %d blocks sealed'
                  % (size, sealed))


@test()
def connection_whose_sa_comes_late_is_judged_as_well(ctx):
    """Its first SYN meets a policy and no SA, as when IKE has yet to make
    one."""
    with Stage(ctx, login=False, calm=True) as stage:
        host = stage.host
        reader = Reader(stage)
        # Without a key manager that listens connect() would fail.
        host.run('ip xfrm monitor acquire > /dev/null < /dev/null 2>&1 &')
        host.run('ip xfrm state flush')

        def make_the_sa():
            host.poll('ss -tnH state syn-sent | grep :%d'
                      % stage.target.port)
            batch(host, stage.bed.sas.lines(host, policies=False))

        def plain(conn, task):
            conn.send(conn.data_pdu(task, stage.marker[:task.expected]))

        at = stage.place()
        done = stage.once(at, plain)
        data, said = stage.watch(
            'a mark from before, and a lie', {'unsealed-data'},
            lambda: reader.run('mark-before', at, make_the_sa))
        check(done, 'the READ never came')
        check('the mark is 1\n' in said, said)
        check(not stage.believed(data), 'it has read what was not judged')
