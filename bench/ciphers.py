# SPDX-License-Identifier: GPL-2.0
"""The ciphers of x86 for User Mode Linux, which has them in C only: Debian's own
sources, built as modules, with little in front of them (ciphers/x86.h).
"""

import glob
import os
import shutil
import subprocess

from testbed import cache, modules
from testbed.host import HostError

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'ciphers')
TARBALL = '/usr/src/linux-source-6.1.tar.xz'
SOURCES = ('aesni-intel_*', 'aes_ctrby8*', 'ghash-clmulni*', 'chacha*',
           'poly1305_glue.c', 'nhpoly1305-avx2-glue.c', 'nh-avx2-*')
PERL = 'poly1305-x86_64-cryptogams'
# Modules of UML are not in the lowest 2 GiB: later kernels have these, too.
RELATIVE = (('movaps .Lbswap_mask,', 'movaps .Lbswap_mask(%rip),'),
            ('vmovdqu  aad_shift_arr(%r11),',
             'leaq aad_shift_arr(%rip), %rax\n\tvmovdqu (%rax,%r11),'))
# In the order in which they are loaded.
ORDER = ('crypto_simd', 'aesni-intel', 'ghash-clmulni-intel',
         'poly1305-x86_64', 'nhpoly1305-avx2', 'chacha-x86_64')


def build(kdir):
    """Directory with the modules for the UML kernel whose build tree is kdir."""
    ours = [os.path.join(HERE, name) for name in ('Kbuild', 'x86.h')]

    def make(tmp):
        crypto = os.path.join(kdir, 'arch/x86/crypto')
        for pattern in SOURCES:
            for path in glob.glob(os.path.join(crypto, pattern)):
                with open(path) as f:
                    text = f.read()
                for old, new in RELATIVE:
                    text = text.replace(old, new)
                with open(os.path.join(tmp, os.path.basename(path)),
                          'w') as f:
                    f.write(text)
        for path in ours:
            shutil.copy(path, tmp)
        for argv, name in (
                (['perl', os.path.join(crypto, PERL + '.pl')], PERL + '.S'),
                (['tar', '-xJOf', TARBALL, 'linux-source-6.1/crypto/simd.c'],
                 'simd.c')):
            with open(os.path.join(tmp, name), 'wb') as out:
                subprocess.run(argv, stdout=out, check=True)
        res = subprocess.run(['make', '-s', '-C', kdir, 'M=' + tmp, 'ARCH=um',
                              'modules'], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
        if res.returncode:
            raise HostError('the ciphers do not build:\n' + res.stdout)

    return cache.build('x86-ciphers-' + cache.digest(
        kdir, *(('file', path) for path in (__file__, *ours))), make)


def build_modules(kdir):
    """Directory with our modules, such that they use these ciphers' Poly1305 as
    they do on a stock kernel, and with the ciphers."""
    ciphers = build(kdir)
    ours = modules.build(kdir, 'um', flags=(
        'KCFLAGS=-DCONFIG_CRYPTO_ARCH_HAVE_LIB_POLY1305=1',
        'KBUILD_EXTRA_SYMBOLS=' + os.path.join(ciphers, 'Module.symvers')))

    def make(tmp):
        for directory, names in ((ciphers, ORDER), (ours, modules.ORDER)):
            for name in names:
                shutil.copy(os.path.join(directory, name + '.ko'), tmp)

    return cache.build('x86-modules-' + cache.digest(ciphers, ours), make)


def load(host, directory):
    """The ciphers, for whatever is loaded after them."""
    for name in ORDER:
        shutil.copy(os.path.join(directory, name + '.ko'),
                    host.path(name + '.ko'))
    host.run('set -e; ' + '; '.join('insmod /share/%s.ko' % name
                                    for name in ORDER))
