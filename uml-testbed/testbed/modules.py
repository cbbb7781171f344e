# SPDX-License-Identifier: GPL-2.0
"""The modules under test: built for a kernel, loaded into a guest."""

import os
import shutil
import subprocess

from . import cache, coverage
from .host import HostError

ORDER = ('iscsi_parse', 'keystore', 'esp_asym')
SOURCES = ('Kbuild', 'Makefile', 'include') + ORDER

# Of every build (see build()): what uml-testbed/mutants wants to see noticed.
edits_of_all = ()


def _files():
    for top in SOURCES:
        path = os.path.join(cache.TOP, top)
        if os.path.isfile(path):
            yield top
            continue
        for base, dirs, files in os.walk(path):
            dirs.sort()
            for name in sorted(files):
                if name.endswith(('.c', '.h', '.rst', '.yaml', '.S')) or \
                        name in ('Kbuild', 'Makefile', 'Kconfig'):
                    yield os.path.relpath(os.path.join(base, name), cache.TOP)


def _extra_files(extra):
    """Of the test bed's own modules: path in the build, path here."""
    for name in extra:
        for ending in ('.c', '.h'):
            path = os.path.join(cache.HERE, 'modules', name + ending)
            if os.path.exists(path):
                yield name, name + ending, path


def _make(directory, argv):
    """Run make, with argv, for the modules in a directory.

    Most builds differ in one source, so that most objects can come from
    ccache; as the compiler's arguments hold the path, all builds see their
    directory in the same place.  Not for coverage, which knows a build by its
    path.
    """
    if coverage.run:
        return _output(['make', 'M=' + directory, *argv])
    place = os.path.join(cache.root(), 'build')
    os.makedirs(place, exist_ok=True)
    return _output(['unshare', '--mount', 'sh', '-c',
                    'mount --bind "$1" "$2" && shift 2 && exec "$@"', 'sh',
                    directory, place, 'make', 'M=' + place, 'CC=ccache gcc',
                    *argv],
                   CCACHE_DIR=os.path.join(cache.root(), 'ccache'),
                   CCACHE_MAXSIZE='1G')


def _output(argv, **env):
    return subprocess.run(argv, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, env={**os.environ, **env})


def build(kdir, arch=None, flags=(), names=ORDER, edits=(), extra=()):
    """Directory with the .ko files for the kernel whose build tree is kdir.

    The sources are copied first: builds for several kernels do not meet, and
    the source tree stays clean.  edits are (file, old text, new text): they
    make the modules of somebody who does not play by the rules.  extra are
    modules of uml-testbed/modules; the header of one, if there is one, is
    included in front of every source.
    """
    edits = tuple(edits) + edits_of_all
    variant = 'edited' if edits else 'special' if flags or extra else 'plain'
    if coverage.run:
        flags = (*flags, *coverage.FLAGS)
    files = list(_files())
    present = [m for m in names if m + '/Kbuild' in files]
    key = cache.digest(kdir, arch, *flags, *present, *files, repr(edits),
                       *(('file', os.path.join(cache.TOP, f)) for f in files),
                       *(('file', path) for n, f, path in _extra_files(extra)))

    def make(tmp):
        for f in files:
            os.makedirs(os.path.dirname(os.path.join(tmp, f)), exist_ok=True)
            shutil.copyfile(os.path.join(cache.TOP, f), os.path.join(tmp, f))
        for name, old, new in edits:
            with open(os.path.join(tmp, name)) as f:
                text = f.read()
            if text.count(old) != 1:
                raise HostError('%s does not hold once: %s' % (name, old))
            with open(os.path.join(tmp, name), 'w') as f:
                f.write(text.replace(old, new))
        cflags = []
        for name, file, path in _extra_files(extra):
            os.makedirs(os.path.join(tmp, name), exist_ok=True)
            shutil.copyfile(path, os.path.join(tmp, name, file))
            with open(os.path.join(tmp, name, 'Kbuild'), 'w') as f:
                f.write('obj-m := %s.o\n' % name)
            if file.endswith('.h'):
                cflags.append('-include ' + os.path.join(tmp, name, file))
        if 'Kbuild' not in files or names != ORDER or extra:
            with open(os.path.join(tmp, 'Kbuild'), 'w') as f:
                f.writelines('obj-m += %s/\n' % m
                             for m in (*extra, *present))
        argv = ['-s', '-j2', '-C', kdir]
        if arch:
            argv.append('ARCH=' + arch)
        if cflags:
            argv.append('KCFLAGS=' + ' '.join(cflags))
        res = _make(tmp, argv + list(flags) + ['modules'])
        if res.returncode:
            raise HostError('the modules do not build for %s:\n%s'
                            % (kdir, res.stdout))
        for base, dirs, made in os.walk(tmp):
            for name in made:
                if name.endswith('.ko') and base != tmp:
                    shutil.copyfile(os.path.join(base, name),
                                    os.path.join(tmp, name))
        for name in (*present, *extra):
            if not os.path.exists(os.path.join(tmp, name + '.ko')):
                raise HostError('the build made no %s.ko' % name)
        if coverage.run:
            coverage.note_place(tmp)

    directory = cache.build('modules-' + key, make)
    if coverage.run:
        coverage.run.add_build(directory, variant)
    return directory


