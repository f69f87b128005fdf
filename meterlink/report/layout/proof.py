"""Sections 13, 15 and 16 of the act: the program and the log, the signatures, the copies."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Final

from meterlink.report.act_body import body_sha256
from meterlink.report.body.facts import NOT_STATED
from meterlink.report.layout.blocks import Block, Checkpoint, Lines, Signatures
from meterlink.report.layout.sheet import Sheet

_CODE_LIMIT: Final = 1_200
"""Bytes of a checkpoint; a longer one makes a code that no telephone reads from paper."""
_CODE_BORDER: Final = 4


def program(sheet: Sheet, checkpoint_text: str) -> Iterable[Block]:
    words, told, act = sheet.words, sheet.body["program"], sheet.body["act"]
    facts = sheet.pairs(
        *sheet.plain(told, ("program", "program")),
        ("family", words.code("family", told["family"])),
        ("port", words.code("port", told["port"])),
        ("records", words("records text", log=act["log"], **act["records"])),
        ("body sha256", body_sha256(sheet.body)),
        ("profile sha256", words.value(told["profile_sha256"])),
    )
    if not checkpoint_text:
        yield facts
        yield Lines(texts=(words("no checkpoint"),), manner="strong")
        return
    fits = len(checkpoint_text.encode("utf-8", "replace")) <= _CODE_LIMIT
    yield Checkpoint(
        facts=facts,
        title=words("checkpoint" if fits else "checkpoint without code"),
        lines=tuple(checkpoint_text.removesuffix("\n").split("\n")),
        svg=_code(checkpoint_text) if fits else "",
        alt=words("qr"),
    )


def _code(text: str) -> str:
    """The QR code of a text as SVG, level M."""
    import segno

    code = segno.make(text, error="m", mode="byte", encoding="utf-8", micro=False, boost_error=False)
    written = io.BytesIO()
    code.save(written, kind="svg", border=_CODE_BORDER, xmldecl=False, nl=False, omitsize=True)
    return written.getvalue().decode()


def signatures(sheet: Sheet) -> Iterable[Block]:
    words = sheet.words
    performers = [(_signer(sheet, each), words.value(each["name"])) for each in sheet.body["performers"]]
    yield Signatures(
        rows=(
            *(performers or [(words("sign performer"), "")]),
            (words("sign customer"), ""),
            (words("sign grid"), ""),
        ),
        under=(words("signature"), words("sign name")),
        blanks=(words("sign refusal"),),
    )
    yield Lines(texts=(words("not signed"),), manner="small")


def _signer(sheet: Sheet, performer: Mapping[str, str]) -> str:
    post = performer["post"]
    return sheet.words("sign performer") if post == NOT_STATED else sheet.words("sign performer post", post=post)


def copies(sheet: Sheet) -> Iterable[Block]:
    yield Lines(texts=(sheet.words("copies"),))
