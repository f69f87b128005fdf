"""Where profiles stand on the disk: `<folder>/<family>/<model>.toml`. The only module here that opens files.

The first folder is the one that came with meterlink: inside the wheel, else in the checkout. `METERLINK_PROFILES`
adds more.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from meterlink.errors import ConfigError, MeterlinkError, told_os_error
from meterlink.profiles.library import ProfileFolder, ProfileLibrary, SourceFile
from meterlink.profiles.problems import Problem
from meterlink.profiles.profile import Profile, file_of, resolutions

VARIABLE = "METERLINK_PROFILES"
FOLDER_NAME = "firmware_profiles"

_NO_SUCH_FOLDER = "there is no folder {path}"
_UNREADABLE = "cannot be read: {error}"
_NOT_INSTALLED = "the profiles that belong to meterlink are in none of {places}; install meterlink again"


def default_folder() -> Path:
    """The folder that came with meterlink; ConfigError when it is lost."""
    package = Path(__file__).resolve().parents[1]
    places = (package / FOLDER_NAME, package.parent / FOLDER_NAME)
    for place in places:
        if place.is_dir():
            return place
    raise ConfigError(setting="profiles", why=_NOT_INSTALLED.format(places=" and ".join(map(str, places))))


def profile_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The default folder and those that METERLINK_PROFILES adds, each once; ConfigError when one is not there."""
    added = [Path(entry.strip()).expanduser() for entry in environ.get(VARIABLE, "").split(os.pathsep) if entry.strip()]
    for path in added:
        if not path.is_dir():
            raise ConfigError(setting=VARIABLE, why=_NO_SUCH_FOLDER.format(path=path))
    by_place: dict[Path, Path] = {}
    for path in (default_folder(), *added):
        by_place.setdefault(path.resolve(), path)
    return tuple(by_place.values())


def load_profiles(folders: Iterable[Path]) -> ProfileLibrary:
    """The profiles of these folders, in order. A broken file raises only when its model is asked for."""
    return ProfileLibrary([read_folder(folder) for folder in folders])


def read_folder(folder: Path) -> ProfileFolder:
    """Every `*.toml` of a folder and of the folders in it; ConfigError when there is no such folder."""
    if not folder.is_dir():
        raise ConfigError(setting="profiles", why=_NO_SUCH_FOLDER.format(path=folder))
    paths = sorted(
        (*folder.glob("*.toml"), *folder.glob("*/*.toml")), key=lambda path: path.relative_to(folder).as_posix()
    )
    files = tuple(
        _read(path, folder)
        for path in paths
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    return ProfileFolder(path=str(folder), sha256=_content_hash(files), files=files)


def _read(path: Path, folder: Path) -> SourceFile:
    place = path.parent.name if path.parent != folder else ""
    try:
        return SourceFile(path=str(path), folder=place, stem=path.stem, data=path.read_bytes())
    except OSError as error:
        trouble = _UNREADABLE.format(error=told_os_error(error))
        return SourceFile(path=str(path), folder=place, stem=path.stem, trouble=trouble)


def _content_hash(files: Sequence[SourceFile]) -> str:
    """SHA-256 over `name NUL length NUL bytes` of each file, names relative to the folder with `/`."""
    digest = hashlib.sha256()
    for file in files:
        name = f"{file.folder}/{file.stem}.toml".lstrip("/")
        digest.update(f"{name}\0{len(file.data)}\0".encode())
        digest.update(file.data)
    return digest.hexdigest()


def lint(folders: Iterable[Path], check_driver: Callable[[Profile], list[str]] | None = None) -> list[str]:
    """Everything that is wrong in all files, as `file: key: what is wrong`.

    `check_driver` is asked about each profile that is right by itself, and about it under each of its variants; it
    answers lines `key: what is wrong`. A driver that cannot be loaded is a line, too.
    """
    library = load_profiles(folders)
    lines = [str(problem) for problem in library.problems]
    if check_driver is not None:
        for profile in library.all():
            lines.extend(_driver_lines(profile, check_driver))
    return list(dict.fromkeys(lines))


def _driver_lines(profile: Profile, check_driver: Callable[[Profile], list[str]]) -> Iterator[str]:
    try:
        for resolved in resolutions(profile):
            for line in check_driver(resolved):
                yield f"{file_of(resolved, line.partition(':')[0])}: {line}"
    except MeterlinkError as error:
        yield str(Problem(file=profile.origin, key="driver", why=str(error)))
