# SPDX-License-Identifier: GPL-2.0
"""iSCSI in every mode of an SA, over and inside of either family."""

import os
import socket
import struct

from testbed import iscsi, modules, program
from testbed.asymctl import Monitor, counters
from testbed.host import HostError, poll
from testbed.modes import Mode, url
from testbed.sa import batch
from testbed.suite import (Failure, check, count_in_file, foreign_frames,
                           frames, is_esp, test)

from . import steps, xts
from .echo import talk
from .scripts import MAPPINGS, NAT_T, Script, encapsulate
from .steps import counted
from .t_12_forward import Container
from .t_7_refusals import ONE_ATTEMPT

ASYM, OTHERS = 0x1000, 0x2000
PORT = 9


def spis(pcap):
    """SPI -> number of packets."""
    res = {}
    for frame in frames(pcap):
        if is_esp(frame):
            at = 34 if frame[12:14] == b'\x08\x00' else 54
            spi = int.from_bytes(frame[at:at + 4], 'big')
            res[spi] = res.get(spi, 0) + 1
    return res


def connect(bed, mode, outer, inner, size, encap=''):
    """SAs, a target, a key, a session."""
    sas = Mode(bed, mode, outer, inner, encap)
    bed.load()
    sas.install('asym', ASYM)
    address = sas.inner[bed.t]
    lun = iscsi.Lun(0, size=size)
    bed.serve([lun], address='::' if inner == 6 else '0.0.0.0')
    key = bed.bind()
    session = bed.login(portal=url(address, iscsi.PORT))
    return sas, lun, key, session


LARGE = """table inet large {
chain out { type filter hook output priority 0
tcp dport 3260 meta length > 3000 counter
tcp sport 3260 meta length > 3000 counter
}
}
"""


# A firewall sees the TCP header of what has been opened.
OPENED = """table inet opened {
chain in { type filter hook input priority 0
tcp dport 3260 counter
tcp sport 3260 counter
}
}
"""


def nothing_was_refused(bed):
    for host in bed.hosts:
        refused = {k: v for k, v in counters(host).items()
                   if k.startswith('refused') and v}
        check(not refused, '%s refused %s' % (host.name, refused))


def variants(mode, outer, inner):
    args = {'mode': mode, 'outer': outer, 'inner': inner}
    return [args, dict(args, no_offload=True)]


FAST = [variants('transport', 6, 6)[0], variants('tunnel', 4, 6)[0],
        variants('tunnel', 6, 4)[1], variants('beet', 4, 6)[1],
        variants('beet', 6, 4)[0]]
ALL = variants('transport', 6, 6) + [
    v for mode in ('tunnel', 'beet') for outer in (4, 6) for inner in (4, 6)
    for v in variants(mode, outer, inner)]


