"""Where a sealed log may not lie: on a network share, and in a folder that a cloud copies about.

A share may acknowledge a sync that never reached a disk, its locks may hold for one computer only, and a cloud puts old
copies back by itself: each would later look like an attack. `why_not` decides from facts alone; `facts_about` gathers
them. What is looked at: on Linux the kind of the file system (/proc/self/mountinfo), on Windows UNC paths and network
drives, everywhere the names of the folders. On macOS only the names of the folders are looked at: a share that is
mounted there is not noticed.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from meterlink.errors import AuditNotWritableError

MOUNTS: Final = Path("/proc/self/mountinfo")

# fmt: off
_REMOTE_KINDS: Final = frozenset(
    (
        "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "davfs2", "gfs", "gfs2", "glusterfs", "gpfs",
        "lustre", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "prl_fs", "pvfs2", "smb", "smb2", "smb3",
        "smbfs", "vboxsf", "vmhgfs",
    )
)
_REMOTE_FUSE: Final = frozenset(
    (
        "afpfs", "ceph", "cephfs", "curlftpfs", "davfs", "davfs2", "gcsfuse", "glusterfs", "google-drive-ocamlfuse",
        "goofys", "gvfsd-fuse", "juicefs", "mount.davfs", "onedriver", "pcloud", "rclone", "s3fs", "smbnetfs",
        "sshfs", "vmhgfs-fuse",
    )
)
# fmt: on
"""Behind `fuse.`; other file systems in programs (an encrypted or an NTFS disk) lie on this computer."""
_CLOUD_NAMES: Final = frozenset(
    (
        "box sync",
        "cloudstorage",
        "dropbox",
        "google drive",
        "mega",
        "mobile documents",
        "my drive",
        "облако mail",
        "яндекс диск",
        "яндекс.диск",
        "мой диск",
    )
)
_CLOUD_BEGINNINGS: Final = (
    "cloud mail.ru",
    "com~apple~clouddocs",
    "dropbox (",
    "dropbox-",
    "googledrive",
    "google drive (",
    "icloud",
    "megasync",
    "nextcloud",
    "onedrive",
    "owncloud",
    "pcloud",
    "yandex.disk",
    "yandexdisk",
    "облако mail.ru",
)
_WHY: Final = {
    "share": "{folder} lies on a network share ({kind})",
    "cloud": "{folder} lies in {name!r}, a folder that is copied to a cloud",
}
_ADVICE: Final = (
    "A sealed log lies on a disk of this computer: set METERLINK_HOME to a folder that is neither shared nor copied to "
    "a cloud. If there is a log already, move its folder, and `current` beside it, into `audit` of that folder; do not "
    "leave a copy behind."
)
_UNC: Final = "UNC path"
_NETWORK_DRIVE: Final = "network drive"
_DRIVE_REMOTE: Final = 4
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFacts:
    """What is known about a folder: where it really is, its kind of file system, whether Windows calls it remote."""

    folder: PurePath
    file_system: str = ""
    remote_drive: bool = False


def why_not(facts: FolderFacts) -> str | None:
    """Why no log may lie there; None where one may."""
    share = _share(facts)
    if share is not None:
        return _WHY["share"].format(folder=facts.folder, kind=share)
    cloud = next((part for part in facts.folder.parts if _is_cloud(part)), None)
    return None if cloud is None else _WHY["cloud"].format(folder=facts.folder, name=cloud)


def refuse_folder(folder: Path) -> None:
    """AuditNotWritableError when no log may lie in that folder, whether it is there already or not."""
    why = why_not(facts_about(folder))
    if why is not None:
        raise AuditNotWritableError(log=str(folder), why=why, advice=_ADVICE)


def facts_about(folder: Path) -> FolderFacts:
    """What this computer tells about a folder."""
    real = folder.resolve()
    return FolderFacts(folder=real, file_system=_kind_on_linux(real), remote_drive=_is_remote_drive(real))


def file_system_of(mounts: str, folder: PurePath) -> str:
    """The kind of the file system below a folder, by the text of mountinfo; nothing where the text does not say."""
    deepest, kind = -1, ""
    for line in mounts.splitlines():
        before, gap, behind = line.partition(" - ")
        words, rest = before.split(" "), behind.split(" ")
        if not gap or len(words) < 5 or not rest[0]:
            continue
        point = type(folder)(_ESCAPE.sub(lambda found: chr(int(found[1], 8)), words[4]))
        # a later mount on the same place hides the one before
        if folder.is_relative_to(point) and len(point.parts) >= deepest:
            deepest, kind = len(point.parts), rest[0]
    return kind


def _share(facts: FolderFacts) -> str | None:
    kind = facts.file_system.casefold()
    if kind in _REMOTE_KINDS or kind.removeprefix("fuse.") in _REMOTE_FUSE:
        return facts.file_system
    drive = facts.folder.drive.replace("/", "\\")
    if drive.startswith("\\\\") and (drive[2:4] not in ("?\\", ".\\") or drive[4:8].casefold() == "unc\\"):
        return _UNC
    return _NETWORK_DRIVE if facts.remote_drive else None


def _is_cloud(part: str) -> bool:
    name = part.casefold()
    return name in _CLOUD_NAMES or name.startswith(_CLOUD_BEGINNINGS)


def _kind_on_linux(folder: Path) -> str:
    try:
        return file_system_of(MOUNTS.read_text(encoding="utf-8", errors="replace"), folder)
    except OSError:
        return ""


def _is_remote_drive(folder: Path) -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    return bool(ctypes.windll.kernel32.GetDriveTypeW(f"{folder.drive}\\") == _DRIVE_REMOTE)
