"""What is told in confidence goes where it must and nowhere else.

The customer's data stand in the order, in a plan made for it, beside the log in `private/`, and on the printed act. A
password stands in the key ring or in a variable. Everything else that the program writes or says is searched for them,
in every form in which bytes come along.
"""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from meterlink_energomera.messages import PresentPassword
from meterlink_energomera.sim import Behaviour
from tests.cli import key_ring
from tests.cli.program import Ended, run
from tests.cli.visiting import AT, init_log, log_records, make_order, use_home
from tests.drivers.energomera import visits as energomera
from tests.visit.visits import PLAN_2, REASON

CUSTOMER = {
    "account_no": "ЛС-7788001122",
    "name": "Канарейкина Лариса",
    "phone": "+7 911 555-44-33",
    "notice": "звонок 17.07 вечером Ларисе",
    "street": "Канареечная улица",
    "flat": "кв-9431-а",
}
REPRESENTATIVE = "Птицын Кенарь"
PASSWORD = "canary-Pw0rd"
OTHER_PASSWORD = "hex:c0ffee5ec2e7"
REFERENCE = "canary-ref"


def forms(text: str) -> Iterator[bytes]:
    """The ways in which a text may lie in bytes."""
    for raw in {text.encode(), text.encode("cp1251"), text.encode("utf-16-le"), text.encode("cp866")}:
        yield raw
        yield raw[::-1]
        for hexadecimal in (raw.hex(), raw.hex(" "), raw[::-1].hex(), raw[::-1].hex(" ")):
            yield hexadecimal.encode()
            yield hexadecimal.upper().encode()
        for shift in range(3):
            # whole groups of what stands in the middle of other bytes
            coded = base64.b64encode(bytes(shift) + raw)[4 if shift else 0 : -4]
            yield coded
            yield coded.replace(b"+", b"-").replace(b"/", b"_")
    yield text[::-1].encode()
    yield text.encode("ascii", "backslashreplace")
    yield text.encode("ascii", "xmlcharrefreplace")


CANARIES: dict[str, list[bytes]] = {text: list(forms(text)) for text in (*CUSTOMER.values(), REPRESENTATIVE)}
CANARIES[PASSWORD] = list(forms(PASSWORD))
CANARIES[OTHER_PASSWORD] = [
    b"c0ffee5ec2e7",
    b"C0FFEE5EC2E7",
    b"C0 FF EE 5E C2 E7",
    bytes.fromhex("c0ffee5ec2e7"),
    b"wP/uXsLn",
]
IN_THE_ORDER = [*CUSTOMER.values()]


def found_in(raw: bytes) -> list[str]:
    return [name for name, all_forms in CANARIES.items() if any(form in raw for form in all_forms)]


def order() -> str:
    return make_order(
        "read",
        "dst_off",
        "tariff_mode",
        more=f'{PLAN_2}\n{REASON}\npassword_ref = "{REFERENCE}"',
        change={
            "0012345678": CUSTOMER["account_no"],
            "Иванова А. П.": CUSTOMER["name"],
            "+7 900 000-00-00": CUSTOMER["phone"] + f'"\nnotice = "{CUSTOMER["notice"]}',
            "ул. Лесная": CUSTOMER["street"] + f'"\nflat = "{CUSTOMER["flat"]}',
        },
    )


def _form() -> str:
    Path("form.toml").write_text(f'presence = "present"\nrepresentative = "{REPRESENTATIVE}"\n', encoding="utf-8")
    return "form.toml"