@test(*FAST, more=[v for v in ALL if v not in FAST])
def every_mode_carries_iscsi(ctx, mode, outer, inner, no_offload=False):
    """Data survive, three witnesses see no plaintext, the disk is dm-crypt's,
    cipher blocks are not cut, and ordinary ESP of the same mode goes on beside
    all that."""
    bed = ctx.bed(offload=not no_offload)
    size = (2 if ctx.quick else 4) << 20
    sas, lun, key, session = connect(bed, mode, outer, inner, size)
    disk = session.disk()
    for host in bed.hosts:
        host.run('nft -f ' + host.write('large', LARGE))

    before = counters(bed.i)
    seen = steps.witnesses(ctx, bed, session, lun, size)
    check(seen.wire == 0, '%d hits on the wire' % seen.wire)
    check(seen.target == 0, '%d hits at the target' % seen.target)
    check(not seen.foreign, '%d frames are not ESP' % len(seen.foreign))
    check(seen.esp > 2 * size // 1500, 'only %d frames of ESP' % seen.esp)
    with open(bed.i.path('marked'), 'rb') as f, open(lun.path, 'rb') as g:
        check(xts.decrypt(key.raw, g.read(size)) == f.read(),
              'the key does not open what the target has')
    after = counters(bed.i)
    for name in ('opaque_bytes_sent', 'opaque_bytes_received'):
        check(after[name] - before[name] >= size, 'not sealed: ' + name)
    edges = after['edge_bytes_received'] - before['edge_bytes_received']
    ctx.note('%d bytes completed cut blocks' % edges)
    check(edges * 1000 < size, 'segments cut blocks: %d bytes' % edges)

    steps.fio(ctx, bed.i, disk, size)
    cap = bed.capture()
    sas.install('gcm', OTHERS, port=PORT)
    talk(bed, sas.inner[bed.t])
    steps.reread(bed.i, disk)
    bed.i.run('dd if=%s of=/dev/null bs=64k count=16 iflag=direct'
              ' 2>/dev/null' % disk)
    count = spis(cap.stop())
    check(set(count) == {ASYM, ASYM + 1, OTHERS, OTHERS + 1},
          'packets by SPI: %s' % count)
    check(min(count.values()) > 10, 'packets by SPI: %s' % count)
    session.logout()
    for host in bed.hosts:
        large = counted(host, 'large')
        check((large == 0) == no_offload,
              '%s: %d segments larger than packets' % (host.name, large))
    nothing_was_refused(bed)


def spi_in_udp(frame):
    """SPI of ESP in UDP over IPv6, or None.  The checksum has to be there, and
    right: receivers drop what has none."""
    if frame[12:14] != b'\x86\xdd' or frame[20] != 17:
        return None
    udp = frame[54:]
    length, total, spi = struct.unpack('>4xHHI', udp[:12])
    check(length == len(udp), 'a UDP length of %d, not %d' % (length, len(udp)))
    check(total, 'a UDP checksum of 0')
    words = frame[22:54] + struct.pack('>I3xB', length, 17) + udp
    words += bytes(len(words) % 2)
    check(sum(struct.unpack('>%dH' % (len(words) // 2), words)) % 0xffff == 0,
          'a wrong UDP checksum')
    return spi


@test({}, more=({'later': True}, {'no_offload': True},
                {'mode': 'tunnel', 'inner': 4}, {'mode': 'tunnel'},
                {'mode': 'beet', 'inner': 4}))
def data_survive_in_udp_over_ipv6(ctx, mode='transport', inner=6, later=False,
                                  no_offload=False):
    """... as behind a NAT, beside ordinary ESP in the same ports; and a port
    that becomes another one is reported.  Ciphers may answer later."""
    bed = ctx.bed(offload=not no_offload)
    if later:
        for host in bed.hosts:
            modules.load_extra(host, 'asyncrypt')
    size = (2 if ctx.quick else 4) << 20
    encap = 'espinudp %d %d ::' % (NAT_T, NAT_T)
    for host in bed.hosts:
        encapsulate(host, socket.AF_INET6)
    sas, lun, key, session = connect(bed, mode, 6, inner, size, encap)
    asym = sas.states
    for host in bed.hosts:
        host.run('nft -f ' + host.write('opened', OPENED))
    seen = steps.witnesses(ctx, bed, session, lun, size)
    check(seen.wire == 0, '%d hits on the wire' % seen.wire)
    check(seen.target == 0, '%d hits at the target' % seen.target)
    check(seen.esp == 0, '%d frames of ESP without UDP' % seen.esp)
    found = [spi_in_udp(frame) for frame in seen.foreign]
    check(set(found) == {ASYM, ASYM + 1}, 'SPIs: %s' % set(found))
    check(len(found) > 2 * size // 1500, 'only %d frames' % len(found))
    for host in bed.hosts:
        check(counted(host, 'opened') > 100,
              '%s: a firewall does not know what came in' % host.name)
    with open(bed.i.path('marked'), 'rb') as f, open(lun.path, 'rb') as g:
        check(xts.decrypt(key.raw, g.read(size)) == f.read(),
              'the key does not open what the target has')
    steps.fio(ctx, bed.i, session.disk(), size)
    # What comes in another order is sent again, and cut elsewhere.
    edges = counters(bed.i)['edge_bytes_received']
    check(later or edges * 1000 < size,
          'segments cut blocks: %d bytes' % edges)

    cap = bed.capture()
    sas.install('gcm', OTHERS, port=PORT)
    talk(bed, sas.inner[bed.t])
    steps.reread(bed.i, session.disk())
    bed.i.run('dd if=%s of=/dev/null bs=64k count=16 iflag=direct'
              ' 2>/dev/null' % session.disk())
    found = [spi_in_udp(frame) for frame in foreign_frames(cap.stop())[0]]
    for spi in (ASYM, ASYM + 1, OTHERS, OTHERS + 1):
        check(found.count(spi) > 10, '%d packets of SPI %x'
              % (found.count(spi), spi))

    # A NAT that has chosen another port.
    news = Script(bed.t, 'mappings', MAPPINGS)
    batch(bed.i, ['xfrm state update ' + asym[0].replace(
        'espinudp %d' % NAT_T, 'espinudp %d' % (NAT_T + 1))])
    bed.i.run('dd if=%s of=/dev/null bs=64k count=1 iflag=direct'
              ' 2>/dev/null' % session.disk())
    poll(lambda: 'mapping; there was: ' + news.text(), lambda: '%s %d' % (
        sas.outer[bed.i], NAT_T + 1) in news.text(), 60 * bed.i.slow)
    session.logout()
    if later:
        check(counters(bed.i)['async_completions'] > 1000,
              'ciphers answered at once')
    nothing_was_refused(bed)


RAW = """
import socket, sys
src, dst = sys.argv[1:3]
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
s.bind((src, 0))
for length in map(int, sys.argv[3:]):
    head = bytes.fromhex('1e611e62 00000001 00000000 50100400 00000000')
    s.sendto(head.ljust(length - 20, b'.'), (dst, 0))
"""

FRAGMENT = """
import socket, sys
src, dst = sys.argv[1:3]
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
head = bytes.fromhex('45000000 00002000 40060000')
ends = socket.inet_aton(src) + socket.inet_aton(dst)
s.sendto(head + ends + bytes(40), (dst, 0))
"""

# What a peer with the SA may write into the header inside.
LIES = ('esp_asym/seal.c', '\treturn inner.proto == IPPROTO_TCP ?\n', """
	if (proto == IPPROTO_IPIP && skb->len == 77)
		((struct iphdr *)skb->data)->tot_len = htons(78);
	if (proto == IPPROTO_IPIP && skb->len == 78)
		((struct iphdr *)skb->data)->frag_off = htons(IP_MF);
	return inner.proto == IPPROTO_TCP ?
""")


@test()
def inner_headers_that_lie_are_refused(ctx):
    """By who receives them, whatever the sender is; and who sends does not
    send TCP in fragments."""
    bed = ctx.bed()
    sas = Mode(bed, 'tunnel', 4, 4)
    bed.load([bed.i])
    modules.load(bed.t, directory=modules.build_for(bed.t, edits=(LIES,)))
    sas.install('asym', ASYM)
    src, dst = sas.inner[bed.t], sas.inner[bed.i]
    raw = '/usr/bin/python3 %s %s %s ' % (bed.t.write('raw.py', RAW), src, dst)

    def send(length):
        """What the initiator has opened, refused, and said of it."""
        before = counters(bed.i)
        bed.i.run('dmesg -C')
        bed.t.run(raw + str(length))

        def seen():
            now = counters(bed.i)
            got = tuple(now[k] - before[k] for k in (
                'packets_opened', 'refused-bad-packet'))
            return [got] if any(got) else None
        return poll('%d bytes arrive' % length, seen)[0], \
            bed.i.run('dmesg').out

    got, text = send(76)
    check(got == (1, 0), 'the truth: %s, %s' % (got, text))
    for length, sentence in ((77, 'lengths in the header of the inner packet'),
                             (78, 'a TCP segment in fragments')):
        got, text = send(length)
        check(got == (0, 1), '%s: %s' % (sentence, got))
        check(sentence in text, 'no reason: ' + text)

    # The policy for TCP does not see what is in a header that is given.
    bed.i.run('ip xfrm policy add src %s/32 dst %s/32 dir out priority 3'
              ' tmpl src %s dst %s proto esp reqid %d mode tunnel'
              % (dst, src, sas.outer[bed.i], sas.outer[bed.t], ASYM))
    bed.i.run('dmesg -C; /usr/bin/python3 %s %s %s' % (
        bed.i.write('fragment.py', FRAGMENT), dst, src), check=False)
    check('a TCP segment in fragments' in bed.i.run('dmesg').out,
          'a fragment of TCP was sent')


@test()
def gateway_of_a_tunnel_refuses_iscsi_of_a_host_behind(ctx):
    """... with a reason: only the end of a connection can follow it."""
    bed = ctx.bed()
    sas = Mode(bed, 'tunnel', 4, 4)
    bed.load()
    sas.install('asym', ASYM)
    behind = Container(bed.t, [])
    # Its connections leave with the address of the gateway.
    i, t = bed.i, bed.t
    mine, tunnel = sas.inner[i], ('tmpl src %s dst %s proto esp reqid %d'
                                  ' mode tunnel')
    there, back = (tunnel % (a, b, ASYM) for a, b in (
        (t.addr, i.addr), (i.addr, t.addr)))
    batch(t, ['xfrm policy add src %s dst %s proto tcp dir out %s'
              % (t.addr, mine, there)] + [
                  'xfrm policy add src %s dst 0.0.0.0/0 proto tcp dir %s %s'
                  % (mine, way, back) for way in ('in', 'fwd')])
    batch(i, ['xfrm policy add src %s dst %s proto tcp dir in %s'
              % (t.addr, mine, there),
              'xfrm policy add src %s dst %s proto tcp dir out %s'
              % (mine, t.addr, back)])
    marker = os.urandom(32)
    t.run('cp %s /tmp/file' % t.write('data', steps.marked(marker, 1 << 18)))
    feed = behind.wrap('%s sendfile %s %%d /tmp/file'
                       % (program.path(t, 'feed'), mine))
    cap = bed.capture()
    with program.Service(i, 'connections', 'sink 9 /tmp/got'):
        # What is not iSCSI passes.
        t.run(feed % 9)
        i.poll('[ "$(stat -c %s /tmp/got)" = 262144 ]')
    check(counters(t)['refused-no-flow'] == 0, 'refused: what is not iSCSI')
    i.run('rm /tmp/got')
    with program.Service(i, 'connections', 'sink %d /tmp/got' % iscsi.PORT):
        res = t.run('timeout 5 ' + feed % iscsi.PORT, check=False)
        check(res.rc, 'it was taken')
        check(i.ok('! [ -s /tmp/got ]'), 'some of it arrived')
    check(counters(t)['refused-no-flow'] > 0, 'not refused')
    check('that is not followed' in t.console_text(), 'no reason')
    check(count_in_file(cap.stop(), marker[:16]) == 0, 'plaintext on the wire')


@test()
def bound_lun_over_ipv6_without_an_asym_sa_sends_nothing(ctx):
    """The SA is for IPv4, and the target has an address of IPv6 as well."""
    bed = ctx.bed()
    bed.secure('asym')
    sas = Mode(bed, 'transport', 6, 6)
    lun = iscsi.Lun(0, size=4 << 20)
    bed.serve([lun], address='::')
    bed.bind(0)
    portal = url(sas.inner[bed.t], iscsi.PORT)
    cap = bed.capture()
    with Monitor(bed.i) as events:
        try:
            bed.login(ONE_ATTEMPT, portal=portal)
            raise Failure('logged in')
        except HostError as err:
            ctx.note('login fails: %s' % str(err).split('\n')[0])
        events.wait('no-sa')
    # SYN, ACK, a part of a login and a reset.
    foreign, esp = foreign_frames(cap.stop())
    check(0 < sum(map(len, foreign)) < 10000, '%d frames' % len(foreign))
    check(esp == 0, 'another connection')
    # What the SA is for goes on.
    bed.login().disk()
