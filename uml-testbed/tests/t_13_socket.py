# SPDX-License-Identifier: GPL-2.0
"""Sockets that do what no iSCSI initiator does: nothing leaves that the module
has not seen, and whoever holds the socket is told."""

import errno
import os

from testbed import asymctl, program
from testbed.asymctl import Monitor, counters
from testbed.iscsi import PORT
from testbed.suite import check, test

from .t_7_refusals import no_hits

# Functions for programs in a guest.  A Login Request (RFC 7143 section 11.12)
# of a discovery session.
PYTHON = """
import errno, os, socket, sys

TCP_ULP = 31
MSG_FASTOPEN = 0x20000000
address, port = sys.argv[1], int(sys.argv[2])
keys = (b'InitiatorName=iqn.2024-01.test.asym:socket\\0'
        b'SessionType=Discovery\\0')
login = bytearray(48)
login[0], login[1] = 0x43, 0x87
login[5:8] = len(keys).to_bytes(3, 'big')
login = bytes(login) + keys + bytes(-len(keys) % 4)

def result(func, *args):
    try:
        func(*args)
        return 0
    except OSError as err:
        return err.errno or 'timeout'
"""


def python(host, name, script, *args, prefix=''):
    """The words that a program prints."""
    path = host.write(name + '.py', PYTHON + script)
    return host.run('%s timeout 60 /usr/bin/python3 %s %s' % (
        prefix, path, ' '.join(map(str, args))), timeout=70).out.split()


def sink(bed, name, port=PORT):
    """What comes to the target, and a path of it."""
    return program.Service(bed.t, 'connections', 'sink %d /share/%s'
                           % (port, name)), bed.t.path(name)


def refused(host, reason):
    return counters(host)['refused-' + reason]


@test()
def socket_takes_one_iscsi_connection(ctx):
    """A second one is not let out: it would have the flow of the first."""
    bed = ctx.bed()
    bed.secure('asym')
    with Monitor(bed.i) as events:
        # Nobody listens: the first SYN is answered by a reset.
        first, second = python(bed.i, 'again', """
s = socket.socket()
print(result(s.connect, (address, port)))
s.settimeout(3)
print(result(s.connect, (address, port)))
""", bed.t.addr, PORT)
        check(int(first) == errno.ECONNREFUSED, 'the first one: ' + first)
        check(second == 'timeout', 'the second one: ' + second)
        events.wait('socket-busy')
    check(refused(bed.i, 'socket-busy') > 0, 'it was not refused')
    # A new socket has none of this.
    service, path = sink(bed, 'got')
    with service:
        python(bed.i, 'new', 's = socket.create_connection((address, port))\n'
               's.sendall(login)\ns.close()\n', bed.t.addr, PORT)
        bed.t.poll('[ -s /share/got ]')
    check(counters(bed.i)['flows_broken'] == 0, 'a flow broke')


@test(platforms='uml')
def socket_of_another_protocol_is_refused(ctx):
    """espintcp stands for TLS and BPF: it can be on a socket before it is
    connected.  And none can come to a connection that is followed."""
    bed = ctx.bed()
    bed.secure('asym')
    service, path = sink(bed, 'got')
    with service, Monitor(bed.i) as events:
        ulp, connect = python(bed.i, 'ulp', """
s = socket.socket()
s.settimeout(20)
print(result(s.setsockopt, socket.IPPROTO_TCP, TCP_ULP, b'espintcp'))
print(result(s.connect, (address, port)))
""", bed.t.addr, PORT)
        check(ulp == '0', 'no other protocol on the socket: ' + ulp)
        check(connect == str(errno.ECONNABORTED), 'connect: ' + connect)
        events.wait('socket-busy')
        late, = python(bed.i, 'late', """
s = socket.create_connection((address, port))
s.sendall(login)
print(result(s.setsockopt, socket.IPPROTO_TCP, TCP_ULP, b'espintcp'))
""", bed.t.addr, PORT)
        check(late == str(errno.EEXIST), 'it came to our connection: ' + late)


