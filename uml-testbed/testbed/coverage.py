# SPDX-License-Identifier: GPL-2.0
"""What of the modules the scenarios have run: gcov's counters, taken from each
guest before it ends and added up.

The directory of a run has one for each build of the modules that was loaded,
with the notes of the compiler, the sources, and the sum of the counters of all
guests.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile

from .host import HostError
from .results import Results, commit

# For make: see GCOV_PROFILE in Documentation/dev-tools/gcov.rst of the kernel.
FLAGS = ('GCOV_PROFILE=y',)
DEBUGFS = '/sys/kernel/debug/gcov'
# What a file of counters begins with.
MAGIC = b'adcg'
# Of the modules: as they are, with other options, with other text.
VARIANTS = ('plain', 'special', 'edited')
# Code of the test bed, or for it, in the same builds.
NOT_OURS = ('asymfail/', 'asyncrypt/', 'stopped/', 'keystore/selftest/')


class Run:
    """The counters of a run of scenarios, in a directory that the processes of
    the run share; guests and lost are those of this process."""

    def __init__(self, directory):
        self.directory = os.path.abspath(directory)
        self.guests = 0
        self.lost = []
        self._builds = {}
        os.makedirs(self.directory, exist_ok=True)

    @contextlib.contextmanager
    def _alone(self):
        with open(os.path.join(self.directory, 'lock'), 'w') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def add_build(self, directory, variant):
        """A build that guests will load.  The guest's kernel knows it by the
        name of the directory where it was made."""
        with open(os.path.join(directory, 'place')) as f:
            place = f.read()
        if place in self._builds:
            return
        ours = os.path.join(self.directory,
                            os.path.basename(place).lstrip('.'))
        self._builds[place] = ours
        with self._alone():
            if not os.path.isdir(ours):
                self._keep(directory, place, variant, ours)

    @staticmethod
    def _keep(directory, place, variant, ours):
        tmp = ours + '.tmp'
        shutil.rmtree(tmp, ignore_errors=True)
        for base, _, files in os.walk(directory):
            for name in files:
                if name.endswith(('.gcno', '.c', '.h')):
                    path = os.path.join(base, name)
                    copy = os.path.join(tmp, os.path.relpath(path, directory))
                    os.makedirs(os.path.dirname(copy), exist_ok=True)
                    shutil.copyfile(path, copy)
        with open(os.path.join(tmp, 'build.json'), 'w') as f:
            json.dump({'place': place, 'variant': variant,
                       'commit': commit()}, f)
        os.rename(tmp, ours)

    def take(self, host):
        """Add the counters of a guest, also of modules that it has unloaded.
        Nothing is raised: self.lost tells what went wrong."""
        try:
            if not host.alive():
                raise HostError('the guest is dead')
            with tempfile.TemporaryDirectory() as tmp:
                self._copy(host, tmp)
                with self._alone():
                    for place, ours in self._builds.items():
                        if os.path.isdir(tmp + place):
                            _merge(ours, tmp + place)
                self.guests += bool(os.listdir(tmp))
        except (HostError, OSError) as err:
            self.lost.append('%s: %s' % (host.name, err))

    def _copy(self, host, directory):
        """The guest's files of counters.  A command of the guest and a file
        in its share cost time: all of them come as one."""
        names = host.run('set -e; : > /share/gcov; cd %s; for p in %s; do'
                         ' [ -d .$p ] || continue; cat .$p/*/*.gcda >>'
                         ' /share/gcov; echo .$p/*/*.gcda; done'
                         % (DEBUGFS, ' '.join(self._builds)),
                         timeout=30).out.split()
        with open(host.path('gcov'), 'rb') as f:
            data = f.read()
        # A file begins with what it is, and for which version of gcc.
        head = data[:8]
        parts = data.split(head)[1:] if head.startswith(MAGIC) else []
        if len(parts) != len(names):
            raise HostError('%d parts of %d files of counters'
                            % (len(parts), len(names)))
        for name, part in zip(names, parts):
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as f:
                f.write(head + part)


def note_place(tmp):
    """For add_build()."""
    with open(os.path.join(tmp, 'place'), 'w') as f:
        f.write(tmp)


# The Run of this process, if there is one.
run = None


def _merge(ours, taken):
    """Add the counters in directory taken to those in ours/counters."""
    total = os.path.join(ours, 'counters')
    if not os.path.isdir(total):
        shutil.copytree(taken, total)
        return
    new = total + '.new'
    shutil.rmtree(new, ignore_errors=True)
    res = subprocess.run(['gcov-tool', 'merge', total, taken, '-o', new],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    if res.returncode or not os.path.isdir(new):
        raise HostError('gcov-tool: ' + res.stdout.strip())
    shutil.rmtree(total)
    os.rename(new, total)


# -- the report ------------------------------------------------------------
class File:
    """What was run of a source: how often a line; whether a function, by the
    line where it begins; how often each way out of a line, by function."""

    def __init__(self, text):
        self.text = text
        self.lines = {}
        self.functions = {}
        self.branches = {}

    def add(self, data):
        """data is of gcov for one object and this file."""
        for line in data['lines']:
            number = line['line_number']
            self.lines[number] = self.lines.get(number, 0) + line['count']
            ways = [b['count'] for b in line['branches'] if not b['throw']]
            if ways:
                old = self.branches.setdefault(
                    (number, line.get('function_name')), [0] * len(ways))
                # asymfail adds branches to the lines that it has fail: how
                # these go on is not known then.
                if len(old) == len(ways):
                    old[:] = map(sum, zip(old, ways))
        for function in data['functions']:
            start = function['start_line']
            self.functions[start] = self.functions.get(start, 0) + \
                function['execution_count']

    def row(self, name):
        ways = [n for counts in self.branches.values() for n in counts]
        row = {'file': name}
        for what, counts in (('lines', self.lines.values()),
                             ('functions', self.functions.values()),
                             ('branches', ways)):
            row[what] = len(counts)
            row[what + '_hit'] = sum(1 for n in counts if n)
        return row

    def missed(self):
        """(number, text) of lines that were never run."""
        return [(n, self.text[n - 1]) for n in sorted(self.lines)
                if not self.lines[n]]


def read(directory):
    """The Files of all builds in the directory of a Run, by name, and the
    commit that they are from."""
    builds = []
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        if os.path.exists(os.path.join(path, 'build.json')):
            with open(os.path.join(path, 'build.json')) as f:
                builds.append((path, json.load(f)))
    # The newest plain one comes first: it says what there is.
    builds.sort(key=lambda b: (VARIANTS.index(b[1]['variant']), -os.stat(
        os.path.join(b[0], 'build.json')).st_mtime))
    files = {}
    old = set()
    for path, build in builds:
        for data in _gcov(path):
            name = os.path.normpath(data['file'])
            if not name.startswith(build['place'] + '/'):
                continue
            name = os.path.relpath(name, build['place'])
            if name.startswith(NOT_OURS):
                continue
            with open(os.path.join(path, name)) as f:
                text = f.read().splitlines()
            file = files.setdefault(name, File(text))
            if file.text == text:
                file.add(data)
            elif build['variant'] != 'edited':
                old.add(name)
    for name in sorted(old):
        print('# %s has changed: earlier counts are left out' % name)
    return files, builds[0][1]['commit'] if builds else None


def _gcov(path):
    """What gcov says about the objects of a build, file by file.  An object
    whose module was never loaded has no counters, and was not run."""
    with tempfile.TemporaryDirectory() as tmp:
        for part in (path, os.path.join(path, 'counters')):
            if os.path.isdir(part):
                shutil.copytree(part, tmp, dirs_exist_ok=True)
        notes = [os.path.join(base, name) for base, _, names in os.walk(tmp)
                 for name in names if name.endswith('.gcno')]
        res = subprocess.run(['gcov', '--json-format', '--stdout',
                              '--branch-probabilities'] + sorted(notes),
                             text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
    if res.returncode:
        raise HostError('gcov: ' + res.stderr.strip())
    for line in res.stdout.splitlines():
        yield from json.loads(line)['files']


WHAT = ('lines', 'functions', 'branches')


def _line(row):
    return '%-28s' % row['file'] + ''.join(
        '%12s %6s' % ('%d/%d' % (row[w + '_hit'], row[w]),
                      '%.1f%%' % (100 * row[w + '_hit'] / row[w])
                      if row[w] else '-') for w in WHAT)


def report(directory):
    """Print how much of each file was run, and write it to results.jsonl, and
    the lines that never were to missed.txt."""
    files, tested = read(directory)
    if not files:
        raise HostError('nothing was gathered in ' + directory)
    total = {w + end: 0 for w in WHAT for end in ('', '_hit')}
    print('%-28s' % 'file' + ''.join('%19s' % w for w in WHAT))
    # This run's results hold those of the earlier ones.
    with open(os.path.join(directory, 'results.jsonl'), 'w'):
        results = Results(directory)
    with open(os.path.join(directory, 'missed.txt'), 'w') as missed:
        for name, file in sorted(files.items()):
            row = file.row(name)
            for key in total:
                total[key] += row[key]
            print(_line(row))
            results.add('coverage', source='scenarios', commit=tested, **row)
            missed.writelines('%s:%d:%s\n' % (name, number, text)
                              for number, text in file.missed())
    print(_line({'file': 'all', **total}))
