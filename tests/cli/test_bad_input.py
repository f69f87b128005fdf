"""Whatever is wrong with the input: its own error, a sentence with the next step, its exit code, and no value."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from meterlink.cli.main import NOUNS, program
from meterlink.cli.outcome import tell, wants_json
from meterlink.errors import AccessDeniedError, MeterlinkError, PasswordSpentError
from meterlink.registry import driver_names, load_driver
from tests.cli.program import ROOT, SIM, Ended, run

READ = ("energy", "read")
METER = ("--model", "mercury-200.02", "--address", "925646")
LONG = "00" * 1025


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    words: tuple[str, ...]
    code: int
    kind: str
    says: str
    """part of the sentence or of the hint"""


CASES = (
    Case(name="no verb", words=("energy",), code=2, kind="UsageError", says="--help"),
    Case(name="unknown noun", words=("enrgy",), code=2, kind="UsageError", says="enrgy"),
    Case(name="unknown option", words=(*READ, "--prot", SIM), code=2, kind="UsageError", says="--port"),
    Case(name="no port", words=READ, code=2, kind="ConfigError", says="--port COM3"),
    Case(name="senseless port", words=(*READ, "--port", "udp://x"), code=2, kind="PortUrlError", says="tcp://host"),
    Case(name="gateway without a port", words=(*READ, "--port", "tcp://x"), code=2, kind="PortUrlError", says="4001"),
    Case(
        name="port that is not there",
        words=(*READ, "--port", "/nowhere/ttyUSB7", *METER),
        code=3,
        kind="PortMissingError",
        says="meterlink ports",
    ),
    Case(
        name="gateway that is not there",
        words=(*READ, "--port", "tcp://127.0.0.1:1", *METER),
        code=3,
        kind="PortMissingError",
        says="start the gateway",
    ),
    Case(name="no model", words=(*READ, "--port", "COM3"), code=2, kind="ConfigError", says="profiles list"),
    Case(
        name="no address",
        words=(*READ, "--port", "COM3", "--model", "mercury-206"),
        code=2,
        kind="ConfigError",
        says="serial:NUMBER",
    ),
    Case(
        name="address outside the rule",
        words=(*READ, "--port", SIM, "--address", "4294967296"),
        code=2,
        kind="AddressError",
        says="from 1 to 4294967295",
    ),
    Case(
        name="plate number as address",
        words=(*READ, "--port", SIM, "--address", "06925646"),
        code=2,
        kind="AddressError",
        says="serial:06925646",
    ),
    Case(
        name="address in other digits",
        words=(*READ, "--port", SIM, "--address", "٩٢٥٦٤٦"),
        code=2,
        kind="AddressError",
        says="neither a decimal number",
    ),
    Case(
        name="unknown model",
        words=(*READ, "--port", "COM3", "--model", "mercury-200.2"),
        code=6,
        kind="UnknownModelError",
        says="Did you mean mercury-200.02?",
    ),
    Case(
        name="unknown simulated model",
        words=(*READ, "--port", "sim:mercury-2000"),
        code=6,
        kind="UnknownModelError",
        says="profiles list",
    ),
    Case(
        name="wrong option of a simulated meter",
        words=(*READ, "--port", f"{SIM}?dst=maybe"),
        code=2,
        kind="PortUrlError",
        says="neither on nor off",
    ),
    *(
        Case(
            name=f"simulated meter with {option}",
            words=(*READ, "--port", f"{SIM}?{option}"),
            code=2,
            kind="PortUrlError",
            says=says,
        )
        for option, says in (
            ("clock_error_s=nan", "seconds"),
            ("clock_error_s=1e9", "seconds"),
            ("seed=x", "whole number"),
            ("load_w=-1", "whole number"),
            ("load_w=٣", "whole number"),
            ("utc=3", "offset"),
            ("utc=+23:00", "away from UTC"),
            ("schedule=ru-hosehold-2", "ru-household-2"),
            ("fault=lost-replay", "did you mean"),
            ("at=yesterday", "2025-07-21T14:05:09"),
            ("at=9999-12-31T23:59:59+00:00", "from 1991 to 2088"),
            ("at=0001-01-01T00:00:00+00:00", "from 1991 to 2088"),
            ("speed=1", "known are"),
        )
    ),
    Case(
        name="serial number of a simulated meter",
        words=(*READ, "--port", f"{SIM}?serial=abc"),
        code=2,
        kind="PortUrlError",
        says="serial number",
    ),
    Case(
        name="address of a simulated meter",
        words=(*READ, "--port", f"{SIM}?address=0"),
        code=2,
        kind="AddressError",
        says="outside 1 to 4294967295",
    ),
    Case(
        name="unknown zone",
        words=("clock", "show", "--port", SIM, "--tz", "Europe/Moskow"),
        code=2,
        kind="ConfigError",
        says="did you mean Europe/Moscow?",
    ),
    *(
        Case(name=f"zone {zone}", words=(*READ, "--port", SIM, "--tz", zone), code=2, kind="ConfigError", says="--tz")
        for zone in ("+25:00", "+03:75", "../UTC", "Europe", "", "\0")
    ),
    Case(
        name="nobody answers",
        words=(*READ, "--port", f"{SIM}?fault=lost-reply"),
        code=3,
        kind="NoAnswerError",
        says="after 3 tries",
    ),
    Case(
        name="nobody at this address",
        words=(*READ, "--port", SIM, "--address", "1"),
        code=3,
        kind="NoAnswerError",
        says="address 1",
    ),
    Case(
        name="wrong checksums",
        words=(*READ, "--port", f"{SIM}?fault=wrong-checksum"),
        code=5,
        kind="WrongChecksumError",
        says="wrong checksum",
    ),
    Case(
        name="truncated answers",
        words=(*READ, "--port", f"{SIM}?fault=truncated"),
        code=5,
        kind="TruncatedReplyError",
        says="Try again",
    ),
    Case(
        name="unknown journal",
        words=("journal", "read", "powr", "--port", SIM),
        code=2,
        kind="ConfigError",
        says="did you mean power?",
    ),
    Case(
        name="months and days at once",
        words=("archive", "read", "--months", "2", "--days", "2", "--port", SIM),
        code=2,
        kind="UsageError",
        says="--months, --days and --years are archives of their own",
    ),
    Case(
        name="no months", words=("archive", "read", "--months", "0", "--port", SIM), code=2, kind="UsageError", says="0"
    ),
    Case(
        name="trace in no folder",
        words=(*READ, "--port", SIM, "--trace", "nowhere/t.jsonl"),
        code=2,
        kind="ConfigError",
        says="--trace nowhere/t.jsonl",
    ),
    Case(
        name="unknown family",
        words=("decode", "mercury20", "00"),
        code=6,
        kind="UnknownFamilyError",
        says="Did you mean",
    ),
    Case(name="empty frame", words=("decode", "mercury200", " "), code=2, kind="HexError", says="it is empty"),
    Case(name="half a byte", words=("decode", "mercury200", "000"), code=2, kind="HexError", says="3 digits"),
    Case(name="no digit", words=("decode", "mercury200", "0G"), code=2, kind="HexError", says="'G' is no"),
    Case(
        name="digits of another script",
        words=("decode", "mercury200", "٠٠"),
        code=2,
        kind="HexError",
        says="0-9 and A-F",
    ),
    Case(
        name="wide digits", words=("decode", "mercury200", "００"), code=2, kind="HexError", says="no hexadecimal digit"
    ),
    Case(name="dotless i", words=("decode", "mercury200", "0x00"), code=2, kind="HexError", says="'x'"),
    Case(name="long frame", words=("decode", "mercury200", LONG), code=2, kind="HexError", says="1025 bytes"),
    Case(name="long reply", words=("decode", "mercury200", "00", LONG), code=2, kind="HexError", says="The reply"),
    Case(
        name="decoded with no such model",
        words=("decode", "mercury200", "00", "--model", "mercury-2"),
        code=6,
        kind="UnknownModelError",
        says="profiles list",
    ),
    Case(
        name="profile of no model",
        words=("profiles", "show", "m"),
        code=6,
        kind="UnknownModelError",
        says="profiles list",
    ),
    Case(
        name="lint of no folder",
        words=("profiles", "lint", "nowhere"),
        code=2,
        kind="ConfigError",
        says="<family>/<model>.toml",
    ),
    Case(
        name="simulation of no model", words=("sim", "run", "m"), code=6, kind="UnknownModelError", says="profiles list"
    ),
    Case(
        name="simulation that listens nowhere",
        words=("sim", "run", "mercury-206", "--listen", "4001"),
        code=2,
        kind="ConfigError",
        says="HOST:PORT",
    ),
    Case(
        name="simulation with a wrong option",
        words=("sim", "run", "mercury-206", "--clock-error", "soon"),
        code=2,
        kind="ConfigError",
        says="--clock-error: ",
    ),
    *(
        Case(
            name=f"simulation with a wrong {option}",
            words=("sim", "run", "mercury-206", option, value),
            code=2,
            kind="ConfigError",
            says=f"{option}: ",
        )
        for option, value in (
            ("--seed", "x"),
            ("--schedule", "ru-hosehold-2"),
            ("--energy-kwh", "a lot"),
            ("--load-w", "-1"),
            ("--utc", "3"),
            ("--serial", "abc"),
        )
    ),
    Case(
        name="simulation that listens on an address of somebody else",
        words=("sim", "run", "mercury-206", "--listen", "192.0.2.1:0"),
        code=3,
        kind="PortError",
        says="this computer does not have that address",
    ),
    Case(
        name="value that was forgotten before the next option",
        words=(*READ, "--port", "--model"),
        code=2,
        kind="UsageError",
        says="meterlink energy read --help",
    ),
    Case(name="value that was forgotten", words=(*READ, "--port"), code=2, kind="UsageError", says="--help"),
    Case(
        name="port of no model", words=(*READ, "--port", "sim:"), code=2, kind="PortUrlError", says="sim:mercury-200.02"
    ),
    Case(
        name="port in Cyrillic letters",
        words=(*READ, "--port", "СОМ3", *METER),
        code=2,
        kind="PortUrlError",
        says="contains Cyrillic letters",
    ),
    Case(
        name="trace of no name", words=(*READ, "--port", SIM, "--trace", ""), code=2, kind="ConfigError", says="--trace"
    ),
    Case(
        name="another meter than that of the plate",
        words=(*READ, "--port", f"{SIM}?serial=06000001&address=925646", "--address", "serial:06925646"),
        code=8,
        kind="OtherMeterError",
        says="Look at the plate",
    ),
    Case(
        name="another model than that of the plate",
        words=(*READ, "--port", "sim:mercury-206", "--model", "mercury-203.2t"),
        code=6,
        kind="OtherModelError",
        says="model_code = 8",
    ),
    Case(
        name="several meters of one address",
        words=("sim", "run", "mercury-206", "--meters", "2", "--address", "5"),
        code=2,
        kind="ConfigError",
        says="one meter only",
    ),
    Case(name="place of no file", words=(*READ, "--place", "flat"), code=2, kind="ConfigError", says="no place 'flat'"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_for_people(case: Case) -> None:
    ended = run(*case.words)
    assert (ended.code, ended.out) == (case.code, "")
    assert case.says in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_for_programs(case: Case) -> None:
    ended = run(*case.words, "--json")
    error = ended.document["error"]
    assert (ended.code, error["exit_code"], error["kind"]) == (case.code, case.code, case.kind)
    assert error["hint"]
    assert case.says in error["message"] + error["hint"] or case.kind == "UsageError"


def test_a_flag_with_a_value_gets_a_next_step() -> None:
    ended = run(*READ, "--json=1")
    assert (ended.code, ended.document["error"]["kind"]) == (2, "UsageError")
    assert "meterlink --help" in ended.err


def test_what_stands_behind_two_dashes_is_no_option() -> None:
    assert wants_json(["decode", "--json", "--", "x"])
    assert not wants_json(["decode", "--", "--json"])


def test_a_suggestion_has_no_trailing_space() -> None:
    error = run("energy", "read", "--port", "sim:mercury-200.2", "--json").document["error"]
    assert error["suggestion"] == "Did you mean mercury-200.02?"
    assert error["hint"].startswith("Did you mean mercury-200.02? `meterlink")


SECRET = "hush-hush"


@pytest.mark.parametrize(
    "port",
    [
        "tcp://u:{}@host:1",
        "tcp://{}@host:1",
        "rfc2217://u:{}@host:1?speed=1",
        "tcp:u:{}@host:1",
        "tcp://u:{}@host:99999",
        "udp://u:{}@host:1",
    ],
)
def test_no_message_repeats_a_secret_of_a_port(port: str, monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> None:
    url = port.format(SECRET)
    (empty_home / "meterlink.toml").write_text(f'[place.a]\nport = "{url}"\n', encoding="utf-8")
    lines = [
        (*READ, "--port", url, *METER),
        (*READ, "--port", url),
        (*READ, "--place", "a"),
        (*READ, url),
        (url,),
        ("doctor", "--port", url),
        ("doctor", "--place", "a"),
        ("sim", "run", "mercury-206", "--listen", url),
    ]
    for words in lines:
        for ended in (run(*words), run(*words, "--json")):
            assert SECRET not in ended.out + ended.err, words
    monkeypatch.setenv("METERLINK_PORT", url)
    for words in (READ, ("doctor",), ("demo",)):
        ended = run(*words, "--json")
        assert SECRET not in ended.out + ended.err, words


# --- exit codes that no input brings about --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AccessDeniedError(request="energy", code="5", why="wrong password"), 4),
        (PasswordSpentError(address="7"), 4),
        (click.Abort(), 9),
        (click.ClickException("declined"), 2),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_further_exit_codes(error: Exception, code: int) -> None:
    assert tell(error, []) == code


def every_error(root: type[MeterlinkError] = MeterlinkError) -> set[type[MeterlinkError]]:
    return {root, *(each for child in root.__subclasses__() for each in every_error(child))}


UNNAMED = {
    *("MeterlinkError", "AdvisedError"),  # roots, which nobody raises
    *("LocalProtocolError", "WritingClosedError"),  # only a bug brings them about
    "OutputError",  # nobody can be told more
}
OF_NO_ERROR = {0, 20, 130}
"""Success, a plan with something to do, Ctrl-C."""


def exit_codes_of(page: str) -> set[int]:
    """What the table of exit codes on a page lists."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    (head,) = [place for place, line in enumerate(lines) if line.startswith("| exit code |")]
    rows = takewhile(lambda line: line.startswith("|"), lines[head + 2 :])
    return {int(code) for row in rows for code in row.split("|")[1].split(",")}


