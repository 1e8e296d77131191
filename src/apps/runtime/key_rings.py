"""The rings of keys that a process goes by: their files are read again whenever they change."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeVar

import structlog

from apps.runtime.key_purposes import Purpose
from apps.runtime.setting_sources import read_secret_file
from apps.runtime.settings import Settings, SettingsError, variable
from tradex_core.clock import Clock
from tradex_core.key_rings import KeyRing

LOOK_AGAIN_SECONDS: Final = 1.0

T = TypeVar("T")

Read = Callable[[str], KeyRing]
Use = Callable[[KeyRing], None]

_log = structlog.stdlib.get_logger("tradex.keys")


class KeyRings:
    """Tells whoever uses a ring which keys count, now and each time that they change.

    They change with their file, and as time passes: the next key takes over, an old one is gone. A
    file that cannot be read leaves the ring as it was, and is told of in `warnings`.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._followed: dict[str, _Followed] = {}

    def follow(self, purpose: Purpose, read: Read, use: Use) -> None:
        """Call `use` with the keys that count, the current one first; not where none is set.

        Raises SettingsError, which does not show them, where they cannot be read.
        """
        name = purpose.setting
        value: KeyRing | str | None = getattr(self._settings, name)
        if value is None:
            return
        if name not in self._followed:
            ring = value if isinstance(value, KeyRing) else read_key(name, read, value)
            path = self._settings.files.get(name)
            file = None if path is None else _File(path)
            self._followed[name] = _Followed(purpose, ring, read, file)
        followed = self._followed[name]
        use(followed.turned(self._clock))
        followed.uses.append(use)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def look(self) -> None:
        """Read what has changed, and hand out the rings in which other keys count than before."""
        for followed in self._followed.values():
            await followed.look()
            before = followed.in_force
            if followed.turned(self._clock) != before:
                _log.info("key ring changed", setting=variable(followed.purpose.setting))
                for use in followed.uses:
                    use(followed.in_force)

    def warnings(self) -> Sequence[str]:
        """Return which rings are not those of their files, and why."""
        return [each.problem for each in self._followed.values() if each.problem]


class _Followed:
    """One ring, with who uses it."""

    def __init__(self, purpose: Purpose, ring: KeyRing, read: Read, file: "_File | None") -> None:
        self.purpose = purpose
        self.in_force = ring
        self.problem = ""
        self.uses: list[Use] = []
        self._ring = ring
        self._read = read
        self._file = file

    def turned(self, clock: Clock) -> KeyRing:
        """Return the ring in force, as it is at this time."""
        self.in_force = self._ring.in_force(clock.now(), good_for=self.purpose.good_for)
        return self.in_force

    async def look(self) -> None:
        """Read the file again where it has changed."""
        if self._file is None:
            return
        try:
            text = await asyncio.to_thread(self._file.changed)
            if text is not None:
                self._ring, self.problem = self._read(text), ""
        except ValueError as error:
            problem = f"{variable(self.purpose.setting)}_FILE: {error}; the former keys stay"
            if problem != self.problem:
                self.problem = problem
                _log.error("key ring not read", problem=problem)


class _File:
    """A file that is read when it is another than before, also behind a symbolic link."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, ...] | None = None

    def changed(self) -> str | None:
        """Return what is in it, None where that was told before; raises ValueError."""
        try:
            found = self._path.stat()
        except OSError:
            found = None
        known = found and (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
        if known is not None and known == self._known:
            return None
        text = read_secret_file(str(self._path))
        self._known = known
        return text


def read_key(setting: str, read: Callable[[str], T], text: str) -> T:
    """Read a key's text; raises SettingsError, which does not show it."""
    try:
        return read(text)
    except ValueError as error:
        raise SettingsError([f"{variable(setting)}: {error}"]) from error
