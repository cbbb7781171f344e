# SPDX-License-Identifier: GPL-2.0
"""Corners of TCP that an administrator or a path can drive a connection into:
data survive each of them."""

import os
import threading
import time

from testbed import iscsi, wiretap
from testbed.asymctl import counters
from testbed.host import HostError, poll
from testbed.suite import check, test

from . import steps
from .t_10_network import check_unharmed, exercise, snmp

SIZE = 1 << 20

# name: (sysctls below net.ipv4, attributes of the route between the hosts)
CORNERS = {
    'sack-off': ({'tcp_sack': '0'}, ''),
    'timestamps-off': ({'tcp_timestamps': '0'}, ''),
    'window-scaling-off': ({'tcp_window_scaling': '0'}, ''),
    'bare': ({'tcp_sack': '0', 'tcp_timestamps': '0',
              'tcp_window_scaling': '0'}, ''),
    'tiny-buffers': ({'tcp_rmem': '4096 4096 4096',
                      'tcp_wmem': '4096 4096 4096'}, ''),
    'tiny-window': ({}, 'initcwnd 1 cwnd lock 1'),
    'advmss-88': ({}, 'advmss 88'),
    'advmss-536': ({}, 'advmss 536'),
    'no-tail-probes': ({'tcp_early_retrans': '0'}, ''),
    'no-rack': ({'tcp_recovery': '0', 'tcp_early_retrans': '0'}, ''),
    'no-collapse': ({'tcp_retrans_collapse': '0', 'tcp_frto': '0'}, ''),
    'mtu-probing': ({'tcp_mtu_probing': '2', 'tcp_base_mss': '512',
                     'tcp_probe_threshold': '1'}, ''),
    'ecn': ({'tcp_ecn': '1'}, ''),
    'small-bursts': ({'tcp_limit_output_bytes': '4096', 'tcp_autocorking': '0',
                      'tcp_notsent_lowat': '1'}, ''),
}

# Segments of 88 bytes cost what others do.
SLOW = {'advmss-88': 256 << 10, 'tiny-window': 512 << 10,
        'tiny-buffers': 256 << 10}


def route(bed, attributes):
    for host in bed.hosts:
        host.run('ip route change 192.0.2.0/24 dev %s src %s %s'
                 % (host.iface, host.addr, attributes))


# No options, one segment at a time, and what is sent as soon as it is there.
FAST = ('bare', 'tiny-window', 'small-bursts')


@test(*({'corner': c} for c in FAST),
      more=[{'corner': c} for c in CORNERS if c not in FAST])
def data_survive_tcp(ctx, corner, kind='asym'):
    """... and a network that loses one packet of a hundred."""
    sysctls, attributes = CORNERS[corner]
    bed = ctx.bed()
    bed.secure(kind)
    for host in bed.hosts:
        for name, value in sysctls.items():
            host.run('echo %s > /proc/sys/net/ipv4/%s' % (value, name))
    if attributes:
        route(bed, attributes)
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    wire = steps.bad_network(bed, 'loss-1')

    def total(name):
        return sum(snmp(h)[name] for h in bed.hosts)

    what, rate = steps.suffer(
        wire, 'loss-1', lambda: exercise(ctx, bed, session, SLOW.get(
            corner, SIZE), files=False), lambda: corner != 'mtu-probing' or
        total('TcpExtTCPMTUPSuccess'))
    session.logout()
    ctx.note('%s: %d KiB/s, %s, %s segments sent again' % (
        corner, rate / 1024, what, total('TcpRetransSegs')))
    if corner == 'mtu-probing':
        check(total('TcpExtTCPMTUPSuccess'), 'TCP did not probe')
    if corner == 'sack-off':
        check(not total('TcpExtTCPSackRecovery'), 'there is SACK')


@test({'mtu': 576}, more=({'mtu': 1280}, {'mtu': 1499}, {'mtu': 9000}))
def data_survive_loss(ctx, mtu):
    bed = ctx.bed(mtu=mtu)
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    wire = steps.bad_network(bed, 'loss-1')
    what, rate = steps.suffer(wire, 'loss-1', lambda: exercise(
        ctx, bed, session, SIZE))
    ctx.note('%d KiB/s, %s' % (rate / 1024, what))


