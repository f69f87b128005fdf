"""A disk in memory that loses power, and one whose syncs fail: the `Files` of the log with the worst that is permitted.

What is on the disk and what is only seen are kept apart. After power loss is there:

* of a file, what its last sync put there; of what was written since: nothing, a beginning, or all of it with 512-byte
  sectors lost (a lost sector holds what it held before, zeros where it held nothing);
* of a folder, what its last sync put there, then the operations since, in order, up to any one of them. A sync of a
  file does nothing for its name.

A failed sync forgets (fsyncgate): what it should have put on the disk stays visible, and no later sync puts it there
unless it is written again. With `folders_forget` this holds for names too.

Not here: the lock file (only who holds the lock), access rights, short writes. `truncate` and `make_folder` are made of
the same steps as those of `Disk`.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice, product
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self

SECTOR: Final = 512
FREE: Final = 1 << 30
_ALL_MASKS: Final = 4
"""With so many unsynced sectors or fewer every combination is tried."""
_MOST_CHOICES: Final = 512
"""Nothing that syncs as it should has so much unsynced at once; see `SimFs.left_out`."""

_HINTS: Final = frozenset({"cache", "ballast", "head.json", "head.new"})
"""What may be lost at the price of time only. Every fate of these is tried, but not with every fate of the rest."""

State = Mapping[Path, bytes | None]
"""A disk after reboot: files with their bytes, folders with None."""
StateKey = frozenset[tuple[Path, bytes | None]]

_Entries = dict[str, int]
_Choice = tuple[dict[int, _Entries], dict[int, bytes]]
"""What became of folders and of files, by node."""


class PowerLoss(BaseException):  # it is no error of anybody
    """Nothing more happens in this process."""


@dataclass(frozen=True, slots=True)
class _Data:
    """The bytes of a file."""

    disk: bytes = b""
    seen: bytes = b""
    dirty: tuple[tuple[int, int], ...] = ()
    """From where to where it was written since the last sync."""
    resized: bool = False
    low: int = 0
    """How much of what is on the disk was never cut off since."""

    def written(self, offset: int, data: bytes) -> _Data:
        end = offset + len(data)
        seen = self.seen[:offset].ljust(offset, b"\0") + data + self.seen[end:]
        return replace(
            self, seen=seen, dirty=(*self.dirty, (offset, end)), resized=self.resized or end > len(self.seen)
        )

    def cut(self, size: int) -> _Data:
        dirty = tuple((start, min(end, size)) for start, end in self.dirty if start < size)
        return replace(self, seen=self.seen[:size], dirty=dirty, resized=True, low=min(self.low, size))

    def synced(self) -> _Data:
        disk = self.whole()
        return _Data(disk=disk, seen=self.seen, low=len(disk))

    def forgotten(self) -> _Data:
        return _Data(disk=self.disk, seen=self.seen, low=len(self.disk))

    def is_clean(self) -> bool:
        return not self.dirty and not self.resized

    def whole(self) -> bytes:
        """What a sync puts on the disk. What was forgotten by an earlier one is a hole."""
        return self._without(())

    def _without(self, lost: Iterable[int]) -> bytes:
        """What is on the disk when all but these sectors arrived."""
        size = len(self.seen) if self.resized else max((len(self.disk), *(end for _, end in self.dirty)))
        found = bytearray((self.disk[: self.low] if self.resized else self.disk)[:size].ljust(size, b"\0"))
        old = bytes(found)
        for start, end in self.dirty:
            found[start : min(end, size)] = self.seen[start : min(end, size)]
        for sector in lost:
            begin, end = sector * SECTOR, min((sector + 1) * SECTOR, size)
            found[begin:end] = old[begin:end]
        return bytes(found)

    def fates(self) -> list[bytes]:
        """What may be there after power loss, without doublings."""
        if self.is_clean():
            return [self.disk]
        whole = self.whole()
        found = [self.disk, *(whole[:size] for size in self._sizes(whole))]
        sectors = sorted({each for start, end in self.dirty for each in range(start // SECTOR, -(-end // SECTOR))})
        found += [self._without(lost) for lost in _masks(sectors)]
        return list(dict.fromkeys(found))

    def _sizes(self, whole: bytes) -> list[int]:
        """The interesting places up to which the new bytes may have arrived."""
        begin, end = min(self.low, len(whole)), len(whole)
        if not self.resized and begin == end:
            return [end]
        news = [at for at in range(begin, end) if whole[at] == 0x0A]
        places = {begin, begin + 1, (begin + end) // 2, end - 1, end}
        places |= {at + after for at in (*news[:1], *news[-2:]) for after in (0, 1)}
        places |= set(range(-(-begin // SECTOR) * SECTOR, end, SECTOR))
        return sorted(place for place in places if begin <= place <= end)


def _chosen(folders: dict[int, list[_Entries]], unsynced: Mapping[int, _Data], *, hints: bool) -> Iterator[_Choice]:
    for entries in product(*folders.values()):
        there = sorted({node for names in entries for node in names.values() if node in unsynced})
        fates = [unsynced[node].fates() for node in there]
        for data in _side_by_side(fates) if hints else product(*fates):
            yield dict(zip(folders, entries, strict=True)), dict(zip(there, data, strict=True))


def _side_by_side(fates: list[list[bytes]]) -> Iterator[tuple[bytes, ...]]:
    """Each fate of each file at least once; not each with each."""
    for i in range(max(map(len, fates), default=1)):
        yield tuple(each[i % len(each)] for each in fates)


def _masks(sectors: list[int]) -> Iterator[tuple[int, ...]]:
    if len(sectors) <= _ALL_MASKS:
        for kept in product((True, False), repeat=len(sectors)):
            yield tuple(sector for sector, is_kept in zip(sectors, kept, strict=True) if not is_kept)
        return
    yield tuple(sectors)
    for sector in sectors:
        yield (sector,)
        yield tuple(each for each in sectors if each != sector)


@dataclass(slots=True)
class _Folder:
    """The names of a folder; a change names what it sets and, with None, what it takes away."""

    disk: _Entries = field(default_factory=dict)
    seen: _Entries = field(default_factory=dict)
    pending: list[dict[str, int | None]] = field(default_factory=list)

    def change(self, change: dict[str, int | None]) -> None:
        self.pending.append(change)
        self.seen = _changed(self.seen, change)

    def fates(self) -> list[_Entries]:
        found = [self.disk]
        for change in self.pending:
            found.append(_changed(found[-1], change))
        return found


def _changed(entries: _Entries, change: dict[str, int | None]) -> _Entries:
    after = {name: node for name, node in entries.items() if name not in change}
    return after | {name: node for name, node in change.items() if node is not None}


class SimFile:
    """A file of a `SimFs`, open for writing."""

    def __init__(self, files: SimFs, node: int, path: Path, offset: int | None) -> None:
        self.files = files
        self._node = node
        self.path = path
        self._offset = offset

    def write(self, data: bytes) -> int:
        files = self.files
        files.operation("write", self.path)
        found = files.data[self._node]
        at = len(found.seen) if self._offset is None else self._offset
        files.data[self._node] = found.written(at, data)
        if self._offset is not None:
            self._offset += len(data)
        return len(data)

    def sync(self) -> None:
        self.files.sync_file(self.path, self._node)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class SimFs:
    """The files of a computer in memory.

    `crash_at`: power fails, or the process is killed, before this operation, counted from 1. `watch` is called before
    each operation. `fail_sync`: which sync fails, counted from 1 over files and folders.
    """

    left_out: ClassVar[int] = 0
    """How often there was more to try than anybody could."""

    def __init__(
        self,
        state: State | None = None,
        *,
        crash_at: int = 0,
        fail_sync: int = 0,
        folders_forget: bool = False,
        watch: Callable[[SimFs], None] | None = None,
    ) -> None:
        self.operations = 0
        self.syncs = 0
        self.last_operation = ""
        self.failed = ""
        """Which sync failed."""
        self.crash_at = crash_at
        self.fail_sync = fail_sync
        self.watch = watch
        self.data: dict[int, _Data] = {}
        self._folders_forget = folders_forget
        self._folders: dict[int, _Folder] = {0: _Folder()}
        self._locked: set[Path] = set()
        self._off = False
        for path, found in sorted((state or {}).items()):
            self._put(path, found)

    def _put(self, path: Path, found: bytes | None) -> None:
        parent = self._folders[self._node(path.parent)]
        node = self._new_node()
        if found is None:
            self._folders[node] = _Folder()
        else:
            self.data[node] = _Data(disk=found, seen=found, low=len(found))
        parent.disk = parent.seen = parent.seen | {path.name: node}

    # --- what happens ---------------------------------------------------------------------------------------------

    def operation(self, what: str, path: Path) -> None:
        """Count the next operation; PowerLoss when it is the one that does not happen any more."""
        self._refuse_off()
        if self.watch is not None:
            self.watch(self)
        if self.operations + 1 == self.crash_at:
            self._off = True
            raise PowerLoss
        self.operations += 1
        self.last_operation = f"{what} {path}"

    @contextmanager
    def spared(self) -> Iterator[None]:
        """What is done in here is not counted and does not fail."""
        before = self.operations, self.syncs, self.crash_at, self.fail_sync
        self.crash_at = self.fail_sync = 0
        try:
            yield
        finally:
            self.operations, self.syncs, self.crash_at, self.fail_sync = before

    def go_on(self) -> None:
        """It was the process that ended, not the power: what was seen is seen still."""
        self._off, self.crash_at = False, 0
        self._locked.clear()

    def _refuse_off(self) -> None:
        if self._off:
            raise PowerLoss

    def sync_file(self, path: Path, node: int) -> None:
        self.operation("sync", path)
        found = self.data[node]
        if self._fails(path):
            self.data[node] = found.forgotten()
            raise OSError(errno.EIO, "the disk failed")
        self.data[node] = found.synced()

    def _fails(self, path: Path) -> bool:
        self.syncs += 1
        if self.syncs == self.fail_sync:
            self.failed = str(path)
        return self.syncs == self.fail_sync

    # --- the operations of the log --------------------------------------------------------------------------------

    def names(self, folder: Path) -> list[str]:
        self._refuse_off()
        node = self._find(folder)
        return [] if node is None else sorted(self._folders[node].seen)

    def size(self, path: Path) -> int | None:
        self._refuse_off()
        node = self._find(path)
        return None if node is None else len(self.data[node].seen)

    def read(self, path: Path, offset: int = 0) -> bytes:
        self._refuse_off()
        return self.data[self._node(path)].seen[offset:]

    def make_folder(self, folder: Path) -> None:
        if self._find(folder) is not None:
            return
        self.make_folder(folder.parent)
        self.operation("mkdir", folder)
        node = self._new_node()
        self._folders[node] = _Folder()
        self._parent(folder).change({folder.name: node})
        self.sync_folder(folder.parent)

    def create(self, path: Path) -> SimFile:
        if self._find(path) is not None:
            raise FileExistsError(errno.EEXIST, "it is there", str(path))
        self.operation("create", path)
        node = self._new_node()
        self.data[node] = _Data()
        self._parent(path).change({path.name: node})
        return SimFile(self, node, path, 0)

    def overwrite(self, path: Path) -> SimFile:
        node = self._find(path)
        if node is None:
            return self.create(path)
        self.operation("cut", path)
        self.data[node] = self.data[node].cut(0)
        return SimFile(self, node, path, 0)

    def append_to(self, path: Path) -> SimFile:
        return SimFile(self, self._node(path), path, None)

    def write_at(self, path: Path, offset: int) -> SimFile:
        return SimFile(self, self._node(path), path, offset)

    def truncate(self, path: Path, size: int) -> None:
        node = self._node(path)
        self.operation("cut", path)
        self.data[node] = self.data[node].cut(size)
        self.sync_file(path, node)

    def replace(self, source: Path, target: Path) -> None:
        assert source.parent == target.parent, "only names within one folder change in order"
        node = self._node(source)
        self.operation("rename", target)
        self._parent(source).change({source.name: None, target.name: node})

    def remove(self, path: Path) -> None:
        if self._find(path) is not None:
            self.operation("remove", path)
            self._parent(path).change({path.name: None})

    def sync_folder(self, folder: Path) -> None:
        found = self._folders[self._node(folder)]
        self.operation("sync folder", folder)
        if self._fails(folder):
            if self._folders_forget:
                found.pending = []
            raise OSError(errno.EIO, "the disk failed")
        found.disk, found.pending = found.fates()[-1], []

    def free_bytes(self, folder: Path) -> int:
        return FREE

    @contextmanager
    def lock(self, path: Path, timeout_s: float) -> Iterator[None]:
        self._refuse_off()
        if path in self._locked:
            raise TimeoutError
        self._locked.add(path)
        try:
            yield
        finally:
            self._locked.discard(path)

    # --- where things are -----------------------------------------------------------------------------------------

    def _find(self, path: Path) -> int | None:
        node = 0
        for name in path.parts[1:]:
            found = self._folders[node].seen.get(name)
            if found is None:
                return None
            node = found
        return node

    def _node(self, path: Path) -> int:
        found = self._find(path)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "there is none", str(path))
        return found

    def _parent(self, path: Path) -> _Folder:
        return self._folders[self._node(path.parent)]

    def _new_node(self) -> int:
        return len(self.data) + len(self._folders)

    # --- what may be found after reboot ---------------------------------------------------------------------------

    def states(self, *, every_hint: bool = False) -> list[State]:
        """Every disk that may be found when power fails now, without doublings.

        What the log needs is tried in every combination, each with some fate of the hints, another one after each
        operation; `every_hint`: and each fate of the hints with some fate of the rest.
        """
        needed, hints = self._choices(hints=False), self._choices(hints=True)
        found: dict[StateKey, State] = {}
        for i in range(max(len(needed), len(hints)) if every_hint else len(needed)):
            folders, files = needed[i % len(needed)]
            hint_folders, hint_files = hints[(i + self.operations) % len(hints)]
            state = dict(self._walk(Path("/"), 0, folders | hint_folders, files | hint_files))
            found.setdefault(key_of(state), state)
        return list(found.values())

    def seen_state(self) -> State:
        """What is seen now."""
        folders = {node: folder.seen for node, folder in self._folders.items()}
        return dict(self._walk(Path("/"), 0, folders, {node: data.seen for node, data in self.data.items()}))

    def _choices(self, *, hints: bool) -> list[_Choice]:
        """What may become of the hints, or of all else: of folders, and of the unsynced files in them."""
        unsynced = {node: data for node, data in self.data.items() if not data.is_clean()}
        folders = {node: fates for node, (fates, is_hint) in self._fates(unsynced).items() if is_hint is hints}
        found = list(islice(_chosen(folders, unsynced, hints=hints), _MOST_CHOICES + 1))
        if len(found) > _MOST_CHOICES:
            SimFs.left_out += 1
        return found[:_MOST_CHOICES]

    def _fates(self, unsynced: Mapping[int, _Data]) -> dict[int, tuple[list[_Entries], bool]]:
        """What may become of each folder that power loss may change, and whether all that it may change is a hint."""
        found = {}
        for node, folder in self._folders.items():
            fates = folder.fates()
            names = {name for change in folder.pending for name in change}
            names |= {name for entries in fates for name, child in entries.items() if child in unsynced}
            if names:
                found[node] = (fates, names <= _HINTS)
        return found

    def _walk(
        self, path: Path, node: int, folders: dict[int, _Entries], files: dict[int, bytes]
    ) -> Iterator[tuple[Path, bytes | None]]:
        names = folders.get(node, self._folders[node].disk)
        for name, child in names.items():
            if child in self._folders:
                yield path / name, None
                yield from self._walk(path / name, child, folders, files)
            else:
                yield path / name, files[child] if child in files else self.data[child].disk


def key_of(state: State, *, hints: bool = True) -> StateKey:
    """By which two disks are the same; without `hints` those that differ in hints only are the same too."""
    return frozenset(item for item in state.items() if hints or item[0].name not in _HINTS)