def build_for(host, edits=(), names=ORDER, extra=()):
    return build(host.kdir, 'um' if host.platform.startswith('uml') else None,
                 names=names, edits=edits, extra=extra)


def load_extra(host, name, directory=None):
    """A module of uml-testbed/modules."""
    directory = directory or build_for(host, names=(), extra=(name,))
    ko = os.path.join(directory, name + '.ko')
    need = _depends(ko)
    if need:
        host.modprobe(*need)
    shutil.copyfile(ko, host.path(name + '.ko'))
    host.run('insmod /share/%s.ko' % name)


def _depends(ko):
    out = subprocess.run(['modinfo', '-F', 'depends', ko], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    built = os.path.dirname(ko)
    return [d for d in out.strip().split(',') if d and
            not os.path.exists(os.path.join(built, d + '.ko'))]


def load_esp(host, offload=True):
    """Ordinary ESP.  The kernel loads esp4_offload by itself only for SAs
    that name a device, and TCP does not use GSO without it; our module asks
    for it, and for esp6_offload."""
    if not offload:
        host.run('mkdir -p /etc/modprobe.d;'
                 ' for f in 4 6; do echo blacklist esp${f}_offload; done'
                 ' > /etc/modprobe.d/asym.conf')
    host.modprobe('esp4', *(['esp4_offload'] if offload else []))


def load(host, offload=True, params=None, directory=None, names=ORDER):
    """esp4 and the modules under test; params maps a module to arguments."""
    load_esp(host, offload)
    directory = directory or build_for(host)
    lines = ['set -e']
    need = []
    for name in names:
        ko = os.path.join(directory, name + '.ko')
        if not os.path.exists(ko):
            raise HostError('there is no %s.ko yet' % name)
        need += [d for d in _depends(ko) if d not in need]
        shutil.copyfile(ko, host.path(name + '.ko'))
        lines.append('insmod /share/%s.ko %s'
                     % (name, (params or {}).get(name, '')))
    if not offload:
        need = [d for d in need if not d.endswith('_offload')]
    if need:
        host.modprobe(*need)
    host.run('\n'.join(lines))
    out = host.run('lsmod').out
    for name in ('esp4_offload', 'esp6_offload'):
        if not offload and name in out:
            raise HostError(name + ' was loaded all the same')


def unload(host):
    """Take the modules out again; fails while an asym SA lives."""
    host.run('set -e; ' + '; '.join('rmmod ' + m for m in reversed(ORDER)))
