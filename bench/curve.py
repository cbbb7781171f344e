# SPDX-License-Identifier: GPL-2.0
"""Rows of bench/scale as tables and as curves."""

from .text import Section, markdown

# Label of the number, and what is drawn over it, with its label.
WHAT = {'sessions': 'sessions', 'luns': 'LUNs of one session',
        'pdus': 'PDUs under way on one connection',
        'cores': 'processors that four sessions share'}
COLUMNS = (('setup_ms', 'CPU ms until it is there, each'),
           ('memory_each', 'bytes of kernel memory, each'),
           ('memory_each_used', 'bytes after use, each'),
           ('under_way', 'PDUs seen under way'),
           ('second', '% on the second'))


def series(rows, what, key):
    """{(kind, workload): [(count, value)]}"""
    res = {}
    for r in rows:
        if r['what'] == what and key in r:
            res.setdefault((r['kind'], r['workload']), []).append(
                (r['count'], r[key]))
    return {name: sorted(points) for name, points in res.items()}


def protection(rows, what):
    """{workload: [(count, CPU per byte above plain)]}"""
    costs = series(rows, what, 'cpu_per_byte')
    res = {}
    for (kind, workload), points in costs.items():
        plain = dict(costs.get(('plain', workload), ()))
        if kind != 'plain':
            res[kind, workload] = [(n, v - plain[n]) for n, v in points
                                   if n in plain]
    return res


def files(rows):
    """Names of the pictures."""
    return [name for name, *_ in pictures(rows)]


def pictures(rows):
    """[(file name, title, label of x, [(label of y, {line: [(x, y)]})])]"""
    res = []
    for what, label in WHAT.items():
        done = [r for r in rows if r['what'] == what and 'failed' not in r]
        if not done:
            continue
        plots = [(done[0]['unit'], series(done, what, 'cpu_per_byte'))]
        for key, words in COLUMNS[1:3]:
            memory = series(done, what, key)
            if memory:
                plots.append((words.strip('. ') + ', bytes', {
                    name: points for name, points in memory.items()
                    if name[1] == 'write'}))
                break
        platform = done[0]['platform']
        res.append(('scale-%s-%s.svg' % (what, platform), '%s, MTU %d' % (
            platform, done[0]['mtu']), label, plots))
    return res


def tables(rows):
    return markdown(sections(rows))


def sections(rows):
    """A table for each of WHAT."""
    return [_section(what, label, [r for r in rows if r['what'] == what])
            for what, label in WHAT.items()
            if any(r['what'] == what for r in rows)]


def _section(what, label, rows):
    done = sorted((r for r in rows if 'failed' not in r), key=lambda r: (
        r['workload'], r['count'], r['kind'] != 'plain'))
    columns = [c for c in COLUMNS if any(c[0] in r for r in done)]
    above = {(kind, workload, n): v for (kind, workload), points
             in protection(done, what).items() for n, v in points}
    lines = []
    for r in done:
        extra = above.get((r['kind'], r['workload'], r['count']))
        lines.append((r['count'], r['kind'], r['workload'],
                      '%.2f' % r['cpu_per_byte'],
                      '' if extra is None else '%.2f' % extra, r['mb_per_s'],
                      *(r.get(c[0], '') for c in columns)))
    return Section(
        label, ('number', 'kind', 'workload', done[0]['unit'] if done else '',
                'above plain', 'MB/s', *(c[1] for c in columns)), lines,
        ' '.join('%d with %s could not be measured: %s.' % (
            r['count'], r['kind'], r['failed'].splitlines()[-1])
            for r in rows if 'failed' in r))
