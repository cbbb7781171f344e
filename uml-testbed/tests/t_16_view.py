# SPDX-License-Identifier: GPL-2.0
"""asymctl show and asymctl check: what is protected, and what is not as it is
configured, on both hosts."""

import errno
import json

from testbed import asymctl, iscsi, program
from testbed.iscsi import PORT
from testbed.modes import Mode, url
from testbed.sa import batch
from testbed.suite import check, test

from .t_12_flow import flows_are, hold, many_ports
from .t_13_socket import python
from .t_7_refusals import rescan

UNPROTECTED = 3


# A dump by hand: error number of the first answer, messages, and whether one of
# them says that the list has changed meanwhile.  With "connect" it does.
DUMP = """
import struct
NLM_F_DUMP_INTR = 0x10
nl = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
nl.bind((0, 0))

def ask(family, command, flags, attributes=b''):
    nl.send(struct.pack('=IHHIIBBH', 20 + len(attributes), family, flags, 1, 0,
                        command, 1, 0) + attributes)

def answers():
    data = nl.recv(4096)
    while data:
        size, kind, flags = struct.unpack_from('=IHH', data)
        yield kind, flags, data[16:size]
        data = data[(size + 3) // 4 * 4:]

ask(16, 3, 1, struct.pack('=HH', 14, 2) + b'asym-flow\\0\\0\\0')
text = next(answers())[2][4:]
while struct.unpack_from('=HH', text)[1] != 1:
    text = text[(struct.unpack_from('=H', text)[0] + 3) // 4 * 4:]
ask(struct.unpack_from('=H', text, 4)[0], 1, 0x301)
error, count, marked, done = 0, 0, 0, False
while not done:
    for kind, flags, body in answers():
        done = kind in (2, 3)
        if done:
            error = -struct.unpack_from('=i', body)[0]
        else:
            count += 1
        marked |= bool(flags & NLM_F_DUMP_INTR)
    if count and sys.argv[3:] and not done:
        s = socket.create_connection((address, port))
        s.sendall(login)
        del sys.argv[3]
print(error, count, marked)
"""


def show(host):
    return asymctl.ctl_json(host, 'show')


def show_disk(host, disk, rc=0):
    """The one line about a disk."""
    res = asymctl.ctl(host, 'show ' + disk, check=False)
    check(res.rc == rc, '%s: exit status %d: %s' % (disk, res.rc, res.out))
    check(res.out.count('\n') == 1, 'not one line: ' + res.out)
    return res.out


def is_as_configured(host):
    res = asymctl.ctl(host, 'check', check=False)
    check(res.rc == 0, '%s: exit status %d: %s' % (host.name, res.rc, res.out))


def is_not(host, text):
    """The check fails, and says this."""
    res = asymctl.ctl(host, 'check', check=False)
    check(res.rc == UNPROTECTED and 'NOT protected' in res.out,
          '%s: exit status %d: %s' % (host.name, res.rc, res.out))
    check(text in res.out, '"%s" is not in: %s' % (text, res.out))


def the_only(conns):
    check(len(conns) == 1, '%d connections: %s' % (len(conns), conns))
    return conns[0]


