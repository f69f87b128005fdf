"""The whole tree as tiles of 256 hashes and of 256 records, the form in which public logs are served.

hashes   tile/<level>/<N>, records tile/entries/<N>; the last, not full one as <N>.p/<width>
<N>      groups of three digits, all but the last with an x before them: 1234067 is x001/x234/067
entry    length in 2 bytes, big-endian, then the record

Source: C2SP tlog-tiles [A].
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from meterlink.audit.tree import HashTree

TILE_WIDTH: Final = 256
_TILE_HEIGHT: Final = 8
_ENTRIES: Final = "entries"


def hash_tiles(tree: HashTree) -> Iterator[tuple[str, bytes]]:
    """Every tile of hashes of a tree."""
    level = 0
    while (width := tree.size >> (_TILE_HEIGHT * level)) > 0:
        for number, begins, ends in _spans(width):
            nodes = (tree.node(_TILE_HEIGHT * level, index) for index in range(begins, ends))
            yield tile_path(str(level), number, ends - begins), b"".join(nodes)
        level += 1


def entry_tile(number: int, lines: Sequence[bytes]) -> tuple[str, bytes]:
    """The tile of these records, the first of which has the index number * 256."""
    data = b"".join(len(line).to_bytes(2, "big") + line for line in lines)
    return tile_path(_ENTRIES, number, len(lines)), data


def tile_path(level: str, number: int, width: int) -> str:
    """The name of a tile in a bundle."""
    digits = f"{number:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[begins : begins + 3] for begins in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{level}/{path}" + ("" if width == TILE_WIDTH else f".p/{width}")


def _spans(width: int) -> Iterator[tuple[int, int, int]]:
    for begins in range(0, width, TILE_WIDTH):
        yield begins // TILE_WIDTH, begins, min(width, begins + TILE_WIDTH)
