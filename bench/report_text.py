# SPDX-License-Identifier: GPL-2.0
"""What is between the comments of Documentation/performance.rst."""

import re

from . import baseline, curve, explain, goals, lines, picture, table
from .text import Section, paragraph, rst

GENERATED = re.compile(
    r'(^\.\. generated (\w+): begin\n\n).*?(^\.\. generated \2: end$)',
    re.M | re.S)
NONE = 'Nothing has been measured yet.\n'


def _origin(name, data):
    """Where the figures of a file come from, as a paragraph."""
    env = data['environment']
    return paragraph('``%s``, wire format version %d, commit %s, %s, %d × %s, load %.1f%s.'
            % (name, env.get('wire_format', 1), env['commit'],
               env['date'][:10], env['cpus'], env['cpu'], env['load'],
               ', by ``%s``' % env['command'] if 'command' in env else ''))


def _of(found, key):
    """[(file name, its contents)] of files that have such figures."""
    return [(name, data) for name, data in found.items() if key in data]


def _each(found, key, sections):
    """The origin of each file, and its sections under that."""
    return '\n'.join('%s\n\n%s' % (_origin(name, data), rst(sections(data)))
                     for name, data in _of(found, key)) or NONE


def _goals(found):
    return _each(found, 'rows', lambda data: [goals.section(data['rows'])])


def _cost(found):
    return _each(found, 'rows', lambda data: table.sections(data['rows']))


def _budget(found):
    return _each({n: d for n, d in found.items() if d.get('profile')},
                 'profile', lambda data: lines.sections(data['profile']))


def _blocks(found):
    return rst([explain.blocks()])


def _ciphers(found):
    return _each(found, 'platforms', lambda data: [
        explain.ciphers(data['platforms'])])


def _predictions(found):
    platforms = {}
    for _, data in _of(found, 'platforms'):
        platforms.update(data['platforms'])
    sections = [s for _, data in _of(found, 'rows')
                for s in explain.predictions(platforms, data['rows'])]
    return rst(sections) or NONE


def _scale(found):
    return _each(found, 'scale', lambda data: curve.sections(data['scale']))


def _regression(found):
    def section(data):
        return [Section('Committed figures', (
            'workload', *next(iter(data['costs'].values())),
            'protection by asym-512', 'in parts of ESP'), [
                (workload, *('%.2f' % c for c in costs.values()),
                 '%.2f' % baseline.protection(costs),
                 '%.2f' % baseline.ratio(costs))
                for workload, costs in data['costs'].items()],
            'Linux %s, QEMU %s, %s; more than %.0f %% above fails, and %.0f %% '
            'of the ratio where kernel or QEMU are others.' % (
                data['kernel'], data['emulator'], data['unit'],
                baseline.TOLERANCE * 100, baseline.RATIO_TOLERANCE * 100))]
    return _each(found, 'costs', section)


def _plots(found):
    names = []
    for _, data in _of(found, 'rows'):
        names += [p.file for p in picture.pictures(data['rows'])]
    for _, data in _of(found, 'scale'):
        names += curve.files(data['scale'])
    return '\n'.join('.. image:: performance/%s\n' % name for name in names) \
        or NONE


PARTS = {'goals': _goals, 'cost': _cost, 'budget': _budget, 'blocks': _blocks,
         'ciphers': _ciphers, 'predictions': _predictions, 'scale': _scale,
         'regression': _regression, 'plots': _plots}


def filled(document, found):
    """The document with all that is generated; found maps the names of files to
    what is in them."""
    return GENERATED.sub(lambda m: m.group(1) + PARTS[m.group(2)](found)
                         .rstrip() + '\n\n' + m.group(3), document)
