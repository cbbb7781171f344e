# SPDX-License-Identifier: GPL-2.0
"""Tests, and what they share.

A test is a function decorated with @test; its name says what it proves.  It
gets a Context, and it fails by raising.
"""

import hashlib
import os
import struct
import traceback

from .bed import Bed
from .host import HostError

TESTS = []


class Failure(Exception):
    """What was seen is not what must be seen."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def test(*variants, more=(), platforms=None):
    """Register a test.

    variants   dictionaries of keyword arguments: one test for each, named
               after the function and the values
    more       variants that the fast selection leaves out: what they do
               differs from the others in degree and not in kind
    platforms  prefix of the platforms it can run on; None: all
    """
    def register(func):
        for n, args in enumerate((*(variants or ({},)), *more)):
            name = func.__name__
            for key, value in args.items():
                if value is True:
                    name += '_' + key
                elif isinstance(value, str):
                    name += '_' + value
                elif value is not False:
                    name += '_%s_%s' % (key, value)
            TESTS.append(Test(name.replace('-', '_'), func, args, platforms,
                              n < max(len(variants), 1)))
        return func
    return register


class Test:
    def __init__(self, name, func, args, platforms, fast):
        self.name = name
        self.func = func
        self.args = args
        self.platforms = platforms
        self.fast = fast

    def runs_on(self, platform):
        return self.platforms is None or platform.startswith(self.platforms)


class Context:
    """What a test works with: beds on the platform of the run."""

    def __init__(self, platform, workdir):
        self.platform = platform
        self.workdir = workdir
        self.bytes = 0		# of data that were written and verified
        self.faults = {}	# what was done to the hosts, how many times
        self.traffic = {}	# what the initiator sent and got
        self.notes = []
        self._beds = []

    # On slow platforms a test may do less of the same.
    @property
    def quick(self):
        return self.platform != 'uml'

    def bed(self, **args):
        bed = Bed(self.platform, workdir=os.path.join(
            self.workdir, 'bed%d' % len(self._beds)), **args)
        self._beds.append(bed)
        return bed

    def note(self, text):
        self.notes.append(text)

    def fault(self, what, count=1):
        self.faults[what] = self.faults.get(what, 0) + count

    def _look_back(self, bed):
        """How much has passed a bed, and what its wire did to it."""
        for what, count in bed.net.wire_counts().items():
            if count and what != 'frames':
                self.fault(what, count)
        now = {'wire': bed.net.octets()}
        if bed.i.alive():
            out = bed.i.run('grep -s ^opaque_bytes /proc/net/esp_asym_stat;'
                            ' true').out.split()
            now.update(zip(out[::2], map(int, out[1::2])))
        for what, count in now.items():
            self.traffic[what] = self.traffic.get(what, 0) + count

    def close(self):
        """Stop everything; returns the kernel reports."""
        reports = []
        for bed in self._beds:
            try:
                self._look_back(bed)
            except (HostError, OSError, ValueError) as err:
                self.note('what has passed was not counted: %s' % err)
            for host in bed.hosts:
                if not host.alive():
                    reports.append('%s: the guest is dead' % host.name)
            if self.platform == 'uml-debug':
                for host in bed.hosts:
                    if host.alive():
                        try:
                            _kmemleak(host)
                        except HostError as err:
                            reports.append(str(err))
            reports += bed.crash_reports()
            bed.stop()
        return reports

    def log(self, out):
        for bed in self._beds:
            for host in bed.hosts:
                out.write('\n==== console of %s\n%s' % (
                    host.name, host.console_text()))


def _kmemleak(host):
    """Have kmemleak report; it wants an object to be unreferenced in two
    scans before it does."""
    out = host.run('echo scan > /sys/kernel/debug/kmemleak;'
                   ' echo scan > /sys/kernel/debug/kmemleak;'
                   ' cat /sys/kernel/debug/kmemleak', timeout=120,
                   check=False)
    if 'unreferenced object' in out.out:
        raise HostError('%s: kmemleak:\n%s' % (host.name, out.out[:6000]))


# Of the reason of a failure; the log has all of it.
SHORT = 400


def run_one(test, platform, workdir, log_path):
    """Returns (reason or None, context)."""
    ctx = Context(platform, workdir)
    reason = None
    trace = ''
    reports = []
    try:
        try:
            test.func(ctx, **test.args)
        except (Failure, HostError) as err:
            reason = str(err).strip().split('\n')[0] or type(err).__name__
            trace = '%s\n\n%s' % (err, traceback.format_exc())
        except Exception as err:
            reason = '%s: %s' % (type(err).__name__, err)
            trace = traceback.format_exc()
    finally:
        reports = ctx.close()
    if reports and not reason:
        reason = 'kernel report: ' + next(
            (line for line in reports[0].splitlines()[0:3]
             if line.strip()), '')
    if reason:
        with open(log_path, 'w') as out:
            out.write('%s on %s\n%s\n' % (test.name, platform, reason))
            out.write('\n'.join(ctx.notes) + '\n' + trace)
            for report in reports:
                out.write('\n==== report\n' + report + '\n')
            ctx.log(out)
    return reason and reason[:SHORT], ctx


# -- pcap ----------------------------------------------------------------
def frames(path):
    """The frames of a pcap file."""
    with open(path, 'rb') as f:
        head = f.read(24)
        check(len(head) == 24, 'the capture is empty')
        order = '<' if head[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') \
            else '>'
        while True:
            rec = f.read(16)
            if len(rec) < 16:
                return
            length, = struct.unpack(order + 'I', rec[8:12])
            yield f.read(length)


def _looks_for_neighbours(frame):
    """ARP, and what IPv6 has for it: neighbour solicitation and advertisement,
    and reports of the multicast groups that these are sent to."""
    if frame[12:14] == b'\x08\x06':
        return True
    if frame[12:14] != b'\x86\xdd':
        return False
    return (frame[20] == 58 and frame[54] in (135, 136)) or (
        frame[20] == 0 and frame[54] == 58 and frame[62] in (131, 132, 143))


def is_esp(frame):
    return (frame[12:14] == b'\x08\x00' and frame[23] == 50) or (
        frame[12:14] == b'\x86\xdd' and frame[20] == 50)


def foreign_frames(path):
    """Frames that are neither ESP nor look for neighbours, and the number of
    ESP frames."""
    foreign, esp = [], 0
    for frame in frames(path):
        if is_esp(frame):
            esp += 1
        elif not _looks_for_neighbours(frame):
            foreign.append(frame)
    return foreign, esp


def count_in_file(path, needle):
    with open(path, 'rb') as f:
        return f.read().count(needle)


def sha256_file(path):
    h = hashlib.sha256()
    with open(path, 'rb') as f:
        for block in iter(lambda: f.read(1 << 20), b''):
            h.update(block)
    return h.hexdigest()