def test_every_error_has_a_documented_exit_code() -> None:
    for family in driver_names():
        load_driver(family)
    errors = [error for error in every_error() if error.__module__.startswith("meterlink")]
    assert any(error.__module__.startswith("meterlink_energomera") for error in errors)
    assert {error.__name__ for error in errors if error.exit_code == 1} == UNNAMED
    assert {error.exit_code for error in errors} == exit_codes_of("README.md") - OF_NO_ERROR
    assert exit_codes_of("docs/visit.md") | {1} == exit_codes_of("README.md")


def interrupted(monkeypatch: pytest.MonkeyPatch, error: BaseException, *words: str) -> Ended:
    def fail(*_args: object) -> None:
        raise error

    monkeypatch.setattr("meterlink.cli.energy.connected", fail)
    return run(*READ, "--port", SIM, *words)


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = interrupted(monkeypatch, KeyboardInterrupt())
    assert (ended.code, ended.out) == (130, "")
    assert "Stopped from the keyboard." in ended.err


@pytest.mark.parametrize(("typed", "code"), [("n\n", 9), ("", 9), (None, 130)], ids=["no", "nothing", "Ctrl-C"])
def test_a_question_that_is_not_answered_with_yes(
    typed: str | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_args: object) -> None:
        if typed is None:
            monkeypatch.setattr("click.termui.visible_prompt_func", interrupt)
        click.confirm("Write?", abort=True)

    def interrupt(_prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("meterlink.cli.energy.connected", ask)
    assert CliRunner().invoke(program, [*READ, "--port", SIM], input=typed or "").exit_code == code


def test_ctrl_c_is_a_document_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = interrupted(monkeypatch, KeyboardInterrupt(), "--json")
    assert ended.document["error"]["exit_code"] == ended.code == 130


def test_the_end_of_the_input_is_not_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert interrupted(monkeypatch, EOFError()).code == 9


def test_a_reader_that_left_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterlink.cli.main.leave_quietly", lambda: 0)
    ended = interrupted(monkeypatch, BrokenPipeError())
    assert (ended.code, ended.err) == (0, "")


def test_a_bug_shows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        interrupted(monkeypatch, ZeroDivisionError("a bug"))


def test_a_result_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_text: str, err: bool = False, **_options: bool) -> None:
        if not err:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("meterlink.cli.output.click.echo", fail)
    assert run("profiles", "lint").code == 1


