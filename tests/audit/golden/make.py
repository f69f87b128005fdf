"""Makes the golden log and bundle of format 1: `python -m tests.audit.golden.make FOLDER`.

Kept so that everybody can see where the files come from. No test runs it: what a release wrote is what later ones must
read, also when they would write it differently. Chance and clocks are given, so the same program gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from meterlink.audit.canonical import encode_canonical
from meterlink.audit.commitment import Opening
from meterlink.audit.note import Checkpoint
from meterlink.audit.record import Entry
from meterlink.audit.strict_text import encode_base64
from meterlink.audit.tree import HashTree, leaf_hash
from tests.audit.bundles import OFFICE_VKEY, cosigned, export_work, head_of
from tests.audit.logs import Bench, make_log, pairs_of, records

WORK, ACTOR, METER = "w-2026-17", "p-3", {"family": "mercury200", "serial_number": "41148612"}
CUSTOMER = Opening(salt=bytes(range(16)), value="Иванов И. И.")
ACCOUNT = Opening(salt=bytes(range(16, 32)), value="42-001-7")


def main(target: Path) -> None:
    bench = make_log(target / "making", segment_bytes=3_000, seed=20, facts=first_facts())
    begin_run(bench)
    torn_by_a_crash(bench)
    a_work(bench)
    an_anchor(bench)
    what_nobody_knows_yet(bench)
    head = cosigned(head_of(bench))
    (bench.place.folder.heads / f"{bench.log.size}.note").write_bytes(head.encode())
    bundle = export_work(bench, WORK, head, dict(private(bench)))
    end_of_log(bench)
    keep(bench, target / "log")
    for name, data in bundle.files.items():
        if name != "verify_meterlink.py":
            put(target / "bundle" / name, data)


def add(bench: Bench, kind: str, d: dict[str, Any], work: str | None = None) -> int:
    return bench.log.append(Entry(type=kind, d=d, work=work, actor=None if work is None else ACTOR))


def first_facts() -> dict[str, Any]:
    heads = [{"size": 7, "root": encode_base64(bytes(32)), "source": "act"}]
    replaces = {"log": "example.com/ml/00000000", "state": "fork", "heads": heads}
    return {"office": [OFFICE_VKEY.text], "enrolment": sha256(b"order").hexdigest(), "replaces": replaces}


def begin_run(bench: Bench) -> None:
    clock, folders = {"source": "ntp", "state": "synchronized"}, {"profiles": "/usr/share/meterlink"}
    computer = {"python": "3.11.2", "os": "Linux 6.1", "boot": "7" * 32, "zone": "Asia/Yekaterinburg"}
    program = {"program": "0.1.0", "files": sha256(b"files").hexdigest()}
    add(bench, "run.open", {**program, **computer, "clock": clock, "process": 4711, "folders": folders})


def torn_by_a_crash(bench: Bench) -> None:
    with bench.last_segment().open("ab") as segment:
        segment.write(b'{"d":{"text":"cut by a crash')
    bench.reopen()
    bench.clock.wall += 3600  # the next record but one tells of the jump
    add(bench, "log.note", {"text": "до сбоя питания «было» 1", "about": 1})
    bench.clock.wall -= 3600
    add(bench, "log.note", {"text": "часы переставлены", "about": 3})


def a_work(bench: Bench) -> None:
    committed = {"customer": CUSTOMER.commitment("customer"), "account": ACCOUNT.commitment("account")}
    add(bench, "work.open", {"order": "N-2026-11", "meter": METER, "commitments": committed}, WORK)
    add(bench, "read", {"purpose": "before", "t1_kwh": "012345.67", "clock": "2026-01-01T05:00:02+05:00"}, WORK)
    add(bench, "seal", {"act": "removed", "number": "00123", "place": "cover", "owner": "network"}, WORK)
    first = add(bench, "intent", announced(range(3), 1), WORK)
    second = add(bench, "intent", announced(range(3, 5), 2), WORK)
    for of, i, result in ((first, 0, "no-answer"), (first, 0, "ok"), (first, 1, "refused"), (first, 2, "damaged")):
        add(bench, "outcome", {"of": of, "i": i, "result": result, "reply": "0a00**", "ms": 31, "tries": 1}, WORK)
    add(bench, "verify", {"of": first, "i": 2, "found": "2", "same": True}, WORK)
    add(bench, "outcome", {"of": second, "i": 3, "result": "not-sent", "detail": "the port was gone"}, WORK)
    add(bench, "resolve", {"of": second, "i": 4, "found": "1", "decision": "go on"}, WORK)
    add(bench, "verify", {"of": second, "found": "1", "same": False}, WORK)
    add(bench, "meter.journal", {"events": 12, "latest": ["2026-01-01 opened"]}, WORK)
    lines = [pair.partition(b"\n")[0] for pair in pairs_of(bench.place.bytes())]
    mine, tree = [n for n, line in enumerate(lines) if json.loads(line).get("work") == WORK], HashTree()
    for n in mine:
        tree.append(leaf_hash(lines[n]))
    closing = {"records": mine, "root": encode_base64(tree.root()), "result": "done"}
    add(bench, "work.close", closing, WORK)
    add(bench, "act.issued", {"sha256": sha256(b"act").hexdigest(), "copies": 2})


def announced(frames: range, part: int) -> dict[str, Any]:
    listed = [{"i": i, "bytes": f"0a{i:02x}****", "parameter": f"tariff-{i}", "old": "1", "new": "2"} for i in frames]
    confirmed = {"by": ACTOR, "how": "serial number typed"}
    return {"operation": "set tariffs", "why": "order", "meter": METER, "part": part, "parts": 2} | {
        "confirmed": confirmed,
        "frames": listed,
    }


def an_anchor(bench: Bench) -> None:
    head = cosigned(head_of(bench))
    checkpoint = Checkpoint.parse(head.text)
    (bench.place.folder.heads / f"{checkpoint.size}.note").write_bytes(head.encode())
    anchored = {"size": checkpoint.size, "root": encode_base64(checkpoint.root), "note": f"{checkpoint.size}.note"}
    add(bench, "anchor", anchored)


def what_nobody_knows_yet(bench: Bench) -> None:
    """By a later meterlink with the same log: a type, fields and a version that this one does not know."""
    add(bench, "future.kind", {"list": [True, {}, [], -9007199254740991], "text": '\u2028\x7f\t"\\'})
    forger = bench.forger()
    fields = forger.pair("log.note", {"text": "fields", "about": 0, "later_d": 1}, later_field={"a": ["b"]})
    place = {key: value for key, value in json.loads(forger.line("", {})).items() if key in ("log", "n", "prev")}
    later = place | {"v": 2, "body": [1, {"vkey": "x"}], "d": "no object", "type": 7, "run": 5, "work": WORK}
    with bench.last_segment().open("ab") as segment:
        segment.write(fields + forger.seal(encode_canonical(later)))
    bench.reopen()


def private(bench: Bench) -> list[tuple[int, bytes]]:
    index = next(record["n"] for record in records(bench.place.bytes()) if record["type"] == "work.open")
    facts = {"customer": CUSTOMER.facts(), "account": ACCOUNT.facts()}
    return [(index, json.dumps(facts, ensure_ascii=False).encode())]


def end_of_log(bench: Bench) -> None:
    add(bench, "run.close", {"result": "ok"})
    add(bench, "log.end", {"reason": "the computer is retired"})


def keep(bench: Bench, folder: Path) -> None:
    """What a copy of a log holds: no key, no lock, no hint."""
    for part in ("seg", "torn", "heads"):
        for file in sorted((bench.place.folder.path / part).iterdir()):
            put(folder / part / file.name, file.read_bytes())
    for index, data in private(bench):
        put(folder / "private" / f"{index}.json", data)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
