"""Whose signatures make a checkpoint good: the logs, the witnesses, and how many of them must have seen it.

Not here: where witnesses are reached (the addresses are kept, unread) and which policy a person trusts.

log <vkey> [<url>]                  a log whose checkpoints may be good
witness <name> <vkey> [<url>]       somebody who cosigns; the key is of type 4
group <name> <any|all|k> <name>...  holds when so many of its members do
quorum <name>|none                  what must hold; exactly once

One rule a line, words apart by spaces or tabs; empty lines and lines that begin with # say nothing. A name is given
once and before it is used, and is none of the words of the rules. A # anywhere else is refused, because readers differ
on whether a comment begins there. The text is kept as it is, so a policy encodes to the bytes it was read from.

Source: C2SP tlog-policy [C], not at hand when this was written; transparency-dev/tessera witness.go, which reads the
same format [B]; docs/audit-format.md section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from meterlink.audit.note import Algorithm, Checkpoint, Note, Vkey, demanded_signatures
from meterlink.audit.strict_text import decode_lines, decode_number
from meterlink.errors import AuditFormatError, ProofError

NONE: Final = "none"
RULE_WORDS: Final = frozenset({"log", "witness", "group", "quorum", "any", "all", NONE})
POLICY_SIZE_LIMIT: Final = 1_000_000

_POLICY: Final = "policy"
_QUORUM: Final = "checkpoint of {origin}"
_TOO_LARGE: Final = "it has more than 1,000,000 bytes"
_UNKNOWN_RULE: Final = "line {number}: {word!a} is no rule"
_WORDS: Final = "line {number}: {word} has too few or too many words"
_COMMENT: Final = "line {number}: a comment stands behind {word!a}; it needs a line of its own"
_RESERVED: Final = "line {number}: {word!a} is a word of the rules and no name"
_GIVEN_TWICE: Final = "line {number}: {word!a} is given twice"
_NOT_GIVEN: Final = "line {number}: {word!a} is not given above"
_WRONG_TYPE: Final = "line {number}: the key of a {word} is of another type"
_THRESHOLD: Final = "line {number}: {word!a} is not any, all or a number of members"
_NO_QUORUM: Final = "no quorum stands in it"
_NO_LOG: Final = "no log of the policy signed it"
_NOT_ENOUGH: Final = "too few witnesses of the policy cosigned it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """A log whose checkpoints may be good."""

    vkey: Vkey
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Somebody who cosigns checkpoints, under the name that the policy gives him."""

    name: str
    vkey: Vkey
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Holds when at least `threshold` of its members hold; members are witnesses and groups."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Whose signatures make a checkpoint good. `quorum` is the name of what must hold, or `none`."""

    text: str
    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        if len(raw) > POLICY_SIZE_LIMIT:
            raise AuditFormatError(what=_POLICY, why=_TOO_LARGE)
        # A tab may part words; no other control character may stand in a policy.
        lines = decode_lines(raw.replace(b"\t", b" "), what=_POLICY).split("\n")
        rules = _Rules()
        for number, line in enumerate(lines, 1):
            rules.read(number, line)
        if not rules.quorum:
            raise AuditFormatError(what=_POLICY, why=_NO_QUORUM)
        return cls(
            text=raw.decode(),
            logs=tuple(rules.logs),
            witnesses=tuple(rules.witnesses),
            groups=tuple(rules.groups),
            quorum=rules.quorum,
        )

    def encode(self) -> bytes:
        return self.text.encode()

    def satisfied(self, names: Collection[str]) -> bool:
        """Whether these witnesses together are enough."""
        holding = {NONE, *(witness.name for witness in self.witnesses if witness.name in names)}
        for group in self.groups:  # members stand above their group, so one pass is enough
            if sum(member in holding for member in group.members) >= group.threshold:
                holding.add(group.name)
        return self.quorum in holding

    def cosigners(self, note: Note) -> tuple[str, ...]:
        """The witnesses that cosigned the note; a false signature under a known key is a ProofError."""
        return tuple(witness.name for witness in self.witnesses if demanded_signatures(note, witness.vkey))

    def check(self, note: Note) -> tuple[str, ...]:
        """The witnesses that cosigned; ProofError unless a log of the policy signed and the quorum holds."""
        origin = Checkpoint.parse(note.text).origin
        signed = [demanded_signatures(note, log.vkey) for log in self.logs if log.vkey.name == origin]
        if not any(signed):
            raise ProofError(what=_QUORUM.format(origin=origin), why=_NO_LOG)
        names = self.cosigners(note)
        if not self.satisfied(names):
            raise ProofError(what=_QUORUM.format(origin=origin), why=_NOT_ENOUGH)
        return names


