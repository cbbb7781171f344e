# SPDX-License-Identifier: GPL-2.0
"""A LIO target through configfs and an open-iscsi initiator without systemd.

The LUNs of a target are files in its share (fileio), so that the machine that
runs the test reads the very bytes that the target stores.
"""

import os
import shlex

from .host import poll

PORT = 3260
CORE = '/sys/kernel/config/target/core'
ISCSI = '/sys/kernel/config/target/iscsi'
INITIATOR = 'iqn.2024-01.test.asym:initiator'
# Seconds until LIO ends a connection that does not send what it asked for: the
# three of its default pass on a busy machine with an emulated processor.
DATAOUT_TIMEOUT = 60


def bracketed(address):
    """As an address is written before a port."""
    return '[%s]' % address if ':' in address else address


class Lun:
    """A logical unit: a file of the target's share ('fileio'), memory ('rd'), or
    a file in the target's own memory of which blocks can be given back
    ('thin'): shares cannot do that."""

    def __init__(self, number, name='disk', size=64 << 20, block_size=512,
                 kind='fileio'):
        self.number = number
        self.name = name
        self.size = size
        self.block_size = block_size
        self.kind = kind
        self.path = None	# of the backing file, for the test
        self.file = '%s/%s.img' % ('/tmp' if kind == 'thin' else '/share',
                                   name)	# ... for the target


