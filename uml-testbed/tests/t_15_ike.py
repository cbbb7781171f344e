# SPDX-License-Identifier: GPL-2.0
"""IKE: strongSwan with our plugin negotiates the SAs, or says why not."""

import os
import re

from testbed import iscsi, strongswan
from testbed.asymctl import counters
from testbed.host import HostError
from testbed.modes import Mode, url
from testbed.suite import check, test

from . import steps
from .ike import (FAILS, PATIENT, SIZE, OneRun, certificates, check_closed,
                  check_sas, check_unharmed, loaded, no_login, psk, sealed_more,
                  start)

# keyword: name and bits that swanctl shows, name in the kernel
KEYWORDS = {
    'asymgcm256': ('ASYM_GCM_AES', 288, 'asym(gcm(aes))'),
    'asymgcm128': ('ASYM_GCM_AES', 160, 'asym(gcm(aes))'),
    'asymchacha20poly1305': ('ASYM_CHACHA20_POLY1305', 288,
                             'asym(chacha20,poly1305)'),
}


@test({'auth': 'psk'}, {'auth': 'certificates'}, {'auth': 'psk', 'queue': True},
      more=({'auth': 'psk', 'keyword': 'asymgcm128'},
            {'auth': 'psk', 'keyword': 'asymchacha20poly1305'},
            {'auth': 'psk', 'mode': 'tunnel'}))
def first_connection_has_strongswan_make_the_sas(ctx, auth, mode='transport',
                                                 keyword='asymgcm256',
                                                 queue=False):
    bed = ctx.bed()
    start(bed, queue=queue)
    loaded(certificates(ctx, bed) if auth == 'certificates' else
           psk(bed, ('asymgcm256', keyword),
               ('mode = transport', 'mode = ' + mode)))
    for daemon in bed.ike:
        check(not daemon.sas(), 'there are SAs before the first connection')
    capture = bed.net.capture(os.path.join(ctx.workdir, 'login.pcap'))
    session, lun = steps.disk(bed, iscsi.Lun(0, size=SIZE), PATIENT)
    res = steps.witnesses(ctx, bed, session, lun, SIZE)
    ike, esp = check_closed(capture.stop())
    check(res.initiator == res.written,
          'the initiator read back %d of %d' % (res.initiator, res.written))
    check(res.wire == 0, '%d hits on the wire' % res.wire)
    check(res.target == 0, '%d hits at the target' % res.target)
    check(ike >= 4, '%d frames of IKE' % ike)
    check(esp, 'no ESP')
    name, bits, kernel = KEYWORDS[keyword]
    check_sas(bed, name, bits, esn=auth == 'certificates', mode=mode)
    out = bed.i.run('swanctl --list-sas').out
    check('%s-%d' % (name, bits) in out, 'the name is not in ' + out)
    states = bed.i.run('ip xfrm state').out
    check(states.count(' %s 0x' % kernel) == 2, 'not 2 of %s' % kernel)
    window = 1024 if auth == 'certificates' else 32
    check(re.search(r'replay[-_]window %d\b' % window, states),
          'the replay window is not %d: %s' % (window, states))
    check_unharmed(bed)


@test({'mode': 'transport'}, {'mode': 'tunnel'},
      more=({'mode': 'transport', 'encap': True},
            {'mode': 'tunnel', 'encap': True}), platforms='uml')
def strongswan_makes_the_sas_over_ipv6(ctx, mode, encap=False):
    """... when the first connection asks for them; in UDP, too."""
    bed = ctx.bed()
    ends = Mode(bed, 'transport', 6, 6).outer
    start(bed)
    loaded(psk(bed, ('mode = transport', 'mode = ' + mode),
               ('mobike = no', 'mobike = no\n        encap = %s'
                % ('yes' if encap else 'no')), addresses=ends))
    for daemon in bed.ike:
        check(not daemon.sas(), 'there are SAs before the first connection')
    lun = iscsi.Lun(0, size=SIZE)
    bed.serve([lun], address='::')
    bed.bind()
    capture = bed.net.capture(os.path.join(ctx.workdir, 'login.pcap'))
    session = bed.login(PATIENT, portal=url(ends[bed.t], iscsi.PORT))
    res = steps.witnesses(ctx, bed, session, lun, SIZE)
    steps.fio(ctx, bed.i, session.disk(), SIZE)
    ike, esp = check_closed(capture.stop())
    check(res.initiator == res.written,
          'the initiator read back %d of %d' % (res.initiator, res.written))
    check(res.wire == 0, '%d hits on the wire' % res.wire)
    check(res.target == 0, '%d hits at the target' % res.target)
    # IKE and ESP in UDP have the same port.
    check(ike > 1000 and not esp if encap else ike >= 4 and esp > 1000,
          '%d frames of UDP, %d of ESP' % (ike, esp))
    check_sas(bed, mode=mode)
    # The new SAs are in use, and not only those that the trap has made.
    for daemon in bed.ike:
        daemon.rekey_child()
        sealed_more(bed)
    steps.fio(ctx, bed.i, session.disk(), SIZE)
    for host in bed.hosts:
        states = host.run('ip xfrm state').out
        for pair in zip(ends.values(), reversed(ends.values())):
            check('src %s dst %s\n' % pair in states,
                  '%s has no SA of these ends: %s' % (host.name, states))
        check(('espinudp' in states) == encap, 'UDP encapsulation: ' + states)
    check_unharmed(bed)