# --- what the model lacks -------------------------------------------------------------------------------------------

LACKS_INSTANT = """
spec = 1
model = "mercury-200.02"
driver = "mercury200"
overrides = true
[supports]
instant = { supported = false, evidence = "document", source = "a test", note = "this one was made without" }
"""


@pytest.fixture
def lesser_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "profiles"
    (folder / "mercury200").mkdir(parents=True)
    (folder / "mercury200" / "mercury-200.02.toml").write_text(LACKS_INSTANT, encoding="utf-8")
    monkeypatch.setenv("METERLINK_PROFILES", str(folder))
    return folder


@pytest.mark.usefixtures("lesser_profile")
def test_what_the_model_lacks_is_refused_before_any_byte() -> None:
    ended = run("instant", "read", "--port", SIM, "--trace", "trace.jsonl", "--json")
    error = ended.document["error"]
    assert (ended.code, error["kind"]) == (6, "NotSupportedError")
    assert "made without" in error["message"]
    assert not Path("trace.jsonl").exists()


def test_lint_names_file_and_key(lesser_profile: Path) -> None:
    file = lesser_profile / "mercury200" / "mercury-200.02.toml"
    file.write_text(LACKS_INSTANT.replace("supported", "suported"), encoding="utf-8")
    ended = run("profiles", "lint")
    assert ended.code == 6
    assert f"{file}: supports.instant" in ended.out
    document = run("profiles", "lint", "--json")
    assert (document.code, len(document.document["problems"]) > 0) == (6, True)


