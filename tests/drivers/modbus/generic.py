"""The profiles that docs/modbus-meter.md shows, out of the page itself."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from meterlink.profiles import Profile, default_folder, load_profiles

PAGE = Path(__file__).parents[3] / "docs" / "modbus-meter.md"


def files_of_the_page() -> dict[str, str]:
    """Every TOML file that the page shows, by the path that stands in its first line."""
    blocks = re.findall(r"```toml\n# (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return dict(blocks)


def write_files(folder: Path) -> None:
    for path, text in files_of_the_page().items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


@cache
def own_models() -> tuple[Profile, ...]:
    """What a user of the page has beside the models that came with meterlink."""
    with TemporaryDirectory() as folder:
        root = Path(folder) / "my-meters"
        write_files(Path(folder))
        library = load_profiles([default_folder(), root])
    return tuple(library.get(Path(path).stem) for path in files_of_the_page())
