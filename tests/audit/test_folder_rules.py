"""Where a log may lie: the rule alone in tables, and the facts of this computer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

from meterlink.audit.folder_rules import FolderFacts, facts_about, file_system_of, refuse_folder, why_not
from meterlink.errors import AuditNotWritableError

MOUNTS = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:50 / /home rw,relatime shared:2 - autofs systemd-1 rw
41 40 0:51 / /home rw,relatime shared:3 - nfs4 server:/home rw
42 27 0:52 / /mnt/Мой\040диск rw - fuse.rclone drive: rw
43 27 0:53 / /srv/data rw master:3 propagate_from:1 - xfs /dev/sdb1 rw
44 43 0:54 / /srv/data/share rw - cifs //server/share rw
a line of another kernel
45 27
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    facts: FolderFacts
    says: str | None
    """a part of the reason; None where a log may lie there"""


def posix(path: str, kind: str = "ext4") -> FolderFacts:
    return FolderFacts(folder=PurePosixPath(path), file_system=kind)


def windows(path: str, *, remote: bool = False) -> FolderFacts:
    return FolderFacts(folder=PureWindowsPath(path), remote_drive=remote)


USUAL = "/home/lena/.local/share/meterlink/audit"
CASES = (
    Case(name="usual on Linux", facts=posix(USUAL), says=None),
    Case(name="usual on Windows", facts=windows(r"C:\Users\lena\AppData\Local\meterlink\audit"), says=None),
    Case(name="usual on macOS", facts=posix("/Users/lena/Library/Application Support/meterlink/audit", ""), says=None),
    Case(name="memory", facts=posix("/dev/shm/x", "tmpfs"), says=None),
    Case(name="layers of a container", facts=posix("/srv/x", "overlay"), says=None),
    Case(name="NTFS in a program", facts=posix("/mnt/usb/x", "fuseblk"), says=None),
    Case(name="encrypted folder", facts=posix(USUAL, "fuse.gocryptfs"), says=None),
    *(
        Case(name=f"file system {kind}", facts=posix(USUAL, kind), says=f"network share ({kind})")
        for kind in ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "vboxsf")
    ),
    *(
        Case(name=f"file system {kind}", facts=posix(USUAL, kind), says="network share")
        for kind in ("fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.gvfsd-fuse")
    ),
    Case(name="UNC path", facts=windows(r"\\server\share\audit"), says="UNC path"),
    Case(name="long UNC path", facts=windows(r"\\?\UNC\server\share\audit"), says="UNC path"),
    Case(name="long path", facts=windows(r"\\?\C:\meterlink\audit"), says=None),
    Case(name="network drive", facts=windows(r"Z:\meterlink", remote=True), says="network drive"),
    *(
        Case(name=name, facts=posix(f"/home/lena/{name}/meterlink/audit"), says=f"'{name}', a folder that is copied")
        for name in (
            "OneDrive",
            "OneDrive - ООО Энерго",
            "Dropbox",
            "Dropbox (Personal)",
            "Google Drive",
            "GoogleDrive",
            "GoogleDrive-lena@example.com",
            "iCloud Drive",
            "Mobile Documents",
            "CloudStorage",
            "Yandex.Disk",
            "YandexDisk",
            "Яндекс.Диск",
            "Nextcloud",
            "pCloudDrive",
            "MEGA",
            "MEGAsync",
            "Облако Mail",
            "Облако Mail.ru",
        )
    ),
    Case(name="small letters", facts=windows(r"C:\Users\lena\onedrive\audit"), says="'onedrive'"),
    Case(name="a name that only looks alike", facts=posix("/home/omega/megawatt/meterlink"), says=None),
    Case(name="a word in a name", facts=posix("/home/lena/my-dropbox-notes/audit"), says=None),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_where_a_log_may_lie(case: Case) -> None:
    why = why_not(case.facts)
    assert (why is None) is (case.says is None), why
    assert case.says is None or case.says in str(why)


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib/x", "ext4"),
        ("/home/lena/x", "nfs4"),
        ("/homes", "ext4"),
        ("/mnt/Мой диск/x", "fuse.rclone"),
        ("/srv/data/x", "xfs"),
        ("/srv/data/share/x", "cifs"),
    ],
)
def test_the_deepest_and_latest_mount_counts(folder: str, kind: str) -> None:
    assert file_system_of(MOUNTS, PurePosixPath(folder)) == kind


@pytest.mark.parametrize("mounts", ["", "nonsense", "1 2 3 - ", "27 1 254:0 / /elsewhere rw - nfs x rw"])
def test_mounts_that_tell_nothing(mounts: str) -> None:
    assert file_system_of(mounts, PurePosixPath("/home/lena")) == ""


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    facts = facts_about(tmp_path / "not" / "yet")
    assert facts.folder == (tmp_path / "not" / "yet").resolve()
    assert facts.remote_drive is False
    refuse_folder(tmp_path / "not" / "yet")


def test_a_link_does_not_hide_a_cloud(tmp_path: Path) -> None:
    (tmp_path / "Dropbox").mkdir()
    try:
        (tmp_path / "plain").symlink_to(tmp_path / "Dropbox", target_is_directory=True)
    except OSError:
        pytest.skip("this user may not make links")
    with pytest.raises(AuditNotWritableError, match="copied to a cloud") as caught:
        refuse_folder(tmp_path / "plain" / "audit")
    assert "METERLINK_HOME" in caught.value.hint


def test_the_facts_of_linux_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 1 0:1 / {PurePath(tmp_path.anchor).as_posix()} rw - nfs4 server:/ rw\n", encoding="utf-8")
    monkeypatch.setattr("meterlink.audit.folder_rules.MOUNTS", mounts)
    assert facts_about(tmp_path).file_system == "nfs4"
    with pytest.raises(AuditNotWritableError, match="network share"):
        refuse_folder(tmp_path)
    monkeypatch.setattr("meterlink.audit.folder_rules.MOUNTS", tmp_path / "nowhere")
    assert facts_about(tmp_path).file_system == ""
