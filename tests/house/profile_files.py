"""Files of profiles of a family that does not exist, and what is read out of them."""

from __future__ import annotations

import os
from pathlib import Path

from meterlink.profiles import Profile, lint, load_profiles

HEAD = """
spec = 1
model = "meter-1"
names = ["Meter 1"]
driver = "acme"
"""

TABLES = """
[match]
code = [1, 2]
evidence = "document"
source = "page 1"

[line]
baud = 9600
format = "8N1"
evidence = "document"
source = "page 2"

[timing]
reply_s = 0.5
quiet_chars = 3.5
evidence = "guess"
source = "page 3"

[address]
digits = 3
default = "1"
rule = "a number from 1 to 247"
min = 1
max = 247
evidence = "document"
source = "page 4"

[access]
levels = ["reader", "owner"]
reading_needs = "reader"
evidence = "document"
source = "page 5"

[limits]
tariffs = 4
max_power_kw = 14.5
evidence = "document"
source = "page 6"
own_source.max_power_kw = { evidence = "guess", source = "plate" }

[supports]
energy = { supported = true, evidence = "capture", source = "page 7" }
dst = { supported = false, evidence = "document", source = "page 8", note = "it has no calendar" }

[driver_table]
registers = [1, 2]
evidence = "document"
source = "page 9"

[[caveat]]
text = "It hums."
source = "page 10"
"""
META = '\nevidence = "document"\nsource = "note"\n'


def write(folder: Path, text: str, name: str = "acme/meter-1.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def one(folder: Path, text: str = HEAD + TABLES) -> Profile:
    write(folder, text)
    return load_profiles([folder]).get("meter-1")


def second(model: str, tables: str = TABLES) -> str:
    return HEAD.replace("meter-1", model) + tables


def lines(folder: Path) -> list[str]:
    """What lint says, with the folder left out of the names."""
    return [line.removeprefix(f"{folder}{os.sep}").replace(os.sep, "/") for line in lint([folder])]


def variant(when: str, tariffs: int, more: str = "") -> str:
    return f'[[variant]]\nwhen = "{when}"\n[variant.limits]\ntariffs = {tariffs}\n{more}{META}'


NESTED = variant("firmware >= 6", 2, "seasons = 12") + variant("firmware >= 7 and firmware < 8", 3)
