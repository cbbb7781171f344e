# SPDX-License-Identifier: GPL-2.0
"""Programs of programs/, built for the guests."""

import os
import shutil
import subprocess

from . import cache

SOURCES = os.path.join(cache.HERE, 'programs')


def _build(name):
    src = os.path.join(SOURCES, name + '.c')

    def make(tmp):
        subprocess.run(['gcc', '-O2', '-Wall', '-Wextra', '-Werror',
                        '-static', '-o', os.path.join(tmp, name), src],
                       check=True)

    return os.path.join(cache.build(
        'program-' + name + '-' + cache.digest(('file', src)), make), name)


def path(host, name):
    """Path of a program in the guest."""
    where = host.path(name)
    if not os.path.exists(where):
        shutil.copy2(_build(name), where + '.tmp')
        os.rename(where + '.tmp', where)
    return '/share/' + name


class Service:
    """A program that says "ready" and then runs until the end of a with block.

    Its output is in the share: it must not keep the line to the guest.
    """

    def __init__(self, host, name, args, timeout=60):
        self.host = host
        self.cmd = '%s %s' % (path(host, name), args)
        self.timeout = timeout
        self._log = '%s-%x.out' % (name, id(self))

    def __enter__(self):
        out = self.host.run('%s > /share/%s 2>&1 < /dev/null & echo $!'
                            % (self.cmd, self._log)).out
        self.pid = int(out)
        self.host.poll('grep -q ready /share/%s || ! [ -d /proc/%d ]'
                       % (self._log, self.pid), self.timeout)
        self.host.run('f=/share/%s; grep -q ready $f || { cat $f; false; }'
                      % self._log)
        return self

    def stop(self):
        if self.pid:
            self.host.end(self.pid)
            self.pid = None

    def __exit__(self, *exc):
        if self.host.alive():
            self.stop()
