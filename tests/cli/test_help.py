"""Help texts are in the house form, and their examples are true."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from meterlink.audit.record import Entry
from meterlink.audit.run import Run
from meterlink.cli.grammar import Group
from meterlink.cli.main import program
from meterlink.cli.sealed_log import audit_home
from meterlink.cli.version import VERSION
from tests.cli import key_ring
from tests.cli.program import ROOT, run

SECRET = "313131\n"
"""The line on stdin of those that ask for a password; right in each form."""
HARDWARE = ("COM3", "/dev/", "tcp://")
SERVES = "meterlink sim run"
WORK = "117/1"
"""The work that examples name."""
METER = "sim:mercury-200.02?schedule=ru-household-1&dst=on"
"""The meter of the orders that examples name."""
WRITES = ("meterlink visit", "meterlink apply", "meterlink act", "meterlink audit resolve", "meterlink plan restore")
"""What needs a log."""


def commands(group: click.Group = program, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield (*above, name), command
            yield from commands(command, *above, name)
        else:
            yield (*above, name), command


COMMANDS = dict(commands())
LEAVES = {words: command for words, command in COMMANDS.items() if not isinstance(command, click.Group)}


@cache
def help_of(*words: str) -> str:
    """What `--help` prints; asked once."""
    return run(*words, "--help").out


def examples_of(words: tuple[str, ...]) -> list[str]:
    """As they are shown."""
    return re.findall(r"^  (meterlink .*)$", help_of(*words).partition("Examples:")[2], re.MULTILINE)


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_each_command_has_two_or_three_examples_of_itself(words: tuple[str, ...]) -> None:
    examples = examples_of(words)
    assert 2 <= len(examples) <= 3
    for example in examples:
        assert example.startswith(f"meterlink {' '.join(words)}")


EXAMPLES = [example for words in LEAVES for example in examples_of(words)]
WITHOUT_HARDWARE = [
    each for each in EXAMPLES if not any(word in each for word in HARDWARE) and not each.startswith(SERVES)
]


def prepare(example: str) -> None:
    """What an example finds in the folder it is typed in: orders, a log, a saved plan, a work that is done."""
    words = shlex.split(example)
    for word in words:
        if word.endswith(".toml") and " new " not in example:
            assert run("order", "new", "--example", word).code == 0
    if example.startswith("meterlink audit init") or not example.startswith(("meterlink audit", *WRITES)):
        return
    assert run("audit", "init", "--standalone").code == 0
    if words[1] == "apply":
        assert run("order", "new", "--example", "order.toml").code == 0
        saved = run("plan", "order", "order.toml", "--port", METER, "--time-source", "system", "-o", words[2])
        assert saved.code == 0
    if example.startswith("meterlink audit abandon"):
        with audit_home().open(Run.start()) as log:
            log.append(Entry(type="work.open", work=WORK, d={"order": {"number": "117"}}))
    elif words[1] == "act" or WORK in words:
        assert run("order", "new", "--example", "done.toml").code == 0
        done = Path("done.toml")
        number = WORK.partition("/")[0]
        text = re.sub(
            r'^order_no = ".*"$', f'order_no = "{number}"', done.read_text(encoding="utf-8"), flags=re.MULTILINE
        )
        done.write_text(text, encoding="utf-8")
        Path("acts").mkdir()
        visit = run("visit", "done.toml", "--port", METER, "--time-source", "system", "--yes", "--act-dir", "acts")
        assert visit.code == 0


@pytest.mark.parametrize("example", WITHOUT_HARDWARE)
def test_an_example_runs(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key_ring.install(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(Path.cwd().parent))  # the demonstration makes a folder there
    prepare(example)
    ended = run(*shlex.split(example)[1:], stdin=SECRET)
    assert ended.code == 0
    assert ended.out


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.startswith(SERVES)])
def test_an_example_that_serves_is_understood(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32" and "--pty" in example:
        pytest.skip("Windows has no pseudo-terminals")
    monkeypatch.setattr("meterlink.cli.sim.signal.signal", lambda *_args: None)
    monkeypatch.setattr("meterlink.link.doors.TcpDoor.serve", lambda *_args: None)
    if sys.platform != "win32":
        monkeypatch.setattr("meterlink.link.pty_door.PtyDoor.serve", lambda *_args: None)
    free = example.replace(":4001", ":0")
    ended = run(*shlex.split(free)[1:])
    assert ended.code == 0
    assert "ready" in ended.out


AT_A_METER = [each for each in EXAMPLES if any(word in each for word in HARDWARE)]
OF_AN_ORDER = [each for each in AT_A_METER if ".toml" in each or each.startswith(WRITES)]


@pytest.mark.parametrize("example", [each for each in AT_A_METER if each not in OF_AN_ORDER])
def test_an_example_with_hardware_is_understood(example: str) -> None:
    ended = run(*shlex.split(re.sub(r"COM3|/dev/\w+|tcp://\S+", "sim:mercury-206", example))[1:])
    assert ended.code in (0, 2, 3, 6, 8), ended.err  # the simulated meter may be another one, but no word is unknown
    assert "Usage" not in ended.err


@pytest.mark.parametrize("example", OF_AN_ORDER)
def test_an_example_of_work_at_a_meter_does_it(example: str) -> None:
    prepare(example)
    ended = run(*shlex.split(re.sub(r"COM3|tcp://\S+", f'"{METER}"', example))[1:])
    if "--yes" in example or not example.startswith(("meterlink visit", "meterlink apply")):
        assert ended.code == 0, ended.err
    else:
        assert ended.code == 9, ended.err  # nobody sits there who could type the serial number


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=lambda words: " ".join(words) or "meterlink")
def test_help_begins_small_and_ends_without_a_stop(words: tuple[str, ...]) -> None:
    command = COMMANDS[words] if words else program
    help_texts = [
        command.help or "",
        *(param.help or "" for param in command.params if isinstance(param, click.Option)),
    ]
    for text in help_texts:
        for paragraph in filter(None, text.strip().split("\n\n")):
            assert not paragraph.strip().endswith(".")
        assert text[0].islower()
    assert "Show this message" not in help_of(*words)


def test_no_help_promises_what_does_not_exist() -> None:
    for words in [(), *COMMANDS]:
        text = help_of(*words)
        for later in ("audit push", "audit anchor", "meter find", "replay:", "CSV", "XLSX"):
            assert later not in text


def test_groups_stand_in_the_house_form() -> None:
    for command in COMMANDS.values():
        assert not isinstance(command, click.Group) or isinstance(command, Group)


def test_the_version_is_that_of_the_project() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_the_version_is_told_without_loading_the_house() -> None:
    code = (
        "import sys\n"
        "from meterlink.cli.main import program\n"
        "try: program.main(['--version'])\n"
        "except SystemExit: pass\n"
        "print(*sorted(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True).stdout
    loaded = out.splitlines()[-1].split()
    heavy = {"rich", "serial", "asyncio", "importlib.metadata", "meterlink.errors", "meterlink.model", "meterlink.flow"}
    assert not heavy.intersection(loaded)
    assert {name for name in loaded if name.startswith("meterlink.")} == {
        "meterlink.cli",
        "meterlink.cli.grammar",
        "meterlink.cli.main",
        "meterlink.cli.options",
        "meterlink.cli.streams",
        "meterlink.cli.version",
        "meterlink.interrupts",
    }


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_METERLINK_COMPLETE", f"{shell}_source")
    ended = run()
    assert "_METERLINK_COMPLETE" in ended.out
