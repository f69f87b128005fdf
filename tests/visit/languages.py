"""The two languages in which a visit speaks."""

from __future__ import annotations

import re

from meterlink.language import Language

EN, RU = Language.EN, Language.RU
CYRILLIC = re.compile("[а-яё]")
