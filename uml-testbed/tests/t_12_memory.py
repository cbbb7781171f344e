# SPDX-License-Identifier: GPL-2.0
"""Whatever the modules ask the kernel for may fail, at each place where they
ask: then an operation fails or is repeated, and nothing else happens.

modules/asymfail.c has it fail.
"""

import os

from testbed import asymctl, iscsi, modules
from testbed.asymctl import counters
from testbed.host import HostError, poll
from testbed.sa import Sas
from testbed.suite import check, test

from . import steps
from .t_7_refusals import no_hits

# One request in so many fails: for a long run by hand, "100 10".
RATES = [int(n) for n in os.environ.get('ASYM_RATES', '').split()]
PARAM = '/sys/module/asymfail/parameters/'


class Sites:
    """What asymfail has seen on a host."""

    def __init__(self, host):
        self.host = host
        self.calls = {}
        self.failures = {}
        self.index = {}
        for line in host.read('/proc/asymfail').splitlines():
            index, name, calls, failures = line.split()
            self.index[name] = int(index)
            self.calls[name] = int(calls)
            self.failures[name] = int(failures)

    def spared(self):
        return [n for n in self.calls if not self.failures[n]]


def set_param(host, name, value):
    host.run('echo %d > %s%s' % (value, PARAM, name))


def build(host):
    return modules.build_for(host, extra=('asymfail',))


def fail_each(host, what, cmd, undo, limit=120):
    """Run cmd with its first request failing, then its second, and so on, until
    it has no more; returns how many there were."""
    script = ('n=1; failed=0\n'
              'while [ $n -le %d ]; do\n'
              'echo $n > %snth\n'
              'if (%s) > /tmp/fail.out 2>&1; then ok=1; else ok=0; fi\n'
              'left=$(cat %snth); echo 0 > %snth\n'
              '[ $ok = 1 ] || failed=$((failed + 1))\n'
              '[ $ok = 0 ] || [ $left != 0 ] || { %s; } || exit 3\n'
              '[ $left = 0 ] || { [ $ok = 1 ] && echo $((n - 1)) $failed'
              ' && exit; cat /tmp/fail.out; exit 4; }\n'
              'n=$((n + 1))\n'
              'done; exit 5' % (limit, PARAM, cmd, PARAM, PARAM, undo))
    out = host.run(script, timeout=300).out.split()
    requests, failed = int(out[-2]), int(out[-1])
    check(requests > 0, '%s asks for nothing' % what)
    check(failed > 0, '%s never failed' % what)
    return requests, failed


@test()
def setup_fails_cleanly_at_every_request(ctx):
    """Loading the modules, keys, bindings, SAs, namespaces."""
    bed = ctx.bed()
    i = bed.i
    modules.load_esp(i, bed.offload)
    directory = build(i)
    modules.load_extra(i, 'asymfail', directory)
    # Loads what they depend on.
    modules.load(i, bed.offload, directory=directory)
    modules.unload(i)
    tool = asymctl.path(i)
    sas = Sas(bed.i, bed.t, 'asym')
    state = 'ip xfrm state add ' + sas.state(i.addr, bed.t.addr)
    key = i.write('fail.key', os.urandom(64))

    done = []

    def each(what, cmd, undo):
        requests = fail_each(i, what, cmd, undo)[0]
        ctx.fault('failed requests', requests)
        done.append('%s %d' % (what, requests))

    for name in modules.ORDER[1:]:
        if name == 'keystore':
            i.run('insmod /share/iscsi_parse.ko')
        each('insmod ' + name, 'insmod /share/%s.ko' % name, 'rmmod ' + name)
        check(name in i.run('lsmod').out, name + ' is not there')
    # The work that ends an SA is the kernel's.
    each('SA', state, 'ip xfrm state flush')
    each('key', '%s key add k file %s' % (tool, key), tool + ' key del k')
    each('binding', '%s bind add iqn iqn.x:y lun 0 key k' % tool,
         tool + ' bind del iqn iqn.x:y lun 0')
    each('namespace', 'ip netns add n', 'ip netns del n')
    ctx.note('requests: ' + ', '.join(done))
    # All of it is there and works.
    check('asym(gcm(aes))' in i.run('ip xfrm state').out, 'no SA')
    i.run('%s key show | grep -q k && ip netns exec n cat'
          ' /proc/net/esp_asym_stat > /dev/null' % tool)
    i.run('ip netns del n; ip xfrm state flush; %s bind del iqn iqn.x:y lun 0;'
          ' %s key del k' % (tool, tool))
    i.poll('rmmod esp_asym', 60)
    i.run('rmmod keystore iscsi_parse asymfail')


CHUNK = 128 << 10


