# SPDX-License-Identifier: GPL-2.0
"""Rows as Markdown tables."""

import itertools

from . import figures

# Whose protection cost is 1.
REFERENCES = ('gcm+dmcrypt-512', 'gcm')
SIDES = ('initiator', 'target', 'both')


def _ratio(costs, config, side, reference):
    if not {'plain', reference} <= set(costs):
        return ''
    ratio = figures.protection_ratio(
        costs[config][side], costs[reference][side], costs['plain'][side])
    return '' if ratio is None else '%.2f' % ratio


def tables(rows):
    """A table for each platform, MTU and workload."""
    def key(row):
        return row['platform'], row['mtu'], row['workload']

    order = []
    for row in rows:
        if key(row) not in order:
            order.append(key(row))
    return '\n'.join(_table(k, [r for r in rows if key(r) == k])
                     for k in order)


def _table(key, rows):
    sides = [s for s in SIDES if any(r['side'] == s for r in rows)]
    by_config = {config: {r['side']: r for r in group} for config, group
                 in itertools.groupby(sorted(rows, key=lambda r: r['config']),
                                      key=lambda r: r['config'])}
    costs = {config: {s: r['cpu_per_byte'] for s, r in group.items()}
             for config, group in by_config.items()}
    head = ['config'] + ['%s, %s' % (s, rows[0]['unit']) for s in sides]
    for reference in REFERENCES:
        head += ['%s / %s' % (s, reference) for s in sides]
    head += ['spread', 'MB/s']
    lines = ['### %s, MTU %d, %s\n' % key,
             '| %s |' % ' | '.join(head), '|---' * len(head) + '|']
    done = []
    for row in rows:
        config = row['config']
        if config in done:
            continue
        done.append(config)
        cells = [config] + ['%.2f' % costs[config][s] for s in sides]
        for reference in REFERENCES:
            cells += [_ratio(costs, config, s, reference) for s in sides]
        last = by_config[config][sides[-1]]
        cells += ['' if last['spread'] is None else
                  '%.1f %%' % (last['spread'] * 100),
                  '%.1f' % last['mb_per_s']]
        lines.append('| %s |' % ' | '.join(cells))
    return '\n'.join(lines) + '\n'
