# SPDX-License-Identifier: GPL-2.0
"""What instructions are for: functions of a profile, summed up."""

import collections
import re

from .text import Section

# The first that fits.
LINES = (
    ('XTS, keystream', r'xts|_aesni_(enc|dec)\d|^aesni_(enc|dec)\b|ecb|aes_ctr'
                       r'|ctr_crypt|crypto_ctr|dm_crypt|keystore'),
    ('AES-GCM', r'_by_8_new|_initial_num|eight_cipher|key_256_fin|gcm|_AAD_'
                r'|_initial_blocks|_zero_cipher|_multiple_of'),
    ('ChaCha20', r'chacha'),
    ('NHPoly1305, Poly1305', r'poly1305|^nh_'),
    ('crypto API', r'skcipher|scatterwalk|simd|crypto_|aead|kernel_fpu'
                   r'|irq_fpu|local_bh|sg_'),
    ('ESP (esp4, xfrm)', r'esp4|xfrm|^esp_(?!asym)'),
    ('esp_asym, iscsi_parse', r'esp_asym|iscsi_parse'),
    ('checksums', r'csum'),
    ('copies, cleared memory', r'^memset|^memcpy|clear_page|copy'),
    ('allocation', r'kmem|kmalloc|slab|alloc|freelist|free_unref|kfree'
                   r'|cache_from_obj|rmqueue'),
    ('user space', r'^user space'),
    ('network, SCSI, block, scheduler', r''),
)


def _sums(entries):
    """{(config, side): {line: instructions per byte}}"""
    res = collections.defaultdict(collections.Counter)
    for entry in entries:
        line = next(name for name, what in LINES
                    if re.search(what, entry['function']))
        res[entry['config'], entry['side']][line] += entry['per_byte']
    return res


def sections(profile):
    """A table for each MTU and workload."""
    def key(entry):
        return entry['mtu'], entry['workload']

    return [_section('MTU %d, %s' % k, [e for e in profile if key(e) == k])
            for k in dict.fromkeys(map(key, profile))]


def _section(title, entries):
    columns = _sums(entries)
    rows = [(line, *('%.2f' % c[line] for c in columns.values()))
            for line, _ in LINES if any(c[line] for c in columns.values())]
    rows.append(('sum', *('%.2f' % sum(c.values())
                          for c in columns.values())))
    return Section(title, ('line', *('%s, %s' % key for key in columns)), rows)
