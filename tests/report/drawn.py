"""An act drawn as the commands draw it: in Russian unless said otherwise, with the words of the family it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meterlink.audit.commitment import Opening
from meterlink.language import Language
from meterlink.registry import load_driver
from meterlink.report.act_html import render_html
from meterlink.report.act_layout import lay_out
from meterlink.report.act_pdf import render_pdf
from meterlink.report.act_words import NO_FAMILY, Phrases
from meterlink.report.passport import passport_line


def html_act(
    body: Mapping[str, Any], openings: Mapping[str, Opening], checkpoint: str, language: Language = Language.RU
) -> str:
    return render_html(lay_out(body, openings, checkpoint, language, words_of(body)))


def pdf_act(
    body: Mapping[str, Any], openings: Mapping[str, Opening], checkpoint: str, language: Language = Language.RU
) -> bytes:
    return render_pdf(lay_out(body, openings, checkpoint, language, words_of(body)))


def passport_of(body: Mapping[str, Any], language: Language = Language.RU) -> str:
    return passport_line(body, language, words_of(body))


def words_of(body: Mapping[str, Any]) -> Phrases:
    family = body["program"]["family"]
    return load_driver(family).words if family != "not-stated" else NO_FAMILY
