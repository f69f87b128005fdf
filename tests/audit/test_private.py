"""Clear values beside the log: kept, shown, erased; the log itself never holds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from meterlink.audit.commitment import Opening
from meterlink.audit.private import erase_openings, keep_openings, private_path, read_openings
from meterlink.audit.record import Entry
from meterlink.errors import AuditFormatError
from tests.audit.logs import make_log

CUSTOMER = Opening(salt=bytes(range(16)), value="Иванов Иван, кв. 5")


def test_a_datum_is_kept_shown_and_erased_and_the_log_stays_whole(tmp_path: Path) -> None:
    bench = make_log(tmp_path)
    entry = Entry(type="work.open", work="w", d={"commitments": {"customer": CUSTOMER.commitment("customer")}})
    index = bench.log.append(entry)
    files, folder = bench.place.files, bench.place.folder
    keep_openings(files, folder, index, {"customer": CUSTOMER})
    assert read_openings(private_path(folder, index).read_bytes()) == {"customer": CUSTOMER}
    assert bench.report().findings == []
    erase_openings(files, folder, index)
    assert not private_path(folder, index).exists()
    assert bench.report().findings == []
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or "Иванов".encode() not in path.read_bytes()


def test_nothing_of_a_datum_is_left_behind_or_printed(tmp_path: Path) -> None:
    bench = make_log(tmp_path)
    files, folder = bench.place.files, bench.place.folder
    keep_openings(files, folder, 3, {"customer": CUSTOMER})
    (folder.private / "3.json.new").write_bytes(private_path(folder, 3).read_bytes())  # a crash left it
    erase_openings(files, folder, 3)
    assert list(folder.private.iterdir()) == []
    assert repr(CUSTOMER) == "Opening()"


HALF = b'{"a":{"salt":"00000000000000000000000000000000","value":"\\ud800"}}'


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'{"a":{}}', b'{"a":{"salt":"zz","value":"x"}}', b"[" * 99_999, HALF]
)
def test_other_bytes_are_no_clear_values(raw: bytes) -> None:
    with pytest.raises(AuditFormatError):
        read_openings(raw)
