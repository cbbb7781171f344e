# SPDX-License-Identifier: GPL-2.0
"""What the scenarios of IKE share: strongSwan on both hosts, what it negotiated,
and what was on the wire."""

import json
import os
import re
import secrets as random
import threading
from types import SimpleNamespace

from testbed import iscsi, modules, strongswan
from testbed.asymctl import counters
from testbed.host import HostError
from testbed.suite import check, foreign_frames

from . import steps

SIZE = 4 << 20
# IKE, and the modules of ordinary ESP, take their time on a busy machine.
PATIENT = {'node.conn[0].timeo.login_timeout': '25'}
FAILS = {'node.session.initial_login_retry_max': '1',
         'node.conn[0].timeo.login_timeout': '5'}
# Where SAs are away for a while on purpose, nobody shall ask for a sign of life.
WAITS = {**PATIENT, **steps.PATIENCE}


# -- the wire ----------------------------------------------------------------
def is_ike(packet):
    """... or what a host without a daemon says to it: port unreachable."""
    if packet[0] >> 4 == 6:
        return packet[6] == 17 and \
            int.from_bytes(packet[42:44], 'big') in (500, 4500)
    if packet[9] == 1 and packet[20:22] == b'\3\3':
        packet = packet[28:]
    return packet[9] == 17 and \
        int.from_bytes(packet[22:24], 'big') in (500, 4500)


def ike_frames(path):
    """Numbers of frames of IKE and ESP, and all others but ARP."""
    foreign, esp = foreign_frames(path)
    other = [frame for frame in foreign if not is_ike(frame[14:])]
    return len(foreign) - len(other), esp, other


def check_closed(path):
    """Nothing but IKE, and ESP; returns their numbers of frames."""
    ike, esp, other = ike_frames(path)
    check(not other, '%d frames are neither IKE nor ESP, the first is %s'
          % (len(other), other and other[0][:54].hex()))
    return ike, esp


# -- the daemons -------------------------------------------------------------
def start(bed, plugin=(True, True), module=(True, True), settings=(),
          params=None, queue=False):
    """strongSwan on both hosts; SAs come from there.  Until they do packets wait
    in the kernel's queue, or are dropped, as by default."""
    for host in bed.hosts if queue else ():
        host.run('echo 0 > /proc/sys/net/core/xfrm_larval_drop')
    for host, present in zip(bed.hosts, module):
        if present:
            bed.load([host], params)
        else:
            modules.load_esp(host)
    bed.sas = SimpleNamespace(kind='asym-ike')
    bed.ike = [strongswan.Daemon(h, p, settings)
               for h, p in zip(bed.hosts, plugin)]


def secret():
    return ('secrets {\n ike-iscsi {\n  secret = %s\n }\n}\n'
            % random.token_hex(32))


def psk(bed, *edits, only=None, addresses=None):
    """A secret, and psk-*.conf with edits; returns what swanctl said.
    addresses of IPv6, by host, take the place of those of the hosts."""
    shared = secret()
    said = []
    for daemon, side in zip(bed.ike, strongswan.SIDES):
        text = strongswan.example('psk-' + side,
                                  *(edits if only in (None, side) else ()))
        for host, address in (addresses or {}).items():
            text = text.replace(host.addr + '/32', address + '/128')
            text = text.replace(host.addr, address)
        said.append(daemon.configure(text, shared))
    return said


def loaded(said):
    for res in said:
        check(res.rc == 0, 'swanctl: ' + res.out)


def certificates(ctx, bed, *edits, names=0):
    """Of a CA, with so many more names; cert-*.conf with edits."""
    ca = strongswan.Ca(os.path.join(ctx.workdir, 'ca'), names)
    said = []
    for host, daemon, side in zip(bed.hosts, bed.ike, strongswan.SIDES):
        ca.install(host, side)
        said.append(daemon.configure(
            strongswan.example('cert-' + side, *edits)))
    return said