def written_while(bed, disk, size, what):
    """Run what() while a file is written again and again; returns the data
    that are there in the end, and the number of writes."""
    data = os.urandom(size)
    name = bed.i.write('data', data)
    bed.i.run('rm -f /run/stop')
    job = bed.i.start('n=0; while [ ! -e /run/stop ]; do dd if=%s of=%s bs=256k'
                      ' oflag=direct 2>/run/dd || { cat /run/dd; exit 1; };'
                      ' n=$((n + 1)); done; echo $n' % (name, disk), 300)
    try:
        what()
    finally:
        bed.i.run('touch /run/stop')
    res = job.wait()
    check(res.rc == 0, 'the write failed: ' + res.out[-300:])
    check_data(bed, disk, data)
    return int(res.out)


def check_data(bed, disk, data):
    steps.reread(bed.i, disk)
    bed.i.run('dd if=%s of=/share/back bs=64k count=%d iflag=direct'
              ' 2>/dev/null' % (disk, -(-len(data) // 65536)), timeout=120)
    with open(bed.i.path('back'), 'rb') as f:
        check(f.read()[:len(data)] == data, 'the disk holds something else')


def longest(path):
    """Length of the longest ESP packet in a file."""
    return max(len(p) for p in wiretap.packets(path) if p[9] == 50)


@test()
def path_mtu_drops_and_rises_under_a_transfer(ctx, kind='asym'):
    """A router on the way says what it cannot pass."""
    bed = ctx.bed()
    bed.secure(kind)
    for host in bed.hosts:
        host.run('echo 2 > /proc/sys/net/ipv4/route/mtu_expires')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()
    sent = os.path.join(ctx.workdir, 'sent.pcap')
    wire = bed.net.wire(sent)
    refused = []

    def mtus():
        for mtu in (1100, 700, 1400, 0, 900, 0):
            before = wire.set(mtu=mtu)
            start = time.monotonic()
            # Without a limit until what was learned of the last one is
            # forgotten.
            last = 1.5 if mtu else 4
            poll('traffic', lambda: wire.counts()['frames'] -
                 before['frames'] > 400 and time.monotonic() - start > last,
                 60 * bed.i.slow)
            refused.append(wire.counts()['refused'] - before['refused'])

    writes = written_while(bed, disk, 1 << 20, mtus)
    ctx.note('%d writes; %s packets refused for their length' % (writes,
                                                                refused))
    check(refused[0] and refused[1] and refused[4], 'no packet was too long')
    check(not refused[3] and not refused[5], 'refused without a limit')
    check(longest(sent) > 1400, 'packets never were as long as they may be')
    check_unharmed(bed)


@test()
def link_mtu_changes_under_a_transfer(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()
    wire = bed.net.wire()

    def mtus():
        for mtu in (1000, 700, 1500, 1281):
            for host in bed.hosts:
                host.run('ip link set %s mtu %d' % (host.iface, mtu))
            before = wire.counts()['frames']
            poll('traffic', lambda: wire.counts()['frames'] - before > 400,
                 60 * bed.i.slow)

    ctx.note('%d writes' % written_while(bed, disk, 1 << 20, mtus))
    check_unharmed(bed)


def sessions_recovered(host):
    return host.console_text().count('detected conn error')


NFT = """
table inet cut {
    chain input {
        type filter hook input priority 0;
        %s
    }
}
"""

CUTS = {
    # By what becomes of decrypted segments at the target.
    'reset': 'tcp dport 3260 reject with tcp reset',
    # ... or of what comes back, so that the target sends it again.
    'reset-at-initiator': 'tcp sport 3260 reject with tcp reset',
}


@test({'cut': 'reset-at-initiator'}, more=({'cut': 'reset'},))
def session_recovers_from_a_connection_cut_in_mid_transfer(ctx, cut):
    bed = ctx.bed()
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20), {
        'node.conn[0].timeo.noop_out_interval': '1',
        'node.conn[0].timeo.noop_out_timeout': '2'})
    disk = session.disk()
    host = bed.i if cut.endswith('initiator') else bed.t
    name = host.write('cut.nft', NFT % CUTS[cut])
    wire = bed.net.wire()

    def cuts():
        for round in range(3):
            before = wire.counts()['frames']
            poll('traffic', lambda: wire.counts()['frames'] - before > 200,
                 60 * bed.i.slow)
            seen = sessions_recovered(bed.i)
            host.run('nft -f ' + name)
            poll('an error of the connection',
                 lambda: sessions_recovered(bed.i) > seen, 30 * bed.i.slow)
            host.run('nft delete table inet cut')

    writes = written_while(bed, disk, 1 << 20, cuts)
    stat = [counters(h) for h in bed.hosts]
    ctx.note('%d writes, %d connections' % (writes, stat[0]['flows_started']))
    for s in stat:
        check(s['flows_started'] >= 4, 'the connection was not renewed')
        check(not s['flows_broken'], 'the modules broke a connection')
    check('I/O error' not in bed.i.console_text(), 'an I/O error')


@test()
def network_without_life_for_seconds_is_survived(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    session, lun = steps.disk(bed, iscsi.Lun(0, size=4 << 20))
    disk = session.disk()
    wire = bed.net.wire()

    def silence():
        for way in ({}, {'back': False}, {'forth': False}):
            wire.set(loss=1, **way)
            time.sleep(2)
            wire.set(loss=0)
            before = wire.counts()['frames']
            poll('traffic', lambda: wire.counts()['frames'] - before > 200,
                 60 * bed.i.slow)

    ctx.note('%d writes' % written_while(bed, disk, 1 << 20, silence))
    check_unharmed(bed)


@test({'lost': 'syn'}, more=({'lost': 'answer'},))
def connection_begins_with_a_syn_sent_again(ctx, lost):
    bed = ctx.bed()
    bed.secure('asym')
    bed.serve([iscsi.Lun(0, size=4 << 20)])
    bed.bind(0)
    bed.i_iscsi = iscsi.Initiator(bed.i)
    wire = bed.net.wire()
    # Addresses are resolved before anything is lost.
    bed.i.run('ping -c 1 ' + bed.t.addr)
    wire.set(loss=1, forth=lost == 'syn', back=lost == 'answer')
    job = _Login(bed)
    host = bed.i if lost == 'syn' else bed.t
    name = 'TcpExtTCPSynRetrans' if lost == 'syn' else 'TcpRetransSegs'
    poll('a SYN sent again', lambda: snmp(host)[name], 20 * bed.i.slow)
    wire.set(loss=0)
    session = job.wait()
    exercise(ctx, bed, session, SIZE, files=False)
    check_unharmed(bed)


class _Login:
    """A login while the test does something else."""

    def __init__(self, bed):
        self._result = self._error = None
        self._thread = threading.Thread(target=self._work, args=(bed,),
                                        daemon=True)
        self._thread.start()

    def _work(self, bed):
        try:
            self._result = bed.login()
        except HostError as err:
            self._error = err

    def wait(self):
        self._thread.join()
        if self._error:
            raise self._error
        return self._result


CLIENT = """
import os, socket, struct, sys
addr, count = sys.argv[1], int(sys.argv[2])
for n in range(count):
    s = socket.create_connection((addr, 3260), 10)
    if n % 3 == 0:
        # a login that does not come to its end
        s.sendall(bytes((0x43, 0x87)) + bytes(n % 46))
    if n % 2:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack('ii', 1, 0))
    s.close()
"""


def unreclaimable(host):
    """KiB of slabs, after what waits for RCU has gone.  KASAN keeps what is free
    until a slab is told to shrink."""
    host.run('echo 3 > /proc/sys/vm/drop_caches; sleep 0.3;'
             ' for s in /sys/kernel/slab/*/shrink; do echo 1 > $s; done')
    return int(host.run("awk '/^SUnreclaim/ {print $2}' /proc/meminfo").out)


@test()
def many_connections_leave_nothing_behind(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    for host in bed.hosts:
        host.run('echo 0 > /proc/sys/net/ipv4/tcp_max_tw_buckets')
    bed.serve([iscsi.Lun(0, size=4 << 20)])
    bed.bind(0)
    bed.i_iscsi = iscsi.Initiator(bed.i)
    client = bed.i.write('client.py', CLIENT)

    def connections(count):
        bed.i.run('/usr/bin/python3 %s %s %d' % (client, bed.t.addr, count),
                  timeout=120)
        for n in range(count // 30):
            bed.i.run('iscsiadm -m discovery -t sendtargets -o nonpersistent'
                      ' -p ' + bed.t.addr)
        for host in bed.hosts:
            host.poll("awk '$1 == \"flows_started\" {s = $2}"
                      " $1 == \"flows_ended\" {e = $2} END {exit s != e}'"
                      " /proc/net/esp_asym_stat", 60)

    connections(90)
    before = [unreclaimable(h) for h in bed.hosts]
    connections(600)
    grown = []

    def settled():
        """What is freed may take its time, what is lost stays."""
        grown[:] = [unreclaimable(h) - b for h, b in zip(bed.hosts, before)]
        # A flow is more than 1 KiB.
        return max(grown) < 400

    try:
        poll('memory is given back', settled, 20 * bed.i.slow)
    except HostError:
        check(False, 'slabs grew by %s KiB' % grown)
    started = [counters(h)['flows_started'] for h in bed.hosts]
    ctx.note('%s connections; slabs grew by %s KiB' % (started, grown))
    # The target follows from the first thing that it says.
    check(started[0] >= 713 and started[1] >= 23, 'not all were followed')
    session = bed.login()
    exercise(ctx, bed, session, SIZE, files=False)
    session.logout()


ISN_UNIT = 64e-9	# secure_tcp_seq(): a clock with this tick, plus a hash
WRAP = 1 << 32
AHEAD = 7 << 20		# where a connection is to begin before the wrap

PROBE = """
import socket, struct, sys
addr = sys.argv[1]
for port in range(20000, 20000 + int(sys.argv[2])):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.bind(('', port))
    s.connect((addr, 3260))
    s.close()
"""


def isns(path, side):
    """{port of the initiator: (time, first sequence number)}, from SYNs in the
    clear; side is the sender's."""
    res = {}
    for when, packet in wiretap.timed_packets(path):
        tcp = packet[(packet[0] & 15) * 4:]
        if packet[9] != 6 or not tcp[13] & 2:
            continue
        answer = bool(tcp[13] & 0x10)
        if answer == (side == 'target'):
            port = int.from_bytes(tcp[2:4] if answer else tcp[0:2], 'big')
            res[port] = when, int.from_bytes(tcp[4:8], 'big')
    return res


def base_of(bed, path, side):
    """The first sequence number of the youngest connection."""
    opener = wiretap.opener(bed.i)
    wiretap.feed(opener, path)
    bases = [s.base for (src, sport, dst, dport), s in opener.streams.items()
             if (dport if side == 'initiator' else sport) == 3260]
    return bases[-1]


@test({'side': 'initiator'}, more=({'side': 'target'},))
def sequence_numbers_wrap_in_mid_transfer(ctx, side):
    """An ISN is a hash of addresses and ports plus a clock: learn it for some
    ports, and log in from one of them shortly before it wraps."""
    bed = ctx.bed()
    bed.serve([iscsi.Lun(0, size=16 << 20)])
    bed.i_iscsi = iscsi.Initiator(bed.i)
    sent = os.path.join(ctx.workdir, 'sent.pcap')
    wire = bed.net.wire(sent)
    bed.i.run('/usr/bin/python3 %s %s 60'
              % (bed.i.write('probe.py', PROBE), bed.t.addr), timeout=60)
    wire.set()
    known = isns(sent, side)
    check(len(known) == 60, 'saw %d probes' % len(known))

    bed.secure('asym')
    bed.bind(0)
    start = time.time()
    ports = [(when + ((WRAP - AHEAD - isn) % WRAP) * ISN_UNIT, port)
             for port, (when, isn) in known.items()]
    takes = 0.3		# seconds from the command to its SYN
    for attempt in range(12):
        when, port = min(p for p in ports if p[0] - takes > time.time() + 1)
        bed.i.run('echo %d %d > /proc/sys/net/ipv4/ip_local_port_range'
                  % (port, port))
        time.sleep(max(0, when - takes - time.time()))
        session = bed.login()
        wire.set()
        left = WRAP - base_of(bed, sent, side)
        if 1 << 20 < left < 14 << 20:
            break
        session.logout()
        # Another machine takes another time.
        takes += ((AHEAD - left + WRAP // 2) % WRAP - WRAP // 2) * ISN_UNIT
    check(1 << 20 < left < 14 << 20, 'no connection began near the wrap')
    ctx.note('%d attempts, %d s; %d KiB before the wrap'
             % (attempt + 1, time.time() - start, left >> 10))
    disk = session.disk()
    data = os.urandom(16 << 20)
    name = bed.i.write('data', data)
    bed.i.run('dd if=%s of=%s bs=1M oflag=direct 2>/dev/null' % (name, disk),
              timeout=120)
    check_data(bed, disk, data)
    check_unharmed(bed)
