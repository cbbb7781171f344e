# SPDX-License-Identifier: GPL-2.0
"""Many connections: what a flow costs, and that it ends with its socket."""

from testbed import program
from testbed.asymctl import counters
from testbed.host import poll
from testbed.iscsi import PORT
from testbed.suite import check, test

# No flow begins there.
OTHER_PORT = PORT + 1
# Of an idle connection that has logged in: far above what there is, far below
# what a mistake would make of it.
BYTES_PER_FLOW = 16384


def open_flows(host):
    c = counters(host)
    return c['flows_started'] - c['flows_ended']


def flows_are(host, n, timeout=60):
    poll(lambda: '%s: %d flows; there are %d' % (host.name, n,
                                                 open_flows(host)),
         lambda: open_flows(host) == n, timeout * host.slow)


def slab(host):
    """Bytes of kernel objects, once everything that can be freed is."""
    out = host.run('echo 3 > /proc/sys/vm/drop_caches;'
                   ' grep ^Slab: /proc/meminfo').out
    return int(out.split()[1]) * 1024


def sizes_are_real(bed):
    """Not where debugging makes every object larger and free ones wait."""
    return bed.platform != 'uml-debug'


def many_ports(host):
    host.run('echo 10000 65535 > /proc/sys/net/ipv4/ip_local_port_range;'
             ' echo 8192 > /proc/sys/net/core/somaxconn;'
             ' echo 8192 > /proc/sys/net/ipv4/tcp_max_syn_backlog;'
             # Of more, each is ended by a reset, and who loses that stays.
             ' echo 65536 > /proc/sys/net/ipv4/tcp_max_orphans')


def no_connections(bed):
    """The programs have ended; so do their sockets, one after the other."""
    for host in bed.hosts:
        host.poll("awk '/^TCP:/ {n = $3} END {exit n > 8}' /proc/net/sockstat",
                  180)
        flows_are(host, 0)


def hold(bed, port, n):
    """n connections from the initiator to the target."""
    return program.Service(bed.i, 'connections', 'hold %s %d %d'
                           % (bed.t.addr, port, n), timeout=300)


