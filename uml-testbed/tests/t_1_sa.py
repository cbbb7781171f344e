# SPDX-License-Identifier: GPL-2.0
"""SAs: which are accepted, which refused and how, and what becomes of
ordinary ones."""

from testbed import modules
from testbed.sa import Sas, batch, flush
from testbed.suite import check, foreign_frames, test

from .echo import talk

KEY = '00' * 36


@test({'kind': 'asym', 'esn': True}, {'kind': 'asym-enc'},
      {'kind': 'asym-chacha'}, more=(
      {'kind': 'asym'}, {'kind': 'asym-enc', 'esn': True},
      {'kind': 'asym-chacha-enc', 'esn': True}))
def sa_is_accepted(ctx, kind, esn=False):
    """... and traffic that is not iSCSI passes, as ESP only."""
    bed = ctx.bed()
    bed.secure(kind, esn=esn)
    out = bed.i.run('ip xfrm state').out
    check(bed.sas.algorithm.split("'")[1] in out,
          'the SA does not show its algorithm')
    cap = bed.capture()
    talk(bed)
    foreign, esp = foreign_frames(cap.stop())
    check(not foreign, '%d frames are not ESP' % len(foreign))
    check(esp > 10, 'no ESP on the wire')


def refused(host, args, sentence=True):
    res = host.run('ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp'
                   ' spi 0x77 reqid 1 ' + args, check=False)
    check(res.rc, 'accepted: ' + args)
    if sentence:
        # ip prints "Error: <sentence>." for an extack text and "RTNETLINK
        # answers: <errno>" when there is none.
        check('Error: ' in res.out and len(res.out.split()) >= 5,
              'refused without a sentence: %s: %s' % (args, res.out.strip()))
    return res.out


@test()
def sa_refusals_are_sentences(ctx):
    bed = ctx.bed()
    bed.load([bed.i])
    i = bed.i
    aead = "mode transport aead 'asym(gcm(aes))' 0x%s %d"
    for bits in (0, 8, 128, 280, 296, 512):
        refused(i, aead % ('00' * (bits // 8), 128))
        refused(i, "mode transport enc 'asym(gcm(aes))' 0x%s"
                % ('00' * (bits // 8)))
    for bits in (0, 8, 128, 160, 256, 280, 296, 512):
        refused(i, "mode transport aead 'asym(chacha20,poly1305)' 0x%s 128"
                % ('00' * (bits // 8)))
    for icv in (64, 96, 120):
        # No such description: the kernel itself refuses.
        refused(i, aead % (KEY, icv), sentence=False)
    refused(i, "mode beet aead 'asym(gcm(aes))' 0x%s 128" % KEY)
    refused(i, (aead % (KEY, 128)) + ' offload dev %s dir out' % i.iface)
    for name in ('asym(gcm(des))', 'asym(gcm(aes)', 'asym()',
                 'asym(cbc(aes))', 'asym(chacha20)',
                 'asym(chacha20,poly1305'):
        refused(i, "mode transport aead '%s' 0x%s 128" % (name, KEY),
                sentence=False)
        refused(i, "mode transport enc '%s' 0x%s" % (name, KEY),
                sentence=False)
    out = i.run('ip xfrm state').out
    check(not out.strip(), 'a refused SA is there: ' + out)
    modules.unload(i)


@test()
def ordinary_esp_works_before_during_and_after_our_modules(ctx):
    bed = ctx.bed()
    for host in bed.hosts:
        modules.load_esp(host, bed.offload)
    old = Sas(bed.i, bed.t, 'gcm')
    old.install()
    talk(bed)
    bed.load()
    talk(bed)			# an SA from before
    flush(bed.i)
    flush(bed.t)
    during = Sas(bed.i, bed.t, 'gcm', esn=True, spi=0x2000)
    during.install()
    talk(bed)
    for host in bed.hosts:
        modules.unload(host)
        check('esp_asym' not in host.run('lsmod').out, 'still loaded')
    talk(bed)			# an SA from while they were there
    flush(bed.i)
    flush(bed.t)
    after = Sas(bed.i, bed.t, 'gcm', spi=0x3000)
    after.install()
    talk(bed)
    flush(bed.i)
    flush(bed.t)


def esp_users(host):
    """Who uses the modules of ordinary ESP: SAs and ourselves."""
    out = host.run('lsmod').out.splitlines()
    return sorted(line.split()[0::2] for line in out
                  if line.startswith(('esp4', 'esp6')))


@test()
def modules_unload_and_load_again(ctx):
    """... and leave ordinary ESP as they found it.  TCP does not help to see
    that: a stock 6.12 with several CPUs keeps a reference to an SA for good
    after TCP used it, without any of our modules."""
    bed = ctx.bed()
    bed.load([bed.i])
    modules.unload(bed.i)
    before = esp_users(bed.i)
    check(before, 'ordinary ESP is not there')
    for round in range(3):
        bed.load([bed.i])
        Sas(bed.i, bed.t, 'asym').install(bed.i)
        batch(bed.i, Sas(bed.i, bed.t, 'gcm', spi=0x2000).lines(
            bed.i, policies=False))
        res = bed.i.run('rmmod esp_asym', check=False)
        check(res.rc, 'unloaded while an asym SA lives')
        flush(bed.i)
        # The last reference goes with the state's destruction, which the
        # kernel does from a work queue.
        bed.i.poll('rmmod esp_asym')
        bed.i.run('rmmod keystore; rmmod iscsi_parse')
        users = esp_users(bed.i)
        check(users == before, 'users of ESP: %s, and before: %s'
              % (users, before))
    bed.i.run('%s -r -a esp4_offload esp6_offload esp6 esp4' % bed.i.modprobe_cmd)


@test()
def rmmod_is_refused_while_an_asym_sa_lives(ctx):
    bed = ctx.bed()
    bed.secure('asym')
    for host in bed.hosts:
        for name in reversed(modules.ORDER):
            res = host.run('rmmod ' + name, check=False)
            check(res.rc, '%s could be unloaded' % name)
    talk(bed)