@pytest.fixture
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_home(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Ended], Path]]:
    """Everything that is run in the life of an order: what it said, and the home it left behind."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        home = use_home(tmp_path_factory.mktemp("life"), monkeypatch)
        key_ring.install(monkeypatch)
        monkeypatch.setenv("METERLINK_PASSWORD_CANARY_OTHER", OTHER_PASSWORD)
        yield everything_said(), home


@pytest.fixture
def said(life: tuple[dict[str, Ended], Path]) -> dict[str, Ended]:
    return life[0]


@pytest.fixture
def home(life: tuple[dict[str, Ended], Path]) -> Path:
    return life[1]


def everything_said() -> dict[str, Ended]:
    told: dict[str, Ended] = {}

    def tell(*words: str, code: int = 0, stdin: str = "") -> None:
        ended = run(*words, stdin=stdin)
        assert ended.code == code, (words, ended.err)
        told[" ".join(words)] = ended

    file, port, trace = order(), ("--port", AT), ("--trace", "trace.jsonl")
    init_log()
    tell("secret", "set", REFERENCE, stdin=f"{PASSWORD}\n")
    tell("secret", "list", "--json")
    tell("plan", "order", file, *port, *trace, "-o", "v.plan")
    tell("apply", "v.plan", *port, *trace, "--yes", "--json")
    tell("visit", file, *port, *trace, "--yes", "--form", _form())
    tell("visit", file, *port, *trace, "--yes", "--json", "--form", "form.toml", "--lang", "ru")
    tell("act", "print", "-o", "again.html", "-o", "again.pdf", "--json")
    tell("plan", "restore", "117/2", "--order", file, *port)
    tell("audit", "export", "work.zip", "--work", "117/2", "--json")
    tell("audit", "export", "all.zip", "--all")
    for words in (("status",), ("verify",), ("show",)):
        tell("audit", *words)
        tell("audit", *words, "--json")
    tell("doctor", "--json")
    # failures
    other = AT + "&serial=06925647&address=925646"
    tell("visit", file, "--port", other, *trace, "--yes", "--json", code=8)
    tell("apply", "v.plan", "--port", AT.replace("dst=on", "dst=off"), "--yes", code=8)
    tell("visit", file, *port, "--yes", "--performer", "nobody", code=2)
    tell("visit", file, "--port", "tcp://127.0.0.1:9", "--yes", "--json", code=3)
    tell("apply", file, *port, "--yes", code=8)
    return told


def test_nothing_that_was_told_in_confidence_is_said(said: dict[str, Ended]) -> None:
    for words, ended in said.items():
        for stream in (ended.out, ended.err):
            assert found_in(stream.encode()) == [], words
    trace = Path("trace.jsonl").read_bytes()
    assert trace.count(b"\n") > 500
    assert found_in(trace) == []


def test_nothing_that_was_told_in_confidence_lies_in_the_logs(said: dict[str, Ended], home: Path) -> None:
    files = [path for path in home.rglob("*") if path.is_file()]
    private = [path for path in files if "private" in path.parts]
    assert len(files) > 5
    for path in files:
        if path not in private:
            assert found_in(path.read_bytes()) == [], path
    (log,) = [path for path in files if path.suffix == ".log"]
    assert REFERENCE.encode() not in log.read_bytes()
    # what is searched for can be found
    kept = b"".join(path.read_bytes() for path in private)
    assert {CUSTOMER["account_no"], CUSTOMER["name"], CUSTOMER["phone"], REPRESENTATIVE} <= set(found_in(kept))
    assert PASSWORD not in found_in(kept)
    assert set(found_in(Path("v.plan").read_bytes())) == set(IN_THE_ORDER)
    assert REPRESENTATIVE in found_in(Path("again.html").read_bytes())


def test_a_bundle_holds_it_only_when_asked(said: dict[str, Ended]) -> None:
    for name in ("work.zip", "all.zip"):
        with zipfile.ZipFile(name) as bundle:
            for member in bundle.namelist():
                assert found_in(bundle.read(member)) == [], (name, member)
    assert run("audit", "export", "private.zip", "--work", "117/2", "--private").code == 0
    with zipfile.ZipFile("private.zip") as bundle:
        shown = b"".join(bundle.read(member) for member in bundle.namelist() if member.startswith("private/"))
        others = b"".join(bundle.read(member) for member in bundle.namelist() if not member.startswith("private/"))
    assert {CUSTOMER["name"], REPRESENTATIVE} <= set(found_in(shown))
    assert found_in(others) == []


def test_a_password_in_an_order_is_refused_and_not_repeated(empty_home: Path) -> None:
    file = make_order("dst_off", change={'order_no = "117"': f'order_no = "117"\npassword = "{PASSWORD}"'})
    for words in (("order", "check", file), ("visit", file, "--port", AT, "--yes", "--json")):
        refused = run(*words)
        assert refused.code == 8
        assert found_in((refused.out + refused.err).encode()) == []


def test_two_works_of_one_customer_cannot_be_told_to_be_of_one(home: Path) -> None:
    """The commitments are salted anew each time."""
    names = [record["d"]["commitments"]["customer_name"] for record in log_records(home, "work.open")]
    assert len(names) == len(set(names)) == 3


# --- a meter that has a password ------------------------------------------------------------------------------------

RIGHT = "8462917530"
WRONG = "5093718264"
"""Digits, as these meters have them; nothing else in a visit looks like them."""


def forms_of_digits(digits: str) -> Iterator[bytes]:
    """As text in every form, and packed two to a byte in either order, as this family stores numbers."""
    yield from forms(digits)
    yield from forms(" ".join(digits[at : at + 2] for at in range(0, len(digits), 2)))
    packed = bytes.fromhex(digits)
    swapped = bytes(byte >> 4 | (byte & 15) << 4 for byte in packed)
    for raw in (packed, packed[::-1], swapped, swapped[::-1], bytes(map(int, digits))):
        yield raw
        yield raw.hex().encode()
        yield raw.hex(" ").upper().encode()
        yield base64.b64encode(raw).rstrip(b"=")
    yield ", ".join(map(str, digits.encode())).encode()


PASSWORDS = {digits: list(forms_of_digits(digits)) for digits in (RIGHT, WRONG)}


def passwords_in(raw: bytes) -> list[str]:
    return [digits for digits, all_forms in PASSWORDS.items() if any(form in raw for form in all_forms)]


@pytest.fixture(scope="module")
def presented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Ended], Path]]:
    """A visit whose password the meter takes, and one whose password it does not: what was said, and the home."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        home = use_home(tmp_path_factory.mktemp("presented"), monkeypatch)
        monkeypatch.setattr("meterlink_energomera.sim.Behaviour", partial(Behaviour, password=RIGHT.encode()))
        monkeypatch.setenv("METERLINK_PASSWORD_FLAT_5", RIGHT)
        Path("order.toml").write_text(energomera.text_of_order(("read", "dst_off")), encoding="utf-8")
        init_log()
        where = f"&serial={energomera.SERIAL}&address={energomera.ADDRESS}"
        at = ("--port", f"sim:ce6850m?at=2025-07-21T14:05:09+03:00&dst=on{where}", "--trace", "trace.jsonl")
        told = {"plan": run("plan", "order", "order.toml", *at, "-o", "v.plan", "--json")}
        told["apply"] = run("apply", "v.plan", *at, "--yes", "--json")
        told["show"] = run("audit", "show", "--json")
        told["export"] = run("audit", "export", "all.zip", "--all", "--private")
        monkeypatch.setenv("METERLINK_PASSWORD_FLAT_5", WRONG)
        told["visit"] = run("visit", "order.toml", *at, "--yes", "--lang", "ru")
        told["doctor"] = run("doctor", "--json")
        yield told, home


