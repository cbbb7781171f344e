# SPDX-License-Identifier: GPL-2.0
"""An iSCSI target with one session at a time and places where a test puts
something else in the way."""

import struct

from . import disk, pdu
from .pdu import Pdu, keys_of, text_of
from .stream import Piece

IQN = 'iqn.2024-01.test.asym:peer'
GRANT_OPAQUE = 1

# What a target may choose by itself; the rest follows the initiator.
ANSWERS = {
    'HeaderDigest': 'None',
    'DataDigest': 'None',
    'InitialR2T': 'Yes',
    'ImmediateData': 'Yes',
    'MaxRecvDataSegmentLength': '65536',
    'FirstBurstLength': '65536',
    'MaxBurstLength': '262144',
    'DefaultTime2Wait': '0',
    'DefaultTime2Retain': '0',
    'MaxConnections': '1',
    'MaxOutstandingR2T': '1',
    'DataPDUInOrder': 'Yes',
    'DataSequenceInOrder': 'Yes',
    'ErrorRecoveryLevel': '0',
    'IFMarker': 'No',
    'OFMarker': 'No',
}
NUMBERS = ('FirstBurstLength', 'MaxBurstLength')
# Declared by the initiator, not answered.
SILENT = ('InitiatorName', 'InitiatorAlias', 'TargetName', 'SessionType')


class Task:
    """A SCSI command on its way."""

    def __init__(self, command):
        self.command = command
        self.itt = command.itt
        self.cdb = command.fields[12:28]
        self.expected = command.word(20)
        self.lun = int.from_bytes(command.lun[:2], 'big') & 0x3fff
        self.buffer = bytearray()
        self.wanted = 0
        self.r2t_sn = 0

    @property
    def reads(self):
        return self.command.flags & pdu.READ and self.cdb[0] in disk.READS

    @property
    def writes(self):
        return self.command.flags & pdu.WRITE and self.cdb[0] in disk.WRITES


class Target:
    """luns maps numbers to Disk.  Of the hooks each may be None:

    script    func(connection, task) -> true if it has answered the command
    on_login  func(connection, request) -> true if it has answered it
    on_pdu    func(connection, pdu) -> true if it has dealt with it
    """

    port = 3260

    def __init__(self, host, luns, iqn=IQN):
        self.host = host
        self.luns = luns
        self.iqn = iqn
        self.answers = dict(ANSWERS)
        self.script = None
        self.on_login = None
        self.on_pdu = None
        self.connection = None
        self.commands = []	# tasks, as they came

    def accept(self, tcp):
        self.connection = Connection(self, tcp)


