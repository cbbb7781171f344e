# SPDX-License-Identifier: GPL-2.0
"""Programs in Python that run in the guests beside a scenario."""

import socket

from testbed.host import poll

NAT_T = 4500


class Script:
    """A program in Python in the background of a guest; what it prints."""

    def __init__(self, host, name, text, *args):
        self.host = host
        self._out = name + '.out'
        host.write(self._out, '')
        script = host.write(name + '.py', text)
        self.pid = int(host.run(
            '/usr/bin/python3 -u %s %s > /share/%s 2>&1 < /dev/null & echo $!'
            % (script, ' '.join(map(str, args)), self._out)).out)
        poll(lambda: name + ': ' + self.text(), lambda: 'ready' in self.text(),
             60 * host.slow)

    def text(self):
        with open(self.host.path(self._out)) as f:
            return f.read()


# Who takes ESP out of UDP: any socket that is told to.
UDP_ENCAP = """
import socket, sys
s = socket.socket(int(sys.argv[1]), socket.SOCK_DGRAM)
s.setsockopt(17, 100, 2)
s.bind(('', %d))
print('ready')
while True:
    s.recv(65536)
""" % NAT_T


def encapsulate(host, family=socket.AF_INET):
    Script(host, 'encap', UDP_ENCAP, int(family))


# The connection that carries ESP (RFC 8229); an IKE daemon has it for its own
# messages.
CARRIER = """
import socket, sys, time
mine, peer = sys.argv[1:3]
if peer != 'listen':
    s = socket.create_connection((peer, %d), source_address=(mine, %d))
else:
    family = socket.AF_INET6 if ':' in mine else socket.AF_INET
    listener = socket.create_server((mine, %d), family=family)
    print('ready')
    s, _ = listener.accept()
s.setsockopt(6, 31, b'espintcp')
print('ready and carries')
while True:
    time.sleep(1000)
""" % (NAT_T, NAT_T, NAT_T)


def carry(client, server):
    """Between two (host, address); returns the client's Script."""
    ends = [Script(server[0], 'carrier', CARRIER, server[1], 'listen'),
            Script(client[0], 'carrier', CARRIER, client[1], server[1])]
    for end in ends:
        poll(lambda: 'carrier: ' + end.text(),
             lambda: 'carries' in end.text(), 30 * end.host.slow)
    return ends[1]


# What the kernel tells an IKE daemon when a peer comes from another address.
MAPPINGS = """
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 6)
s.bind((0, 0))
s.setsockopt(270, 1, 8)
print('ready')
while True:
    m = s.recv(65536)
    if struct.unpack_from('=H', m, 4)[0] == 0x26:
        family, = struct.unpack_from('=H', m, 36)
        address = m[60:76 if family == socket.AF_INET6 else 64]
        print(socket.inet_ntop(family, address),
              struct.unpack_from('>H', m, 78)[0])
"""