def test_a_password_that_was_presented_is_nowhere(presented: tuple[dict[str, Ended], Path]) -> None:
    told, home = presented
    assert {name: ended.code for name, ended in told.items()} == dict.fromkeys(told, 0) | {"visit": 4}
    for name, ended in told.items():
        assert passwords_in((ended.out + ended.err).encode()) == [], name
    files = [path for folder in (home, Path()) for path in folder.rglob("*") if path.is_file()]
    assert {"trace.jsonl", "v.plan", "all.zip"} <= {path.name for path in files}
    for path in files:
        assert passwords_in(path.read_bytes()) == [], path
    with zipfile.ZipFile("all.zip") as bundle:
        for member in bundle.namelist():
            assert passwords_in(bundle.read(member)) == [], member


def test_the_trace_masks_the_password_and_what_would_betray_it(presented: tuple[dict[str, Ended], Path]) -> None:
    """The check byte is the sum of the characters: nine digits known, it would tell the tenth."""
    lines = [json.loads(line) for line in Path("trace.jsonl").read_text(encoding="utf-8").splitlines()]
    frames = [line["frame"].split() for line in lines if line["frame"].startswith("01 50 31")]
    assert frames == [["01", "50", "31", "02", "28", *["**"] * 10, "29", "03", "**"]] * 2


def test_what_is_searched_for_can_be_found() -> None:
    frame = PresentPassword(RIGHT.encode()).encode()
    packed = b"\x84\x62\x91\x75\x30"
    for shown in (frame, frame.hex(" ").encode(), base64.b64encode(b"ab" + frame), packed, packed.hex(" ").encode()):
        assert passwords_in(b"trace " + shown) == [RIGHT]