def check_sas(bed, alg='ASYM_GCM_AES', bits=288, esn=False,
              mode='transport'):
    for daemon in bed.ike:
        sas = daemon.installed()
        check(len(sas) == 1, '%s: %d CHILD_SAs' % (daemon.host.name, len(sas)))
        check((sas[0].alg, sas[0].bits) == (alg, bits),
              '%s: %s-%d' % (daemon.host.name, sas[0].alg, sas[0].bits))
        check(sas[0].mode == mode.upper(), sas[0].mode)
        check(sas[0].esn == esn, 'ESN: %s' % sas[0].esn)


def no_login(ctx, bed):
    """A login fails and nothing but IKE leaves; returns its frames."""
    bed.serve([iscsi.Lun(0, size=SIZE)])
    if bed.i.ok('[ -e /proc/net/esp_asym_stat ]'):
        bed.bind()
    capture = bed.net.capture(os.path.join(ctx.workdir, 'refused.pcap'))
    try:
        bed.login(FAILS)
    except HostError as err:
        ctx.note(str(err).splitlines()[0])
    else:
        check(False, 'the login succeeded')
    ike, esp = check_closed(capture.stop())
    check(not esp, '%d frames of ESP' % esp)
    for daemon in bed.ike:
        check(not daemon.installed(), 'there are CHILD_SAs')
    return ike


# -- what was done under SAs that come and go --------------------------------
def check_unharmed(bed, waited=False):
    """No error at the block layer, and nothing was refused; if connections had
    to wait for SAs, that was noticed."""
    for host in bed.hosts:
        found = re.search(r'.*(I/O error|Buffer I/O).*', host.console_text())
        check(not found, found and found.group(0))
        bad = {k: v for k, v in counters(host).items() if v and
               (k.startswith('refused') or k == 'flows_broken')}
        if waited:
            bad.pop('refused-no-sa', None)
        check(not bad, '%s: %s' % (host.name, bad))


def sealed_more(bed, timeout=60):
    """The initiator sends packets, now."""
    sealed = counters(bed.i)['packets_sealed']
    bed.i.poll('read n v < /proc/net/esp_asym_stat;'
               ' [ $n = packets_sealed ] && [ $v -gt %d ]' % sealed, timeout)


class Load(threading.Thread):
    """fio with verification, again and again until stop()."""

    def __init__(self, ctx, host, disk, size=SIZE, name='fio'):
        super().__init__(daemon=True)
        self.args = (ctx, host, disk, size, name)
        self.rounds = 0
        self.error = None
        self._end = threading.Event()
        self.start()

    def run(self):
        try:
            while not self._end.is_set():
                steps.fio(*self.args)
                self.rounds += 1
        except Exception as err:
            self.error = err

    def stop(self, wait=True):
        self._end.set()
        if not wait:
            return
        self.join()
        if self.error:
            raise self.error
        check(self.rounds, 'fio came to no end')


class OneRun:
    """One fio --verify from here to stop(): it writes, and reads what it has
    written, again and again."""

    CMD = ('echo $$ > /tmp/fio.pid; exec fio --name=v --filename=%s --direct=1'
           ' --ioengine=libaio --iodepth=16 --thread --bsrange=512-1m'
           ' --blockalign=512 --size=%d --rw=randwrite --verify=crc32c'
           ' --verify_fatal=1 --do_verify=1 --verify_backlog=16'
           ' --loops=1000000 --output-format=json --output=/share/run.json')

    def __init__(self, ctx, host, disk, size=SIZE):
        self.ctx = ctx
        self.host = host
        self.size = size
        self._job = host.start(self.CMD % (disk, size), 3600)

    def stop(self):
        """It must have gone on all the time; returns the bytes verified."""
        self.host.poll('[ -s /tmp/fio.pid ]')
        check(self.host.ok('kill -TERM $(cat /tmp/fio.pid)'),
              'fio has ended by itself')
        self._job.wait()
        with open(self.host.path('run.json')) as f:
            text = f.read()
        job = json.loads(text[text.index('{'):])['jobs'][0]
        check(job['error'] == 0, 'fio: error %d: %s' % (job['error'], text[:400]))
        verified = job['read']['io_bytes']
        check(verified > self.size, 'fio has verified %d bytes' % verified)
        self.ctx.bytes += verified + job['write']['io_bytes']
        return verified
