# SPDX-License-Identifier: GPL-2.0
"""What is built once: a directory named after a hash of what goes into it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(HERE)


def root():
    base = os.environ.get('ASYM_CACHE')
    if not base:
        base = os.path.join(os.environ.get('XDG_CACHE_HOME')
                            or os.path.expanduser('~/.cache'), 'asym-esp')
    os.makedirs(base, exist_ok=True)
    return base


def digest(*parts):
    """Hash of strings and of the contents of files (given as ('file', p))."""
    h = hashlib.sha256()
    for part in parts:
        if isinstance(part, tuple):
            with open(part[1], 'rb') as f:
                data = f.read()
        else:
            data = str(part).encode()
        h.update(b'%d:' % len(data))
        h.update(data)
    return h.hexdigest()[:16]


def build(name, make):
    """Path of directory name in the cache; make(dir) fills it if need be.

    A build that fails or is killed leaves nothing that looks complete.
    """
    final = os.path.join(root(), name)
    if os.path.isdir(final):
        return final
    with open(os.path.join(root(), name.rsplit('-', 1)[0] + '.lock'),
              'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(final):
            return final
        tmp = tempfile.mkdtemp(prefix='.build-', dir=root())
        try:
            make(tmp)
            os.rename(tmp, final)
        except BaseException:
            shutil.rmtree(tmp, ignore_errors=True)
            raise
    return final


def uml_kernel(flavour):
    """Directory of the UML kernel (see build-kernel), built if need be."""
    res = subprocess.run([os.path.join(HERE, 'build-kernel'), flavour],
                         stdout=subprocess.PIPE, text=True)
    if res.returncode:
        sys.exit('build-kernel %s failed' % flavour)
    return res.stdout.splitlines()[-1]


def uml_init():
    """First process of the UML guests, a static executable."""
    src = os.path.join(HERE, 'guest', 'init.c')

    def make(tmp):
        subprocess.run(['gcc', '-O2', '-Wall', '-static', '-o',
                        os.path.join(tmp, 'init'), src], check=True)
        os.chmod(tmp, 0o755)

    return os.path.join(build('uml-init-' + digest(('file', src)), make),
                        'init')
