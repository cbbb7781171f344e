# SPDX-License-Identifier: GPL-2.0
"""Keys in a keyring that cannot be used, each with the reason."""

import os

from testbed import asymctl
from testbed.suite import check, test


@test()
def keys_that_the_keyring_withholds_are_refused_with_the_reason(ctx):
    bed = ctx.bed(peer=True)
    bed.load([bed.i])
    i = bed.i
    i.write('raw', os.urandom(64))
    padd = 'id=$(keyctl padd %s asym:%s @u < /share/raw) && '
    add = 'key add %s keyring %s:asym:%s'
    for kind in ('logon', 'user'):
        for name, spoil, reason in (
                ('revoked', 'keyctl revoke $id', 'was revoked'),
                # The key service passes these by when it searches.
                ('expired', 'keyctl timeout $id 1 && sleep 1.5',
                 'no such key'),
                ('closed', 'keyctl setperm $id 0', 'no permission'),
                ('unlinked', 'keyctl unlink $id @u', 'no such key')):
            i.run(padd % (kind, name) + spoil)
            res = asymctl.ctl(i, add % (name, kind, name), check=False)
            check(res.rc == 2, '%s %s: exit status %d'
                  % (kind, name, res.rc))
            check(reason in res.out, '%s %s: %s' % (kind, name, res.out))
        i.run(padd % (kind, 'good') + ':')
        asymctl.ctl(i, add % ('good-' + kind, kind, 'good'))
    shown = [k['name'] for k in asymctl.ctl_json(i, 'key show')]
    check(shown == ['good-logon', 'good-user'], 'keys: %s' % shown)
