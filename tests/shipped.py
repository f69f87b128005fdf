"""The profiles that came with meterlink, read once for all tests of a process."""

from __future__ import annotations

from functools import cache

from meterlink.profiles import ProfileLibrary, default_folder, load_profiles


@cache
def library() -> ProfileLibrary:
    return load_profiles([default_folder()])
