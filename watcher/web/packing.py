"""Text in packed pieces, of which some may be old, put together into one gzip file.

A piece ends at the border of a byte and refers to nothing before it, so that it can stand anywhere in the file (RFC
1951; a file of several gzip members is not understood by all who read it). Packed by isal where it is installed.
"""

import struct
from dataclasses import dataclass
from typing import Final

from watcher.quicker import zlib

_BITS: Final = 0xFFFFFFFF
_RAW: Final = -15
_GZIP: Final = 31
_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_END: Final = b"\x03\x00"  # an empty last block


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text packed, with the checksum and size that it had."""

    packed: bytes
    checksum: int
    size: int


def pack(text: str) -> Piece:
    """The text as a piece."""
    plain = text.encode()
    packing = zlib.compressobj(1, zlib.DEFLATED, _RAW)
    packed = packing.compress(plain) + packing.flush(zlib.Z_FULL_FLUSH) if plain else b""
    return Piece(packed, zlib.crc32(plain), len(plain))


class File:
    """A gzip file of the texts of pieces, in the order in which they are added."""

    def __init__(self) -> None:
        self._parts = [_HEAD]
        self._checksum = self._size = 0

    def add(self, piece: Piece) -> None:
        """This piece is next."""
        self._parts.append(piece.packed)
        # What a checksum becomes by as many zeros does not depend on what was there: it can be had without the text.
        self._checksum = zlib.crc32(bytes(piece.size), self._checksum ^ _BITS) ^ _BITS ^ piece.checksum
        self._size += piece.size

    def whole(self) -> bytes:
        """The file, with no more to come."""
        return b"".join((*self._parts, _END, struct.pack("<II", self._checksum, self._size & _BITS)))


def unpack(file: bytes) -> bytes:
    """The texts again."""
    return zlib.decompress(file, _GZIP)
