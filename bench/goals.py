# SPDX-License-Identifier: GPL-2.0
"""What protection may cost, and whether it is so."""

from . import figures, table
from .text import Section

HARDWARE = {'uml-x86': 'AES instructions, CPU time',
            'qemu-6.1': 'AES instructions, instructions of Debian 6.1',
            'qemu-6.12': 'AES instructions, instructions of Debian 6.12'}
SOFTWARE = {'uml': 'ciphers in C, CPU time',
            'uml-pair': 'ciphers in C, CPU time, with a virtual network'}
DMCRYPT, ESP = 'gcm+dmcrypt-512', 'gcm'
# reference -> (initiator, target)
GOALS = {DMCRYPT: (.6, .7), ESP: (1, .7)}
SOFTWARE_GOAL = .5
# As a user would have it, and the fair comparison of equal sectors.
SUBJECTS = ('asym-512', 'asym-4096')


def together(costs, reference):
    """The goal of both hosts together: that of each, weighed with what protection
    by the reference costs each of them.

    ESP costs both the same, near enough; dm-crypt is the initiator's.
    """
    if not {'plain', ESP, reference} <= set(costs) or \
            'both' not in costs['plain']:
        return None
    esp = (costs[ESP]['both'] - costs['plain']['both']) / 2
    initiator = costs[reference]['both'] - costs['plain']['both'] - esp
    goals = GOALS[reference]
    whole = initiator + esp
    return (goals[0] * initiator + goals[1] * esp) / whole if whole > 0 else None


def lines(platform, costs):
    """[(side, subject, reference, goal, measured)]; costs are those of one
    workload, {configuration: {side: cost}}."""
    res = []
    for subject in SUBJECTS:
        for reference in GOALS:
            if not {'plain', reference, subject} <= set(costs):
                continue
            wanted = {'both': SOFTWARE_GOAL} if platform in SOFTWARE \
                else {**dict(zip(table.SIDES, GOALS[reference])),
                      'both': together(costs, reference)}
            if platform in SOFTWARE and reference != DMCRYPT:
                continue
            for side, goal in wanted.items():
                if side not in costs[subject] or goal is None:
                    continue
                ratio = figures.protection_ratio(
                    costs[subject][side], costs[reference][side],
                    costs['plain'][side])
                if ratio is not None:
                    res.append((side, subject, reference, goal, ratio))
    return res


def section(rows):
    """A line for each goal that these rows of bench/run can speak of."""
    out = []
    for key in dict.fromkeys((r['platform'], r['mtu'], r['workload'])
                             for r in rows):
        platform, mtu, workload = key
        costs = table.costs_by_side(
            [r for r in rows
             if (r['platform'], r['mtu'], r['workload']) == key])
        for side, subject, reference, goal, ratio in lines(platform, costs):
            out.append((platform, mtu, workload, side, subject, reference,
                        '%.2f' % goal, '%.2f' % ratio,
                        '**not met**' if round(ratio - goal, 6) > 0 else 'met'))
    return Section('Goals', (
        'platform', 'MTU', 'workload', 'side', 'configuration', 'in parts of',
        'at most', 'measured', ''), out)
