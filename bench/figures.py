# SPDX-License-Identifier: GPL-2.0
"""What repeated measurements say."""

import statistics

median = statistics.median


def spread(values):
    """Distance of the quartiles, as a part of the median; None of one value."""
    if len(values) < 2:
        return None
    low, middle, high = statistics.quantiles(values, n=4, method='inclusive')
    return (high - low) / middle if middle else None


def protection_ratio(cost, reference, plain):
    """Cost of protection, above that of plain iSCSI, as a part of the
    reference's; None if the reference's is nothing."""
    if reference <= plain:
        return None
    return (cost - plain) / (reference - plain)
