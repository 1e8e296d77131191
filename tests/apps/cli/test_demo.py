import asyncio
from typing import Self

import msgspec
import pytest
from click.testing import CliRunner
from msgspec import structs
from tests.apps.demo.market_evidence import evidence
from tests.apps.demo.test_summary import NORTHWIND

from apps.cli import replaying
from apps.cli.main import tradex
from apps.demo.client import ApiError
from apps.demo.summary import Promise, Summary, summarise
from apps.runtime.http_server import AddressInUse
from apps.runtime.service import BackgroundFailure
from apps.runtime.settings import Settings

SUMMARY = structs.replace(
    summarise(NORTHWIND, evidence(), (), price_moves=156, seconds=1.5),
    invariants=(Promise(1, "It holds", held=True, faults=()),),
)
BROKEN = structs.replace(
    SUMMARY, invariants=(Promise(1, "It holds", held=False, faults=("it does not",)),)
)


class Platform:
    """A platform on which nothing happens, unless it fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self._failure = failure
        self.settings: Settings | None = None

    def build(self, settings: Settings) -> "Platform":
        self.settings = settings
        return self

    async def __aenter__(self) -> Self:
        if isinstance(self._failure, AddressInUse):
            raise self._failure
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave it."""

    async def wait_failed(self) -> None:
        if self._failure:
            raise self._failure
        await asyncio.Event().wait()


class Demo:
    """What `tradex demo` prints and returns when the replay comes out like this."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.platform = Platform()

    def comes_out(
        self, outcome: Summary | Exception | None, *arguments: str
    ) -> tuple[int, str, str]:
        async def run_demo(*_: object, **__: object) -> Summary:
            if isinstance(outcome, Exception):
                raise outcome
            if outcome is None:
                await asyncio.Event().wait()
            assert isinstance(outcome, Summary)
            return outcome

        self._monkeypatch.setattr(replaying, "run_demo", run_demo)
        self._monkeypatch.setattr(replaying, "Platform", self.platform)
        self._monkeypatch.setattr(replaying, "configure_logging", lambda **_: None)
        result = CliRunner().invoke(tradex, ["demo", *arguments], prog_name="tradex")
        return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Demo:
    return Demo(monkeypatch)


def test_when_all_is_well_it_is_exit_status_0(demo: Demo) -> None:
    status, out, err = demo.comes_out(SUMMARY)

    assert (0, "") == (status, err)
    assert "All is well" in out


def test_a_broken_invariant_is_exit_status_1_and_shown(demo: Demo) -> None:
    status, out, err = demo.comes_out(BROKEN)

    assert 1 == status
    assert "it does not" in out
    assert "did not come out as promised" in err


@pytest.mark.parametrize("outcome", [SUMMARY, BROKEN])
def test_the_summary_is_printed_as_json(demo: Demo, outcome: Summary) -> None:
    _, out, _ = demo.comes_out(outcome, "--json")

    written = msgspec.json.decode(out)
    assert [outcome.all_is_well] == [promise["held"] for promise in written["invariants"]]


@pytest.mark.parametrize("failure", [ApiError("GET /v1/products: 500"), AddressInUse("taken")])
def test_a_replay_that_cannot_go_on_is_exit_status_1(demo: Demo, failure: Exception) -> None:
    status, out, err = demo.comes_out(failure)

    assert (1, "", f"Error: {failure}\n") == (status, out, err)


@pytest.mark.parametrize(
    "failure", [BackgroundFailure("the relay ended"), AddressInUse("choose another --port")]
)
def test_a_platform_that_fails_ends_the_demo(demo: Demo, failure: Exception) -> None:
    demo.platform = Platform(failure)

    status, out, err = demo.comes_out(None)

    assert (1, "", f"Error: {failure}\n") == (status, out, err)


def test_the_demo_has_settings_of_its_own(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEX_HTTP_PORT", "many")

    status, _, _ = demo.comes_out(SUMMARY, "--port", "4711")

    assert 0 == status
    settings = demo.platform.settings
    assert settings is not None
    assert (4711, "owasp-minimum", "warning") == (
        settings.http_port,
        settings.argon2,
        settings.log_level,
    )
