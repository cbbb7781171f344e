# SPDX-License-Identifier: GPL-2.0
"""The counters of the modules equal theory."""

from testbed import iscsi
from testbed.asymctl import counters
from testbed.suite import check, test

from . import steps


def delta(after, before):
    return {k: after[k] - before.get(k, 0) for k in after}


def _near(what, value, theory, slack):
    check(theory <= value <= theory + slack,
          '%s: %d, theory says %d (and at most %d more)'
          % (what, value, theory, slack))


@test({}, {'no_offload': True}, more=({'mtu': 9000},))
def cipher_blocks_and_hashed_bytes_equal_theory(ctx, mtu=1500,
                                                no_offload=False):
    bed = ctx.bed(mtu=mtu, offload=not no_offload)
    bed.secure('asym')
    size = (4 if ctx.quick else 32) << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size))
    disk = session.disk()
    i, t = bed.i, bed.t

    def run(cmd):
        before = counters(i), counters(t)
        i.run(cmd, timeout=120)
        res = delta(counters(i), before[0]), delta(counters(t), before[1])
        for name, c in zip(('initiator', 'target'), res):
            ctx.note('%s: %s' % (name, ' '.join(
                '%s=%d' % kv for kv in sorted(c.items()) if kv[1])))
        return res

    # A cut block, and a block that is sent again after a loss, is counted
    # once more; nothing is lost on this wire.
    blocks = size // 16
    ci, ct = run('dd if=/dev/zero of=%s bs=1M count=%d'
                 ' oflag=direct 2>/dev/null' % (disk, size >> 20))
    _near('blocks sealed by the initiator', ci['blocks_sealed'], blocks,
          ci['blocks_cut'] + blocks // 100)
    _near('payload sent', ci['opaque_bytes_sent'], size, size // 100)
    check(ci['blocks_opened'] == 0, 'a write opened blocks')
    _near('payload received', ct['opaque_bytes_received'], size, size // 100)
    for name in ('blocks_sealed', 'blocks_opened', 'blocks_cut'):
        check(ct[name] == 0, 'the target counts %d %s' % (ct[name], name))
    write = ci, ct

    ci, ct = run('dd if=%s of=/dev/null bs=1M count=%d'
                 ' iflag=direct 2>/dev/null' % (disk, size >> 20))
    _near('blocks opened by the initiator', ci['blocks_opened'], blocks,
          ci['blocks_cut'] + blocks // 100)
    _near('payload sent by the target', ct['opaque_bytes_sent'], size,
          size // 100)
    for name in ('blocks_sealed', 'blocks_opened', 'blocks_cut'):
        check(ct[name] == 0, 'the target counts %d %s' % (ct[name], name))

    # Every byte of a packet is hashed once by each of its two ends, so the
    # two agree.
    for ci, ct in (write, (ci, ct)):
        check(ci['bytes_hashed'] >= size, 'payload went unhashed')
        _near('bytes hashed', max(ci['bytes_hashed'], ct['bytes_hashed']),
              min(ci['bytes_hashed'], ct['bytes_hashed']), size // 100)
        _near('bytes hashed', ci['bytes_hashed'], size, size // 4)
        # What runs through the SA's stream cipher is heads, not payload.
        check(ci['bytes_streamed'] < size // 4 and
              ct['bytes_streamed'] < size // 4,
              'payload went through the stream cipher of the SA')


@test()
def counters_of_a_plain_binding_show_no_local_cipher(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    size = 4 << 20
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size), plain=True)
    before = counters(bed.i)
    bed.i.run('dd if=/dev/zero of=%s bs=1M count=4 oflag=direct 2>/dev/null'
              % session.disk())
    c = delta(counters(bed.i), before)
    check(c['blocks_sealed'] == 0 and c['opaque_bytes_sent'] == 0,
          'a plain LUN was sealed')
    check(c['bytes_streamed'] >= size, 'payload did not go through the SA')
