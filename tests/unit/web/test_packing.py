"""Packed pieces make one gzip file."""

import gzip
import subprocess
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib

from watcher.web import packing
from watcher.web.packing import File, pack, unpack


def filed(texts: list[str]) -> bytes:
    """One file of them."""
    file = File()
    for text in texts:
        file.add(pack(text))
    return file.whole()


@pytest.mark.parametrize("packer", [zlib, isal_zlib], ids=["zlib", "isal"])
@given(texts=st.lists(st.text() | st.text(alphabet="ab", min_size=200, max_size=2000), max_size=6))
def test_the_file_has_all_texts_in_order(packer: object, texts: list[str]) -> None:
    """Sum and size are checked by who unpacks, who is not us."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "zlib", packer)
        file = filed(texts)
        assert gzip.decompress(file) == unpack(file) == "".join(texts).encode()
    one = zlib.decompressobj(31)
    assert one.decompress(file) == "".join(texts).encode()
    assert one.eof
    assert not one.unused_data  # a single member: some readers stop after the first


def test_gzip_itself_takes_it() -> None:
    """The program that gave the format its name finds no fault."""
    file = filed(["one\n", "", "two\n" * 1000, "three\n"])
    done = subprocess.run(["gzip", "-dc"], input=file, capture_output=True, check=True)
    assert done.stdout == b"one\n" + b"two\n" * 1000 + b"three\n"
    assert not done.stderr
