"""The head on the paper against logs that were forged after it was printed: none of them can have had that head."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import run
from tests.cli.visiting import AT, document, error_of, init_log, log_records, make_order, use_home
from tests.visit.test_act_of_visit import code_on, forget_heads

HERE = ("--port", AT, "--yes")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What lies on the disk: the log before the visit and after it, each with its keys, and the head on the paper."""

    before: Path
    after: Path
    head: str


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        folder = tmp_path_factory.mktemp("kept")
        home = use_home(folder, monkeypatch)
        init_log()
        shutil.copytree(home, folder / "before")
        assert run("visit", make_order("dst_off"), *HERE).code == 0
        shutil.copytree(home, folder / "after")
        head = code_on(Path("act-117-1.pdf").read_bytes())
        yield Kept(before=folder / "before", after=folder / "after", head=head)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: Kept) -> Path:
    """As it was after the visit; the paper's head in a file."""
    home = use_home(tmp_path, monkeypatch)
    shutil.copytree(kept.after, home, dirs_exist_ok=True)
    Path("head.note").write_text(kept.head, encoding="utf-8")
    return home


def put_back(home: Path, kept: Kept) -> None:
    """The log as it was before the visit, with the key that was in force then."""
    shutil.rmtree(home / "audit")
    shutil.copytree(kept.before / "audit", home / "audit")
    forget_heads(home)


def rolled_back(home: Path, kept: Kept) -> None:
    put_back(home, kept)


def begun_anew(home: Path) -> None:
    """Another log, in which the same work was done."""
    shutil.rmtree(home / "audit")
    forget_heads(home)
    init_log()
    assert run("visit", make_order("dst_off"), *HERE, "--act-dir", "..").code == 0


def rewritten(home: Path, kept: Kept) -> None:
    """Whoever stole the key in time lets the log tell of another visit, and of more than there was."""
    put_back(home, kept)
    other = make_order("dst_off", file="other.toml", change={"Иванова А. П.": "Иванова А. Г."})
    assert run("visit", other, *HERE, "--act-dir", "..").code == 0
    assert run("audit", "rotate").code == 0


def met(told: dict[str, Any]) -> list[bool | None]:
    """What became of the head on the paper."""
    return [each["met"] for each in told["heads"] if "head.note" in each["source"]]


def test_the_honest_log_has_the_head_on_the_paper(home: Path) -> None:
    told = run("audit", "verify", "--head", "head.note", "--json")
    assert (told.code, met(document(told))) == (0, [True])


@pytest.mark.parametrize("forge", [rolled_back, rewritten])
def test_a_forged_log_does_not(home: Path, kept: Kept, forge: Callable[[Path, Kept], None]) -> None:
    length = len(log_records(home))
    forge(home, kept)
    assert (len(log_records(home)) >= length) is (forge is rewritten)
    assert run("audit", "verify", "--json").code == 0, "by itself it looks whole"
    told = run("audit", "verify", "--head", "head.note", "--json")
    assert (told.code, met(document(told))) == (10, [False])


def test_a_log_begun_anew_has_another_name_than_the_one_on_the_paper(home: Path) -> None:
    begun_anew(home)
    assert run("audit", "verify", "--json").code == 0
    told = run("audit", "verify", "--head", "head.note", "--json")
    paper = Path("head.note").read_text(encoding="utf-8").splitlines()[0]
    assert told.code == 2
    assert f"it is of the log {paper}, and this is " in error_of(told)["message"]
