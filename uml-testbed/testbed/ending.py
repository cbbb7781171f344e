# SPDX-License-Identifier: GPL-2.0
"""How a program ends that has something to clean up."""

import signal
import sys

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def by_exception():
    """A signal ends the program like an exception: everything is torn down.  Only
    the first does: timeout(1) sends two, and the second would end the tearing
    down."""
    def end(number, _):
        for each in SIGNALS:
            signal.signal(each, lambda *a: None)
        sys.exit(128 + number)

    for each in SIGNALS:
        signal.signal(each, end)
