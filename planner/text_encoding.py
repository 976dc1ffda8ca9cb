"""Which encoding a text file has: UTF-8 as the web writes it, GB18030 as spreadsheets in China do."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Tried in this order: GB18030 holds all of GBK and GB 2312.
_ENCODINGS = ("utf-8", "gb18030")
_BLOCK_BYTES = 1 << 24


def text_encoding(path: Path) -> str:
    """Find the encoding in which the whole of a file can be read.

    Parameters
    ----------
    path
        A text file of any size: it is read in blocks.

    Returns
    -------
    str
        ``utf-8`` (with or without byte order mark) or ``gb18030``.

    Raises
    ------
    UnicodeError
        If it is in neither; the message says what it is.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        if file.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            raise UnicodeError("the file is UTF-16")
    for encoding in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise UnicodeError("the text is neither UTF-8 nor GB18030")
