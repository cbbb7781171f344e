# SPDX-License-Identifier: GPL-2.0
"""What a run leaves for tools/test-report: a file with a JSON object per line;
Documentation/test-results/README.rst says what is in one.
"""

import json
import os
import subprocess
import time

from . import cache


def commit():
    """What is tested, as git names it."""
    try:
        return subprocess.run(
            ['git', '-C', cache.TOP, 'describe', '--always', '--dirty',
             '--abbrev=12', '--exclude=*'], check=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return 'unknown'


class Results:
    """Appends to DIR/results.jsonl: an earlier run is not forgotten."""

    def __init__(self, directory):
        self._path = os.path.join(directory, 'results.jsonl')
        self._commit = commit()

    def add(self, kind, **fields):
        line = {'kind': kind, 'commit': self._commit, 'date': time.strftime(
            '%Y-%m-%dT%H:%M:%SZ', time.gmtime()), **fields}
        with open(self._path, 'a', encoding='utf-8') as f:
            f.write(json.dumps(line, ensure_ascii=False) + '\n')
