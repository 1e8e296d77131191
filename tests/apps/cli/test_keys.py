"""`tradex keys`: what each command does to a file, and that it never shows a key."""

import base64
import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.apps.cli.shown import invoke

from adapters.security.sealing import HpkeSealer, HpkeUnsealer
from apps.cli.container import RING_KINDS
from apps.cli.key_commands import RINGS
from apps.operations.key_rotation import KeyInUse, UnknownKey, destroyed, rotated
from tradex_core.key_rings import KeyRing, RingKey

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
JWT = RING_KINDS["jwt"]
HEX_KEY = "0f" * 32


def tradex_keys(*arguments: str | Path, expected: int = 0) -> str:
    status, out, err = invoke("keys", *map(str, arguments))
    assert (expected, expected == 0) == (status, not err), err
    return out or err


def told(*arguments: str | Path) -> list[dict[str, str | None]]:
    shown: list[dict[str, str | None]] = json.loads(tradex_keys(*arguments, "--json"))
    return shown


def states(*arguments: str | Path) -> list[str | None]:
    return [each["state"] for each in told(*arguments)]


def public_of(ring: str, folder: Path) -> tuple[str | Path, ...]:
    return ("--public", folder / "public") if ring == "sealing" else ()


@pytest.mark.parametrize("ring", RINGS)
def test_a_ring_is_made_rotated_and_cleared_and_never_shown(ring: str, tmp_path: Path) -> None:
    file, public = tmp_path / "ring", public_of(ring, tmp_path)
    shown = tradex_keys("new", ring, file, *public)
    shown += tradex_keys("rotate", ring, file, *public)
    assert ["current", "next"] == states("list", ring, file)
    shown += tradex_keys("rotate", ring, file, "--after", "0s", *public)
    assert ["retiring", "current", "next"] == states("list", ring, file)
    old, _, pending = told("list", ring, file)
    shown += tradex_keys("destroy", ring, file, str(old["kid"]), str(pending["kid"]), *public)
    assert ["current"] == states("list", ring, file)
    kind = RING_KINDS[ring]
    for line in kind.write(kind.read(file.read_text())).split():
        assert line.partition("@")[0] not in shown


def test_a_new_key_takes_over_once_every_app_has_had_the_time_to_read_it(tmp_path: Path) -> None:
    tradex_keys("new", "jwt", tmp_path / "ring")
    before = datetime.now(UTC)
    current, following = told("rotate", "jwt", tmp_path / "ring", "--after", "20m")
    since = datetime.fromisoformat(str(following["since"]))
    assert timedelta(minutes=19) < since - before < timedelta(minutes=21)
    assert following["since"] == current["until"]


def test_a_repeat_adds_no_other_key(tmp_path: Path) -> None:
    tradex_keys("new", "jwt", tmp_path / "ring")
    assert told("rotate", "jwt", tmp_path / "ring") == told("rotate", "jwt", tmp_path / "ring")


def test_a_key_that_was_a_setting_alone_becomes_the_first_of_its_ring(tmp_path: Path) -> None:
    file = tmp_path / "actor_signing_key"
    file.write_text(HEX_KEY + "\n")
    assert ["current", "next"] == states("rotate", "actor", file)
    assert bytes.fromhex(HEX_KEY) == RING_KINDS["actor"].read(file.read_text()).keys[0].key


def test_the_public_halves_are_those_of_the_private_keys(tmp_path: Path) -> None:
    file, public = tmp_path / "ring", tmp_path / "public"
    tradex_keys("new", "sealing", file, "--public", public)
    tradex_keys("rotate", "sealing", file, "--public", public)
    sealed = HpkeSealer.from_text(public.read_text()).seal("a long walk", "1")
    assert "a long walk" == HpkeUnsealer.from_text(file.read_text()).unseal(sealed, "1")
    private_times = [line.partition("@")[2] for line in file.read_text().split()]
    assert private_times == [line.partition("@")[2] for line in public.read_text().split()]


def test_what_is_gone_and_that_alone_is_destroyed() -> None:
    old, new = RingKey(b"o" * 32), RingKey(b"n" * 32, NOW)
    ring, good_for = KeyRing((old, new)), JWT.purpose.good_for
    assert ring == destroyed(JWT, ring, NOW + good_for - timedelta(seconds=1), [])
    assert KeyRing((new,)) == destroyed(JWT, ring, NOW + good_for, [])


