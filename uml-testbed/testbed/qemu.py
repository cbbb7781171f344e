# SPDX-License-Identifier: GPL-2.0
"""Guests that run a stock Debian kernel in QEMU.

The kernel comes from qemu/fetch-kernel, the root directory is the machine's
own (read-only, below a tmpfs), so nothing has to be installed in a guest.

    net = Network(['tap-i', 'tap-t'])
    a = QemuHost('initiator', '10.9.0.1', '6.1', dir_a, net, 'tap-i')
    b = QemuHost('target', '10.9.0.2', '6.12', dir_b, net, 'tap-t')
    a.run('ping -c 1 10.9.0.2')

The constructor returns while the guest still boots, so two guests boot side by
side; the first run() waits until the guest is up.

A Link in the place of the Network connects two guests without tap devices and
without a namespace; QEMU writes the capture then.

Under TCG the boot takes longer than most of what is done afterwards.  So it is
done once, up to the point where the root directory is mounted; the state of the
guest is saved, and guests of the same kind begin as copies of it.
"""

import functools
import itertools
import lzma
import os
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import threading
import time

from . import cache
from .host import Host, HostError, poll

QEMU_DIR = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), 'qemu')

# What the initramfs needs to reach the root directory and the command channel.
BOOT_MODULES = ('virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay')

# Loaded in every guest: what udev would load for the CPU and the devices, and
# what the UML kernel has built in.  How ESP is loaded is up to the tests.
MODULES = ('sd_mod', 'sg', 'iscsi_tcp', 'target_core_mod', 'target_core_file',
           'iscsi_target_mod', 'xfrm_user', 'aesni_intel',
           'ghash_clmulni_intel', 'poly1305_x86_64', 'chacha_x86_64',
           'crc32c_intel')

# A guest under TCG on a busy machine may stand still for seconds without being
# broken; the longer limits keep kernel reports for what is.
KERNEL_ARGS = ('console=ttyS0 loglevel=5 net.ifnames=0 mitigations=off nokaslr '
               'tsc=reliable no_timer_check oops=panic panic=-1 '
               'watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120')

# A guest that dies is noticed at once.
BOOT_TIMEOUT = 600


