# SPDX-License-Identifier: GPL-2.0
"""What bench/plot draws of the rows of bench/run."""

import collections

# What is drawn side by side; the sequential ones are what goals speak of.
GROUPS = {
    '': ('seq-write', 'seq-read'),
    '-random': ('random-write-1', 'random-read-1', 'random-write-32',
                'random-read-32', 'mixed-32'),
    '-more': ('write-4-sessions', 'read-4-sessions', 'files'),
}

Picture = collections.namedtuple('Picture', 'file title unit columns configs')


def pictures(rows):
    """A Picture for each platform, MTU and group; columns are
    {title: {configuration: CPU per byte}}."""
    res = []
    for platform, mtu in dict.fromkeys((r['platform'], r['mtu'])
                                       for r in rows):
        here = [r for r in rows if (r['platform'], r['mtu']) == (platform, mtu)]
        for suffix, workloads in GROUPS.items():
            columns = _columns(here, workloads)
            if columns:
                res.append(Picture(
                    'cost-%s-%d%s.svg' % (platform, mtu, suffix),
                    'CPU per byte of payload, %s, MTU %d' % (platform, mtu),
                    here[0]['unit'], columns,
                    list(dict.fromkeys(r['config'] for r in here))))
    return res


def _columns(rows, workloads):
    sides = {r['side'] for r in rows}
    # Where there is each side, the sum says nothing new.
    shown = sorted(sides - {'both'}) or ['both']
    res = {}
    for workload in workloads:
        for side in shown:
            chosen = {r['config']: r['cpu_per_byte'] for r in rows
                      if (r['workload'], r['side']) == (workload, side)}
            if chosen:
                res['%s, %s' % (workload, side)] = chosen
    return res
