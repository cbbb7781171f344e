# SPDX-License-Identifier: GPL-2.0
"""Runs the functions of a file that are tests: those with an underscore."""

import os
import sys
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path[0:0] = [TOP, os.path.join(TOP, 'uml-testbed')]
sys.dont_write_bytecode = True


def near(a, b, part=1e-9):
    return abs(a - b) <= part * max(1, abs(b))


def run(names):
    """Exit status, after a line for each test in these globals."""
    tests = [f for name, f in names.items() if callable(f) and
             '_' in name and f.__module__ == '__main__']
    failed = 0
    for number, test in enumerate(tests, 1):
        try:
            test()
            print('ok %d %s' % (number, test.__name__))
        except Exception:
            failed += 1
            print('not ok %d %s' % (number, test.__name__))
            traceback.print_exc(file=sys.stdout)
    print('%d passed, %d failed, 0 skipped' % (len(tests) - failed, failed))
    return 1 if failed or not tests else 0