@test()
def view_says_how_each_disk_is_protected(ctx):
    """Two sessions; a bound LUN with a key and a plain one, and another one."""
    bed = ctx.bed()
    bed.secure('asym')
    bed.serve([iscsi.Lun(0, size=4 << 20),
               iscsi.Lun(1, name='disk1', size=4 << 20)])
    other = iscsi.Target(bed.t, [iscsi.Lun(0, name='other', size=4 << 20)],
                         iqn='iqn.2024-01.test.asym:other')
    bed.bind(0)
    bed.bind(1, plain=True)
    key = asymctl.Key('other', bits=256)
    key.add(bed.i)
    asymctl.bind(bed.i, other.iqn, 0, key, sector_size=4096)
    first = bed.login()
    second = bed.login(target=other)

    spi = 'asym(gcm(aes)) spi-out 0x00001000 spi-in 0x00001001'
    for disk, text in (
            (first.disk(0), 'target %s lun 0: sealed under key k0'
             ' (aes-xts-plain64, 512 bits, sector-size 512), over ESP %s'
             % (bed.target.iqn, spi)),
            (first.disk(1), 'target %s lun 1: plain, by its binding: the'
             ' target reads and stores it; over ESP %s'
             % (bed.target.iqn, spi)),
            (second.disk(0), 'target %s lun 0: sealed under key other'
             ' (aes-xts-plain64, 256 bits, sector-size 4096), over ESP %s'
             % (other.iqn, spi))):
        line = show_disk(bed.i, disk)
        check(line == '%s %s\n' % (disk.split('/')[-1], text), line)
        check(show_disk(bed.i, 'disk ' + disk.split('/')[-1]) == line,
              'another line for its name')
    for host in bed.hosts:
        is_as_configured(host)

    # What is counted is what is moved.
    def bytes_of(host, name):
        return [c[name] for c in show(host) if
                host is bed.t or c['target'] == bed.target.iqn]

    size = 1 << 20
    disk = first.disk(0)
    sent = the_only(bytes_of(bed.i, 'sent'))
    received = the_only(bytes_of(bed.i, 'received'))
    passed = sum(bytes_of(bed.t, 'sent'))
    bed.i.run('dd if=/dev/zero of=%s bs=64k count=%d oflag=direct'
              % (disk, size >> 16))
    bed.i.run('dd if=%s of=/dev/null bs=64k count=%d iflag=direct'
              % (disk, size >> 16))
    check(the_only(bytes_of(bed.i, 'sent')) - sent == size, 'bytes sealed')
    check(the_only(bytes_of(bed.i, 'received')) - received == size,
          'bytes opened')
    check(sum(bytes_of(bed.t, 'sent')) - passed == size, 'bytes passed on')
    # What is plain is neither.
    bed.i.run('dd if=/dev/zero of=%s bs=64k count=1 oflag=direct'
              % first.disk(1))
    check(the_only(bytes_of(bed.i, 'sent')) - sent == size,
          'plain bytes count as sealed')
    ctx.bytes += 2 * size

    conns = show(bed.t)
    check(len(conns) == 2 and all(
        c['role'] == 'target' and c['peer'] == bed.i.addr and
        c['local-port'] == PORT and c['state'] == 'full-feature' and
        c['spi-out'] == 0x1001 and c['protected'] and 'received' not in c
        for c in conns), 'on the target: %s' % conns)
    ports = {c['local-port'] for c in show(bed.i)}
    check(ports == {c['peer-port'] for c in conns}, 'the ends do not meet')

    second.logout()
    conn = the_only(show(bed.i))
    check(conn['target'] == bed.target.iqn and len(conn['disks']) == 2,
          'what is left: %s' % conn)


@test({'mode': 'transport', 'outer': 6, 'inner': 6},
      {'mode': 'tunnel', 'outer': 6, 'inner': 4},
      more=({'mode': 'tunnel', 'outer': 4, 'inner': 6},
            {'mode': 'tunnel', 'outer': 4, 'inner': 4},
            {'mode': 'beet', 'outer': 4, 'inner': 4}))
def view_knows_ipv6_and_tunnels(ctx, mode, outer, inner):
    """The connection has addresses of its own; the target listens on all of
    both families."""
    bed = ctx.bed()
    sas = Mode(bed, mode, outer, inner)
    bed.load()
    bed.serve([iscsi.Lun(0, size=4 << 20)], address='::')
    ends = [sas.inner[host] for host in bed.hosts]
    portal = url(ends[1], PORT)

    # Without SAs.  Nobody looks for neighbours of addresses of IPv6 that only
    # a tunnel has.
    if (mode, inner) != ('tunnel', 6):
        session = bed.login(portal=portal)
        for host, (src, dst) in zip(bed.hosts, (ends, ends[::-1])):
            is_not(host, 'no asymmetric SA from %s to %s' % (src, dst))
            conn = the_only(show(host))
            check((conn['local'], conn['peer']) == (src, dst) and
                  not conn['protected'], '%s: %s' % (host.name, conn))
        show_disk(bed.i, session.disk(), UNPROTECTED)
        session.logout()

    sas.install('asym', 0x1000)
    bed.bind(0)
    session = bed.login(portal=portal)
    disk = session.disk()
    line = show_disk(bed.i, disk)
    check(line == '%s target %s lun 0: sealed under key k0 (aes-xts-plain64,'
          ' 512 bits, sector-size 512), over ESP asym(gcm(aes)) spi-out'
          ' 0x00001000 spi-in 0x00001001\n'
          % (disk.split('/')[-1], bed.target.iqn), line)
    for host, (src, dst) in zip(bed.hosts, (ends, ends[::-1])):
        is_as_configured(host)
        conn = the_only(show(host))
        check((conn['local'], conn['peer']) == (src, dst) and
              conn['followed'] and conn['protected'],
              '%s: %s' % (host.name, conn))
        for state, pair in zip(sas.states, (ends, ends[::-1])):
            words = state.split()
            batch(host, ['xfrm state delete dst %s proto esp spi %s'
                         % (words[3], words[7])])
            is_not(host, 'no asymmetric SA from %s to %s' % tuple(pair))
            batch(host, ['xfrm state add ' + state])
            is_as_configured(host)
    check(show_disk(bed.i, disk) == line, 'another line')


