"""The cause of a failure of the system, in its own words and without its numbers."""

from __future__ import annotations

import os


def cause(error: BaseException) -> str:
    """ "no such file or directory" instead of "[Errno 2] could not open port COM3: [Errno 2] No such file ...".

    pyserial wraps the system's exception into one of its own, whose text repeats it.
    """
    for told in (error.__context__, error):
        if isinstance(told, OSError) and told.errno:
            return _small(os.strerror(told.errno))
    return _small(str(error))


def _small(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"
