# SPDX-License-Identifier: GPL-2.0
"""A stage for a target that lies: one session after the other in one guest,
and after each lie the question what the initiator has believed."""

import os
import time

from testbed import asymctl
from testbed.host import HostError
from testbed.peer.disk import Disk, access
from testbed.suite import check

from . import steps, xts

SIZE = 1 << 20
CHUNK = 8192		# of one READ

# A lie must be refused, not waited for.
SETTINGS = {
    'node.session.timeo.replacement_timeout': '8',
    'node.conn[0].timeo.login_timeout': '4',
    'node.conn[0].timeo.logout_timeout': '3',
    'node.conn[0].timeo.noop_out_interval': '2',
    'node.conn[0].timeo.noop_out_timeout': '2',
    'node.session.err_timeo.abort_timeout': '3',
    'node.session.err_timeo.lu_reset_timeout': '3',
    'node.session.err_timeo.tgt_reset_timeout': '3',
    'node.session.err_timeo.host_reset_timeout': '5',
    'node.session.initial_login_retry_max': '1',
}

# For a peer that always answers: a slow machine shall not look like a lie.
CALM = {
    'node.conn[0].timeo.login_timeout': '15',
    'node.conn[0].timeo.noop_out_interval': '0',
    'node.conn[0].timeo.noop_out_timeout': '0',
}

# No lie may cost the initiator more: all timeouts above, one after the other.
PATIENCE = 40

# Of a login to come to the target at all.
ATTEMPTS = 5


def reasons(host):
    return {name[len('refused-'):]: n
            for name, n in asymctl.counters(host).items()
            if name.startswith('refused-')}


def stored(conn, task):
    """What the disk holds for a READ."""
    lba, _ = access(task.cdb)
    at = lba * 512
    return bytes(conn.target.luns[task.lun].data[at:at + task.expected])


def answer(conn, task, size=1024):
    """An honest answer as segments, none of them sent."""
    tcp = conn.tcp
    tcp.hold = True
    tcp.write(conn.data_pieces(task, stored(conn, task)))
    segments = tcp.cut_all(size)
    tcp.hold = False
    return segments


class Stage:
    """marker is what the target wants the initiator to believe; data is what
    the disk really holds.  calm: the target answers always.  Use as a context
    manager."""

    def __init__(self, ctx, luns=(0,), settings=None, features=None,
                 answers=None, login=True, calm=False, **args):
        self.ctx = ctx
        self.bed = ctx.bed(peer=True, **args)
        self.host = self.bed.i
        self.bed.secure('asym')
        self.marker = steps.marked(os.urandom(32), CHUNK * 4)
        self.data = os.urandom(SIZE)
        self.target = self.bed.serve({n: Disk(SIZE) for n in luns})
        self.target.answers.update(answers or {})
        if features:
            self.bed.peer.features = features
        self.keys = {}
        for n in luns:
            self.keys[n] = self.bed.bind(n)
            self.target.luns[n].data[:] = xts.encrypt(self.keys[n].raw,
                                                      self.data)
        self.settings = {**SETTINGS, **(CALM if calm else {}),
                         **(settings or {})}
        # The kernel's own timeout for a command, in seconds.
        self._timeout = 30 if calm else 3
        self._patience = 120 if calm else PATIENCE
        self._next = 64
        self.session = None
        self._events = asymctl.Monitor(self.host)
        self._events.__enter__()
        if login:
            self.login()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._events.__exit__(*exc)

    def login(self, attempts=ATTEMPTS):
        for left in reversed(range(attempts)):
            try:
                self.session = self.bed.login(self.settings)
                break
            except HostError:
                if not left:
                    raise
        self.disk = self.session.disk()
        for n in self.target.luns:
            self.host.run('echo %d > /sys/block/%s/device/timeout' % (
                self._timeout, self.session.disk(n).split('/')[-1]))

    @property
    def peer(self):
        return self.bed.peer

    def place(self, length=CHUNK):
        """Bytes of the disk that no read has asked for yet."""
        at = self._next * 512
        self._next += length // 512
        check(at + length <= SIZE, 'the disk of the test is too small')
        return at

    def try_login(self, tried, want=()):
        """Does a login succeed?  On a slow machine it may be given up before
        it has come to the target, or the answer to the initiator, which is no
        attempt: tried is a list that is empty before the one, and the reasons
        in want, if it is a set, are counted with the other."""
        before = reasons(self.host)
        for _ in range(ATTEMPTS):
            try:
                self.login(1)
                return True
            except HostError:
                now = reasons(self.host)
                if tried and (not isinstance(want, set) or
                              all(now[r] > before[r] for r in want)):
                    break
                del tried[:]
        return False

    def read(self, at, length=CHUNK, disk=None):
        """What the initiator gets, up to the first error."""
        self.host.run('rm -f /share/back; timeout %d dd if=%s of=/share/back'
                      ' bs=%d skip=%d count=1 iflag=direct,skip_bytes'
                      ' 2>/dev/null; touch /share/back'
                      % (self._patience * self.host.slow, disk or self.disk,
                         length, at), timeout=self._patience + 20)
        with open(self.host.path('back'), 'rb') as f:
            return f.read()

    def believed(self, data):
        """Does this hold anything that the target made up?"""
        return self.marker[:16] in data or self.marker[16:32] in data

    def once(self, at, lie, lun=0):
        """Have the next READ at this place answered by lie(connection, task);
        returns a list that tells whether that has happened."""
        done = []

        def script(conn, task):
            if done or not task.reads or task.lun != lun or \
                    access(task.cdb)[0] * 512 != at:
                return False
            done.append(task)
            lie(conn, task)
            return True

        self.target.script = script
        return done

    def watch(self, what, want, func):
        """Run func; the refusals meanwhile must be those in want: a set, or
        a list of sets.  Each must have sent an event.  What func returns must
        not be the target's invention."""
        self.ctx.fault('acts of the peer')
        before = reasons(self.host)
        seen = len(self._events.text())
        start = time.monotonic()
        result = func()
        took = time.monotonic() - start
        after = reasons(self.host)
        # Packets that were under way when the connection ended.
        got = {r for r in after if after[r] > before[r]} - {'no-flow'}
        self.ctx.note('%-40s %5.1f s  %s' % (what, took, ', '.join(
            sorted(got)) or '-'))
        check(not isinstance(result, bytes) or not self.believed(result),
              '%s: the initiator believed it' % what)
        allowed = want if isinstance(want, list) else [want]
        check(got in [set(w) for w in allowed],
              '%s: refused %s, not %s' % (what, sorted(got), want))
        for reason in got:
            self._events.wait(reason, 5, seen)
        check(took < self._patience * self.host.slow,
              '%s: took %d s' % (what, took))
        return result

    def lie(self, what, lie, want, length=CHUNK, garbage=False):
        """Answer one READ with a lie.  The initiator asks again, perhaps on a
        new connection, and must not believe the lie.  garbage: it may have
        taken something else, as from a damaged disk."""
        at = self.place(length)
        done = self.once(at, lie)
        got = self.watch(what, want, lambda: self.read(at, length))
        self.target.script = None
        check(done, '%s: the READ never came' % what)
        check(garbage or got == self.data[at:at + length],
              '%s: the initiator got %s' % (
                  what, 'something else' if got else 'nothing'))
        return got

    def honest(self):
        """After all, the connection (or the next one) works."""
        at = self.place()
        end = time.monotonic() + self._patience * self.host.slow
        while self.read(at) != self.data[at:at + CHUNK]:
            if time.monotonic() > end:
                raise HostError('the disk does not work any more')
            time.sleep(0.2)
