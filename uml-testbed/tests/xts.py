# SPDX-License-Identifier: GPL-2.0
"""OpenSSL's AES-XTS laid out as dm-crypt's aes-xts-plain64: the oracle for the
disk format."""

from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def _crypt(key, data, sector_size, first, decrypt):
    out = []
    for off in range(0, len(data), sector_size):
        # plain64 counts units of 512 bytes whatever the sector size is.
        number = first + off // 512
        cipher = Cipher(algorithms.AES(key),
                        modes.XTS(number.to_bytes(16, 'little')),
                        default_backend())
        op = cipher.decryptor() if decrypt else cipher.encryptor()
        out.append(op.update(data[off:off + sector_size]) + op.finalize())
    return b''.join(out)


def decrypt(key, data, sector_size=512, first=0):
    return _crypt(key, data, sector_size, first, True)


def encrypt(key, data, sector_size=512, first=0):
    return _crypt(key, data, sector_size, first, False)