@test()
def bytes_that_pass_the_module_by_do_not_leave(ctx):
    """Urgent data are refused, and what a SYN takes along is not sent."""
    bed = ctx.bed()
    bed.secure('asym')
    marker = os.urandom(16).hex()
    cap = bed.capture()
    service, path = sink(bed, 'got')
    with service, Monitor(bed.i) as events:
        urgent, early, more = python(bed.i, 'urgent', """
s = socket.create_connection((address, port))
print(result(s.send, b'x', socket.MSG_OOB))
print(result(s.sendto, b'x', MSG_FASTOPEN, (address, port)))
print(result(s.sendall, login))
""", bed.t.addr, PORT)
        check(urgent == str(errno.EOPNOTSUPP), 'urgent data: ' + urgent)
        check(early == str(errno.EOPNOTSUPP), 'early data: ' + early)
        check(more == '0', 'the connection has not survived: ' + more)
        bed.t.poll('[ -s /share/got ]')
        # With the SYN, and without a cookie that the peer had to give first.
        bed.i.run('echo 5 > /proc/sys/net/ipv4/tcp_fastopen')
        out = python(bed.i, 'fastopen', """
s = socket.socket()
s.settimeout(10)
data = sys.argv[3].encode() * 16
print(result(s.sendto, data, MSG_FASTOPEN, (address, port)))
print(result(s.sendall, login))
print(result(s.recv, 1))
""", bed.t.addr, PORT, marker)
        ctx.note('results: ' + ' '.join(out))
        events.wait('stream-bypassed')
    check(refused(bed.i, 'stream-bypassed') > 0, 'it was not refused')
    with open(path, 'rb') as f:
        check(marker.encode() not in f.read(), 'they came to the target')
    no_hits('on the wire', cap.stop(), marker.encode())


@test()
def connection_over_a_mapped_address_is_one_of_ipv4(ctx):
    """An IPv6 socket with an IPv4 peer has functions of its own."""
    bed = ctx.bed()
    bed.secure('asym')
    service, path = sink(bed, 'got')
    with service:
        python(bed.i, 'mapped', """
s = socket.socket(socket.AF_INET6)
s.connect(('::ffff:' + address, port))
s.sendall(login)
s.close()
s = socket.socket()
s.connect((address, port))
s.sendall(login + bytes(48))
s.close()
""", bed.t.addr, PORT)
        bed.t.poll('[ $(wc -c < /share/got) = 164 ]')
    c = counters(bed.i)
    check(c['flows_started'] == 2, '%d flows' % c['flows_started'])
    check(c['flows_broken'] == 0, 'a flow broke')


@test()
def unprotected_connection_must_name_its_target_first(ctx):
    """While there is a sealed unit anywhere."""
    bed = ctx.bed()
    bed.load([bed.i])
    asymctl.bind(bed.i, 'iqn.2024-01.test.asym:other', 1)
    cap = bed.capture()
    marker = os.urandom(16).hex()
    service, path = sink(bed, 'got')
    with service, Monitor(bed.i) as events:
        # A SCSI Command with immediate data, behind a login that leads to
        # nowhere, and without one.
        for first, reason in (('nowhere', 'no-sa'), ('none', 'bad-stream')):
            sent, gone = python(bed.i, first, """
keys = keys.split(b'SessionType')[0]
nowhere = login[:5] + len(keys).to_bytes(3, 'big') + login[8:48] + keys + \\
    bytes(-len(keys) % 4)
command = bytearray(48)
command[0], command[1] = 1, 0xa1
command[7] = 32
command[23] = 32
s = socket.create_connection((address, port))
s.settimeout(20)
if sys.argv[4] == 'nowhere':
    s.sendall(nowhere)
print(result(s.sendall, bytes(command) + sys.argv[3].encode()))
print(result(s.recv, 1))
""", bed.t.addr, PORT, marker, first)
            check(sent != '0', 'login %s: it was sent' % first)
            check(gone == str(errno.ECONNABORTED), 'not reset: ' + gone)
            events.wait(reason)
        # A discovery is let go.
        sent, = python(bed.i, 'discovery', """
s = socket.create_connection((address, port))
print(result(s.sendall, login + sys.argv[3].encode()))
s.close()
""", bed.t.addr, PORT, 'known')
        check(sent == '0', 'discovery: ' + sent)
        bed.t.poll('grep -q known /share/got')
    no_hits('on the wire', cap.stop(), marker.encode())


@test()
def port_of_iscsi_is_none_for_clients(ctx):
    """A client that happens to have it is taken for a target, and told so: the
    port has to be reserved."""
    bed = ctx.bed()
    bed.secure('asym')
    service, path = sink(bed, 'got', 7000)
    with service, Monitor(bed.i) as events:
        out = python(bed.i, 'taken', """
s = socket.socket()
s.bind(('', 3260))
s.connect((address, port))
print(result(s.sendall, b'no iSCSI' * 16))
print(result(s.recv, 1))
""", bed.t.addr, 7000)
        check(str(errno.ECONNABORTED) in out, 'it was not reset: %s' % out)
        events.wait('bad-stream')
        check(not os.path.exists(path) or not os.path.getsize(path),
              'it arrived')
        bed.i.run('cd /proc/sys/net/ipv4; echo 3260 > ip_local_reserved_ports;'
                  ' echo 3260 3261 > ip_local_port_range')
        mine, sent = python(bed.i, 'reserved', """
s = socket.socket()
s.connect((address, port))
print(s.getsockname()[1])
print(result(s.sendall, b'no iSCSI' * 16))
s.close()
""", bed.t.addr, 7000)
        check(mine == '3261' and sent == '0', 'port %s: %s' % (mine, sent))
        bed.t.poll('[ $(wc -c < /share/got) = 128 ]')
