# SPDX-License-Identifier: GPL-2.0
"""Commands that an application sends by itself, of which the length, the
direction and the command block do not fit together."""

import os

from testbed import iscsi
from testbed.asymctl import Monitor, counters
from testbed.suite import check, test

from . import steps
from .t_7_refusals import read_cmd

IN, OUT = '-r %d -o /dev/null', '-s %d -i /share/data'
READ = '28 %02x 00 00 00 08 00 00 %02x 00'
WRITE = '2a 00 00 00 00 08 00 00 08 00'
VERIFY = '2f %02x 00 00 00 08 00 00 08 00'
LAST = 'ff ' * 8

# What for: command block, data.
REFUSED = {
    'READ of fewer bytes than its blocks have': (READ % (0, 8), IN % 512),
    'READ of more bytes than its blocks have': (READ % (0, 8), IN % 8192),
    'READ of no bytes': (READ % (0, 8), ''),
    'READ that sends data': (READ % (0, 8), OUT % 4096),
    'READ of no blocks that wants data': (READ % (0, 0), IN % 512),
    'READ with protection information': (READ % (0x20, 8), IN % 4096),
    'READ at a relative address': (READ % (1, 8), IN % 4096),
    'READ behind all bytes that can be': (
        '88 00 ' + LAST + '00 00 00 08 00 00', IN % 4096),
    'WRITE of fewer bytes than its blocks have': (WRITE, OUT % 512),
    'WRITE of no bytes': (WRITE, ''),
    'WRITE that wants data': (WRITE, IN % 4096),
    'VERIFY of one block with all others': (VERIFY % 6, OUT % 512),
    'WRITE SAME in a long command block': (
        '7f 00 00 00 00 00 00 18 00 0d' + ' 00' * 21 + ' 08', OUT % 512),
    'command that has no data, with data': ('00 00 00 00 00 00', IN % 512),
    'command that nobody knows, with data': ('c1' + ' 00' * 9, IN % 512),
    'parameters in the wrong direction': ('12 00 00 00 24 00', OUT % 36),
}

PASS = {
    'READ': (READ % (0, 8), IN % 4096),
    'READ of no blocks': (READ % (0, 0), ''),
    'VERIFY without data': (VERIFY % 0, ''),
    'command that has no data': ('00 00 00 00 00 00', ''),
    'INQUIRY': ('12 00 00 00 24 00', IN % 36),
}


def send(host, disk, commands):
    """What becomes of each: exit status, how many were refused since the
    start, and what sg_raw says."""
    count = "$(awk '/^refused-refused-command/ {print $2}'" \
        ' /proc/net/esp_asym_stat)'
    lines = ['first=' + count]
    for cdb, data in commands:
        lines.append('out=$(sg_raw %s %s %s 2>&1); rc=$?; echo $rc $((%s -'
                     ' first)) $(echo "$out" | tr -dc "[:print:]")'
                     % (data, disk, cdb, count))
    out = host.run('\n'.join(lines), timeout=120).out.splitlines()
    check(len(out) == len(commands), '%d answers to %d commands'
          % (len(out), len(commands)))
    return [(int(rc), int(n), text) for rc, n, text in
            ((line + '  ').split(' ', 2) for line in out)]


@test()
def commands_that_contradict_themselves_are_refused(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()
    bed.i.write('data', os.urandom(8192))
    bed.target.sync()
    with open(lun.path, 'rb') as f:
        before = f.read()
    with Monitor(bed.i) as events:
        res = send(bed.i, disk, REFUSED.values())
        events.wait('refused-command')
    for n, (what, (rc, refused, text)) in enumerate(zip(REFUSED, res), 1):
        # ILLEGAL REQUEST, of which 9 is an unknown operation code.
        check(rc in (5, 9), '%s: exit status %d: %s' % (what, rc, text))
        check(refused == n, '%s: not refused by us' % what)
    res = send(bed.i, disk, PASS.values())
    for what, (rc, refused, text) in zip(PASS, res):
        check(rc == 0, '%s: exit status %d: %s' % (what, rc, text))
        check(not refused, '%s is refused' % what)
    bed.target.sync()
    with open(lun.path, 'rb') as f:
        check(f.read() == before, 'something was written')
    bed.i.run(read_cmd(disk))
    for host in bed.hosts:
        check(counters(host)['flows_broken'] == 0, 'a connection broke')
