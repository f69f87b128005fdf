"""A hint where to begin to read, so that opening a long log costs one signature. Deleting it costs one scan.

It is signed by the key of the log that lies beside it, and believed only where its root also satisfies the last
signature line of the log. `audit verify` never reads it, and no meter is written on its word.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final

from meterlink.audit.chain import Chain, Recovered
from meterlink.audit.doubt import Doubt, Doubts
from meterlink.audit.keys import PrivateKey
from meterlink.audit.note import SignatureLine, Vkey
from meterlink.audit.open_works import OpenWork, OpenWorks
from meterlink.audit.scan import Place, Scan
from meterlink.audit.tree import Frontier
from meterlink.errors import AuditError

_FORMAT: Final = 3
_ROOTS: Final = 200
"""So many heads that were held against the log are remembered with it."""
_PURPOSE: Final = b"meterlink hint, no checkpoint\n"
"""Signed with the text, so that the signature is good for nothing else."""


def encode_cache(found: Scan, private: PrivateKey) -> bytes:
    """What is known at the end of a scan that found no fault; nothing where there is no record."""
    chain = found.chain
    key, signature, end, last = chain.key, chain.signature, found.end, found.last
    if key is None or signature is None or end is None or last is None:
        return b""
    facts = {
        "format": _FORMAT,
        "size": chain.size,
        "hashes": [each.hex() for each in chain.frontier.hashes],
        "prev": chain.prev.hex(),
        "first_key": str(chain.first_key),
        "key": key.text,
        "used": sorted(key.hex() for key in chain.used),
        "office": chain.office,
        "last_run": chain.last_run,
        "epoch": chain.epoch,
        "epoch_began": chain.epoch_began,
        "rotating": chain.rotating,
        "ended": chain.ended,
        "doubts": [asdict(doubt) for doubt in chain.doubts],
        "works": [asdict(work) for work in chain.works],
        "recovered": [asdict(each) for each in chain.recovered],
        "signature": signature.text,
        "roots": {size: root.hex() for size, root in sorted(found.roots.items())[-_ROOTS:]},
        "later_version": chain.later_version,
        "end": asdict(end),
        "last": asdict(last),
    }
    text = json.dumps(facts, separators=(",", ":")).encode()
    return text + b"\n" + private.sign(_PURPOSE + text).hex().encode() + b"\n"


def decode_cache(raw: bytes, private: PrivateKey) -> Scan | None:
    """The scan to go on from; None for anything that this key did not sign."""
    text, _, signature = raw.partition(b"\n")
    if signature != private.sign(_PURPOSE + text).hex().encode() + b"\n":  # Ed25519 signs one text in one way
        return None
    try:
        return _scan(json.loads(text))
    except (AuditError, ValueError, TypeError, KeyError):  # of another version of this program
        return None


def _scan(facts: dict[str, Any]) -> Scan | None:
    if facts["format"] != _FORMAT:
        return None
    chain = Chain()
    chain.frontier = Frontier(facts["size"], [bytes.fromhex(each) for each in facts["hashes"]])
    chain.prev = bytes.fromhex(facts["prev"])
    chain.key = Vkey.parse(facts["key"])
    chain.first_key = Vkey.parse(facts["first_key"])
    chain.origin = chain.key.name
    chain.used = {bytes.fromhex(key) for key in facts["used"]}
    chain.office, chain.last_run = tuple(facts["office"]), facts["last_run"]
    chain.epoch, chain.epoch_began = facts["epoch"], facts["epoch_began"]
    chain.rotating, chain.ended = facts["rotating"], facts["ended"]
    chain.doubts = Doubts([Doubt(**doubt) for doubt in facts["doubts"]])
    chain.works = OpenWorks([OpenWork(**work) for work in facts["works"]])
    chain.recovered = [Recovered(**each) for each in facts["recovered"]]
    chain.signature = SignatureLine.parse(facts["signature"])
    chain.later_version = facts["later_version"]
    roots = {int(size): bytes.fromhex(root) for size, root in facts["roots"].items()}
    return Scan(chain=chain, end=Place(**facts["end"]), last=Place(**facts["last"]), roots=roots, from_hint=True)
