# SPDX-License-Identifier: GPL-2.0
"""User Mode Linux guests."""

import itertools
import os
import signal
import socket
import subprocess
import threading
import time

from . import cache, jobs
from .host import Host, HostError
from .net import die_with_parent

# A guest's end of the serial line holds 4096 bytes, and loses what comes then.
LINE_BYTES = 2048

_started = itertools.count()


def _cpus():
    """CPUs for the next guest.

    Its kernel and its programs are processes of the machine that wait for each
    other, so one CPU is all it needs.  Of two that are idle each has to be woken,
    which takes several times as long as the work where they are virtual ones.
    Busy ones need not, and then the machine knows best.
    """
    cpus = sorted(os.sched_getaffinity(0))
    return {cpus[next(_started) % len(cpus)]} if jobs.alone else cpus


def _begin(cpus):
    """For preexec_fn."""
    die_with_parent()
    os.sched_setaffinity(0, cpus)


class UmlHost(Host):
    """A UML guest whose root is the machine's, seen through hostfs.

    The constructor returns while the guest still boots: the first run() waits.

    kernel   directory that build-kernel printed
    workdir  directory for share/ and the console log; ours alone
    net, tap the Network and the tap in it
    """

    iface = 'vec0'
    modprobe_cmd = '/run/modprobe'

    def __init__(self, name, addr, kernel, workdir, net, tap,
                 mem='384M', flavour='release', prefix=24, boot=60):
        self.name = name
        self.addr = addr
        self.net = net
        self.platform = 'uml' if flavour == 'release' else 'uml-debug'
        # Also a fast kernel has a part of the machine only.
        self.slow = 2 if flavour == 'release' else 6
        self.kdir = os.path.join(kernel, 'build')
        self.share = os.path.join(workdir, 'share')
        self.console = os.path.join(workdir, 'console')
        os.makedirs(self.share, exist_ok=True)

        self._next = 0
        self._lock = threading.Lock()
        self._jobs = {}
        self._ready = threading.Event()
        self._gone = threading.Event()
        self._boot_lock = threading.Lock()
        self._boot_end = time.monotonic() + boot * self.slow
        self._up = False
        self._setup = (
            'hostname %s; echo 0 > /proc/sys/kernel/printk_ratelimit;'
            ' echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6;'
            ' echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6;'
            ' printf "addr add %s/%d dev vec0\\nlink set lo up\\n'
            'link set vec0 up\\n" | ip -batch -' % (name, addr, prefix))

        cpus = _cpus()
        ours, theirs = socket.socketpair()
        fd = theirs.fileno()
        argv = net.command([
            os.path.join(kernel, 'linux'), 'mem=' + mem,
            'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro',
            'init=' + cache.uml_init(),
            'vec0:transport=tap,ifname=%s,depth=128,gro=1,mtu=%d'
            % (tap, net.mtu),
            'con=null', 'con0=null,fd:1', 'console=tty0',
            'ssl=null', 'ssl0=fd:%d' % fd, 'random.trust_cpu=on',
            'asym_share=' + self.share,
            'asym_modules=' + os.path.join(kernel, 'modules'),
        ])
        self._line = ours
        # UML keeps the guest's memory in a file in TMPDIR.
        env = {'PATH': os.environ.get('PATH', ''), 'TMPDIR': '/dev/shm',
               'HOME': workdir}
        try:
            with open(self.console, 'wb') as console:
                self._proc = subprocess.Popen(
                    argv, stdin=subprocess.DEVNULL, stdout=console,
                    stderr=console, pass_fds=[fd], env=env,
                    start_new_session=True, preexec_fn=lambda: _begin(cpus))
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _wait_boot(self):
        with self._boot_lock:
            if self._up:
                return
            while not self._ready.wait(0.05):
                if not self.alive() or time.monotonic() > self._boot_end:
                    raise HostError('%s: no boot:\n%s' % (
                        self.name, self.console_text()[-2000:]))
            rc, out = self._command(self._setup, 60)
            if rc:
                raise HostError('%s: no network: %s' % (
                    self.name, out.decode('utf-8', 'replace')))
            self._up = True

    # -- the serial line (see guest/init.c) -------------------------------
    def _read(self):
        f = self._line.makefile('rb')
        try:
            while True:
                head = f.readline().split()
                if not head:
                    break
                if head[0] == b'READY':
                    self._ready.set()
                    continue
                job = self._jobs.get(int(head[1]))
                if head[0] == b'O':
                    data = f.read(int(head[2]))
                    if job:
                        job['out'] += data
                elif job:
                    job['rc'] = int(head[2])
                    job['end'].set()
        except (OSError, ValueError):
            pass
        self._gone.set()
        for job in list(self._jobs.values()):
            job['end'].set()

    def _send(self, data):
        with self._lock:
            self._line.sendall(data)

    def _exchange(self, cmd, timeout):
        self._wait_boot()
        return self._command(cmd, timeout)

    def _command(self, cmd, timeout):
        job = {'out': bytearray(), 'rc': None, 'end': threading.Event()}
        with self._lock:
            self._next += 1
            ident = self._next
            self._jobs[ident] = job
        raw = cmd.encode()
        script = None
        try:
            if len(raw) > LINE_BYTES:
                script = 'command-%d' % ident
                raw = b'exec sh ' + self.write(script, raw).encode()
            self._send(b'R %d %d\n' % (ident, len(raw)) + raw)
            end = time.monotonic() + timeout
            while not job['end'].wait(0.5):
                if not self.alive():
                    raise OSError('guest ended')
                if time.monotonic() > end:
                    if timeout > 10:
                        # For the log: what everybody is doing.  Only those
                        # that are blocked: UML dies of a list of all.
                        try:
                            self._command('ps -eo pid,stat,wchan:30,args;'
                                          ' echo w > /proc/sysrq-trigger', 10)
                        except OSError:
                            pass
                    self._send(b'K %d\n' % ident)
                    job['end'].wait(5)
                    raise TimeoutError
            if job['rc'] is None:
                raise OSError('guest ended')
            return job['rc'], bytes(job['out'])
        finally:
            self._jobs.pop(ident, None)
            if script:
                os.unlink(self.path(script))

    def alive(self):
        return self._proc.poll() is None and not self._gone.is_set()

    def _shutdown(self):
        if self._proc.poll() is None:
            # The guest's processes are processes of the machine, in the
            # session that we gave the guest.
            try:
                os.killpg(self._proc.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._proc.wait()
        self._line.close()
        self._reader.join(5)