@test()
def memory_of_ten_thousand_flows_is_bounded(ctx):
    bed = ctx.bed()
    n = 10000 if bed.platform == 'uml' else \
        1000 if sizes_are_real(bed) else 200
    bed.secure('asym')
    cost = {}
    for host in bed.hosts:
        many_ports(host)
        host.run('echo 0 > /proc/sys/net/ipv4/tcp_max_tw_buckets')
    with program.Service(bed.t, 'connections', 'serve %d' % PORT), \
            program.Service(bed.t, 'connections', 'serve %d' % OTHER_PORT):
        # The first connections leave caches behind.
        with hold(bed, PORT, 100):
            pass
        no_connections(bed)
        for port in (OTHER_PORT, PORT):
            before = [slab(host) for host in bed.hosts]
            with hold(bed, port, n):
                for host in bed.hosts:
                    flows_are(host, n if port == PORT else 0)
                cost[port] = [slab(host) - b
                              for host, b in zip(bed.hosts, before)]
            no_connections(bed)
        for host, flow, none in zip(bed.hosts, cost[PORT], cost[OTHER_PORT]):
            each = (flow - none) // n
            ctx.note('%s: %d bytes for each of %d flows, besides %d for TCP'
                     % (host.name, each, n, none // n))
            check(each > 0, 'a flow costs nothing')
            if sizes_are_real(bed):
                check(each <= BYTES_PER_FLOW, '%d bytes for a flow' % each)
    for host in bed.hosts:
        check(counters(host)['flows_broken'] == 0, 'a flow broke')


@test()
def short_connections_leave_nothing(ctx):
    bed = ctx.bed()
    rounds = 5
    n = 1000 if bed.platform == 'uml' else \
        200 if sizes_are_real(bed) else 40
    bed.secure('asym')
    for host in bed.hosts:
        many_ports(host)
    with program.Service(bed.t, 'connections', 'serve %d' % PORT):
        cmd = '%s churn %s %d %d' % (program.path(bed.i, 'connections'),
                                     bed.t.addr, PORT, n)
        # Fills the caches, and the table of TIME_WAIT.
        bed.i.run('echo %d > /proc/sys/net/ipv4/tcp_max_tw_buckets' % n)
        bed.i.run(cmd, timeout=200)
        for host in bed.hosts:
            flows_are(host, 0)
        before = [slab(host) for host in bed.hosts]
        for _ in range(rounds):
            bed.i.run(cmd, timeout=200)
        for host in bed.hosts:
            flows_are(host, 0)
        for host, was in zip(bed.hosts, before):
            c = counters(host)
            check(c['flows_started'] >= (rounds + 1) * n,
                  '%s: %d flows started' % (host.name, c['flows_started']))
            check(c['flows_broken'] == 0, 'a flow broke')
            # What is freed may take its time, what is lost stays.
            if sizes_are_real(bed):
                poll('%s: %d connections leave memory' % (
                    host.name, rounds * n), lambda: slab(host) - was <
                    rounds * n * 400, 20 * host.slow)
            ctx.note('%s: %d flows, then %d KiB more than before' % (
                host.name, c['flows_started'], slab(host) - was >> 10))


@test()
def syn_flood_makes_no_flows(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    n = 2000
    many_ports(bed.i)
    with program.Service(bed.t, 'connections', 'serve %d' % PORT):
        # Nobody has these addresses, and no policy protects them; and the
        # initiator's own, without a socket behind them, as an attacker has
        # them who holds the SA.
        for source, protected in (('192.0.2.77', False),
                                  (bed.i.addr, True)):
            before = counters(bed.t)
            # It must not answer to what it has not begun.
            bed.i.run('nft add table ip t; nft "add chain ip t o'
                      ' { type filter hook output priority 0; }";'
                      ' nft add rule ip t o tcp flags rst drop')
            bed.i.run('%s %s 2000 %s %d S %d'
                      % (program.path(bed.i, 'rawtcp'), source, bed.t.addr,
                         PORT, n), timeout=120)
            if protected:
                # Some get lost on the way.
                poll('SYNs come', lambda: counters(bed.t)['packets_opened'] -
                     before['packets_opened'] >= n // 10, 20 * bed.t.slow)
            for host in bed.hosts:
                check(open_flows(host) == 0, '%s follows %d connections'
                      % (host.name, open_flows(host)))
        # An honest one still comes through.
        with hold(bed, PORT, 10):
            for host in bed.hosts:
                flows_are(host, 10)


@test()
def segments_without_a_tcp_socket_are_not_taken_for_a_connection(ctx):
    """A raw socket's, and the kernel's own for connections in TIME_WAIT."""
    bed = ctx.bed()
    bed.secure('asym')
    connections = program.path(bed.i, 'connections')
    many_ports(bed.i)
    with program.Service(bed.t, 'connections', 'serve %d' % PORT):
        bed.i.run('%s churn %s %d 1' % (connections, bed.t.addr, PORT))
        local = bed.i.poll('ss -tanH state time-wait | grep -w %d | '
                           "awk '{sub(/.*:/, \"\", $3); print $3; n++}"
                           " END {exit !n}'" % PORT).split()[0]
        before = [counters(host) for host in bed.hosts]
        # Out of its window: it is acknowledged from TIME_WAIT.
        bed.t.run('%s %s %d %s %s FA' % (program.path(bed.t, 'rawtcp'),
                                         bed.t.addr, PORT, bed.i.addr, local))
        poll('an answer from TIME_WAIT',
             lambda: counters(bed.t)['packets_opened'] >
             before[1]['packets_opened'])
        # Nobody's.
        opened = counters(bed.t)['packets_opened']
        bed.i.run('%s %s 2000 %s %d A 20' % (
            program.path(bed.i, 'rawtcp'), bed.i.addr, bed.t.addr, PORT))
        poll('it arrives',
             lambda: counters(bed.t)['packets_opened'] > opened)
    for host, was in zip(bed.hosts, before):
        now = counters(host)
        refused = {k: now[k] - was[k] for k in now
                   if k.startswith('refused-') and now[k] != was[k]}
        check(not refused, '%s refuses: %s' % (host.name, refused))
        check(now['flows_started'] == was['flows_started'],
              '%s follows a connection that is none' % host.name)
