# SPDX-License-Identifier: GPL-2.0
"""SAs and IKE daemons come and go; connections stay, and nothing leaves
without an SA (RFC 3723, 3.3, 3.5 and 5.7)."""

import os

from testbed import iscsi
from testbed.asymctl import counters
from testbed.host import poll
from testbed.strongswan import SIDES
from testbed.suite import check, test

from . import steps
from .ike import (SIZE, WAITS, Load, certificates, check_closed,
                  check_sas, check_unharmed, loaded, no_login, psk,
                  sealed_more, start)

# A peer that is away is given up after 20 seconds, and asked once a second.
TRIES = 20
RETRANSMIT = (('retransmit_tries', TRIES), ('retransmit_timeout', 1),
              ('retransmit_base', 1))


class Stage:
    """A login, fio on its disk, and a capture; end() checks them."""

    def __init__(self, ctx, bed):
        self.ctx = ctx
        self.bed = bed
        session, self.lun = steps.disk(bed, iscsi.Lun(0, size=SIZE), WAITS)
        self.disk = session.disk()
        steps.patient(bed, self.disk)
        self.flows = counters(bed.i)['flows_started']
        self.capture = bed.net.capture(os.path.join(ctx.workdir, 'life.pcap'),
                                       snaplen=96)
        self.load = None

    def __enter__(self):
        # Short rounds: the last one has to come to its end.
        self.load = Load(self.ctx, self.bed.i, self.disk, SIZE // 4)
        return self

    def __exit__(self, kind, err, trace):
        # After a failure fio may wait for ever.
        self.load.stop(wait=not kind)

    def end(self):
        check_closed(self.capture.stop())
        check(counters(self.bed.i)['flows_started'] == self.flows,
              'the connection was renewed')
        check_unharmed(self.bed, waited=True)

    def wait_refused(self, host):
        """Until the host had something to send, and no SA for it."""
        before = counters(host)['refused-no-sa']
        host.poll('grep refused-no-sa /proc/net/esp_asym_stat | {'
                  ' read n v; [ $v -gt %d ]; }' % before, 60)


@test({'how': 'make-before-break'}, more=({'how': 'break-before-make'},))
def ike_sa_is_authenticated_again_under_load(ctx, how, times=5):
    """Another IKE_SA, certificates and all, with a CHILD_SA of its own.  Made
    before the old one is deleted nobody has to wait."""
    early = how == 'make-before-break'
    bed = ctx.bed()
    start(bed, settings=(('make_before_break', 'yes' if early else 'no'),))
    loaded(certificates(ctx, bed))
    stage = Stage(ctx, bed)
    with stage:
        for _ in range(times):
            sealed_more(bed)
            bed.ike[0].reauthenticate()
        sealed_more(bed)
    stage.end()
    check_sas(bed, esn=True)
    if early:
        check_unharmed(bed)
    ctx.fault('IKE_SA authenticated again', times)


@test({'by': 'target'}, {'by': 'initiator', 'queue': True},
      more=({'by': 'initiator'},))
def deleted_sas_end_no_connection(ctx, by, queue=False, times=3):
    """The next packet has IKE make others."""
    bed = ctx.bed()
    start(bed, queue=queue)
    loaded(psk(bed))
    stage = Stage(ctx, bed)
    with stage:
        for _ in range(times):
            old = bed.ike[0].newest_child()
            bed.ike[SIDES.index(by)].host.run(
                'swanctl --terminate --child iscsi > /dev/null')
            poll('another CHILD_SA', lambda: bed.ike[0].newest_child() > old,
                 60 * bed.i.slow)
            sealed_more(bed)
    stage.end()
    ctx.fault('CHILD_SA deleted', times)


@test()
def connections_wait_in_silence_for_sas(ctx):
    """No SA, and IKE does not answer: traffic is blocked, not in the clear."""
    bed = ctx.bed()
    start(bed, settings=RETRANSMIT)
    loaded(psk(bed))
    stage = Stage(ctx, bed)
    bed.ike[1].signal('STOP')
    # The target is told, but it does not listen.
    bed.i.run('swanctl --terminate --ike iscsi --force > /dev/null')
    check(not bed.i.run('ip xfrm state').out, 'there are SAs still')
    silence = bed.net.capture(os.path.join(ctx.workdir, 'silence.pcap'),
                              'src ' + bed.i.addr)
    with stage:
        try:
            # TCP tries again, and so does IKE.
            for _ in range(2):
                stage.wait_refused(bed.i)
            ike, esp = check_closed(silence.stop())
            check(ike, 'IKE was not asked')
            check(not esp, '%d frames of ESP' % esp)
        finally:
            bed.ike[1].signal('CONT')
    stage.end()


def come_back(daemon):
    """A daemon that runs and has no configuration yet refuses its peer, and
    the peer's kernel does not ask again for minutes: let it have none."""
    rules = ('table ip closed {', 'chain in {',
             'type filter hook input priority 0', 'udp dport 500 drop', '}',
             '}')
    daemon.host.run('nft -f ' + daemon.host.write('closed',
                                                  '\n'.join(rules) + '\n'))
    daemon.run()
    loaded([daemon.load()])
    daemon.host.run('nft delete table ip closed')


@test({'end': 'target', 'how': 'killed'},
      more=({'end': 'initiator', 'how': 'killed'},
            {'end': 'target', 'how': 'stopped'},
            {'end': 'initiator', 'how': 'stopped'}))
def ike_daemon_comes_back_under_load(ctx, end, how):
    """Killed, it leaves SAs to the kernel until the other side finds out;
    stopped, it deletes SAs, and its policies: what would leave in the clear
    then is refused by the module."""
    bed = ctx.bed()
    start(bed, settings=RETRANSMIT)
    loaded(psk(bed, ('dpd_delay = 30s', 'dpd_delay = 1s')))
    stage = Stage(ctx, bed)
    here = bed.ike[SIDES.index(end)]
    there = bed.ike[1 - SIDES.index(end)]
    with stage:
        sealed_more(bed)
        if how == 'killed':
            here.signal('KILL')
            sealed_more(bed)
            there.wait_log('giving up after %d retransmits' % TRIES, 90)
        else:
            here.signal('TERM')
            policies = here.host.run('ip xfrm policy').out
            check('proto tcp' not in policies, 'there are policies still')
            # A target that has answered all commands has nothing to send.
            if end == 'initiator':
                stage.wait_refused(here.host)
        made = there.log().count('} established with SPIs')
        come_back(here)
        if how == 'killed' and end == 'initiator':
            # The SAs of its former life take packets that nobody opens.
            here.host.run('swanctl --initiate --child iscsi --timeout 60')
        there.wait_log('} established with SPIs', 90, made + 1)
        # What fio has under way now comes to an end.
    stage.end()
    ctx.fault('IKE daemon ' + how)


@test({'last': 'modules'}, {'last': 'target'},
      more=({'last': 'target', 'action': 'start'},
            {'last': 'target', 'action': 'trap_and_start'}))
def what_is_needed_may_come_last(ctx, last, action='trap'):
    """The IKE daemons are there before the modules, or the initiator before
    the target can be reached: nobody has to restart anything."""
    bed = ctx.bed()
    early = last == 'modules'
    start(bed, module=(not early,) * 2, settings=RETRANSMIT)
    edit = ('SAs.\n                start_action = trap',
            'SAs.\n                start_action = '
            + action.replace('_and_', '|'))
    capture = bed.net.capture(os.path.join(ctx.workdir, 'boot.pcap'))
    if not early:
        bed.t.run('ip link set %s down' % bed.t.iface)
    loaded(psk(bed, edit, only='initiator'))
    if early:
        bed.load()
        bed.serve([iscsi.Lun(0, size=SIZE)])
        bed.bind()
    else:
        no_login(ctx, bed)
        bed.t.run('ip link set %s up' % bed.t.iface)
        if action != 'trap':
            poll('an SA that nobody has asked for', bed.ike[0].installed,
                 60 * bed.i.slow)
    session = bed.login(WAITS)
    steps.fio(ctx, bed.i, session.disk(), 1 << 20)
    check_closed(capture.stop())
    for daemon in bed.ike:
        sas = daemon.installed()
        check(sas and all(sa.alg == 'ASYM_GCM_AES' for sa in sas),
              '%s has no SA, or another one' % daemon.host.name)
