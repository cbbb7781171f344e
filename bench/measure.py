# SPDX-License-Identifier: GPL-2.0
"""Turns of configurations, and the rows that are made of them."""

import collections
import os
import re
import shlex
import sys
import time

from testbed import cache
from testbed.results import commit

from . import figures
from .config import Place
from .rig import SIDES

MIB = 1 << 20


def note(text):
    print('[%6.1f] %s' % (time.monotonic() - note.start, text),
          file=sys.stderr, flush=True)


note.start = time.monotonic()


def environment(**more):
    """What was measured, where and when."""
    with open('/proc/cpuinfo') as f:
        cpu = re.search(r'model name\s*: (.*)', f.read()).group(1)
    with open(os.path.join(cache.TOP, 'include/asym/wire.h')) as f:
        version = re.search(r'ASYM_WIRE_VERSION\s+(\d+)', f.read()).group(1)
    return {'command': shlex.join(['bench/' + os.path.basename(sys.argv[0]),
                                   *sys.argv[1:]]),
            'commit': commit(), 'wire_format': int(version), 'cpu': cpu,
            'cpus': os.cpu_count(),
            'date': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()),
            'load': round(os.getloadavg()[0], 2), **more}


class Series:
    """Configurations and workloads on the rigs of a platform at one MTU.

    boot(loaded) gives a Rig; together: they live side by side, and all
    configurations take turns, as they must where a turn depends on what else
    the machine does.  profile: regular expression for the names of configurations
    of which each function is counted, or None.
    """

    def __init__(self, boot, configs, workloads, mtu, size, reps,
                 together=True, profile=None):
        self.boot = boot
        self.configs = configs
        self.workloads = workloads
        self.mtu = mtu
        self.size = size
        self.reps = reps
        self.together = together
        self.profile = profile
        # (config, workload) -> turns
        self.turns = collections.defaultdict(list)
        self.profiles = []
        self.rigs = {}
        self._places = {}
        self.platform = self.kernel = self.unit = None

    def run(self):
        groups = [[c for c in self.configs if c.loaded == loaded]
                  for loaded in (False, True)]
        groups = [g for g in groups if g]
        for group in [sum(groups, [])] if self.together else groups:
            try:
                for config in group:
                    self._rig(config)
                for rep in range(self.reps):
                    # Whoever is first meets what the last has left.
                    for config in group if rep % 2 else reversed(group):
                        for workload in self.workloads:
                            self._turn(config, workload)
                self._profile(group)
            finally:
                for rig in self.rigs.values():
                    rig.stop()
                self.rigs = {}
                self._places = {}

    def _rig(self, config):
        rig = self.rigs.get(config.loaded)
        if not rig:
            rig = self.rigs[config.loaded] = self.boot(config.loaded)
            self.platform = rig.platform
            self.kernel = rig.kernel
            self.unit = rig.meter.unit
            note('%s %s is up%s' % (rig.platform, rig.kernel,
                                    ', with modules' * config.loaded))
        return rig

    def _place(self, config, disks):
        place = self._places.get((config, disks))
        if not place:
            before = self._rig(config).memory()
            place = Place(self._rig(config), config, len(self._places),
                          self.size // disks, disks)
            place.memory = self._rig(config).memory() - before
            self._places[config, disks] = place
            note('%s is logged in' % config.name)
        return place

    def _turn(self, config, workload):
        place = self._place(config, workload.disks)
        rig = place.rig
        workload.prepare(place)
        meter = rig.meter
        start = meter.read()
        workload.run_empty(place)
        empty = meter.totals(meter.difference(meter.read(), start))
        evidence = place.packets(), place.counters()
        traffic = rig.traffic()
        moved = place.moved()
        start = meter.read()
        said = workload.run(place)
        spent = meter.difference(meter.read(), start)
        written, read = (a - b for a, b in zip(place.moved(), moved))
        said.setdefault('bytes', written + read)
        sent = [{k: a[k] - b[k] for k in a}
                for a, b in zip(rig.traffic(), traffic)]
        place.check_turn(evidence, (place.packets(), place.counters()),
                         written, read, sum(s['octets'] for s in sent))
        workload.check(place)

        totals = meter.totals(spent)
        cost = {side: (totals[side] - empty[side]) / said['bytes']
                for side in totals}
        cost.setdefault('both', sum(cost.values()))
        turn = {'cost': cost, 'said': said, 'memory': place.memory,
                'sent': dict(zip(SIDES, sent))}
        if self.profile is not None and re.search(self.profile, config.name):
            turn['spent'] = spent
        self.turns[config, workload].append(turn)
        note('%s, %s, MTU %d: %s %s; %.1f MB/s' % (
            config.name, workload.name, self.mtu,
            ', '.join('%s %.2f' % kv for kv in cost.items()), meter.unit,
            said['bytes'] * 1e3 / said['ns']))

    def _profile(self, group):
        for (config, workload), turns in self.turns.items():
            turn = turns[-1]
            if config not in group or 'spent' not in turn:
                continue
            rig = self.rigs[config.loaded]
            functions = rig.meter.functions(turn.pop('spent'), rig.i)
            for side, counts in functions.items():
                for name, count in counts.most_common():
                    each = count / turn['said']['bytes']
                    if each < .005:
                        break
                    self.profiles.append(
                        {'platform': self.platform, 'kernel': self.kernel,
                         'config': config.name, 'workload': workload.name,
                         'mtu': self.mtu, 'side': side, 'function': name,
                         'per_byte': round(each, 4)})

    def rows(self):
        for workload in self.workloads:
            for config in self.configs:
                turns = self.turns[config, workload]
                for side in turns[0]['cost']:
                    yield self._row(config, workload, side, turns)

    def _row(self, config, workload, side, turns):
        def middle(what):
            return figures.median([what(t) for t in turns])

        def of_side(name):
            return middle(lambda t: sum(
                t['sent'][s][name] for s in SIDES if side in (s, 'both')))

        # Of files nobody measures how long requests take.
        def latency(part):
            if part not in turns[0]['said']:
                return None
            return middle(lambda t: t['said'][part]) / 1e3

        costs = [t['cost'][side] for t in turns]
        size = turns[0]['said']['bytes']
        down, got = of_side('handed_down'), of_side('got')
        return {
            'platform': self.platform, 'kernel': self.kernel,
            'config': config.name, 'workload': workload.name,
            'mtu': self.mtu, 'side': side,
            'cpu_per_byte': round(figures.median(costs), 4),
            'unit': self.unit,
            'mb_per_s': round(middle(
                lambda t: t['said']['bytes'] * 1e3 / t['said']['ns']), 2),
            'spread': figures.spread(costs), 'turns': len(turns),
            'p50_us': latency('p50'), 'p99_us': latency('p99'),
            'packets_per_mib': round(of_side('packets') * MIB / size, 1),
            # What TCP hands down, and gets, at once.
            'octets_per_segment_out': round(of_side('octets') / down),
            'octets_per_segment_in': round(of_side('octets_in') / got),
            'sent_again': of_side('sent_again'),
            'memory_bytes': turns[0]['memory'],
        }

