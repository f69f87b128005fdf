"""When a visit began: before anything was asked, by the clock of the run that the log is told of."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from meterlink.audit.run import Run
from meterlink.cli import visit
from tests.cli.program import run
from tests.cli.visiting import AT, YES, init_log, log_records, make_order


def test_the_clock_of_the_visit_starts_before_the_questions(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init_log()
    told: list[str] = []
    start, ask = Run.start, visit._form_before

    def started(*given: Any) -> Run:
        told.append("arrived")
        return start(*given)

    def asked(*given: Any) -> Any:
        told.append("asked")
        return ask(*given)

    monkeypatch.setattr(Run, "start", started)
    monkeypatch.setattr(visit, "_form_before", asked)
    assert run("visit", make_order("dst_off", more=""), "--port", AT, *YES).code == 0
    assert told == ["arrived", "asked"]
    (opened,) = log_records(empty_home, "work.open")
    arrived = datetime.fromisoformat(opened["d"]["arrived_at"])
    assert arrived <= datetime.fromisoformat(opened["t"])
    assert str(arrived.utcoffset()) == "3:00:00"
