# SPDX-License-Identifier: GPL-2.0
"""A guest under test, whatever runs it.

A platform (uml.py, qemu.py) derives from Host, boots the guest in its
constructor and implements _exchange(), alive() and _shutdown().  Everything
else of the test bed only uses what is declared here, so the same scenarios run
on every platform.
"""

import os
import re
import shlex
import threading
import time


class HostError(Exception):
    """A command failed, or the guest did."""


class Result:
    """Exit status and output (stdout and stderr together) of a command."""

    def __init__(self, rc, out):
        self.rc = rc
        self.out = out

    def __repr__(self):
        return 'Result(rc=%d, out=%r)' % (self.rc, self.out)


class Job:
    """A command that runs while the test does something else."""

    def __init__(self, host, cmd, timeout):
        self.cmd = cmd
        self._result = None
        self._error = None
        self._thread = threading.Thread(
            target=self._work, args=(host, cmd, timeout), daemon=True)
        self._thread.start()

    def _work(self, host, cmd, timeout):
        try:
            self._result = host.run(cmd, timeout, check=False)
        except HostError as err:
            self._error = err

    def done(self):
        return not self._thread.is_alive()

    def wait(self):
        """Wait for the end; host.run()'s timeout bounds it."""
        self._thread.join()
        if self._error:
            raise self._error
        return self._result


def poll(what, func, timeout=20, interval=0.02):
    """Call func() until it returns something true; that is the result.  what
    names it when it does not: a text, or a function that makes one then."""
    end = time.monotonic() + timeout
    while True:
        value = func()
        if value:
            return value
        if time.monotonic() > end:
            raise HostError('timeout: ' + (what() if callable(what)
                                           else what))
        time.sleep(interval)


# What comes of IPv6 by itself would be noise in captures.
IPV6 = """set -e
echo 0 > /proc/sys/net/ipv6/conf/all/router_solicitations
echo 0 > /proc/sys/net/ipv6/conf/%(dev)s/router_solicitations
echo 1 > /proc/sys/net/ipv6/conf/%(dev)s/addr_gen_mode
echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6
echo 0 > /proc/sys/net/ipv6/conf/%(dev)s/disable_ipv6
echo 0 > /proc/sys/net/ipv6/conf/lo/disable_ipv6
"""

# Start of a kernel report on the console.
REPORT = re.compile(
    r'BUG:|BUG at |KASAN|UBSAN|WARNING:|Oops|Kernel panic|general protection'
    r'|possible circular locking|possible recursive locking'
    r'|inconsistent lock state|suspicious RCU|sleeping function'
    r'|INFO: task .* blocked|rcu_sched self-detected|refcount_t:'
    r'|kmemleak: [1-9]\d* new suspected|unreferenced object|Segfault with no mm'
    r'|list_(add|del) corruption|invalid opcode|kernel BUG|DEBUG_LOCKS_WARN_ON')

# UML's own, at boot: it flushes the address space of its first processes
# outside of any RCU section.
BENIGN = re.compile(r'\] force_flush_all')


class Host:
    """One guest.

    name     'initiator', 'target', ...
    addr     its address on the test network
    iface    the network device that carries it
    share    directory of the machine that runs the test bed; the guest sees
             it as /share and both may write it
    console  path of the console log
    kdir     build tree of the guest's kernel
    platform 'uml', 'uml-debug', 'qemu-6.1', 'qemu-6.12'
    """

    name = None
    addr = None
    iface = 'eth0'
    share = None
    console = None
    kdir = None
    platform = None
    # modprobe, such that it finds the modules of the guest's kernel
    modprobe_cmd = 'modprobe'
    # Factor for timeouts: a debug kernel and TCG are slow.
    slow = 1

    # -- to be implemented by a platform ---------------------------------
    def _exchange(self, cmd, timeout):
        """Run cmd with /bin/sh in the guest; return (rc, bytes).

        Raises TimeoutError (the command is killed then) or OSError (the
        guest is gone).  May be called from several threads at once.
        """
        raise NotImplementedError

    def alive(self):
        """Does the guest still run?"""
        raise NotImplementedError

    def _shutdown(self):
        """End the guest at once and free what the platform holds."""
        raise NotImplementedError

    # -- for tests -------------------------------------------------------
    def run(self, cmd, timeout=60, check=True):
        """Run a shell command; HostError if check and its status is not 0."""
        try:
            rc, out = self._exchange(cmd, timeout * self.slow)
        except TimeoutError:
            raise HostError('%s: no end after %d s: %s'
                            % (self.name, timeout * self.slow, cmd)) from None
        except OSError as err:
            raise HostError('%s: host is gone (%s) during: %s'
                            % (self.name, err, cmd)) from None
        text = out.decode('utf-8', 'replace')
        if check and rc:
            raise HostError('%s: exit status %d: %s\n%s'
                            % (self.name, rc, cmd, text.rstrip()))
        return Result(rc, text)

    def start(self, cmd, timeout=60):
        """Run a command in the background; returns a Job."""
        return Job(self, cmd, timeout)

    def ok(self, cmd, timeout=60):
        """Does cmd succeed?"""
        return self.run(cmd, timeout, check=False).rc == 0

    def end(self, pid, signal='TERM'):
        """Send a signal, and wait until the process has ended.  Who starts it
        may not have waited for it: a zombie has let go of all it had."""
        self.run('kill -%s %d; while grep -qs "^State:[^Z]*$" /proc/%d/status;'
                 ' do sleep 0.05; done' % (signal, pid, pid))

    def poll(self, cmd, timeout=20):
        """Run cmd until it succeeds; returns its output."""
        def once():
            res = self.run(cmd, check=False)
            return (res,) if res.rc == 0 else None
        return poll('%s: %s' % (self.name, cmd), once,
                    timeout * self.slow)[0].out

    def modprobe(self, *names):
        self.run('%s -a %s' % (self.modprobe_cmd, ' '.join(names)))

    def enable_ipv6(self):
        """It is off until then, and has no address but what one gives it."""
        self.run(IPV6 % {'dev': self.iface})

    def path(self, name):
        """Path on the machine of a file in the share."""
        return os.path.join(self.share, name)

    def write(self, name, data):
        """Put a file into the share; returns the guest's path of it."""
        if isinstance(data, str):
            data = data.encode()
        path = self.path(name)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, 'wb') as f:
            f.write(data)
        return '/share/' + name

    def read(self, path):
        """Contents of a file in the guest (for short files)."""
        return self.run('cat ' + shlex.quote(path)).out

    def console_text(self):
        try:
            with open(self.console, 'rb') as f:
                return f.read().decode('utf-8', 'replace')
        except FileNotFoundError:
            return ''

    def crash_reports(self):
        """Kernel reports on the console, each with the lines around it."""
        lines = self.console_text().splitlines()
        reports = []
        skip = 0
        for i, line in enumerate(lines):
            if i < skip or not REPORT.search(line):
                continue
            # To the empty line behind the backtrace.
            end = i
            trace = False
            while end < min(len(lines), i + 150):
                trace = trace or 'Call Trace' in lines[end]
                if trace and not lines[end].strip():
                    break
                end += 1
            if not trace:
                end = min(end, i + 45)
            text = lines[max(0, i - 1):end]
            skip = end
            if 'suspicious RCU' in line and \
                    any(BENIGN.search(t) for t in text):
                continue
            reports.append('%s: %s' % (self.name, '\n'.join(text)))
        return reports

    def stop(self):
        """End the guest.  Harmless when it is gone already."""
        self._shutdown()
