# SPDX-License-Identifier: GPL-2.0
"""SAs that ip(8) cannot ask for, or that are asked for where nothing of ESP is
there: each refusal names its reason."""

from testbed import modules
from testbed.suite import check, test

# A request of XFRM_MSG_NEWSA as linux/xfrm.h lays it out, and what the kernel
# says to it.  Arguments: bits of the key, and perhaps a device that shall handle
# whole packets.
NEWSA = """
import socket, struct, sys

def attr(kind, data):
    return struct.pack('=HH', len(data) + 4, kind) + data + \\
        bytes(-len(data) % 4)

bits = int(sys.argv[1])
a, t = (socket.inet_aton(x).ljust(16, b'\\0') for x in
        ('192.0.2.1', '192.0.2.2'))
any_selector = bytes(56)
lifetime = b'\\xff' * 32 + bytes(32)
info = any_selector + t + struct.pack('>IB3x', 0x77, 50) + a + lifetime + \\
    bytes(32) + bytes(12) + struct.pack('=IIHBBB7x', 0, 1, 2, 0, 0, 0)
assert len(info) == 224, len(info)
key = bytes(range((bits + 7) // 8))
body = info + attr(18, b'asym(gcm(aes))'.ljust(64, b'\\0') +
                   struct.pack('=II', bits, 128) + key)
if len(sys.argv) > 2:
    body += attr(28, struct.pack('=iB3x', socket.if_nametoindex(sys.argv[2]),
                                 4))
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 6)
s.setsockopt(270, 11, 1)
s.send(struct.pack('=IHHII', 16 + len(body), 16, 0x405, 1, 0) + body)
answer = s.recv(65536)
error, = struct.unpack_from('=i', answer, 16)
flags, = struct.unpack_from('=H', answer, 6)
print(-error, end=' ')
at = 20 + (16 if flags & 0x100 else 16 + len(body))
while at < len(answer):
    length, kind = struct.unpack_from('=HH', answer, at)
    if kind == 1:
        print(answer[at + 4:at + length - 1].decode())
    at += (length + 3) // 4 * 4
"""

EINVAL = 22


@test()
def sa_options_that_cannot_work_are_refused_with_the_reason(ctx):
    bed = ctx.bed(peer=True)
    bed.load([bed.i])
    i = bed.i
    add = 'ip xfrm state add src %s dst %s proto esp spi 0x77 mode transport '
    v4 = add % (i.addr, bed.peer.addr)
    v6 = add % ('2001:db8::1', '2001:db8::2')
    asym = "aead 'asym(gcm(aes))' 0x%s 128 " % bytes(range(36)).hex()
    enc = "enc 'asym(gcm(aes))' 0x%s " % bytes(range(36)).hex()
    # The same without what is refused is taken.
    for cmd in (v4 + asym, v4 + enc, v6 + asym,
                v6 + asym + 'encap espinudp 4500 4500 ::'):
        i.run(cmd + '; ip xfrm state flush')
    # Debian's kernels have none.
    for cmd in (v4 + asym + 'encap espintcp 4500 4500 0.0.0.0',
                v6 + asym + 'encap espintcp 4500 4500 ::'):
        res = i.run(cmd + '; rc=$?; ip xfrm state flush; exit $rc', check=False)
        check(not res.rc if i.platform.startswith('uml') else
              'This kernel has no encapsulation in TCP' in res.out,
              'TCP encapsulation: ' + res.out.strip())
    for what, cmd, reason in (
            ('UDP encapsulation of a draft', v4 + asym +
             'encap espinudp-nonike 4500 4500 0.0.0.0',
             'two encapsulations: espinudp and espintcp'),
            ('sequence numbers that wrap', v4 + asym +
             'extra-flag oseq-may-wrap', 'does not take oseq-may-wrap'),
            ('an algorithm for authentication', v4 + enc +
             "auth 'hmac(sha256)' 0x%s" % bytes(32).hex(),
             'authenticates by itself'),
            ('BEET mode without a selector', v4.replace('transport', 'beet') +
             asym, 'needs a selector (sel) of two addresses')):
        res = i.run(cmd, check=False)
        check(res.rc, '%s was accepted' % what)
        check(reason in res.out, '%s: %s' % (what, res.out.strip()))

    script = i.write('newsa.py', NEWSA)
    for args, want in (('288', '0 '),
                       ('284', '%d The key is not a whole number of bytes'
                        % EINVAL),
                       ('288 ' + i.iface, "%d Type doesn't support offload"
                        % EINVAL)):
        out = i.run('/usr/bin/python3 %s %s; ip xfrm state flush'
                    % (script, args)).out
        check(out.startswith(want), '%s: %s' % (args, out.strip()))
    # ESP of others over IPv6 is none of ours.
    i.run(v6 + "aead 'rfc4106(gcm(aes))' 0x%s 128" % bytes(20).hex())
    check('rfc4106' in i.run('ip xfrm state').out, 'the SA is not there')
    i.run('ip xfrm state flush')
    i.poll('rmmod esp_asym')


# A policy of a program's for its own socket, malformed: IP_XFRM_POLICY is 17.
POLICY = """
import socket
try:
    socket.socket().setsockopt(socket.IPPROTO_IP, 17, bytes(8))
except OSError as err:
    print(err.errno)
"""


@test()
def policies_of_sockets_are_refused_as_without_the_module(ctx):
    """All managers of keys are asked, and we are one."""
    bed = ctx.bed(peer=True)
    script = bed.i.write('policy.py', POLICY)
    before = bed.i.run('/usr/bin/python3 ' + script).out.strip()
    check(before == str(EINVAL), 'without us: ' + before)
    bed.load([bed.i])
    after = bed.i.run('/usr/bin/python3 ' + script).out.strip()
    check(after == before, 'with us: ' + after)


@test()
def esp_asym_does_not_load_without_esp(ctx):
    bed = ctx.bed(peer=True)
    i = bed.i
    bed.load([i])
    modules.unload(i)
    i.run('%s -r -a esp4_offload esp6_offload esp6 esp4' % i.modprobe_cmd)
    i.run('mkdir -p /etc/modprobe.d;'
          ' for m in esp4 esp4_offload; do echo blacklist $m; done'
          ' > /etc/modprobe.d/esp.conf')
    i.run('insmod /share/iscsi_parse.ko && insmod /share/keystore.ko')
    for _ in range(2):
        res = i.run('dmesg -C; insmod /share/esp_asym.ko; rc=$?; dmesg;'
                    ' exit $rc', check=False)
        check(res.rc, 'it is loaded')
        check('load esp4 first' in res.out, 'no reason: ' + res.out[-300:])
    # Whoever follows the advice has it.
    i.modprobe('esp4')
    i.run('insmod /share/esp_asym.ko')
    i.run('rmmod esp_asym')