@test()
def check_notices_what_is_missing(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    bed.serve([iscsi.Lun(0, size=4 << 20)])
    with_digests = {'node.conn[0].iscsi.HeaderDigest': 'CRC32C',
                    'node.conn[0].iscsi.DataDigest': 'CRC32C'}
    session = bed.login(with_digests)
    disk = session.disk()
    is_not(bed.i, 'lun 0: NOT protected: not bound')
    show_disk(bed.i, disk, UNPROTECTED)
    # A target has no keys, and nothing to complain of.
    is_as_configured(bed.t)
    for host in bed.hosts:
        conn = the_only(show(host))
        check(conn['header-digest'] and conn['data-digest'],
              '%s: digests are not shown: %s' % (host.name, conn))

    key = bed.bind(0)
    is_not(bed.i, 'its block size is not known')
    rescan(bed.i, disk)
    is_as_configured(bed.i)
    check('sealed under key k0' in show_disk(bed.i, disk), 'not sealed')

    # SAs of either direction, on either host.
    for host in bed.hosts:
        for src, dst in bed.sas.spi:
            batch(host, ['xfrm state delete dst %s proto esp spi 0x%x'
                         % (dst, bed.sas.spi[src, dst])])
            is_not(host, 'no asymmetric SA from %s to %s' % (src, dst))
            batch(host, ['xfrm state add ' + bed.sas.state(src, dst)])
            is_as_configured(host)

    asymctl.ctl(bed.i, 'key del ' + key.name)
    is_not(bed.i, 'its binding is in state no-key')
    line = show_disk(bed.i, disk, UNPROTECTED)
    check('NOT protected' in line and 'sealed' not in line, line)


@test({'sas': 'plain'}, more=({'sas': 'gcm'},))
def check_notices_connections_that_nobody_follows(ctx, sas):
    bed = ctx.bed()
    bed.load()
    bed.secure(sas)
    bed.serve([iscsi.Lun(0, size=4 << 20)])
    session = bed.login()
    pairs = (bed.i.addr, bed.t.addr), (bed.t.addr, bed.i.addr)
    for host, (src, dst) in zip(bed.hosts, pairs):
        is_not(host, 'no asymmetric SA from %s to %s' % (src, dst))
        conn = the_only(show(host))
        check(not conn['followed'] and not conn['protected'] and
              conn['target'] == bed.target.iqn, '%s: %s' % (host.name, conn))
    line = show_disk(bed.i, session.disk(), UNPROTECTED)
    check('NOT protected: no asymmetric SA' in line, line)
    # Plain is for the key of a disk, and not for that of the wire.
    bed.bind(0, plain=True)
    is_not(bed.i, 'no asymmetric SA')
    # A connection of this host, wherever one looks from.
    bed.i.run('ip netns add n')
    tool = asymctl.path(bed.i)
    res = bed.i.run('ip netns exec n %s check' % tool, check=False)
    check(res.rc == UNPROTECTED and
          'not established in this network namespace' in res.out, res.out)
    session.logout()
    for host in bed.hosts:
        is_as_configured(host)


@test()
def view_without_module_or_right_or_connection(ctx):
    """... and of a broken connection."""
    bed = ctx.bed()
    tool = asymctl.path(bed.i)

    def not_loaded():
        for command in 'show', 'check', 'show sda':
            res = asymctl.ctl(bed.i, command, check=False)
            check(res.rc == 2 and 'load the module esp_asym' in res.out,
                  '%s: exit status %d: %s' % (command, res.rc, res.out))

    not_loaded()
    bed.load([bed.i])
    is_as_configured(bed.i)
    check(show(bed.i) == [], 'connections')
    bed.i.run('rmmod esp_asym')
    not_loaded()
    bed.i.run('rmmod keystore iscsi_parse')
    bed.secure('asym')
    # Any block device that is none of iSCSI; not every kernel has one yet.
    line = show_disk(bed.i, bed.i.run(
        'modprobe -q loop; basename $(ls -d /sys/class/block/* | head -n 1)'
    ).out.strip(), UNPROTECTED)
    check('NOT protected: it is no iSCSI disk' in line, line)
    res = asymctl.ctl(bed.i, 'show nothing', check=False)
    check(res.rc == 2 and 'there is no disk' in res.out, res.out)
    for command in 'show', 'check':
        res = bed.i.run('setpriv --bounding-set -net_admin --inh-caps'
                        ' -net_admin %s %s' % (tool, command), check=False)
        check(res.rc == 2 and 'not permitted' in res.out,
              'without CAP_NET_ADMIN: %d: %s' % (res.rc, res.out))
    dump = python(bed.i, 'dump', DUMP, bed.t.addr, PORT,
                  prefix='setpriv --bounding-set -net_admin --inh-caps'
                  ' -net_admin')
    check(int(dump[0]) == errno.EPERM, 'dumped: %s' % dump)

    with program.Service(bed.t, 'connections', 'serve %d' % PORT):
        lines = python(bed.i, 'broken', """
import subprocess
s = socket.create_connection((address, port))
def look(*args):
    res = subprocess.run(['/share/asymctl', *args], stdout=subprocess.PIPE)
    print(res.returncode, res.stdout.hex() or '-')
s.sendall(login)
look('-j', 'show')
look('check')
result(s.sendall, b'\\xff' * 48)
look('-j', 'show')
look('check')
s.close()
""", bed.t.addr, PORT)
    codes, texts = lines[::2], [bytes.fromhex(t) for t in lines[1::2]]
    check(codes == ['0', '0', '0', '3'], 'exit status %s: %s' % (codes, texts))
    conn = the_only(json.loads(texts[0]))
    check(conn['state'] == 'login' and conn['discovery'] and
          conn['protected'], 'a login: %s' % conn)
    conn = the_only(json.loads(texts[2]))
    check(conn['state'] == 'broken' and conn['reason'] == 'bad-stream' and
          not conn['protected'], 'a broken one: %s' % conn)
    check(b'refused (bad-stream)' in texts[3], texts[3])
    flows_are(bed.i, 0)
    is_as_configured(bed.i)


@test()
def list_of_many_connections_is_whole(ctx):
    """In several messages, and while others begin and end."""
    bed = ctx.bed()
    bed.secure('asym')
    n = 400
    for host in bed.hosts:
        many_ports(host)
    with program.Service(bed.t, 'connections', 'serve %d' % PORT), \
            hold(bed, PORT, n):
        held = {}
        for host, name in zip(bed.hosts, ('local-port', 'peer-port')):
            flows_are(host, n)
            conns = show(host)
            held[host] = {c[name] for c in conns}
            check(len(conns) == n and len(held[host]) == n,
                  '%s: %d connections, %d ports' % (host.name, len(conns),
                                                    len(held[host])))
        check(held[bed.i] == held[bed.t], 'the ends do not meet')
        for args, marked in ((), '0'), (('connect',), '1'):
            error, count, mark = python(bed.i, 'dump', DUMP, bed.t.addr, PORT,
                                        *args)
            check(error == '0' and int(count) >= n and mark == marked,
                  'a dump %s: error %s, %s messages, marked: %s'
                  % (args, error, count, mark))
        flows_are(bed.i, n)
        # Others do not see them.
        bed.i.run('ip netns add n')
        out = bed.i.run('ip netns exec n %s -j show' % asymctl.path(bed.i)).out
        check(json.loads(out) == [], 'seen from another namespace: ' + out)

        whole = 0
        churn = bed.i.start('%s churn %s %d 600' % (
            program.path(bed.i, 'connections'), bed.t.addr, PORT), timeout=120)
        for _ in range(8):
            res = asymctl.ctl(bed.i, '-j show', check=False)
            # A list that changes all the time is not shown as if it were one.
            if res.rc:
                check('changes faster' in res.out, res.out)
                continue
            ports = [c['local-port'] for c in json.loads(res.out)
                     if c['followed']]
            check(len(ports) == len(set(ports)), 'connections are listed twice')
            check(held[bed.i] <= set(ports), '%d connections are missing'
                  % len(held[bed.i] - set(ports)))
            whole += 1
        churn.wait()
        flows_are(bed.i, n)
        ctx.note('%d of 8 lists were whole' % whole)
        check(len(show(bed.i)) == n, 'what is left')
    for host in bed.hosts:
        flows_are(host, 0)
        check(show(host) == [], '%s: connections are left' % host.name)
