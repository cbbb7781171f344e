# SPDX-License-Identifier: GPL-2.0
"""Tests that the modules and asymctl bring with them, in a guest."""

import os

from testbed import asymctl, cache, modules
from testbed.suite import check, test


@test()
def asymctl_and_keystore_understand_each_other(ctx):
    bed = ctx.bed()
    bed.load([bed.i])
    with open(os.path.join(cache.TOP, 'tools/asymctl/tests/kernel'), 'rb') as f:
        script = bed.i.write('kernel', f.read())
    res = bed.i.run('sh %s %s' % (script, asymctl.path(bed.i)), timeout=120,
                    check=False)
    bad = [line for line in res.out.splitlines() if line.startswith('not ok')]
    check(not bad, '; '.join(bad))
    check(res.rc == 0, res.out[-500:])


@test()
def modules_pass_their_self_tests(ctx):
    """Built with ASYM_SELFTEST=1 they do not load if they fail."""
    bed = ctx.bed()
    modules.load(bed.i, directory=modules.build(
        bed.i.kdir, 'um' if bed.platform.startswith('uml') else None,
        flags=('ASYM_SELFTEST=1',)))
    check('asym: selftests of ranges: pass' in bed.i.console_text(),
          'the self-tests did not say that they passed')