def _write(bed, disk, chunk, data):
    """Returns whether the disk says that it has them."""
    name = bed.i.write('chunk', data)
    return bed.i.run('timeout 8 dd if=%s of=%s bs=64k seek=%d oflag=direct'
                     ' conv=notrunc,fsync 2>/dev/null'
                     % (name, disk, chunk * CHUNK // 65536), timeout=60,
                     check=False).rc == 0


def _read(bed, disk, chunk):
    """The bytes, or None."""
    res = bed.i.run('rm -f /share/back; timeout 8 dd if=%s of=/share/back'
                    ' bs=64k skip=%d count=%d iflag=direct 2>/dev/null'
                    % (disk, chunk * CHUNK // 65536, CHUNK // 65536),
                    timeout=60, check=False)
    if res.rc:
        return None
    with open(bed.i.path('back'), 'rb') as f:
        return f.read()


class Workload:
    """Writes and reads that may fail; what they say must be true."""

    def __init__(self, bed, disk, chunks):
        self.bed = bed
        self.disk = disk
        self.chunks = chunks
        self.known = {}
        self.marker = os.urandom(32)
        self.done = self.failed = 0

    def turn(self, chunk):
        data = steps.marked(os.urandom(32) + self.marker, CHUNK)
        if _write(self.bed, self.disk, chunk, data):
            self.known[chunk] = data
            self.done += 1
        else:
            # Some of it may be there, sealed all the same.
            self.known.pop(chunk, None)
            self.failed += 1
        self.read(chunk)

    def read(self, chunk):
        back = _read(self.bed, self.disk, chunk)
        if back is None:
            self.failed += 1
            return
        self.done += 1
        if chunk in self.known:
            check(back == self.known[chunk],
                  'chunk %d reads as something else' % chunk)


def log_in(bed):
    return bed.login({'node.session.timeo.replacement_timeout': '5'})


def works_again(bed, work, session, cap, lun):
    """Nothing is left of the failures, and nothing got out meanwhile."""
    poll('the disk is back', lambda: _write(
        bed, work.disk, 0, bytes(CHUNK)), 60 * bed.i.slow)
    failed = work.failed
    for chunk in range(work.chunks):
        work.turn(chunk)
    check(work.failed == failed, 'it goes on failing')
    check(len(work.known) == work.chunks, 'not everything was written')
    session.logout(check=False)
    bed.target.sync()
    # A packet that nobody sends or frees would hold its SA.
    bed.sas.remove()
    for host in bed.hosts:
        host.poll('rmmod esp_asym', 60)
    no_hits('on the wire', cap.stop(), work.marker)
    no_hits('at the target', lun.path, work.marker)


@test()
def io_survives_failures_of_every_request(ctx):
    bed = ctx.bed()
    setup = {}
    for host in bed.hosts:
        directory = build(host)
        modules.load_extra(host, 'asymfail', directory)
        modules.load(host, bed.offload, directory=directory)
    bed.sas = Sas(bed.i, bed.t, 'asym')
    bed.sas.install()
    chunks = 2
    lun = iscsi.Lun(0, size=chunks * CHUNK)
    bed.serve([lun])
    bed.bind(0)
    for host in bed.hosts:
        # The scenario above is for these.
        setup[host] = set(Sites(host).calls)
    cap = bed.capture()
    session = log_in(bed)
    disk = session.disk()
    work = Workload(bed, disk, chunks)
    for every in RATES or (300,):
        for host in bed.hosts:
            set_param(host, 'every', every)
        for chunk in range(chunks):
            work.turn(chunk)
        for host in bed.hosts:
            set_param(host, 'every', 0)
    ctx.note('%d reads and writes passed, %d failed' % (work.done,
                                                        work.failed))

    # One by one, those that are asked only now and then.
    for host in bed.hosts:
        for name in set(Sites(host).spared()) - setup[host]:
            set_param(host, 'site', Sites(host).index[name])
            work.turn(0)
            for attempt in range(3):
                if Sites(host).failures[name]:
                    break
                # It is asked when a connection begins, or not each time.
                try:
                    session.logout(check=False)
                    session = log_in(bed)
                    work.disk = session.disk()
                    work.turn(0)
                except HostError:
                    pass
            set_param(host, 'site', -1)
    try:
        work.disk = session.disk()
    except HostError:
        session.logout(check=False)
        session = log_in(bed)
        work.disk = session.disk()
    for host in bed.hosts:
        sites = Sites(host)
        spared = set(sites.spared()) - setup[host]
        ctx.fault('failed requests', sum(sites.failures.values()))
        ctx.note('%s: %d failures at %d places' % (
            host.name, sum(sites.failures.values()), len(sites.calls) -
            len(setup[host] & set(sites.spared()))))
        check(not spared, '%s: these did not fail: %s'
              % (host.name, ', '.join(sorted(spared))))
        check(counters(host)['refused-no-memory'] > 0,
              '%s did not say that it had no memory' % host.name)
    works_again(bed, work, session, cap, lun)


def short_of_memory(host, every):
    """One in so many requests fails, of what any part of the kernel asks for
    and cannot wait for; 0: none."""
    lines = []
    for name in ('failslab', 'fail_page_alloc'):
        lines += ['cd /sys/kernel/debug/' + name,
                  'echo %d > times' % (-1 if every else 0),
                  'echo 100 > probability', 'echo %d > interval' % every,
                  'echo 0 > verbose', 'echo Y > ignore-gfp-wait']
    lines.append('echo 0 > min-order')
    host.run('\n'.join(lines))


@test(platforms='uml-debug')
def io_survives_a_kernel_short_of_memory(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    chunks = 2
    session, lun = steps.disk(bed, iscsi.Lun(0, size=chunks * CHUNK))
    cap = bed.capture()
    work = Workload(bed, session.disk(), chunks)
    for every in (1000, 100):
        for host in bed.hosts:
            short_of_memory(host, every)
        for chunk in range(chunks):
            work.turn(chunk)
        for host in bed.hosts:
            short_of_memory(host, 0)
    ctx.note('%d reads and writes passed, %d failed' % (work.done,
                                                        work.failed))
    works_again(bed, work, session, cap, lun)
