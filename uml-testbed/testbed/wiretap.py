# SPDX-License-Identifier: GPL-2.0
"""Captures, opened by the implementation in esp_asym/tests that shares no code
with the modules."""

import importlib.util
import os
import struct
import sys

from . import cache

TESTS = os.path.join(cache.TOP, 'esp_asym/tests')


def _load():
    sys.path.insert(0, TESTS)
    spec = importlib.util.spec_from_file_location(
        'open_capture', os.path.join(TESTS, 'open-capture.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(TESTS)
    return module


oc = _load()


def opener(host):
    """An Opener with the keys of a host's SAs."""
    return oc.Opener(oc.keys_of_xfrm(host.run('ip xfrm state').out))


def packets(path):
    """The IPv4 packets of a file."""
    for link, frame in oc.records(path):
        packet = oc.ipv4(link, frame)
        if packet:
            yield packet


def timed_packets(path):
    """(time, IPv4 packet) of a file that the wire has written."""
    with open(path, 'rb') as f:
        f.read(24)
        while True:
            head = f.read(16)
            if len(head) < 16:
                return
            secs, micros, size, whole = struct.unpack('<IIII', head)
            packet = oc.ipv4(1, f.read(size))
            if packet:
                yield secs + micros / 1e6, packet


def feed(opener, path):
    """Have it open a file; returns its Report."""
    for number, packet in enumerate(packets(path), 1):
        opener.feed(number, packet)
    return opener.finish()
