# SPDX-License-Identifier: GPL-2.0
"""A peer that is a program: it takes the place of the target host and speaks
ESP, TCP and iSCSI by itself, frame by frame, so that a test decides about every
byte on the wire.  It shares no code with the modules under test.

    Peer            peer.py     a host: ARP, IPv4, its thread and its timers
    Esp             esp.py      both SAs
    Tcp             tcp.py      a connection
    Piece           stream.py   bytes of the stream, and how they are marked
    Pdu             pdu.py      iSCSI PDUs
    Disk            disk.py     a logical unit in memory
    Target          target.py   login, tasks, and where a test interferes
"""
