# SPDX-License-Identifier: GPL-2.0
"""Work that is done side by side, each piece by a process of its own, so that
one that dies takes no other with it.

Guests wait more than they work: two pairs of hosts on two processors need
little more than half the time of one pair after the other.
"""

import multiprocessing
import time
from multiprocessing.connection import wait

from . import ending

# With the state of this process: the pieces are functions.
_fork = multiprocessing.get_context('fork')

# No other pieces of work are done at the same time.
alone = True


class Died(Exception):
    """The process of a piece of work has ended without a result."""


class NotBegun(Exception):
    """There was no time left for a piece of work."""


def side_by_side(pieces, jobs, work, until=None):
    """Do work(piece) for all of pieces, up to jobs of them at a time.  Yields
    (piece, result) in the order in which they are done; a result is an
    instance of Died if there is none, and of NotBegun for pieces whose turn did
    not come before time.monotonic() was until.  Results must be picklable."""
    todo = list(reversed(pieces))
    running = {}
    try:
        while todo or running:
            while todo and len(running) < jobs:
                piece = todo.pop()
                if until is not None and time.monotonic() >= until:
                    yield piece, NotBegun()
                    continue
                here, there = _fork.Pipe(False)
                process = _fork.Process(target=_do,
                                        args=(work, piece, jobs == 1, here,
                                              there))
                process.start()
                there.close()
                running[here] = (piece, process)
            for here in wait(list(running)) if running else ():
                piece, process = running.pop(here)
                try:
                    result = here.recv()
                except EOFError:
                    process.join()
                    result = Died('the process of the test died: %s'
                                  % process.exitcode)
                here.close()
                process.join()
                yield piece, result
    finally:
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.join()


def _do(work, piece, is_alone, here, there):
    global alone
    alone = is_alone
    here.close()
    ending.by_exception()
    there.send(work(piece))
