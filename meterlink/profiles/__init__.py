"""Firmware profiles: what each model is and can do, as data files with evidence and source for every fact.

    library = load_profiles(profile_folders(os.environ))
    profile = library.get("mercury-206").for_firmware(identity.firmware)
    profile.require("set_clock")

Pure rules: `checks` (single values), `parts` (typed tables), `firmware` (versions), `sheet` (one document), `profile`
(a whole profile), `library` (all of them). Files are opened in `files` only. Knows no driver: a driver's own table is
checked by a callback.
"""

from __future__ import annotations

from meterlink.profiles.files import (
    VARIABLE,
    default_folder,
    lint,
    load_profiles,
    profile_folders,
)
from meterlink.profiles.library import ProfileFolder, ProfileLibrary
from meterlink.profiles.parts import (
    ARCHIVES,
    CAPABILITIES,
    Access,
    AddressRule,
    Caveat,
    Fact,
    Limits,
    LineSettings,
    Provenance,
    Support,
    Timing,
    Variant,
)
from meterlink.profiles.problems import Problem
from meterlink.profiles.profile import Profile

__all__ = [
    "ARCHIVES",
    "CAPABILITIES",
    "VARIABLE",
    "Access",
    "AddressRule",
    "Caveat",
    "Fact",
    "Limits",
    "LineSettings",
    "Problem",
    "Profile",
    "ProfileFolder",
    "ProfileLibrary",
    "Provenance",
    "Support",
    "Timing",
    "Variant",
    "default_folder",
    "lint",
    "load_profiles",
    "profile_folders",
]
