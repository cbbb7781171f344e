# SPDX-License-Identifier: GPL-2.0
"""The counters of the modules equal theory."""

from testbed import iscsi
from testbed.asymctl import counters
from testbed.suite import check, test

from . import steps, theory
from .t_10_network import snmp


def delta(after, before):
    return {k: after[k] - before.get(k, 0) for k in after}


def sent_again(bed):
    """Bytes that TCP may have sent more than once: a machine that is busy
    loses packets, or is late with an answer."""
    return sum(snmp(h)['TcpRetransSegs'] for h in bed.hosts) * bed.mtu


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
    session, lun = steps.disk(bed, iscsi.Lun(0, size=size), steps.PATIENCE)
    disk = session.disk()
    # A session that recovers writes again.
    steps.patient(bed, disk)
    i, t = bed.i, bed.t

    again = []

    def run(cmd):
        before = counters(i), counters(t)
        sent = sent_again(bed)
        i.run(cmd, timeout=120)
        again.append(sent_again(bed) - sent)
        res = delta(counters(i), before[0]), delta(counters(t), before[1])
        for name, c in zip(('initiator', 'target'), res):
            ctx.note('%s: %s' % (name, ' '.join(
                '%s=%d' % kv for kv in sorted(c.items()) if kv[1])))
        return res

    # Sealed is what TCP is given, once, whatever it sends again.
    blocks = size // 16
    ci, ct = run('dd if=/dev/zero of=%s bs=1M count=%d'
                 ' oflag=direct 2>/dev/null' % (disk, size >> 20))
    slack = size // 100 + again[-1]
    check(ci['blocks_sealed'] == blocks, '%d blocks sealed, theory says %d'
          % (ci['blocks_sealed'], blocks))
    _near('payload sent', ci['opaque_bytes_sent'], size, slack)
    check(ci['blocks_opened'] == 0, 'a write opened blocks')
    _near('payload received', ct['opaque_bytes_received'], size, slack)
    for name in ('blocks_sealed', 'blocks_opened', 'blocks_cut'):
        check(ct[name] == 0, 'the target counts %d %s' % (ct[name], name))
    write = ci, ct

    ci, ct = run('dd if=%s of=/dev/null bs=1M count=%d'
                 ' iflag=direct 2>/dev/null' % (disk, size >> 20))
    slack = size // 100 + again[-1]
    # A block cut between two packets is opened twice, with its edges.
    edges = ci['edge_bytes_received']
    _near('blocks opened by the initiator', ci['blocks_opened'], blocks,
          (edges + slack) // 16)
    check(again[-1] or ci['blocks_opened'] * 16 ==
          ci['opaque_bytes_received'] + edges,
          'not every block that came was opened once')
    _near('payload sent by the target', ct['opaque_bytes_sent'], size, slack)
    for name in ('blocks_sealed', 'blocks_opened', 'blocks_cut'):
        check(ct[name] == 0, 'the target counts %d %s' % (ct[name], name))

    # Every byte of a packet is hashed once by each of its two ends, so the
    # two agree.
    for (ci, ct), repeated in zip((write, (ci, ct)), again):
        check(ci['bytes_hashed'] >= size, 'payload went unhashed')
        _near('bytes hashed', max(ci['bytes_hashed'], ct['bytes_hashed']),
              min(ci['bytes_hashed'], ct['bytes_hashed']),
              size // 100 + repeated)
        _near('bytes hashed', ci['bytes_hashed'], size, size // 4 + repeated)
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


@test()
def round_trips_of_1024_bytes_take_what_theory_says(ctx):
    """The segment of the paper's Table 1; bench/theory has the other side."""
    bed = ctx.bed()
    bed.secure('asym')
    requests, payload = 64, 1024
    session, lun = steps.disk(bed, iscsi.Lun(0), steps.PATIENCE)
    disk = session.disk()
    steps.patient(bed, disk)
    dd = {'write': 'if=/dev/zero of=%s oflag=direct',
          'read': 'if=%s of=/dev/null iflag=direct'}

    for how, blocks, direction in (('write', 'blocks_sealed', 'sent'),
                                   ('read', 'blocks_opened', 'received')):
        again, before = sent_again(bed), counters(bed.i)
        bed.i.run('dd bs=%d count=%d 2>/dev/null ' % (payload, requests) +
                  dd[how] % disk, timeout=300)
        c = delta(counters(bed.i), before)
        # Theory knows nothing of what TCP sends twice, and of the word back.
        again = (sent_again(bed) - again) // bed.mtu
        ctx.note('%s: %d segments sent again' % (how, again))
        want = theory.counters(requests, payload, c['packets_sealed'],
                               c['packets_opened'])
        check(how == 'read' or c[blocks] == want['blocks'],
              '%d blocks sealed, theory says %d' % (c[blocks], want['blocks']))
        for what, counter, slack in (
                ('blocks', blocks, payload // 16),
                ('opaque', 'opaque_bytes_' + direction, payload),
                ('streamed', 'bytes_streamed', 48 + 40),
                ('hashed', 'bytes_hashed', payload + 48 + 40)):
            _near('%s: %s' % (how, counter), c[counter], want[what],
                  again * slack)
        check(c['bytes_hashed'] == c['bytes_streamed'] +
              c['opaque_bytes_sent'] + c['opaque_bytes_received'],
              'a byte is neither streamed nor opaque, or not hashed')
        # Each PDU takes a packet or two, and perhaps an acknowledgement.
        check(requests <= c['packets_sealed'] <= 4 * requests + again,
              '%d packets for %d PDUs' % (c['packets_sealed'], requests))
