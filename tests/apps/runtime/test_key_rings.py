"""Rings that change with their files, and as time passes, while a process runs."""

from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.builders.machines import FakeClock

from adapters.security.tokens import LIFETIME
from apps.gateway.tokens import EXPIRES_IN
from apps.runtime import key_purposes
from apps.runtime.key_purposes import GATEWAY, TOKENS
from apps.runtime.key_rings import KeyRings
from apps.runtime.setting_values import key_ring, key_ring_text
from apps.runtime.settings import Settings, SettingsError
from tradex_core.key_rings import KeyRing, RingKey

OLD, NEW = b"old-" * 8, b"new-" * 8


class World:
    """A gateway's key in a file, as a process follows it."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.file = folder / "ring"
        self.used: list[KeyRing] = []
        self.write(KeyRing.of(OLD))
        settings = Settings.load({"TRADEX_GATEWAY_KEY_FILE": str(self.file)}, None)
        self.rings = KeyRings(settings, self.clock)
        self.rings.follow(GATEWAY, key_ring, self.used.append)

    def write(self, ring: KeyRing) -> None:
        written = self.file.with_suffix(".new")
        written.write_text(key_ring_text(ring), encoding="utf-8")
        written.replace(self.file)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_ring_is_handed_out_at_once_and_not_again_unless_it_changes(world: World) -> None:
    await world.rings.look()
    await world.rings.look()
    assert [KeyRing.of(OLD)] == world.used


async def test_a_file_that_was_replaced_is_read_again(world: World) -> None:
    world.write(KeyRing.of(NEW, OLD))
    with capture_logs() as logged:
        await world.rings.look()
    assert [KeyRing.of(OLD), KeyRing.of(NEW, OLD)] == world.used
    assert ["key ring changed"] == [line["event"] for line in logged]


async def test_a_symbolic_link_that_leads_elsewhere_is_followed(tmp_path: Path) -> None:
    for name, key in (("first", OLD), ("second", NEW)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ring").write_text(key.hex(), encoding="utf-8")
    data = tmp_path / "data"
    data.symlink_to("first")
    settings = Settings.load({"TRADEX_GATEWAY_KEY_FILE": str(data / "ring")}, None)
    rings, used = KeyRings(settings, FakeClock()), list[KeyRing]()
    rings.follow(GATEWAY, key_ring, used.append)
    swapped = tmp_path / "data.new"
    swapped.symlink_to("second")
    swapped.replace(data)
    await rings.look()
    assert [KeyRing.of(OLD), KeyRing.of(NEW)] == used


async def test_keys_take_over_and_go_as_time_passes_though_nothing_is_written(
    world: World,
) -> None:
    new = RingKey(NEW, world.clock.at + timedelta(minutes=15))
    world.write(KeyRing((RingKey(OLD), new)))
    for minutes in (0, 15, 16):
        world.clock.at = new.start - timedelta(minutes=15 - minutes)
        await world.rings.look()
    world.clock.at = new.start + GATEWAY.good_for
    await world.rings.look()
    expected = [(OLD,), (OLD, NEW), (NEW, OLD), (NEW,)]
    assert expected == [tuple(each.key for each in ring.keys) for ring in world.used]


@pytest.mark.parametrize("content", ["", "hunter2", f"{OLD.hex()}@hunter2", f"{OLD.hex()},hunter2"])
async def test_a_file_that_is_no_ring_leaves_the_former_keys_and_is_told_of(
    world: World, content: str
) -> None:
    world.file.write_text(content, encoding="utf-8")
    with capture_logs() as logged:
        await world.rings.look()
        await world.rings.look()
    [warning] = world.rings.warnings()
    [line] = logged
    assert [KeyRing.of(OLD)] == world.used
    assert "TRADEX_GATEWAY_KEY_FILE: " in warning
    assert ("error", warning) == (line["log_level"], line["problem"])
    assert "hunter2" not in f"{warning}{line}"
    assert OLD.hex() not in f"{warning}{line}"


async def test_a_file_that_is_gone_leaves_the_former_keys_until_it_is_back(world: World) -> None:
    world.file.unlink()
    await world.rings.look()
    [warning] = world.rings.warnings()
    assert "cannot be read (No such file or directory); the former keys stay" in warning
    world.write(KeyRing.of(NEW))
    await world.rings.look()
    assert [] == list(world.rings.warnings())
    assert KeyRing.of(NEW) == world.used[-1]


async def test_a_file_is_read_once_for_all_who_use_it(world: World) -> None:
    other: list[KeyRing] = []
    world.rings.follow(GATEWAY, key_ring, other.append)
    world.write(KeyRing.of(NEW))
    await world.rings.look()
    assert [KeyRing.of(OLD), KeyRing.of(NEW)] == other == world.used


async def test_a_ring_that_is_no_file_changes_with_time_alone() -> None:
    clock, used = FakeClock(), list[KeyRing]()
    new = RingKey(NEW, clock.at + timedelta(minutes=1))
    rings = KeyRings(Settings(gateway_key=KeyRing((RingKey(OLD), new))), clock)
    rings.follow(GATEWAY, key_ring, used.append)
    clock.at = new.start
    await rings.look()
    assert [OLD, NEW] == [ring.keys[0].key for ring in used]


def test_a_ring_that_is_not_set_is_nobodys() -> None:
    used: list[KeyRing] = []
    KeyRings(Settings(), FakeClock()).follow(GATEWAY, key_ring, used.append)
    assert [] == used


def test_a_ring_that_cannot_be_read_at_the_start_is_refused_without_being_shown() -> None:
    rings = KeyRings(Settings.embedded(jwt_signing_key="hunter2"), FakeClock())
    used: list[KeyRing] = []
    with pytest.raises(SettingsError, match="TRADEX_JWT_SIGNING_KEY: ") as refused:
        rings.follow(TOKENS, key_ring, used.append)
    assert "hunter2" not in str(refused.value)


def test_access_tokens_last_as_long_as_their_keys_are_kept_for() -> None:
    assert LIFETIME == EXPIRES_IN == key_purposes.ACCESS_TOKENS_LAST
