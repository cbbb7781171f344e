# SPDX-License-Identifier: GPL-2.0
"""TCP that is not iSCSI."""

SERVER = """
import socket, sys
s = socket.create_server((sys.argv[1], 9), family=socket.AF_INET6
                         if ':' in sys.argv[1] else socket.AF_INET)
c, peer = s.accept()
f = c.makefile('rwb')
data = f.read()
f.write(data)
f.flush()
"""

CLIENT = """
import os, socket, sys
data = os.urandom(1 << 20)
c = socket.create_connection((sys.argv[1], 9), 50)
f = c.makefile('rwb')
f.write(data)
f.flush()
c.shutdown(socket.SHUT_WR)
if f.read() != data:
    sys.exit('something else came back')
"""


def talk(bed, address=None):
    """A megabyte over TCP to the target's host and back."""
    address = address or bed.t.addr
    server = bed.t.start('/usr/bin/python3 %s %s' % (
        bed.t.write('server.py', SERVER), address), 60)
    bed.t.poll('grep -q ":0009 .* 0A " /proc/net/tcp /proc/net/tcp6')
    bed.i.run('/usr/bin/python3 %s %s'
              % (bed.i.write('client.py', CLIENT), address), timeout=60)
    server.wait()
