"""What is told in confidence goes where it must and nowhere else.

The customer's data stand in the order, in a plan made for it, beside the log in `private/`, and on the printed act. A
password stands in the key ring or in a variable. Everything else that the program writes or says is searched for them,
in every form in which bytes come along.
"""

from __future__ import annotations

import base64
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import key_ring
from tests.cli.program import Ended, run
from tests.cli.visiting import AT, init_log, log_records, make_order, use_home
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