@dataclass(slots=True)
class _Rules:
    """The rules read so far."""

    logs: list[Log] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str = ""
    names: set[str] = field(default_factory=set)
    keys: set[bytes] = field(default_factory=set)

    def read(self, number: int, line: str) -> None:
        words = [word for word in line.split(" ") if word]
        if not words or words[0].startswith("#"):
            return
        if "#" in line:
            raise _wrong(number, _COMMENT, words[0][:40])
        if words[0] not in _RULES:
            raise _wrong(number, _UNKNOWN_RULE, words[0][:40])
        least, most, take = _RULES[words[0]]
        if not least <= len(words) - 1 <= most:
            raise _wrong(number, _WORDS, words[0])
        take(self, number, words[1:])

    def take_log(self, number: int, words: list[str]) -> None:
        vkey = self._key(number, words[0], Algorithm.ED25519, "log")
        self.logs.append(Log(vkey=vkey, url="".join(words[1:])))

    def take_witness(self, number: int, words: list[str]) -> None:
        name = self._new_name(number, words[0])
        vkey = self._key(number, words[1], Algorithm.COSIGNATURE, "witness")
        self.witnesses.append(Witness(name=name, vkey=vkey, url="".join(words[2:])))

    def take_group(self, number: int, words: list[str]) -> None:
        members = tuple(self._known_name(number, word) for word in words[2:])
        seen = set[str]()
        for member in members:
            if member in seen:
                raise _wrong(number, _GIVEN_TWICE, member)
            seen.add(member)
        threshold = _threshold(number, words[1], len(members))
        # Last, so that no group is its own member.
        self.groups.append(Group(name=self._new_name(number, words[0]), threshold=threshold, members=members))

    def take_quorum(self, number: int, words: list[str]) -> None:
        if self.quorum:
            raise _wrong(number, _GIVEN_TWICE, "quorum")
        self.quorum = words[0] if words[0] == NONE else self._known_name(number, words[0])

    def _new_name(self, number: int, name: str) -> str:
        if name in RULE_WORDS:
            raise _wrong(number, _RESERVED, name)
        if name in self.names:
            raise _wrong(number, _GIVEN_TWICE, name)
        self.names.add(name)
        return name

    def _known_name(self, number: int, name: str) -> str:
        if name not in self.names:
            raise _wrong(number, _NOT_GIVEN, name)
        return name

    def _key(self, number: int, text: str, algorithm: Algorithm, word: str) -> Vkey:
        vkey = Vkey.parse(text)
        if vkey.algorithm is not algorithm:
            raise _wrong(number, _WRONG_TYPE, word)
        # One key under two names would count twice in a quorum.
        if vkey.public in self.keys:
            raise _wrong(number, _GIVEN_TWICE, text)
        self.keys.add(vkey.public)
        return vkey


def _threshold(number: int, word: str, members: int) -> int:
    if word in ("any", "all"):
        return 1 if word == "any" else members
    try:
        threshold = decode_number(word, what=_POLICY)
    except AuditFormatError:
        threshold = 0
    if not 1 <= threshold <= members:
        raise _wrong(number, _THRESHOLD, word[:40])
    return threshold


def _wrong(number: int, why: str, word: str) -> AuditFormatError:
    return AuditFormatError(what=_POLICY, why=why.format(number=number, word=word))


_Take = Callable[[_Rules, int, list[str]], None]

_RULES: Final[Mapping[str, tuple[int, int, _Take]]] = {
    "log": (1, 2, _Rules.take_log),
    "witness": (2, 3, _Rules.take_witness),
    "group": (3, 1 << 20, _Rules.take_group),
    "quorum": (1, 1, _Rules.take_quorum),
}
"""Fewest and most words behind the rule's own, and what it adds."""
