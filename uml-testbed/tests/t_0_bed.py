# SPDX-License-Identifier: GPL-2.0
"""What the other scenarios take for granted of the test bed."""

from testbed.suite import check, test


@test()
def commands_of_any_length_reach_a_guest(ctx):
    """A thousand disks on a command line are 9000 characters."""
    host = ctx.bed().i
    for length in (1000, 3000, 20000, 100000):
        words = ' '.join('%08d' % n for n in range(length // 9))
        said = host.run('echo ' + words, timeout=20).out
        check(said == words + '\n', '%d characters came back as %d'
              % (len(words), len(said)))
