# SPDX-License-Identifier: GPL-2.0
"""Costs that are compared with those of an earlier commit."""

from . import figures

# The cost of protection by the same code differed by up to 8 % between single turns,
# and by 2 % between medians of three.
TOLERANCE = .08
# Of the ratio to ESP's cost, where kernels or emulators differ: both have then
# changed, and not by the same.
RATIO_TOLERANCE = .10
PLAIN, REFERENCE, SUBJECT = 'plain+modules', 'gcm+modules', 'asym-512'
# What decides how many instructions the same sources take.
SAME = ('kernel', 'emulator', 'mtu', 'size_mib')


class Verdict:
    """
    text     what was compared, with figures
    failed   it has become dearer
    cheaper  so much that the committed figures say nothing any more
    """

    def __init__(self, text, was, now, tolerance):
        change = now / was - 1
        self.failed = change > tolerance
        self.cheaper = change < -tolerance
        self.text = '%s %.2f, committed %.2f: %+.1f %% (at most %+.0f %%)' % (
            text, now, was, change * 100, tolerance * 100)


def differences(committed, measured):
    """Names of what makes instructions no measure of both."""
    return [name for name in SAME if committed[name] != measured[name]]


def protection(costs):
    return costs[SUBJECT] - costs[PLAIN]


def ratio(costs):
    """To the cost of ESP's protection; None if that is nothing."""
    return figures.protection_ratio(costs[SUBJECT], costs[REFERENCE],
                                    costs[PLAIN])


def compare(committed, measured):
    """[Verdict] of two readings of what bench/regression writes."""
    alike = not differences(committed, measured)
    res = []
    for workload, was in committed['costs'].items():
        now = measured['costs'][workload]
        if alike:
            res.append(Verdict(
                '%s: instructions per byte of protection by %s'
                % (workload, SUBJECT), protection(was), protection(now),
                TOLERANCE))
        else:
            res.append(Verdict(
                '%s: protection by %s, in parts of that by ESP'
                % (workload, SUBJECT), ratio(was), ratio(now),
                RATIO_TOLERANCE))
    return res
