"""What this family alone writes into records, in the languages of the act.

Keys and the sign # for a number: `meterlink.driver.Driver.words`. English is given where the phrase itself will not do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meterlink.language import Language

_RU: Final[Mapping[str, str]] = {
    "family modbus": "Modbus",
}
WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    Language.RU: _RU,
    Language.EN: {"family modbus": "Modbus"},
}
