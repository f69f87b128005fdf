"""Pseudo-terminals joined as by a cable. Only for systems that have them."""

from __future__ import annotations

import os
import selectors
import sys
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

assert sys.platform != "win32"  # so that the type checker skips the rest there


@contextmanager
def two_terminals() -> Iterator[tuple[str, str]]:
    """Two pseudo-terminals joined as by a cable: what goes into the one comes out of the other."""
    (one, its), (other, others) = os.openpty(), os.openpty()
    for far in (its, others):
        tty.setraw(far)
    wake, waker = os.pipe()
    ended = threading.Event()

    def carry() -> None:
        with selectors.DefaultSelector() as selector:
            for near in (one, other, wake):
                selector.register(near, selectors.EVENT_READ)
            while not ended.is_set():
                for key, _ in selector.select():
                    if key.fd != wake:
                        os.write(other if key.fd == one else one, os.read(key.fd, 4096))

    cable = threading.Thread(target=carry)
    cable.start()
    try:
        yield os.ttyname(its), os.ttyname(others)
    finally:
        ended.set()
        os.write(waker, b"x")
        cable.join()
        for each in (one, its, other, others, wake, waker):
            os.close(each)
