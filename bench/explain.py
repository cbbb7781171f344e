# SPDX-License-Identifier: GPL-2.0
"""Theory as tables: blocks, ciphers, predicted and measured costs."""

from tests import theory

from . import model, table
from .speed import Speed
from .text import Section

SIZES = (64, 256, 512, 1472, 4096, 16384)
# What the goals are in parts of, and what of them.
GOALS = (('initiator', 'gcm+dmcrypt-512', .6), ('initiator', 'gcm', 1),
         ('target', 'gcm+dmcrypt-512', .7), ('target', 'gcm', .7))
SOFTWARE_GOALS = (('both', 'gcm+dmcrypt-512', .5),)

# Of requests of 512 bytes on Sapphire Rapids, as published with the code for XTS
# that Linux has since 6.10 (E. Biggers, linux-crypto, March 2024); of GCM "up to
# two" with OpenSSL's code (FreeBSD, D39783).
VAES = {'xts(aes)': 1.78, 'gcm(aes)': 2}
NO_GOALS = (('both', 'gcm+dmcrypt-512', None), ('both', 'gcm', None))


def blocks(payload=1024):
    """The paper's Table 1, and ours."""
    available, proposed = theory.table_1(payload)
    rows = list(theory.round_trip(payload).items())
    sums = []
    for end in ('sender', 'receiver'):
        chosen = [v for name, v in rows if '(each end)' not in name and
                  (':' not in name or name.endswith(end))]
        sums.append(('sum, ' + end, *map(sum, zip(*chosen))))
    return Section('Blocks of 16 bytes, round trip of %d bytes' % payload,
                   ('blocks', 'ESP and dm-crypt', 'asymmetric ESP'),
                   [('paper, Table 1: available, proposed', available,
                     proposed)] + [(name, *pair) for name, pair in rows] + sums)


def ciphers(platforms):
    """Nanoseconds of a request, and the rate of long ones."""
    rows = []
    for platform, measured in platforms.items():
        for name, subject in measured.items():
            ps = subject['ps']
            rows.append((platform, name, subject['driver'],
                         *('%.0f' % (ps[str(s)] / 1000) for s in SIZES),
                         '%.3f' % (ps[str(SIZES[-1])] / 1000 / SIZES[-1])))
    return Section('Ciphers, ns for a request of so many bytes',
                   ('platform', 'cipher', 'driver', *SIZES, 'ns/byte'), rows)


def _costs(rows):
    """{(platform, mtu, workload): {configuration: {side: cost}}}"""
    res = {}
    for r in rows:
        if r['unit'] == 'ns/byte':
            res.setdefault((r['platform'], r['mtu'], r['workload']), {}) \
                .setdefault(r['config'], {})[r['side']] = r['cpu_per_byte']
    return res


def predictions(platforms, rows):
    """Ratios predicted and measured, and what a packet may and does take."""
    res = []
    for (platform, mtu, workload), costs in _costs(rows).items():
        both = {c: sides['both'] for c, sides in costs.items()}
        if platform in platforms and workload.startswith('seq') and \
                {'plain', 'gcm', 'asym-512'} <= set(both):
            res.append(_prediction(
                '%s, MTU %d, %s' % (platform, mtu, workload), workload, costs,
                both, platforms[platform], mtu, platform != 'uml'))
    return res


def _prediction(title, workload, costs, both, ciphers_, mtu, x86):
    fit = model.fitted(Speed(ciphers_), mtu, both)
    found = model.explained(fit, both, workload)
    parts = fit.parts(workload)
    ratios = fit.ratios(workload)
    # With the path that was measured.
    vaes = model.Model(Speed(ciphers_, VAES), mtu, fit.esp, fit.crypt,
                       found).ratios(workload)
    goals = GOALS if x86 else SOFTWARE_GOALS
    lines = []
    for side, reference, goal in goals + NO_GOALS:
        if reference not in both:
            continue
        measured = table.ratio(costs, 'asym-512', side, reference) \
            if side in costs['asym-512'] else ''
        may = '%.0f' % fit.allowance(workload, side, reference, goal) \
            if goal else ''
        lines.append((side, reference, goal or '',
                      '%.2f' % ratios[side, reference], measured, may,
                      *(('%.2f' % vaes[side, reference],) if x86 else ())))
    words = ('A packet of ESP takes %.0f ns on each host besides its cipher, one '
             'of asymmetric ESP %.0f ns; dm-crypt %.3f ns a byte besides its '
             'own. Predicted for asymmetric ESP, ns/byte of initiator and '
             'target: %s.' % (
                 fit.esp, found, fit.crypt,
                 '; '.join('%s %s' % (part, ', '.join(
                     '%.3f' % parts[part, side] for side in model.SIDES))
                     for part in dict.fromkeys(p for p, _ in parts))))
    return Section(title, ('side', 'in parts of', 'goal', 'predicted',
                           'measured', 'ns a packet may take',
                           *(('such a path with VAES',) if x86 else ())),
                   lines, words)