@test({'auth': 'psk'}, more=({'auth': 'certificates'},
                             {'auth': 'psk', 'children': 100, 'ikes': 10}))
def sas_are_renewed_under_load(ctx, auth, children=20, ikes=3):
    """... of one fio --verify: no error, and the connection stays."""
    bed = ctx.bed()
    start(bed)
    loaded(certificates(ctx, bed) if auth == 'certificates' else psk(bed))
    session, lun = steps.disk(bed, iscsi.Lun(0, size=SIZE), PATIENT)
    capture = bed.net.capture(os.path.join(ctx.workdir, 'rekey.pcap'),
                              snaplen=96)
    load = OneRun(ctx, bed.i, session.disk())
    first = max(sa.id for sa in bed.ike[0].installed())
    flows = counters(bed.i)['flows_started']
    for n in range(children):
        bed.ike[n % 2].rekey_child()
        sealed_more(bed)
        if n * ikes // children != (n + 1) * ikes // children:
            bed.ike[n % 2].rekey_ike()
    verified = load.stop()
    check_closed(capture.stop())
    last = max(sa.id for sa in bed.ike[0].installed())
    check(last >= first + children, 'CHILD_SAs %d to %d' % (first, last))
    for daemon in bed.ike:
        check(all(sa.alg == 'ASYM_GCM_AES' for sa in daemon.sas()),
              'an SA is of another kind')
    check(counters(bed.i)['flows_started'] == flows,
          'the connection was renewed')
    check_unharmed(bed)
    ctx.fault('CHILD_SA rekeyed', children)
    ctx.fault('IKE_SA rekeyed', ikes)
    ctx.note('%d CHILD_SAs and %d IKE_SAs renewed, %d bytes verified'
             % (children, ikes, verified))


NO_CHILD = 'received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built'
NO_PEER = ('asymmetric ESP cannot be used: 192.0.2.2 has no plugin asym,'
           ' or no kernel module esp_asym')


@test({'side': 'target'}, more=({'side': 'initiator'},))
def without_the_plugin_nothing_is_negotiated(ctx, side):
    bed = ctx.bed()
    missing = strongswan.SIDES.index(side)
    start(bed, plugin=[n != missing for n in range(2)])
    said = psk(bed)
    loaded([said[1 - missing]])
    check(said[missing].rc, 'strongSwan took the configuration')
    bed.ike[missing].wait_log("algorithm 'asymgcm256' not recognized")
    ike = no_login(ctx, bed)
    if side == 'initiator':
        check(not ike, '%d frames of IKE' % ike)
        return
    check(ike, 'nobody tried')
    bed.ike[0].wait_log('received NO_PROPOSAL_CHOSEN notify error')
    # A target that negotiates ordinary ESP for its disks.
    loaded(psk(bed, ('esp_proposals = asymgcm256',
                     'esp_proposals = aes256gcm16'), only='target')[1:])
    check(not bed.i.ok('swanctl --initiate --child iscsi --timeout 20'),
          'an SA was negotiated')
    bed.ike[0].wait_log(NO_CHILD)
    bed.ike[0].wait_log(NO_PEER)


@test({'side': 'target'}, more=({'side': 'initiator'},))
def without_the_module_nothing_is_negotiated(ctx, side):
    bed = ctx.bed()
    missing = strongswan.SIDES.index(side)
    start(bed, module=[n != missing for n in range(2)])
    loaded(psk(bed))
    here = bed.ike[missing]
    here.wait_log('the kernel module esp_asym is not loaded: asymmetric ESP is'
                  ' not negotiated until it is')
    check(no_login(ctx, bed), 'nobody tried')
    bed.ike[0].wait_log(NO_CHILD)
    here.wait_log('asymmetric ESP cannot be used: the kernel module esp_asym'
                  ' is not loaded here')
    if side == 'target':
        bed.ike[0].wait_log(NO_PEER)
    # With the module it works, and nobody has to restart anything.
    for daemon in bed.ike:
        daemon.host.run('swanctl --terminate --ike iscsi --force > /dev/null',
                        check=False)
    bed.load([here.host])
    if side == 'initiator':
        bed.bind()
    bed.i.run('swanctl --initiate --child iscsi --timeout 60')
    session = bed.login()
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    check_sas(bed)


