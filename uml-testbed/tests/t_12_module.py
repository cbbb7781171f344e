# SPDX-License-Identifier: GPL-2.0
"""Modules, namespaces, keys and bindings come and go while others work."""

import os

from testbed import asymctl, iscsi, modules, program
from testbed.asymctl import counters
from testbed.host import poll
from testbed.iscsi import PORT
from testbed.sa import Sas
from testbed.suite import check, test

from . import steps
from .t_12_flow import flows_are, many_ports
from .t_7_refusals import no_hits

# For a long run by hand.
ROUNDS = int(os.environ.get('ASYM_ROUNDS', 0))

PUMP = ('nice -n 19 %s churn %s 9 1000000 > /dev/null 2>&1 < /dev/null &'
        ' echo $!')


@test({}, more=({'no_offload': True},))
def modules_come_and_go_under_ordinary_traffic(ctx, no_offload=False):
    """An SA of the kernel's own carries a stream, and others are set up."""
    bed = ctx.bed(offload=not no_offload)
    rounds = ROUNDS or 10
    bed.load([bed.i])
    modules.unload(bed.i)
    modules.load_esp(bed.t, bed.offload)
    Sas(bed.i, bed.t, 'gcm').install()
    extra = Sas(bed.i, bed.t, 'gcm', spi=0x5000)
    state = 'ip xfrm state add ' + extra.state(bed.i.addr, bed.t.addr)
    with program.Service(bed.t, 'connections', 'serve 9'):
        pump = int(bed.i.run(PUMP % (program.path(bed.i, 'connections'),
                                     bed.t.addr)).out)
        # With an SA that is set up while they are there, and ended when they
        # are not, or the other way about.
        res = bed.i.run(
            'set -e; cd /share; n=0; while [ $n -lt %d ]; do'
            ' insmod iscsi_parse.ko; insmod keystore.ko; insmod esp_asym.ko;'
            ' %s; [ $((n %% 2)) = 0 ] || ip xfrm state deleteall spi 0x5000;'
            ' rmmod esp_asym; rmmod keystore; rmmod iscsi_parse;'
            ' [ $((n %% 2)) = 1 ] || ip xfrm state deleteall spi 0x5000;'
            ' n=$((n + 1)); done; [ -d /proc/%d ]; kill %d'
            % (rounds, state, pump, pump), timeout=max(600, 20 * rounds))
        stat = dict(line.split() for line in
                    bed.i.read('/proc/net/xfrm_stat').splitlines())
    ctx.note('%d times; %s' % (rounds, {k: v for k, v in stat.items()
                                        if v != '0'}))
    for name in ('XfrmInStateProtoError', 'XfrmOutStateProtoError',
                 'XfrmInError', 'XfrmOutError'):
        check(stat[name] == '0', '%s: %s' % (name, stat[name]))
    check(not res.out.strip(), res.out)


@test()
def modules_with_connections_cannot_be_unloaded(ctx):
    """A flow outlives its SAs, and holds the module by itself."""
    bed = ctx.bed()
    bed.secure('asym')
    many_ports(bed.i)
    with program.Service(bed.t, 'connections', 'serve %d' % PORT):
        with program.Service(bed.i, 'connections', 'hold %s %d 3'
                             % (bed.t.addr, PORT)):
            for host in bed.hosts:
                flows_are(host, 3)
                host.run('echo 1 > /proc/sys/net/ipv4/tcp_orphan_retries')
                bed.sas.remove(host)
            for host in bed.hosts:
                # What is left are the sockets: the SAs' ends are through when
                # the type of ESP has no user but them.
                res = host.run('for n in 1 2 3 4 5; do rmmod esp_asym && exit;'
                               ' sleep 0.2; done; exit 1', check=False)
                check(res.rc, 'unloaded under connections')
    # Their FINs do not get out: give up soon.
    for host in bed.hosts:
        host.poll('rmmod esp_asym', 90)


