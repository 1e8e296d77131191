"""Files of secrets: replaced as a whole, so that whoever reads one reads the old or the new."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

_OWN: Final = 0o600


def write_secret(path: Path, text: str) -> None:
    """Replace a file's content; what a symbolic link leads to is replaced, the link stays.

    Owner and mode stay as they were; a new file is its owner's alone. Raises OSError, and then the
    file is as it was.
    """
    target = path.resolve()
    before = target.stat() if target.exists() else None
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            _keep_owner(descriptor, before)
            os.fsync(descriptor)
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _keep_owner(descriptor: int, before: os.stat_result | None) -> None:
    if before is None:
        os.fchmod(descriptor, _OWN)
        return
    found = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (before.st_uid, before.st_gid):
        os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, before.st_mode & 0o777)