class Target:
    """A LIO target with its LUNs; iqn names it."""

    def __init__(self, host, luns, iqn='iqn.2024-01.test.asym:disk',
                 port=PORT, params=(), address='0.0.0.0'):
        self.host = host
        self.luns = list(luns)
        self.iqn = iqn
        self.port = port
        self.np = "np/'%s:%d'" % (bracketed(address), port)
        tpg = '%s/%s/tpgt_1' % (ISCSI, iqn)
        lines = ['set -e', 'mkdir -p %s %s' % (CORE, ISCSI)]
        for i, lun in enumerate(self.luns):
            dev = self._dev(lun)
            lines.append('mkdir -p ' + dev)
            if lun.kind == 'fileio':
                lun.path = host.path(lun.name + '.img')
                if not os.path.exists(lun.path):
                    with open(lun.path, 'wb') as f:
                        f.truncate(lun.size)
            if lun.kind == 'thin':
                lines.append('truncate -s %d %s' % (lun.size, lun.file))
            if lun.kind in ('fileio', 'thin'):
                lines.append('echo fd_dev_name=%s,fd_dev_size=%d'
                             ' > %s/control' % (lun.file, lun.size, dev))
            else:
                lines.append('echo rd_pages=%d > %s/control'
                             % (lun.size // 4096, dev))
            lines += ['echo 1 > %s/enable' % dev,
                      'echo %d > %s/attrib/block_size' % (lun.block_size, dev),
                      'echo asym%04d > %s/wwn/vpd_unit_serial' % (i, dev)]
            if lun.kind == 'thin':
                lines.append('echo 1 > %s/attrib/emulate_tpu' % dev)
        lines += ['mkdir -p %s/%s' % (tpg, self.np),
                  'cd ' + tpg,
                  'echo 0 > attrib/authentication',
                  'echo 1 > attrib/generate_node_acls',
                  'echo 1 > attrib/cache_dynamic_acls',
                  'echo 0 > attrib/demo_mode_write_protect']
        for key, value in params:
            lines.append('echo %s > param/%s' % (shlex.quote(value), key))
        for lun in self.luns:
            lines += ['mkdir lun/lun_%d' % lun.number,
                      'ln -s %s lun/lun_%d/link'
                      % (self._dev(lun), lun.number)]
        acl = 'acls/' + INITIATOR
        lines += ['mkdir ' + acl, 'echo %d > %s/attrib/dataout_timeout'
                  % (DATAOUT_TIMEOUT, acl)]
        for lun in self.luns:
            lines += ['mkdir %s/lun_%d' % (acl, lun.number),
                      'ln -s %s/lun/lun_%d %s/lun_%d/link'
                      % (tpg, lun.number, acl, lun.number)]
        lines.append('echo 1 > enable')
        host.run('\n'.join(lines))

    def _dev(self, lun):
        return '%s/%s_0/%s' % (
            CORE, 'rd_mcp' if lun.kind == 'rd' else 'fileio', lun.name)

    def sync(self):
        """Have everything that was written in the backing files."""
        self.host.run('sync')

    def be_patient(self):
        """Do not ping the initiator, and end its connections."""
        self.host.run('echo 0 > %s/%s/tpgt_1/acls/%s/attrib/nopin_timeout'
                      % (ISCSI, self.iqn, INITIATOR))

    def remove(self):
        tpg = '%s/%s/tpgt_1' % (ISCSI, self.iqn)
        acl = '%s/acls/%s' % (tpg, INITIATOR)
        lines = ['set -e', 'echo 0 > %s/enable' % tpg]
        for lun in self.luns:
            lines += ['rm %s/lun_%d/link' % (acl, lun.number),
                      'rmdir %s/lun_%d' % (acl, lun.number)]
        lines.append('rmdir ' + acl)
        for lun in self.luns:
            lines += ['rm %s/lun/lun_%d/link' % (tpg, lun.number),
                      'rmdir %s/lun/lun_%d' % (tpg, lun.number)]
        lines += ['rmdir %s/%s' % (tpg, self.np),
                  'rmdir %s %s/%s' % (tpg, ISCSI, self.iqn)]
        for lun in self.luns:
            lines.append('rmdir ' + self._dev(lun))
        self.host.run('\n'.join(lines))


CONF = {
    'node.startup': 'manual',
    'node.session.timeo.replacement_timeout': '30',
    'node.conn[0].timeo.login_timeout': '15',
    'node.conn[0].timeo.logout_timeout': '15',
    'node.conn[0].timeo.noop_out_interval': '5',
    'node.conn[0].timeo.noop_out_timeout': '15',
    'node.session.err_timeo.abort_timeout': '15',
    'node.session.err_timeo.lu_reset_timeout': '30',
    'node.session.err_timeo.tgt_reset_timeout': '30',
    'node.session.initial_login_retry_max': '2',
    'node.session.cmds_max': '128',
    'node.session.queue_depth': '32',
    'node.session.xmit_thread_priority': '-20',
    'node.session.iscsi.InitialR2T': 'No',
    'node.session.iscsi.ImmediateData': 'Yes',
    'node.session.iscsi.FirstBurstLength': '262144',
    'node.session.iscsi.MaxBurstLength': '16776192',
    'node.conn[0].iscsi.MaxRecvDataSegmentLength': '262144',
    'node.conn[0].iscsi.HeaderDigest': 'None',
    'node.conn[0].iscsi.DataDigest': 'None',
    'node.session.scan': 'auto',
}


class Initiator:
    """open-iscsi on a host; its iscsid runs as long as the host does."""

    def __init__(self, host, iqn=INITIATOR):
        self.host = host
        self.iqn = iqn
        host.run('mkdir -p /etc/iscsi /run/lock/iscsi /var/lib/iscsi'
                 '; echo InitiatorName=%s > /etc/iscsi/initiatorname.iscsi'
                 '; : > /etc/iscsi/iscsid.conf'
                 '; iscsid < /dev/null > /dev/null 2>&1' % iqn)
        host.poll('grep -q ISCSIADM_ABSTRACT_NAMESPACE /proc/net/unix')

    def login(self, target, settings=None, timeout=60, portal=None):
        """Log in; returns a Session.  settings override CONF."""
        conf = dict(CONF)
        conf.update(settings or {})
        portal = portal or '%s:%d' % (bracketed(target.host.addr),
                                      target.port)
        text = '\n'.join('%s = %s' % kv for kv in conf.items())
        name = self.host.write('iscsid.conf', text + '\n')
        where = '-m node -T %s -p %s' % (target.iqn, portal)
        self.host.run('cp %s /etc/iscsi/iscsid.conf;'
                      ' iscsiadm %s -o new > /dev/null && iscsiadm %s -l'
                      % (name, where, where), timeout=timeout)
        return Session(self, target, where)


class Session:
    def __init__(self, initiator, target, where):
        self.host = initiator.host
        self.target = target
        self._where = where

    def disk(self, lun=0, timeout=20):
        """/dev/sdX of a LUN, once the kernel has found it."""
        def look():
            out = self.host.run(
                'for s in /sys/class/iscsi_session/session*; do'
                ' read n < $s/targetname; [ "$n" = %s ] || continue;'
                ' for d in $s/device/target*/*:*:*:%d/block/sd*; do'
                ' read size < $d/size && [ $size != 0 ] && [ -b /dev/${d##*/} ]'
                ' && echo /dev/${d##*/}; done; done'
                % (self.target.iqn, lun), check=False).out.split()
            return [d for d in out if d.startswith('/dev/sd')]
        return poll('LUN %d appears' % lun, look,
                    timeout * self.host.slow)[0]

    def sg(self, lun=0):
        """SCSI generic device of a LUN: there even if no data command works."""
        def look():
            return self.host.run(
                'for s in /sys/class/iscsi_session/session*; do'
                ' read n < $s/targetname; [ "$n" = %s ] || continue;'
                ' for d in $s/device/target*/*:*:*:%d/scsi_generic/sg*; do'
                ' [ -c /dev/${d##*/} ] && echo /dev/${d##*/}; done; done'
                % (self.target.iqn, lun), check=False).out.split()
        return poll('LUN %d appears' % lun, look, 20 * self.host.slow)[0]

    def logout(self, check=True):
        self.host.run('iscsiadm %s -u && iscsiadm %s -o delete'
                      % (self._where, self._where), check=check)


def no_sessions(host):
    return not host.ok('ls -d /sys/class/iscsi_session/session*')