@test()
def namespaces_end_with_living_connections(ctx):
    """Two of them in a guest, with SAs, a key and a binding of their own."""
    bed = ctx.bed()
    rounds = ROUNDS or (2 if ctx.quick else 5)
    bed.load([bed.i])
    i = bed.i
    connections = program.path(i, 'connections')
    tool = asymctl.path(i)
    key = i.write('netns.key', os.urandom(64))
    sas = Sas(*(type('End', (), {'addr': a}) for a in
                ('10.0.0.1', '10.0.0.2')), 'asym')
    names = {'nsa': sas.hosts[0], 'nsb': sas.hosts[1]}
    for name, end in names.items():
        i.write(name, '\n'.join(sas.lines(end)) + '\n')
    script = '\n'.join([
        'set -e',
        'rm -f /run/hold /run/serve',
        'ip netns add nsa; ip netns add nsb',
        'ip link add va netns nsa type veth peer vb netns nsb',
        'ip -n nsa addr add 10.0.0.1/24 dev va; ip -n nsa link set va up',
        'ip -n nsb addr add 10.0.0.2/24 dev vb; ip -n nsb link set vb up',
        'ip -n nsa -batch /share/nsa; ip -n nsb -batch /share/nsb',
        # Bytes that nobody acknowledges: give up soon.
        'for ns in nsa nsb; do ip netns exec $ns sh -c "echo 1 >'
        ' /proc/sys/net/ipv4/tcp_orphan_retries"; done',
        'ip netns exec nsa %s key add k file %s' % (tool, key),
        'ip netns exec nsa %s bind add iqn iqn.x:y lun 0 key k' % tool,
        'ready() { n=0; until grep -q ready $1; do sleep 0.1; n=$((n + 1));'
        ' [ $n -lt 600 ] || { cat $1; exit 1; }; done; }',
        'ip netns exec nsb %s serve %d > /run/serve 2>&1 < /dev/null &'
        % (connections, PORT),
        'serve=$!',
        'ready /run/serve',
        'ip netns exec nsa %s hold 10.0.0.2 %d 50 > /run/hold 2>&1'
        ' < /dev/null &' % (connections, PORT),
        'hold=$!',
        'ready /run/hold',
        'ip netns exec nsa cat /proc/net/esp_asym_stat > /share/nsa.stat',
        'ip netns exec nsb cat /proc/net/esp_asym_stat > /share/nsb.stat',
        # The wire goes first: no FIN comes through.
        'ip -n nsa link set va down',
        'ip netns del nsa; ip netns del nsb',
        'kill $hold $serve', 'wait $hold $serve || true'])
    for _ in range(rounds):
        i.run(script, timeout=120)
        for name in names:
            with open(i.path(name + '.stat')) as f:
                stat = dict(line.split() for line in f)
            check(stat['flows_started'] == '50', '%s: %s flows started'
                  % (name, stat['flows_started']))
    # Each socket holds its namespace, which holds its SAs and they the module:
    # it can go when all of that is over.  Orphans end on their own.
    i.poll('rmmod esp_asym', 120)
    i.run('rmmod keystore && rmmod iscsi_parse')
    check('unregister_netdevice' not in i.console_text(),
          'a device waits for its users')


@test()
def keys_and_bindings_change_under_load(ctx):
    """An I/O is right or it fails; nothing gets out."""
    bed = ctx.bed()
    bed.secure('asym')
    size = 1 << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size))
    disk = session.disk()
    marker = os.urandom(32)
    data = steps.marked(marker, size)
    name = bed.i.write('marked', data)
    cap = bed.capture()
    tool = asymctl.path(bed.i)
    bind = '%s bind %%s iqn %s lun 0%%s' % (tool, bed.target.iqn)
    bed.i.run(': > /run/go')
    job = bed.i.start('while [ -e /run/go ]; do timeout 20 dd if=%s of=%s'
                      ' bs=64k oflag=direct 2>/dev/null; done' % (name, disk),
                      timeout=200)

    def met():
        c = counters(bed.i)
        return c['refused-unbound-lun'] + c['refused-key-missing']

    for n in range(4 if ctx.quick else 12):
        before = met()
        # By turns only the binding changes, or its key goes first.
        if n % 2:
            bed.i.run(tool + ' key del k0')
            bed.i.run(bind % ('del', ''))
            asymctl.Key('k0', raw=os.urandom(64)).add(bed.i)
        else:
            bed.i.run(bind % ('del', ''))
        poll('the load meets the change', lambda: met() > before,
             20 * bed.i.slow)
        bed.i.run(bind % ('add', ' key k0 block-size 512'))
        bed.i.run('sleep 0.2')
    bed.i.run('rm /run/go')
    job.wait()
    c = counters(bed.i)
    ctx.note('%d commands met no binding, %d things no key'
             % (c['refused-unbound-lun'], c['refused-key-missing']))
    # With the key and the binding of the end it is a disk again.
    write = 'dd if=%s of=%s bs=64k oflag=direct conv=fsync' % (name, disk)
    bed.i.poll(write, 60)
    steps.reread(bed.i, disk)
    bed.i.run('dd if=%s of=/share/back bs=64k iflag=direct' % disk)
    with open(bed.i.path('back'), 'rb') as f:
        check(f.read() == data, 'read back something else')
    bed.target.sync()
    session.logout()
    no_hits('on the wire', cap.stop(), marker)
    no_hits('at the target', lun.path, marker)