def test_a_broken_profile_is_an_error_of_its_own(lesser_profile: Path) -> None:
    file = lesser_profile / "mercury200" / "mercury-200.02.toml"
    file.write_text(LACKS_INSTANT.replace("supported", "suported"), encoding="utf-8")
    error = run("energy", "read", "--port", SIM, "--json").document["error"]
    assert (error["kind"], error["exit_code"], error["file"]) == ("ProfileError", 6, str(file))


def test_lint_asks_the_driver_about_its_own_table(lesser_profile: Path) -> None:
    file = lesser_profile / "mercury200" / "mercury-200.02.toml"
    table = '[driver_table]\narchive_current_month = "never"\nevidence = "guess"\nsource = "a test"\n'
    file.write_text(LACKS_INSTANT + table, encoding="utf-8")
    ended = run("profiles", "lint")
    assert ended.code == 6
    assert "driver_table.archive_current_month" in ended.out


def test_lint_tells_what_a_profile_promises_and_no_driver_does(lesser_profile: Path) -> None:
    file = lesser_profile / "mercury200" / "mercury-200.02.toml"
    promise = 'consumption_days = { supported = true, evidence = "guess", source = "a test" }\n'
    file.write_text(LACKS_INSTANT + promise, encoding="utf-8")
    ended = run("profiles", "lint")
    assert ended.code == 6
    assert "supports.consumption_days: the driver of this family cannot do it" in ended.out


def test_every_noun_has_its_command() -> None:
    ended = run("--help")
    for noun in NOUNS:
        assert f"\n  {noun} " in ended.out
