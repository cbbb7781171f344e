# SPDX-License-Identifier: GPL-2.0
"""Rows of bench/run as tables."""

from . import figures
from .text import Section, markdown

# Whose protection cost is 1.
REFERENCES = ('gcm+dmcrypt-512', 'gcm')
SIDES = ('initiator', 'target', 'both')


def ratio(costs, config, side, reference):
    if not {'plain', reference} <= set(costs):
        return ''
    part = figures.protection_ratio(
        costs[config][side], costs[reference][side], costs['plain'][side])
    return '' if part is None else '%.2f' % part


def tables(rows):
    """A table for each platform, MTU and workload."""
    return markdown(sections(rows))


def sections(rows):
    def key(row):
        return row['platform'], row['mtu'], row['workload']

    return [_section(k, [r for r in rows if key(r) == k])
            for k in dict.fromkeys(map(key, rows))]


def costs_by_side(rows):
    """{configuration: {side: CPU per byte}} of rows of one workload."""
    res = {}
    for row in rows:
        res.setdefault(row['config'], {})[row['side']] = row['cpu_per_byte']
    return res


def _milliseconds(us):
    return '' if us is None else '%.2f' % (us / 1e3)


def _section(key, rows):
    sides = [s for s in SIDES if any(r['side'] == s for r in rows)]
    costs = costs_by_side(rows)
    head = ['config'] + ['%s, %s' % (s, rows[0]['unit']) for s in sides]
    for reference in REFERENCES:
        head += ['%s / %s' % (s, reference) for s in sides]
    head += ['spread', 'MB/s', 'p50, ms', 'p99, ms']
    lines = []
    for config in costs:
        cells = [config] + ['%.2f' % costs[config][s] for s in sides]
        for reference in REFERENCES:
            cells += [ratio(costs, config, s, reference) for s in sides]
        last = [r for r in rows if (r['config'], r['side']) ==
                (config, sides[-1])][0]
        cells += ['' if last['spread'] is None else
                  '%.1f %%' % (last['spread'] * 100),
                  '%.1f' % last['mb_per_s'],
                  *(_milliseconds(last[p]) for p in ('p50_us', 'p99_us'))]
        lines.append(cells)
    return Section('%s, MTU %d, %s' % key, head, lines)
