"""Three programs agree about spoiled bundles. METERLINK_LONG=1 spoils them in more places."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from meterlink.audit.bundle_check import Trust, verify_bundle
from meterlink.audit.bundle_files import UnpackedBundle
from meterlink.audit.note import Vkey
from meterlink.audit.record import Entry
from tests.audit.bundles import MemoryBundle, cosigned, export_all, export_work, first_key, head_of, three_works
from tests.audit.logs import WORK, make_log, work_close, work_open
from tests.audit.three_programs import LONG, OK, TAMPERED, ask_bundle, flip

NOT_EVIDENCE: Final = ("policy", "how-to-check.txt", "verify_meterlink.py")
"""Files that no program believes."""
COPY_OF_THE_HEAD: Final = (".growth", ".tlog-proof")
"""Files that end in the checkpoint, or in an older one."""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, dict[str, bytes]]]:
    """The first key, and a bundle of one work and one of the whole log."""
    bench = three_works(tmp_path_factory.mktemp("works"))
    return first_key(bench).text, {"work": export_work(bench, "B").files, "log": export_all(bench).files}


def bad_of_all(folder: Path, key: str, what: object) -> None:
    answers = ask_bundle(folder, key)
    assert answers.ours not in ("ok", "in-doubt"), ("ours", what)
    assert answers.standalone not in ("ok", "in-doubt"), ("standalone", what)
    assert answers.go == "bad", ("go", what)


@pytest.mark.parametrize("kind", ["work", "log"])
def test_no_file_of_a_bundle_may_change(
    tmp_path: Path, bundles: tuple[str, dict[str, dict[str, bytes]]], kind: str
) -> None:
    key, files = bundles[0], bundles[1][kind]
    folder = MemoryBundle(files).write_to(tmp_path / "bundle")
    assert ask_bundle(folder, key) == OK
    for name, data in files.items():
        if name in NOT_EVIDENCE:
            continue
        file = folder / name
        places = [*range(0, len(data), 13 if LONG else 1 + len(data) // 2), len(data) - 1]
        for at in places:
            if name.endswith(COPY_OF_THE_HEAD) and at > data.index(b"\xe2\x80\x94"):
                continue  # the seal of a copy: the next test
            flip(file, at, at % 8)
            bad_of_all(folder, key, (name, at))
            file.write_bytes(data)
        for bad in (b"", data[:-1], data + b"\n", *((data + b"x", data * 2) if LONG else ())):
            file.write_bytes(bad)
            bad_of_all(folder, key, (name, len(bad)))
        file.unlink()
        bad_of_all(folder, key, name)
        file.write_bytes(data)


@pytest.mark.parametrize("kind", ["work", "log"])
def test_the_seal_below_a_proof_may_not_change(
    tmp_path: Path, bundles: tuple[str, dict[str, dict[str, bytes]]], kind: str
) -> None:
    key, files = bundles[0], bundles[1][kind]
    folder = MemoryBundle(files).write_to(tmp_path / "bundle")
    for name in files:
        if name.endswith(COPY_OF_THE_HEAD):
            for what in changed_seals(folder / name):
                answers = ask_bundle(folder, key)
                assert (answers.standalone, answers.go) == ("tampered", "bad"), what


@pytest.mark.parametrize("kind", ["work", "log"])
def test_the_seal_below_a_proof_may_not_change_to_us(
    tmp_path: Path, bundles: tuple[str, dict[str, dict[str, bytes]]], kind: str
) -> None:
    key, files = bundles[0], bundles[1][kind]
    folder = MemoryBundle(files).write_to(tmp_path / "bundle")
    for name in files:
        if name.endswith(COPY_OF_THE_HEAD):
            for what in changed_seals(folder / name):
                report = verify_bundle(UnpackedBundle(folder), Trust(keys=[Vkey.parse(key)]))
                assert report.state == "tampered", what


def changed_seals(file: Path) -> Iterator[tuple[str, int]]:
    """Change a bit in the signature line at the end of a file, and put it back."""
    data = file.read_bytes()
    for at in range(data.index(b"\xe2\x80\x94"), len(data), 5 if LONG else 37):
        flip(file, at, at % 8)
        yield file.name, at
        file.write_bytes(data)


def test_no_two_files_of_a_bundle_may_change_places(
    tmp_path: Path, bundles: tuple[str, dict[str, dict[str, bytes]]]
) -> None:
    key, files = bundles[0], bundles[1]["work"]
    folder = MemoryBundle(files).write_to(tmp_path / "bundle")
    names = [name for name in files if name not in NOT_EVIDENCE]
    for one, other in list(itertools.combinations(names, 2))[:: 1 if LONG else 7]:
        (folder / one).write_bytes(files[other])
        (folder / other).write_bytes(files[one])
        bad_of_all(folder, key, (one, other))
        (folder / one).write_bytes(files[one])
        (folder / other).write_bytes(files[other])


def test_a_record_left_out_of_a_work_is_missed(tmp_path: Path) -> None:
    """Its proof is left out too, but work.close lists it."""
    bench = make_log(tmp_path / "log")
    first = bench.log.append(work_open())
    second = bench.log.append(Entry(type="read", work=WORK, d={"purpose": "before"}))
    closing = work_close()
    bench.log.append(Entry(type=closing.type, work=WORK, d={**closing.d, "records": [first, second]}))
    folder, key = export_work(bench, WORK).write_to(tmp_path / "bundle"), first_key(bench).text
    assert ask_bundle(folder, key) == OK
    for kind in ("json", "tlog-proof"):
        (folder / "records" / f"{second}.{kind}").unlink()
    assert ask_bundle(folder, key) == TAMPERED


def bundle_with_a_fork_under_heads(folder: Path) -> tuple[Path, str]:
    bench = three_works(folder / "log")
    size, head = bench.log.size, cosigned(head_of(bench)).encode()
    bundle, key = export_all(bench, {f"heads/{size}.note": head}).write_to(folder / "bundle"), first_key(bench).text
    assert ask_bundle(bundle, key) == OK
    file = bundle / "heads" / f"{size}.note"
    lines = file.read_bytes().split(b"\n")
    lines[2] = base64.b64encode(bytes(32))
    file.write_bytes(b"\n".join(lines))
    return bundle, key


def test_another_root_under_heads(tmp_path: Path) -> None:
    answers = ask_bundle(*bundle_with_a_fork_under_heads(tmp_path))
    assert (answers.standalone, answers.go) == ("fork", "bad")


def test_another_root_under_heads_to_us(tmp_path: Path) -> None:
    assert ask_bundle(*bundle_with_a_fork_under_heads(tmp_path)).ours == "fork"


def test_a_bundle_with_its_own_keys(tmp_path: Path, bundles: tuple[str, dict[str, dict[str, bytes]]]) -> None:
    """Somebody made a log and a bundle of his own; all its signatures hold."""
    bench = make_log(tmp_path / "forged", seed=9)
    bench.log.append(work_open("B"))
    bench.log.append(work_close("B"))
    for number, bundle in enumerate((export_work(bench, "B"), export_all(bench))):
        folder = bundle.write_to(tmp_path / f"bundle-{number}")
        assert ask_bundle(folder, first_key(bench).text) == OK
        bad_of_all(folder, bundles[0], number)
