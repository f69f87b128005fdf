"""The program itself at a simulated OR-WE-517 behind a Modbus TCP gateway: order, visit, act."""

from __future__ import annotations

from pathlib import Path

from tests.cli.program import run
from tests.visit.visits import order_text

PORT = "sim:or-we-517?clock_error_s=3614&at=2025-07-21T14:05:09%2B03:00&framing=modbus-tcp"


def test_a_visit_from_the_order_to_the_act(empty_home: Path) -> None:
    text = order_text(
        ("read", "dst_off", "clock", "schedule"),
        'tariff_plan = "ru-household-3"\nclock_reason = "после сбоя"',
        serial="20210123",
        address="1",
    )
    order = empty_home / "order.toml"
    order.write_text(text.replace('"mercury-200.02"', '"or-we-517"'), encoding="utf-8")
    assert run("audit", "init", "--standalone").code == 0
    ended = run("visit", str(order), "--port", PORT, "--yes", "--time-source", "confirmed", "--lang", "ru")
    assert ended.code == 0, ended.err
    assert "часы прибора спешат на 1 ч 00 мин 14 с" in ended.out + ended.err
    assert "работа 117/1: выполнено" in ended.out + ended.err
    assert sorted(path.name for path in Path.cwd().glob("act-117-1.*")) == ["act-117-1.html", "act-117-1.pdf"]