@functools.lru_cache(maxsize=None)
def kernel_tree(series):
    """The directory that holds the Debian kernel of a series ('6.1')."""
    done = subprocess.run([os.path.join(QEMU_DIR, 'fetch-kernel'), series],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise HostError('no Debian kernel ' + series)
    return done.stdout.splitlines()[-1]


@functools.lru_cache(maxsize=None)
def emulator():
    """Version of QEMU, as (major, minor)."""
    said = subprocess.run(['qemu-system-x86_64', '--version'], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    found = re.search(r'version (\d+)\.(\d+)', said)
    return tuple(map(int, found.groups()))


def default_accel():
    """'kvm' where QEMU can run a stock kernel with it, else TCG."""
    # The device alone says little: with KVM inside of a machine that itself is
    # a guest without VMX or SVM, QEMU starts and the kernel never gets going.
    with open('/proc/cpuinfo') as f:
        flags = next((line for line in f if line.startswith('flags')), '')
    if os.access('/dev/kvm', os.R_OK | os.W_OK) \
            and {'vmx', 'svm'} & set(flags.split()):
        return 'kvm'
    # With a thread for each CPU, QEMU before 8.1 now and then runs an instruction
    # that the kernel has patched on another CPU, and the guest dies of an int3
    # while it boots.  With one thread CPUs take turns, and nothing is parallel.
    return 'tcg,thread=multi' if emulator() >= (8, 1) else 'tcg,thread=single'


def description():
    """What runs the guests, in a few words."""
    return 'QEMU %d.%d, %s' % (*emulator(), default_accel())


def _module_name(path):
    return os.path.basename(path.strip()).split('.')[0].replace('-', '_')


def _load_order(modules_dir, names):
    """Paths of the modules to load for these names, dependencies first."""
    depends = {}
    with open(os.path.join(modules_dir, 'modules.dep')) as lines:
        for line in lines:
            path, rest = line.rstrip('\n').split(':')
            depends[_module_name(path)] = (path, rest.split())
    with open(os.path.join(modules_dir, 'modules.builtin')) as lines:
        builtin = set(map(_module_name, lines))
    order = []
    for name in names:
        if name in builtin:
            continue
        if name not in depends:
            raise HostError('no module %s in %s' % (name, modules_dir))
        path, needed = depends[name]
        # modules.dep lists what has to be loaded first last.
        for item in needed[::-1] + [path]:
            if item not in order:
                order.append(item)
    return order


def _pad4(data):
    return data + bytes(-len(data) % 4)


def _cpio(files):
    """A newc archive of [(name, mode, bytes)]."""
    archive = []
    for number, (name, mode, data) in enumerate(
            files + [('TRAILER!!!', 0, b'')]):
        path = name.encode() + b'\0'
        fields = (number + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0,
                  len(path), 0)
        header = b'070701' + b''.join(b'%08X' % field for field in fields)
        archive += [_pad4(header + path), _pad4(data)]
    return b''.join(archive)


def _initramfs(modules_dir, modules):
    """Path of an initramfs that loads these modules."""
    def read(path):
        with open(path, 'rb') as f:
            data = f.read()
        return lzma.decompress(data) if path.endswith('.xz') else data

    busybox = shutil.which('busybox')
    if not busybox:
        raise HostError('busybox is missing (package busybox-static)')
    files = [('bin', 0o040755, b''), ('modules', 0o040755, b''),
             ('bin/busybox', 0o100755, read(busybox)),
             ('init', 0o100755, read(os.path.join(QEMU_DIR, 'init'))),
             ('agent', 0o100755, read(os.path.join(QEMU_DIR, 'agent')))]
    order = _load_order(modules_dir, modules)

    def make(tmp):
        for number, path in enumerate(order):
            files.append(('modules/%03d-%s.ko' % (number, _module_name(path)),
                          0o100644, read(os.path.join(modules_dir, path))))
        with open(os.path.join(tmp, 'initramfs'), 'wb') as f:
            f.write(_cpio(files))

    key = cache.digest(modules_dir, *order, repr(files))
    return os.path.join(cache.build('qemu-initramfs-' + key, make), 'initramfs')


class _Spawner:
    """Starts programs that the kernel kills when this process ends.

    That is PR_SET_PDEATHSIG, and it goes by the *thread* that started the
    program; so one thread that lives as long as this process starts them all.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._wanted = threading.Semaphore(0)
        self._done = threading.Semaphore(0)
        self._thread = None

    def _work(self):
        while True:
            self._wanted.acquire()
            try:
                self._value = subprocess.Popen(self._argv, **self._kwargs)
            except OSError as err:
                self._value = err
            self._done.release()

    def spawn(self, argv, **kwargs):
        with self._lock:
            if not self._thread:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
            self._argv = ['setpriv', '--pdeathsig', 'KILL'] + argv
            self._kwargs = kwargs
            self._wanted.release()
            self._done.acquire()
            if isinstance(self._value, OSError):
                raise HostError('cannot start %s: %s' % (argv[0], self._value))
            return self._value


_spawner = _Spawner()


class Link:
    """A cable with two ends, each for the constructor of one guest."""

    def __init__(self):
        self._ends = list(socket.socketpair())

    def take(self):
        if not self._ends:
            raise HostError('both ends of this link are taken')
        return self._ends.pop(0)

    def close(self):
        while self._ends:
            self._ends.pop().close()


class Machine:
    """What guests have in common if one can go on where another was saved."""

    def __init__(self, tree, accel, cmdline, modules, vcpus, mem, icount, net,
                 tap):
        release = os.path.basename(tree)[len('debian-'):]
        self._modules_dir = os.path.join(tree, 'lib/modules', release)
        self._kernel = os.path.join(tree, 'boot/vmlinuz-' + release)
        self._initramfs = _initramfs(self._modules_dir, modules)
        self._cmdline = cmdline
        self._net = net
        self._usual = [
            '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot',
            '-machine', 'q35', '-accel', accel,
            '-cpu', 'max,erms=off' if icount else 'max', '-smp', vcpus,
            '-m', str(mem)]
        if icount:
            self._usual += ['-icount', 'shift=0,sleep=on']
        self._device = 'e1000e,netdev=net'
        if tap:
            # Without the device's own segmentation and checksums, what passes
            # the tap is what would be on a cable.
            self._device += ',disable_vnet_hdr=1'

    def arguments(self, console, agent, share, netdev, *options):
        """For QEMU: paths of the console's log and of what the guest shares,
        file descriptor of the command channel, where eth0 ends, more for the
        kernel's command line."""
        args = self._usual + [
            '-kernel', self._kernel, '-initrd', self._initramfs,
            '-append', ' '.join((KERNEL_ARGS, self._cmdline) + options),
            '-chardev', 'file,id=console,path=' + console,
            '-serial', 'chardev:console',
            '-device', 'virtio-serial-pci',
            '-chardev', 'socket,id=agent,fd=%d' % agent,
            '-device', 'virtserialport,chardev=agent,name=agent']
        for tag, path, access in (('root', '/', ',readonly=on'),
                                  ('modules', self._modules_dir,
                                   ',readonly=on'),
                                  ('share', share, '')):
            args += ['-fsdev', 'local,id=%s,path=%s,security_model=none,'
                     'multidevs=remap%s' % (tag, path, access),
                     '-device', 'virtio-9p-pci,fsdev=%s,mount_tag=%s'
                     % (tag, tag)]
        if self._net:
            args += ['-netdev', netdev, '-device', self._device]
        return args

    def saved(self):
        """Path of the state of such a guest that waits in front of its root
        directory."""
        def make(tmp):
            console = os.path.join(tmp, 'console')
            ours, agent = socket.socketpair()
            # It has to see its own end only.
            with ours, agent, open(os.path.join(tmp, 'log'), 'wb') as log:
                proc = _spawner.spawn(
                    ['qemu-system-x86_64', '-monitor', 'stdio']
                    + self.arguments(console, agent.fileno(), tmp,
                                     'hubport,id=net,hubid=0', 'copied'),
                    stdin=subprocess.PIPE, stdout=log, stderr=log,
                    start_new_session=True, pass_fds=[agent.fileno()])
                try:
                    poll('a guest that is to be saved', lambda: (
                        proc.poll() is not None or os.path.exists(console)
                        and b'init: waits' in _content(console)), BOOT_TIMEOUT)
                    proc.communicate(b'migrate "exec:cat >%s"\ninfo migrate\n'
                                     b'quit\n'
                                     % os.path.join(tmp, 'state').encode(),
                                     timeout=BOOT_TIMEOUT)
                finally:
                    proc.kill()
                    proc.wait()
            # A part of a state must not be kept for the next.
            if b'completed' not in _content(os.path.join(tmp, 'log')):
                raise HostError('no state of a guest was saved:\n%s'
                                % _content(os.path.join(tmp, 'log')).decode())

        version = subprocess.run(['qemu-system-x86_64', '--version'],
                                 check=True, stdout=subprocess.PIPE).stdout
        key = cache.digest(version, *self.arguments('', 0, '', ''))
        return os.path.join(cache.build('qemu-state-' + key, make), 'state')


def _content(path):
    with open(path, 'rb') as f:
        return f.read()


class QemuHost(Host):
    """One guest.

    name      its host name
    addr      address of eth0, with prefix as the prefix length
    series    '6.1' or '6.12'
    workdir   directory for share/ and the logs; ours alone
    net, tap  the Network and the tap in it that eth0 is, or a Link; with a
              Link, mtu is that of eth0 and capture is a pcap file for what it
              sends and receives
    vcpus, mem, cmdline, modules, qemu_args
              as they say; cmdline and qemu_args are added to the usual ones
    icount    one virtual nanosecond is one instruction; implies one CPU
    accel     as -accel of QEMU takes it; by default what works here
    boot      seconds that the guest has to come up
    """

    slow = 4
    _macs = itertools.count(1)

    def __init__(self, name, addr, series, workdir, net=None, tap=None,
                 prefix=24, mtu=1500, capture=None, vcpus=2, mem='768M',
                 cmdline='', modules=MODULES, qemu_args=(), icount=False,
                 accel=None, boot=BOOT_TIMEOUT):
        workdir = os.path.abspath(workdir)
        self.name = name
        self.addr = addr
        self.net = net
        self.platform = 'qemu-' + series
        tree = kernel_tree(series)
        self.release = os.path.basename(tree)[len('debian-'):]
        modules_dir = os.path.join(tree, 'lib/modules', self.release)
        self.kdir = os.path.join(modules_dir, 'build')
        self.share = os.path.join(workdir, 'share')
        self.console = os.path.join(workdir, 'console')
        self.qemu_log = os.path.join(workdir, 'qemu.log')

        self._proc = None
        self._boot_end = time.monotonic() + boot
        self._boot_lock = threading.Lock()
        self._send_lock = threading.Lock()
        self._up = False
        # Answers of the agent by token: None while it is awaited.
        self._answers = {b'agent': None}
        self._abandoned = set()
        self._answer = threading.Condition()
        self._eof = False

        for tool in ('qemu-system-x86_64', 'setpriv'):
            if not shutil.which(tool):
                raise HostError(tool + ' is missing')
        os.makedirs(self.share, exist_ok=True)
        accel = 'tcg' if icount else accel or default_accel()
        # What is measured shall not depend on what was saved once.
        self._copied = accel.startswith('tcg') and not icount and not qemu_args
        modules = (*(['e1000e'] if net else ()), *modules)
        machine = Machine(tree, accel, cmdline,
                          BOOT_MODULES + (modules if self._copied else ()),
                          '1' if icount else str(vcpus), mem, icount, bool(net),
                          bool(tap))
        state = machine.saved() if self._copied else None
        self._setup = self._setup_commands(
            () if self._copied else modules,
            net and (net.mtu if tap else mtu), addr, prefix)

        self._agent, agent = socket.socketpair()
        inherited = [agent]
        netdev = None
        command = []
        if net and tap:
            netdev = 'tap,id=net,ifname=%s,script=no,downscript=no' % tap
            command = net.command([])
        elif net:
            end = net.take()
            inherited.append(end)
            netdev = 'stream,id=net,server=off,addr.type=fd,addr.str=%d' \
                % end.fileno()
        args = command + ['qemu-system-x86_64', '-name', name] + \
            machine.arguments(self.console, agent.fileno(), self.share, netdev)
        if state:
            args += ['-incoming', 'exec:cat ' + shlex.quote(state)]
        if capture:
            args += ['-object', 'filter-dump,id=capture,netdev=net,file='
                     + os.path.abspath(capture)]
        args += list(qemu_args)
        try:
            with open(self.qemu_log, 'wb') as log:
                self._proc = _spawner.spawn(
                    args, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True,
                    pass_fds=[s.fileno() for s in inherited])
            if state:
                self._agent.sendall(b'go\n')
        except BaseException:
            self._agent.close()
            raise
        finally:
            # With a copy left here, nobody would notice that QEMU is gone.
            for s in inherited:
                s.close()
        threading.Thread(target=self._read_answers, daemon=True).start()

    def _setup_commands(self, modules, mtu, addr, prefix):
        cmds = ['hostname ' + self.name,
                # IPv6 would put packets of its own on the wire.
                'sysctl -qw net.ipv6.conf.all.disable_ipv6=1'
                ' net.ipv6.conf.default.disable_ipv6=1'
                ' kernel.printk_ratelimit=0']
        if modules:
            cmds.append('modprobe -a ' + ' '.join(modules))
        if mtu:
            # The default rings are so short that a guest under TCG loses
            # what comes in bursts.
            cmds += ['ethtool -G eth0 rx 4096 tx 4096',
                     'ip link set eth0 address 52:54:00:12:34:%02x'
                     % next(self._macs),
                     'ip addr add %s/%d dev eth0' % (addr, prefix),
                     'ip link set eth0 mtu %d up' % mtu,
                     # Autonegotiation takes a second or two.
                     'until grep -q 1 /sys/class/net/eth0/carrier;'
                     ' do sleep 0.05; done']
        return ' && '.join(cmds)

    # -- the command channel; the protocol is described in qemu/agent ----
    def _read_answers(self):
        data = b''
        while True:
            try:
                more = self._agent.recv(1 << 16)
            except OSError:
                more = b''
            with self._answer:
                if not more:
                    self._eof = True
                    self._answer.notify_all()
                    return
                # The last line of an answer may have come in two pieces.
                start = max(0, len(data) - 64)
                data += more
                while True:
                    rest = self._take_answer(data, start)
                    if rest is None:
                        break
                    data, start = rest, 0

    def _take_answer(self, data, start):
        """Store the first complete answer in data; return what follows it."""
        marks = []
        for token in [t for t, a in self._answers.items() if a is None] \
                + list(self._abandoned):
            mark = data.find(b'\n' + token + b' ', start)
            if mark >= 0:
                marks.append((mark, token))
        if not marks:
            return None
        mark, token = min(marks)
        end = data.find(b'\n', mark + 1)
        if end < 0:
            return None
        if token in self._abandoned:
            self._abandoned.remove(token)
        else:
            rc = int(data[mark + len(token) + 2:end])
            self._answers[token] = (rc, data[:mark])
            self._answer.notify_all()
        return data[end + 1:]

    def _wait_answer(self, token, end):
        with self._answer:
            while self._answers[token] is None:
                left = end - time.monotonic()
                if self._eof or left <= 0:
                    del self._answers[token]
                    self._abandoned.add(token)
                    if self._eof:
                        raise ConnectionError('QEMU has ended')
                    raise TimeoutError
                self._answer.wait(left)
            return self._answers.pop(token)

    def _command(self, cmd, timeout):
        token = secrets.token_hex(16)
        escaped = ''.join(
            c if c.isalnum() or c in ' ./-_=' else
            ''.join('\\0%03o' % byte for byte in c.encode())
            for c in cmd)
        line = '%s %d x%s\n' % (token, max(1, round(timeout)), escaped)
        token = token.encode()
        with self._answer:
            self._answers[token] = None
        start = time.monotonic()
        with self._send_lock:
            self._agent.sendall(line.encode())
        # The guest ends the command in time; the host only has to help out when
        # the guest itself hangs.
        rc, out = self._wait_answer(token, start + timeout + 20)
        if rc in (137, 143) and time.monotonic() - start >= timeout:
            raise TimeoutError
        return rc, out

    def _wait_boot(self):
        with self._boot_lock:
            if self._up:
                return
            try:
                self._wait_answer(b'agent', self._boot_end)
                cmd = self._setup
                if self._copied:
                    # Its clock has stood still, and others draw the same
                    # random numbers: take new ones from the CPU
                    # (RNDRESEEDCRNG).
                    cmd = ("date -s @%d && perl -e 'open(R, q(>),"
                           " q(/dev/urandom)) or die; ioctl(R, 0x5207, 0)"
                           " or die' && %s" % (time.time(), cmd))
                rc, out = self._command(cmd, 60)
                if rc:
                    raise HostError('%s: %s\n%s' % (
                        self.name, cmd, out.decode('utf-8', 'replace')))
            except (OSError, KeyError):
                with open(self.qemu_log, errors='replace') as f:
                    raise HostError('%s: no boot:\n%s%s' % (
                        self.name, f.read(),
                        self.console_text()[-2000:])) from None
            self._up = True

    # -- Host ------------------------------------------------------------
    def _exchange(self, cmd, timeout):
        self._wait_boot()
        return self._command(cmd, timeout)

    def alive(self):
        return self._proc.poll() is None and not self._eof

    def _shutdown(self):
        if self._proc.poll() is None:
            self._proc.terminate()
            try:
                self._proc.wait(10)
            except subprocess.TimeoutExpired:
                self._proc.kill()
                self._proc.wait()
        # Wakes the reader thread, which a close() would not.
        try:
            self._agent.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