class Connection:
    def __init__(self, target, tcp):
        self.target = target
        self.tcp = tcp
        self.parser = pdu.Parser(self._pdu)
        tcp.reader = self.parser.feed
        self.tasks = {}
        self.keys = {}		# of the initiator
        self.declared = {}
        self.stat_sn = 1
        self.cmd_sn = 0
        self.header_digest = False
        self.data_digest = False

    # -- sending -----------------------------------------------------------
    def numbers(self, status=True):
        """StatSN, ExpCmdSN, MaxCmdSN."""
        res = struct.pack('>III', self.stat_sn if status else 0, self.cmd_sn,
                          self.cmd_sn + 31 & 0xffffffff)
        if status:
            self.stat_sn += 1
        return res

    def pieces(self, p, opaque=None, **marks):
        """A PDU as pieces of the stream; opaque is (ITT, buffer offset)."""
        login = p.opcode == pdu.LOGIN_RESPONSE
        head = p.head()
        if self.header_digest and not login:
            head += pdu.crc32c(head)
        pad = bytes(-len(p.data) % 4)
        tail = pad
        if self.data_digest and p.data and not login:
            tail += pdu.crc32c(p.data + pad)
        res = [Piece(head, session=marks.get('session')),
               Piece(p.data, opaque, **marks),
               Piece(tail, session=marks.get('session'))]
        return [piece for piece in res if piece.data]

    def send(self, p, **marks):
        self.tcp.write(self.pieces(p, **marks))

    # -- receiving -----------------------------------------------------------
    def _pdu(self, p):
        if self.target.on_pdu and self.target.on_pdu(self, p):
            return
        if p.opcode in (pdu.COMMAND, pdu.NOP_OUT, pdu.TEXT, pdu.LOGOUT,
                        pdu.TASK_REQUEST, pdu.LOGIN):
            self.cmd_sn = p.word(24) + (p.opcode == pdu.COMMAND)
        handler = {
            pdu.LOGIN: self._login,
            pdu.COMMAND: self._command,
            pdu.DATA_OUT: self._data_out,
            pdu.NOP_OUT: self._nop,
            pdu.LOGOUT: self._logout,
            pdu.TASK_REQUEST: self._task_management,
        }.get(p.opcode)
        if not handler:
            raise ValueError('PDU of opcode %#x' % p.opcode)
        handler(p)

    # -- login ---------------------------------------------------------------
    def login_pdu(self, request, text, flags=None, status=0, **args):
        """A response; flags are those that were asked for unless given."""
        if flags is None:
            flags = request.flags & ~0x40
        return Pdu(pdu.LOGIN_RESPONSE, flags, request.itt,
                   request.lun[:6] + b'\0\1',
                   struct.pack('>I', 0) + self.numbers() +
                   struct.pack('>H', status), data=text, **args)

    def digests(self):
        return (self.declared.get('HeaderDigest') == 'CRC32C') | \
            (self.declared.get('DataDigest') == 'CRC32C') << 1

    def answer(self, keys):
        res = {}
        for key, value in keys.items():
            if key in SILENT:
                continue
            if key == 'AuthMethod':
                res[key] = 'None'
            elif key in self.target.answers:
                mine = self.target.answers[key]
                if key in NUMBERS:
                    mine = str(min(int(mine), int(value)))
                elif key.endswith('Digest') and mine not in value.split(','):
                    mine = value.split(',')[0]
                res[key] = mine
            else:
                res[key] = 'NotUnderstood'
        return res

    def _login(self, p):
        keys = keys_of(p.data)
        self.keys.update(keys)
        if self.target.on_login and self.target.on_login(self, p):
            return
        answer = self.answer(keys)
        if 'TargetName' in keys:
            answer['TargetPortalGroupTag'] = '1'
        self.finish_login(p, answer)

    def finish_login(self, p, answer):
        self.declared.update(answer)
        self.send(self.login_pdu(p, text_of(answer)), session=self.digests())
        self.end_login(p)

    def end_login(self, p):
        """What was declared holds from the next PDU on."""
        if p.flags & 0x80 and p.flags & 3 == 3:
            self.header_digest = self.parser.header_digest = \
                self.declared.get('HeaderDigest') == 'CRC32C'
            self.data_digest = self.parser.data_digest = \
                self.declared.get('DataDigest') == 'CRC32C'

    # -- SCSI ----------------------------------------------------------------
    def status(self, task, status=disk.GOOD, sense=b'', **marks):
        self.tasks.pop(task.itt, None)
        self.send(self.response_pdu(task, status, sense), **marks)

    def response_pdu(self, task, status=disk.GOOD, sense=b''):
        return Pdu(pdu.RESPONSE, pdu.FINAL, task.itt,
                   fields=struct.pack('>I', 0) + self.numbers(), data=sense,
                   specific=bytes([0, status]))

    def data_pdu(self, task, data, offset=0, sn=0, final=True, itt=None,
                 residual=0, **args):
        """A Data-In; with final it holds the status."""
        flags = 0
        if final:
            flags = pdu.FINAL | pdu.STATUS | (0x02 if residual else 0)
            self.tasks.pop(task.itt, None)
        fields = struct.pack('>I', pdu.NO_TAG) + self.numbers(final) + \
            struct.pack('>III', sn, offset & 0xffffffff, residual)
        return Pdu(pdu.DATA_IN, flags, task.itt if itt is None else itt,
                   fields=fields, data=data, **args)

    def data_pieces(self, task, data, size=None):
        """Honest Data-In PDUs of a READ of a bound unit."""
        size = size or int(self.keys.get('MaxRecvDataSegmentLength', 8192))
        res = []
        for sn, at in enumerate(range(0, len(data), size)):
            chunk = data[at:at + size]
            p = self.data_pdu(task, chunk, at, sn, at + size >= len(data))
            res += self.pieces(p, opaque=(task.itt, at))
        return res

    def _command(self, p):
        task = Task(p)
        self.target.commands.append(task)
        self.tasks[task.itt] = task
        if self.target.script and self.target.script(self, task):
            return
        self.serve(task)

    def serve(self, task):
        """Honestly."""
        unit = self.target.luns.get(task.lun)
        if task.cdb[0] == 0xa0:
            self._report_luns(task)
        elif not unit:
            self.status(task, disk.CHECK_CONDITION,
                        disk.sense(disk.ILLEGAL_REQUEST, 0x2500))
        elif task.cdb[0] in disk.READS | disk.WRITES:
            self._access(task, unit)
        else:
            self._parameters(task, unit, unit.parameters(task.cdb))

    def _report_luns(self, task):
        luns = b''.join(struct.pack('>H6x', n) for n in self.target.luns)
        self._parameters(task, None, struct.pack('>I4x', len(luns)) + luns)

    def _parameters(self, task, unit, answer):
        if isinstance(answer, tuple):
            self.status(task, disk.CHECK_CONDITION, disk.sense(*answer))
            return
        answer = answer[:task.expected]
        if not answer:
            self.status(task)
            return
        capacity = task.cdb[0] in (0x25, 0x9e)
        self.send(self.data_pdu(task, answer,
                                residual=task.expected - len(answer)),
                  block_size=(task.itt, unit.block_size) if capacity
                  else None)

    def _access(self, task, unit):
        lba, blocks = disk.access(task.cdb)
        if lba + blocks > unit.blocks or \
                blocks * unit.block_size != task.expected:
            self.status(task, disk.CHECK_CONDITION,
                        disk.sense(disk.ILLEGAL_REQUEST, disk.OUT_OF_RANGE))
        elif task.reads:
            at = lba * unit.block_size
            self.tcp.write(self.data_pieces(
                task, unit.data[at:at + task.expected]))
        else:
            task.buffer += task.command.data
            self._want_more(task)

    # -- writes --------------------------------------------------------------
    def r2t_pdu(self, task, offset, length):
        task.r2t_sn += 1
        return Pdu(pdu.R2T, pdu.FINAL, task.itt, task.command.lun,
                   struct.pack('>IIIIIII', 0x1000 + task.r2t_sn, self.stat_sn,
                               self.cmd_sn, self.cmd_sn + 31,
                               task.r2t_sn - 1, offset, length))

    def _want_more(self, task):
        done = len(task.buffer)
        if done == task.expected:
            lba, _ = disk.access(task.cdb)
            unit = self.target.luns[task.lun]
            at = lba * unit.block_size
            unit.data[at:at + done] = task.buffer
            self.status(task)
            return
        length = min(task.expected - done, int(self.declared.get(
            'MaxBurstLength', 262144)))
        task.wanted = done + length
        self.send(self.r2t_pdu(task, done, length))

    def _data_out(self, p):
        task = self.tasks.get(p.itt)
        if not task:
            raise ValueError('Data-Out for a task that does not exist')
        if p.word(40) != len(task.buffer):
            raise ValueError('Data-Out out of order')
        task.buffer += p.data
        if p.flags & pdu.FINAL:
            self._want_more(task)

    # -- the rest ------------------------------------------------------------
    def _nop(self, p):
        if p.itt != pdu.NO_TAG:
            self.send(Pdu(pdu.NOP_IN, pdu.FINAL, p.itt, p.lun, struct.pack(
                '>I', pdu.NO_TAG) + self.numbers(), data=p.data))

    def _logout(self, p):
        self.send(Pdu(pdu.LOGOUT_RESPONSE, pdu.FINAL, p.itt,
                      fields=struct.pack('>I', 0) + self.numbers()))

    def _task_management(self, p):
        self.tasks.pop(p.word(20), None)
        self.send(Pdu(pdu.TASK_RESPONSE, pdu.FINAL, p.itt,
                      fields=struct.pack('>I', 0) + self.numbers()))