@test()
def peer_of_another_version_is_not_taken_for_ours(ctx):
    """The vendor ID names the version of the wire format."""
    bed = ctx.bed()
    start(bed, plugin=(True, (('tools/strongswan/negotiation.c',
                               '"asymmetric-esp-1"', '"asymmetric-esp-2"'),)))
    loaded(psk(bed))
    check(no_login(ctx, bed), 'nobody tried')
    bed.ike[0].wait_log(NO_CHILD)
    bed.ike[0].wait_log(NO_PEER)
    for daemon in bed.ike:
        check('understands asymmetric ESP' not in daemon.log(),
              daemon.host.name + ' believes the other one')


LIST = ('esp_proposals = asymgcm256',
        'esp_proposals = asymgcm256,aes256gcm16')


@test({'target': 'without-plugin'},
      more=({'target': 'complete'}, {'target': 'without-module'}))
def list_of_proposals_falls_back_in_order(ctx, target):
    bed = ctx.bed()
    complete = target == 'complete'
    start(bed, plugin=(True, target != 'without-plugin'),
          module=(True, target != 'without-module'))
    loaded(psk(bed, LIST, only='initiator')[:1])
    daemon = bed.ike[1]
    with open(daemon.host.path('secrets.conf')) as f:
        secret = f.read()
    loaded([daemon.configure(strongswan.example(
        'psk-target', ('asymgcm256', 'aes256gcm16') if
        target == 'without-plugin' else LIST), secret)])
    lun = iscsi.Lun(0, size=SIZE)
    if complete:
        session, lun = steps.disk(bed, lun, PATIENT)
        res = steps.witnesses(ctx, bed, session, lun, SIZE)
        check(res.target == 0, '%d hits at the target' % res.target)
        check_sas(bed)
        return
    # Over ordinary ESP what nobody has bound works as ever ...
    session, lun = steps.disk(bed, lun, PATIENT, key=False)
    res = steps.witnesses(ctx, bed, session, lun, SIZE)
    check(res.wire == 0, '%d hits on the wire' % res.wire)
    check(res.target >= res.written, 'the target has no plaintext')
    check(res.esp and not res.foreign, 'not all frames are ESP')
    check_sas(bed, 'AES_GCM_16', 256)
    session.logout()
    # ... and what is bound to a key does not go there.
    before = counters(bed.i)['refused-no-sa']
    bed.bind()
    try:
        bed.login(FAILS)
    except HostError:
        pass
    else:
        check(False, 'a bound unit was logged in to over ordinary ESP')
    check(counters(bed.i)['refused-no-sa'] > before, 'not counted')


@test()
def proposal_with_both_kinds_is_refused(ctx):
    """An AEAD and a private transform: not in one proposal."""
    bed = ctx.bed()
    start(bed)
    said = psk(bed, ('asymgcm256', 'asymgcm256-aes256gcm16'), only='initiator')
    check(said[0].rc, 'strongSwan took the configuration')
    bed.ike[0].wait_log("can't be contained in the same ESP proposal")
    check(not no_login(ctx, bed), 'somebody tried')


@test()
def sa_that_the_kernel_refuses_is_explained(ctx):
    bed = ctx.bed()
    start(bed)
    loaded(psk(bed, ('asymgcm256', 'asymgcm256-sha256')))
    check(no_login(ctx, bed), 'nobody tried')
    bed.ike[1].wait_log('the kernel refused asymmetric ESP: it authenticates'
                        ' by itself')


@test()
def compression_in_a_child_is_refused_with_the_reason(ctx):
    """IPComp would have TCP before asymmetric ESP has it."""
    bed = ctx.bed()
    for host in bed.hosts:
        host.modprobe('ipcomp')
    start(bed)
    loaded(psk(bed, ('mode = transport',
                     'mode = transport\n                ipcomp = yes')))
    bed.serve([iscsi.Lun(0, size=SIZE)])
    bed.bind()
    capture = bed.net.capture(os.path.join(ctx.workdir, 'refused.pcap'))
    # Until there are SAs the first connection waits.
    bed.i.run('swanctl --initiate --child iscsi --timeout 60')
    check('proto comp' in bed.i.run('ip xfrm state').out,
          'IPComp was not negotiated')
    try:
        bed.login(FAILS)
    except HostError:
        pass
    else:
        check(False, 'the login succeeded')
    ike, esp = check_closed(capture.stop())
    check(ike and not esp, '%d frames of IKE, %d of ESP' % (ike, esp))
    check(counters(bed.i)['refused-no-sa'] > 0, 'not counted')
    check('another SA hides iSCSI' in bed.i.console_text(), 'no reason')
