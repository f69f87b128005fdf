"""docs/audit-log.md tells the truth: its commands run, they print what it shows, and its log is one that we write.

The page is read as a stranger reads it: the log is saved under the name that the page says, then each block of commands
is run by `sh` in one folder, in order, and what it prints is compared with the block below it, byte for byte.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from meterlink.audit.canonical import decode_canonical
from meterlink.audit.commitment import Opening
from meterlink.audit.folder import FolderBytes, LogFolder
from meterlink.audit.fsio import Disk
from meterlink.audit.note import Vkey
from meterlink.audit.place import LogPlace
from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.audit.standalone import verify_meterlink
from meterlink.audit.store import create_log
from meterlink.audit.verify import OK, Report, verify_log
from meterlink.cli.audit import VERBS
from meterlink.errors import AuditError

PAGE: Final = (Path(__file__).parents[2] / "docs" / "audit-log.md").read_text(encoding="utf-8")
STEPS: Final = 12
FILE: Final = re.compile(r"as `([\w.]+)`:\n\n```log\n(.*?)^```$", re.DOTALL | re.MULTILINE)
STEP: Final = re.compile(r"^```sh\n(.*?)^```$\n+(?:^```text\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)
VKEY: Final = re.compile(r"^echo '(\S+\+\S+)' > vkey$", re.MULTILINE)


# --- the page -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """Commands, and what they print by the page."""

    commands: str
    shown: str


def log_of(page: str) -> tuple[str, bytes]:
    """The name under which the page says to save its log, and the bytes."""
    ((name, text),) = FILE.findall(page)
    return name, text.encode()


def steps_of(page: str) -> list[Step]:
    return [Step(*found) for found in STEP.findall(page)]


def printed(commands: str, folder: Path) -> bytes:
    return subprocess.run(["sh", "-c", commands], cwd=folder, capture_output=True, check=False, timeout=60).stdout


def departures(page: str, folder: Path) -> Iterator[str]:
    """Where the page does not say what comes out."""
    folder.mkdir()
    name, log = log_of(page)
    (folder / name).write_bytes(log)
    for number, step in enumerate(steps_of(page), 1):
        found = printed(step.commands, folder)
        if found != step.shown.encode():
            yield f"block {number} prints {found!r}, and the page shows {step.shown!r}"


@cache
def why_not() -> str:
    """What is missing on this computer; nothing when the page can be followed here."""
    missing = [tool for tool in ("sh", "openssl", "sha256sum", "sed", "od") if shutil.which(tool) is None]
    if sys.platform == "win32" or missing:
        return f"no POSIX tools ({', '.join(missing) or sys.platform})"
    if b"-rawin" not in _told_by_openssl("pkeyutl", "-help"):
        return "this openssl has no pkeyutl -rawin (OpenSSL 3 has)"
    if b"ED25519" not in _told_by_openssl("list", "-public-key-algorithms").upper():
        return "this openssl has no Ed25519"
    return ""


def _told_by_openssl(*args: str) -> bytes:
    ended = subprocess.run(["openssl", *args], capture_output=True, check=False, timeout=60)
    return ended.stdout + ended.stderr


@pytest.fixture
def tools() -> None:
    if why_not():
        pytest.skip(why_not())


# --- its log --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Clock:
    """Both clocks; each look at the monotonic one takes a quarter of a second."""

    passed: float = 0.0

    def monotonic(self) -> float:
        self.passed += 0.25
        return self.passed

    def wall(self) -> float:
        return 1767225600 + self.passed


def counted(size: int) -> bytes:
    """Instead of chance: 00, 01, 02 and so on. So the private key of the page is 00 to 1F."""
    return bytes(i % 256 for i in range(size))


def write_log(above: Path, texts: list[dict[str, object]]) -> LogFolder:
    clock = Clock()
    run = Run.start(wall=clock.wall, monotonic=clock.monotonic, random=counted)
    with create_log(LogPlace(files=Disk(), folder=LogFolder(above)), run, "example.com", {"office": []}) as log:
        for d in texts:
            clock.passed += 60
            log.append(Entry(type="log.note", d=d, actor="p-7"))
    return LogFolder(above / log.origin.rpartition("/")[2])


def checked(folder: LogFolder) -> Report:
    return verify_log(FolderBytes(Disk(), folder), trusted=[Vkey.parse(shown_key())])


def shown_key() -> str:
    (key,) = VKEY.findall(PAGE)
    assert isinstance(key, str)
    return key


NOTES: Final[list[dict[str, object]]] = [
    {"text": "Reading of meter 41148612 after the work: 5612.42 kWh"},
    {"about": 1, "text": "Описка в записи 1: прочитано 5621,42 кВт·ч"},
]


def test_the_log_of_the_page_is_what_we_write(tmp_path: Path) -> None:
    folder = write_log(tmp_path, NOTES)
    name, log = log_of(PAGE)
    assert folder.segment(name).read_bytes() == log
    report = checked(folder)
    assert (report.state, report.chain.size) == (OK, 3)
    assert report.first_key == Vkey.parse(shown_key())
    assert [decode_canonical(line)["type"] for line in log.splitlines()[::2]] == ["log.open", "log.note", "log.note"]


@pytest.mark.parametrize(("by_hand", "code"), [(lambda log: log, 0), (lambda log: log.replace(b"5612", b"5621"), 10)])
def test_the_one_file_program_agrees(
    by_hand: Callable[[bytes], bytes], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, log = log_of(PAGE)
    (tmp_path / name).write_bytes(by_hand(log))
    assert verify_meterlink.main(["--key", shown_key(), str(tmp_path / name)]) == code
    assert capsys.readouterr().err == ""


def test_the_changed_reading_is_tampering_for_us_too(tmp_path: Path) -> None:
    folder = write_log(tmp_path, NOTES)
    name, log = log_of(PAGE)
    folder.segment(name).write_bytes(log.replace(b"5612", b"5621"))
    report = checked(folder)
    assert report.state == "tampered"
    assert report.found.fault is not None
    assert report.found.fault.record == 1


# --- its steps ------------------------------------------------------------------------------------------------------


def test_every_block_of_commands_is_found_with_what_it_prints() -> None:
    steps = steps_of(PAGE)
    assert len(steps) == PAGE.count("\n```sh\n") == PAGE.count("\n```text\n") == STEPS
    assert all(step.commands and step.shown for step in steps)
    assert PAGE.count("```log\n") == 1


@pytest.mark.usefixtures("tools")
def test_the_page_can_be_followed_as_it_stands(tmp_path: Path) -> None:
    assert list(departures(PAGE, tmp_path / "page")) == []


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("number", range(STEPS))
def test_a_changed_output_is_noticed(number: int, tmp_path: Path) -> None:
    shown = steps_of(PAGE)[number].shown
    last = shown[-2]
    before, _, behind = PAGE.rpartition(f"```text\n{shown}```")
    changed = f"{shown[:-2]}{'1' if last == '0' else '0'}\n"
    assert next(departures(f"{before}```text\n{changed}```{behind}", tmp_path / "page"), "")


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("5612.42 kWh", "5612.43 kWh"),
        ("прочитано", "записано"),
        ("sha256sum 000000000000.log", "sha1sum 000000000000.log"),
        ("tr -d '\\n' > record$i", "cat > record$i"),
        ("printf '\\000' | cat - record0", "printf '\\001' | cat - record0"),
        ('sed -n \'s/.*"prev"', 'sed -n \'3s/.*"prev"'),
        ("printf '\\001'; cat leaf0 leaf1", "printf '\\000'; cat leaf0 leaf1"),
        ("cat node leaf2", "cat leaf2 node"),
        ("echo 3; openssl base64 -in root", "echo 2; openssl base64 -in root"),
        ("tail -c 32 key > public", "tail -c 33 key > public"),
        ("AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4' >", "AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG5' >"),
        ("sed -n 6p", "sed -n 4p"),
        ("tail -c 64 line6", "tail -c 63 line6"),
        ("\\060\\052\\060\\005\\006\\003\\053\\145\\160", "\\060\\052\\060\\005\\006\\003\\053\\145\\161"),
        ("sed 's/5612/5621/'", "sed 's/5612/5612/'"),
        ("printf '\\000%s' \"$record\"", "printf '%s' \"$record\""),
        ("Садовая, 5", "Садовая, 6"),
    ],
)
def test_a_changed_command_or_log_is_noticed(old: str, new: str, tmp_path: Path) -> None:
    assert PAGE.count(old) == 1
    assert next(departures(PAGE.replace(old, new), tmp_path / "page"), "")


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("count", [1, 2, 4, 5, 7, 8, 12])
def test_the_loop_finds_the_root_of_other_logs(count: int, tmp_path: Path) -> None:
    folder = write_log(tmp_path / "log", [{"text": f'Запись {i} \\ "%s" '} for i in range(1, count)])
    (step,) = [step for step in steps_of(PAGE) if step.commands.startswith("mkdir level")]
    name, _ = log_of(PAGE)
    (tmp_path / name).write_bytes(folder.segment(name).read_bytes())
    size, root = checked(folder).chain.checkpoint().body().decode().splitlines()[1:]
    assert printed(step.commands, tmp_path).decode().split() == [size, root]


def test_the_commitment_of_the_page_is_ours() -> None:
    shown = steps_of(PAGE)[-1].shown.split()[0]
    assert Opening(salt=counted(16), value="ул. Садовая, 5").opens("address", shown)


# --- its words ------------------------------------------------------------------------------------------------------


def subclasses(kind: type[AuditError]) -> Iterator[type[AuditError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses(each)


def first_cells(heading: str) -> set[str]:
    """What stands as code in the first column of the table under a line."""
    table = PAGE.partition(f"\n| {heading} |")[2].partition("\n\n")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE))


def test_every_state_has_its_line_and_its_exit_code() -> None:
    assert first_cells("state") == {OK} | {each.state for each in subclasses(AuditError)}
    for each in subclasses(AuditError):
        assert each.exit_code == (11 if each.state in ("in-doubt", "work-open") else 10), each


def test_every_file_of_a_log_has_its_line() -> None:
    log = LogFolder(Path("log"))
    paths = {f"{path.relative_to(log.path).parts[0]}/" for path in log.folders()}
    assert first_cells("in the folder of a log") == paths | {log.lock.name, log.ballast.name}


def test_only_commands_that_are_there_are_named() -> None:
    named = set(re.findall(r"\baudit ([a-z]+)\b", PAGE))
    assert named <= set(VERBS)
    assert {"verify", "recover", "rotate", "export", "init"} <= named
