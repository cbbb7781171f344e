# SPDX-License-Identifier: GPL-2.0
"""An honest peer that shares no code with our modules: what they send is read
by somebody who has only read the specification, and the reverse."""

import os

from testbed import asymctl
from testbed.peer.disk import Disk
from testbed.suite import check, test

from . import xts

SIZE = 1 << 20

# A connection that is refused is not taken up again for long.  The peer always
# answers: a slow machine shall not look like one that does not.
SETTINGS = {
    'node.session.timeo.replacement_timeout': '8',
    'node.conn[0].timeo.login_timeout': '15',
    'node.conn[0].timeo.noop_out_interval': '0',
    'node.conn[0].timeo.noop_out_timeout': '0',
    'node.session.err_timeo.abort_timeout': '3',
    'node.session.err_timeo.lu_reset_timeout': '3',
    'node.session.err_timeo.tgt_reset_timeout': '3',
    'node.session.initial_login_retry_max': '1',
}


def write(host, disk, data, at=0, bs=65536):
    name = host.write('data', data)
    host.run('dd if=%s of=%s bs=%d seek=%d oflag=direct,seek_bytes'
             ' conv=fsync 2>/dev/null' % (name, disk, bs, at))


def read(host, disk, length, at=0, bs=65536):
    host.run('dd if=%s of=/share/back bs=%d skip=%d count=%d'
             ' iflag=direct,skip_bytes,count_bytes 2>/dev/null'
             % (disk, bs, at, length))
    with open(host.path('back'), 'rb') as f:
        return f.read()


@test({'sector': 512}, {'sector': 4096, 'digest': 'CRC32C'},
      {'sector': 4096, 'kind': 'asym-chacha'})
def initiator_and_a_foreign_peer_understand_each_other(ctx, sector,
                                                       digest='None',
                                                       kind='asym'):
    bed = ctx.bed(peer=True)
    bed.secure(kind)
    bed.serve({0: Disk(SIZE)})
    key = bed.bind(0, sector_size=sector)
    bed.target.answers['HeaderDigest'] = digest
    session = bed.login(dict(SETTINGS, **{
        'node.conn[0].iscsi.HeaderDigest': 'CRC32C,None'}))
    disk = session.disk()
    data = os.urandom(SIZE)
    write(bed.i, disk, data)
    stored = bytes(bed.target.luns[0].data)
    check(stored == xts.encrypt(key.raw, data, sector),
          'the peer does not hold what OpenSSL encrypts')
    bed.i.run('echo 3 > /proc/sys/vm/drop_caches')
    check(read(bed.i, disk, SIZE) == data, 'read back something else')
    session.logout()
    got = asymctl.counters(bed.i)
    check(got['blocks_sealed'] >= SIZE // 16, 'who has sealed this?')
    check(not any(n for name, n in got.items()
                  if name.startswith('refused-')), 'something was refused')