def test_a_sealing_key_is_kept_as_long_as_the_commands_that_were_sealed_to_it() -> None:
    old, new = RingKey(b"o" * 32), RingKey(b"n" * 32, NOW)
    sealing, ring = RING_KINDS["sealing"], KeyRing((old, new))
    assert ring == destroyed(sealing, ring, NOW + timedelta(days=7), [])
    assert KeyRing((new,)) == destroyed(sealing, ring, NOW + timedelta(days=8), [])


def test_the_key_in_use_is_not_destroyed() -> None:
    ring = KeyRing.of(b"o" * 32)
    with pytest.raises(KeyInUse, match="keys rotate --after 0s"):
        destroyed(JWT, ring, NOW, [JWT.key_id(b"o" * 32)])
    with pytest.raises(UnknownKey, match="there is no key 0123"):
        destroyed(JWT, ring, NOW, ["0123"])


def test_a_key_that_leaked_is_replaced_though_another_is_to_come() -> None:
    ring = KeyRing((RingKey(b"o" * 32), RingKey(b"n" * 32, NOW + timedelta(minutes=5))))
    replaced = rotated(ring, NOW, after=timedelta())
    assert NOW == replaced.at(NOW).since
    assert replaced.at(NOW).key not in {each.key for each in ring.keys}


def test_owner_and_mode_stay_and_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "ring"
    tradex_keys("new", "jwt", file)
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 10001, 10002)
    before = file.stat()
    tradex_keys("rotate", "jwt", file)
    after = file.stat()
    assert (before.st_mode, before.st_uid, before.st_gid) == (
        after.st_mode,
        after.st_uid,
        after.st_gid,
    )
    assert before.st_ino != after.st_ino
    assert [file] == list(tmp_path.iterdir())


def test_what_a_link_leads_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    file, link = tmp_path / "ring", tmp_path / "link"
    tradex_keys("new", "jwt", file)
    link.symlink_to(file)
    tradex_keys("rotate", "jwt", link)
    assert link.is_symlink()
    assert ["current", "next"] == states("list", "jwt", file)


def test_nothing_is_made_over_a_file_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "ring"
    file.write_text("hunter2")
    said = tradex_keys("new", "jwt", file, expected=1)
    assert f"`tradex keys rotate jwt {file}` adds a key to it" in said
    assert "hunter2" == file.read_text()


@pytest.mark.parametrize("command", ["list", "rotate", "destroy"])
def test_a_file_that_is_no_ring_is_refused_without_being_shown(
    command: str, tmp_path: Path
) -> None:
    file = tmp_path / "ring"
    said = tradex_keys(command, "jwt", file, expected=1)
    assert f"`tradex keys new jwt {file}` makes it" in said
    file.write_text("hunter2")
    said = tradex_keys(command, "jwt", file, expected=1)
    assert f"{file} is no ring of jwt keys: each key must be 32 bytes" in said
    assert "hunter2" not in said


def test_a_file_that_cannot_be_written_names_the_remedy(tmp_path: Path) -> None:
    said = tradex_keys("new", "jwt", tmp_path / "nowhere" / "ring", expected=1)
    assert "cannot be written (No such file or directory)" in said


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("rotate", "sealing", "ring"), "name their file with --public FILE"),
        (("rotate", "jwt", "ring", "--public", "p"), "leave --public out"),
        (("rotate", "jwt", "ring", "--after", "soon"), "'soon' is not a time"),
        (("rotate", "tokens", "ring"), "'tokens' is not one of"),
    ],
)
def test_wrong_use_is_told_as_such(arguments: tuple[str, ...], remedy: str) -> None:
    assert remedy in tradex_keys(*arguments, expected=2)


def test_a_table_shows_each_key(tmp_path: Path) -> None:
    tradex_keys("new", "gateway", tmp_path / "ring")
    shown = tradex_keys("rotate", "gateway", tmp_path / "ring")
    for word in ("current", "always", "next"):
        assert word in shown


def test_a_ring_of_a_pair_is_in_base64_as_it_was_before(tmp_path: Path) -> None:
    tradex_keys("new", "jwt", tmp_path / "ring")
    assert 32 == len(base64.b64decode((tmp_path / "ring").read_text(), validate=False))
