"""The sealed log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from meterlink.errors.given import ConfigError
from meterlink.errors.root import AdvisedError, MeterlinkError


@dataclass(eq=False, kw_only=True)
class AuditError(MeterlinkError):
    """The sealed log, or a file that belongs to one. `state` is the word of `--json`."""

    exit_code = 10
    state: ClassVar[str] = "not-writable"

    def facts(self) -> dict[str, object]:
        return {**super().facts(), "state": self.state}


@dataclass(eq=False, kw_only=True)
class LogError(AuditError):
    """One log, by its name; that of its folder where even its first record cannot be read."""

    log: str


@dataclass(eq=False, kw_only=True)
class AuditFormatError(AuditError):
    """Bytes that should be a record, a note, a proof, a policy or a key are not; `what` says which."""

    state: ClassVar[str] = "tampered"
    text = "This is no {what}: {why}."
    hint_text = "Ask whoever gave you that file for it again, byte for byte."
    what: str
    why: str


@dataclass(eq=False, kw_only=True)
class ProofError(AuditError):
    """A proof of a Merkle tree does not prove what it should."""

    state: ClassVar[str] = "tampered"
    text = "The {what} proves nothing: {why}."
    hint_text = "Ask whoever gave you that proof for it again; if it stays, the record is not in that log."
    what: str
    why: str


@dataclass(eq=False, kw_only=True)
class NoLogError(AuditError):
    """There is no sealed log where one was looked for."""

    text = "There is no sealed log in {folder}."
    hint_text = "`meterlink audit init --standalone` makes one; with an office, ask it for the enrolment order first."
    folder: str


@dataclass(eq=False, kw_only=True)
class ChainBrokenError(LogError):
    """Something in the log is not what was sealed. Nothing is mended: what is there is the evidence."""

    state: ClassVar[str] = "tampered"
    text = "The sealed log {log} is broken at record {record} ({segment}, byte {offset}): {why}."
    hint_text = (
        "No meter is written with this log any more. Keep its folder as it is, give the office a copy without key/, "
        "and enrol a new log with `meterlink audit init --replace`; `meterlink audit verify` shows all that was found."
    )
    record: int
    segment: str
    offset: int
    why: str


@dataclass(eq=False, kw_only=True)
class WrongKeyError(LogError):
    """A log or a bundle is sound in itself, and none of the keys that the asker trusts has anything to do with it."""

    state: ClassVar[str] = "tampered"
    text = "None of the keys given from elsewhere was ever in force in the sealed log {log}."
    hint_text = (
        "Compare the keys with those the office has on paper. A log under another key is another log, whoever brings "
        "it."
    )
    keys: tuple[str, ...]


@dataclass(eq=False, kw_only=True)
class NotCosignedError(LogError):
    """A witness whom the asker trusts, or the quorum of his policy, stands under no head of the log."""

    state: ClassVar[str] = "tampered"
    text = "The sealed log {log} was never cosigned by {names}, whom you trust."
    hint_text = (
        "Ask them for the newest head of this log that they cosigned, and give it with --head. Whoever never saw a log "
        "cannot vouch for it."
    )
    names: str


@dataclass(eq=False, kw_only=True)
class NoWorkError(ConfigError):
    """No record of the log belongs to the work that was asked for."""

    text = "The sealed log {log} has no record of the work {work!r}."
    hint_text = "`meterlink audit show --last 100` shows the latest records with their works."
    setting: str = "work"
    why: str = "no such work"
    log: str
    work: str


@dataclass(eq=False, kw_only=True)
class BundleError(AuditError):
    """A file of a bundle is missing, or does not prove what it should."""

    state: ClassVar[str] = "tampered"
    text = "The file {file} of this bundle does not hold: {why}."
    hint_text = (
        "Ask whoever sent the bundle for a new export, and the office for its own copy of the log; nothing in a bundle "
        "that does not hold proves anything."
    )
    file: str
    why: str


@dataclass(eq=False, kw_only=True)
class LogTornError(LogError):
    """A crash left half a record behind the last whole one."""

    state: ClassVar[str] = "torn"
    text = (
        "The sealed log {log} ends in {count} {noun} that a crash left behind "
        "({segment}, byte {offset}, where record {record} would stand)."
    )
    hint_text = (
        "`meterlink audit recover` keeps these bytes beside the log and says so in it; the next work does the same."
    )
    record: int
    segment: str
    offset: int
    count: int

    def words(self) -> dict[str, str]:
        return {"noun": "byte" if self.count == 1 else "bytes"}


@dataclass(eq=False, kw_only=True)
class TornBytesLostError(LogError):
    """The log says that it kept the bytes of a crash, and they are gone or are others."""

    state: ClassVar[str] = "tampered"
    text = "The sealed log {log} says in record {record} that it keeps torn/{file}, and {why}."
    hint_text = (
        "The records themselves are whole. Look for that file in the office's copy and in backups, and put it back "
        "into torn/: then the log goes on. If it is nowhere, tell the office and enrol a new log with "
        "`meterlink audit init --replace`; `meterlink audit export` still works."
    )
    record: int
    file: str
    why: str


@dataclass(eq=False, kw_only=True)
class LogBehindError(LogError):
    """Somebody outside saw more records than the log has."""

    state: ClassVar[str] = "behind"
    text = "The sealed log {log} has {size} records, and {source} saw {seen}: its end was cut off."
    hint_text = (
        "Was an old copy restored, or a disk lost? Nothing is written to this log any more: keep its folder as it is, "
        "give the office a copy without key/, and enrol a new log with `meterlink audit init --replace`."
    )
    size: int
    seen: int
    source: str


@dataclass(eq=False, kw_only=True)
class LogForkError(LogError):
    """Somebody outside saw another history of the same length."""

    state: ClassVar[str] = "fork"
    text = "The sealed log {log} has another history than the one {source} saw at {seen} records."
    hint_text = (
        "Two histories under one key: a copy of this log was written elsewhere, or its key was stolen. Keep both "
        "heads and the folder as it is, give the office a copy without key/, and enrol a new log with "
        "`meterlink audit init --replace`."
    )
    seen: int
    source: str


@dataclass(eq=False, kw_only=True)
class KeyLostError(LogError):
    """The private key that has to sign the next record is not there."""

    state: ClassVar[str] = "key-lost"
    text = "The sealed log {log} cannot go on: {why}."
    hint_text = (
        "The log stays readable. Restore nothing from a copy: tell the office and enrol a new log with "
        "`meterlink audit init --replace`."
    )
    why: str


@dataclass(eq=False, kw_only=True)
class AuditNotWritableError(AdvisedError, LogError):
    """A record could not be made durable; whatever waited for it must not happen."""

    text = "The sealed log {log} cannot be written: {why}."
    hint_text = "Look at the disk and its rights; `meterlink audit status` shows the state of the log."
    why: str


@dataclass(eq=False, kw_only=True)
class NoRoomError(AuditNotWritableError):
    """Records can still be written, and the disk has too little room for a work."""

    text = "No work may begin in the sealed log {log}: {why}."


@dataclass(eq=False, kw_only=True)
class MeterInDoubtError(AuditError):
    """An earlier write to this meter was announced and its outcome is not known."""

    exit_code = 11
    state: ClassVar[str] = "in-doubt"
    text = (
        "It is not known what became of an earlier write to meter {serial_number}: {operation} (record {record}, "
        "frame {frame})."
    )
    hint_text = (
        "Nothing is written to this meter until it was read again and the log says what was found: the command that "
        "was stopped does so when it is run again, and `meterlink audit resolve` does only that."
    )
    serial_number: str
    operation: str
    record: int
    frame: int
    work: str | None = None


@dataclass(eq=False, kw_only=True)
class WorkOpenError(AuditError):
    """Another work wrote to this meter, and nobody has finished it: the meter may be half written."""

    exit_code = 11
    state: ClassVar[str] = "work-open"
    text = (
        "The work {work} of order {order_no} has written to meter {serial_number} and is not closed: the meter may be "
        "half written."
    )
    hint_text = (
        "No other work writes to this meter until that one is closed. Run the same order again with `meterlink visit`, "
        "or plan it anew and `meterlink apply` that: it goes on where it was stopped. Or take it back: `meterlink plan "
        "restore {work}`, by an order that allows it. Or close it as it stands: `meterlink audit resolve --close`. "
        "Where that meter cannot be read any more: `meterlink audit abandon {work} --reason TEXT`."
    )
    serial_number: str
    work: str
    order_no: str
    record: int


@dataclass(eq=False, kw_only=True)
class LogUnreadableError(AuditError):
    """The files of a log are there, and the system does not let them be read."""

    text = "The sealed log in {folder} cannot be read: {why}."
    hint_text = (
        "See to the rights on that folder and to the health of the disk; it belongs to the user who runs meterlink."
    )
    folder: str
    why: str


@dataclass(eq=False, kw_only=True)
class StateFolderError(AuditError):
    """The folder beside the log, whose locks keep two works at one meter apart, cannot be used."""

    text = "The folder {folder}, which keeps two works at one meter apart, cannot be used: {why}."
    hint_text = (
        "Nothing was written to the meter. See to the rights on that folder, and to the room and the health of that "
        "disk, then run the same command again."
    )
    folder: str
    why: str


@dataclass(eq=False, kw_only=True)
class LogGoneError(LogError):
    """The log that is in use has no records any more."""

    state: ClassVar[str] = "tampered"
    text = "The sealed log {log} is in use, and its records are gone from {folder}."
    hint_text = (
        "Was the folder moved, or the disk restored from an older copy? Put the folder back as it was. {pointer} says "
        "which log is in use; other logs beside it: {others}. If the folder is lost, tell the office and enrol a new "
        "log with `meterlink audit init --replace`."
    )
    folder: str
    pointer: str
    others: str


@dataclass(eq=False, kw_only=True)
class LogUnnamedError(AuditError):
    """There are several logs, and nothing says which of them is in use."""

    text = "There are {count} sealed logs in {folder}, and nothing says which of them is in use."
    hint_text = (
        "Write the name of the log's folder, 8 hexadecimal digits, as one line into {folder}/current; "
        "`meterlink audit verify FOLDER` shows what each holds. They are: {names}."
    )
    folder: str
    count: int
    names: str


@dataclass(eq=False, kw_only=True)
class ActError(AuditError):
    """The records given are not those of one work, so they make no act."""

    text = "No act can be made of these records: {why}."
    hint_text = (
        "`meterlink audit show` shows the records of a work; an act is made of all of them, in order, by a meterlink "
        "that is not older than they are."
    )
    why: str


@dataclass(eq=False, kw_only=True)
class LogExistsError(AdvisedError, LogError):
    """There is a log already, and it is not, or not yet, to be replaced. `found` is its state."""

    text = "There is already a sealed log here: {log} in {folder}; its state is {found}."
    hint_text = "`meterlink audit status` shows that log."
    folder: str
    found: str

    def facts(self) -> dict[str, object]:
        return {**super().facts(), "state": self.found}
