"""A failing run, told to a person: what was promised, what broke it, and what happened before."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tests.simulation.plan import Plan
from tests.simulation.run import Result

_ID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{24}\b"
)


def told(result: Result) -> str:
    """Return the whole story of a run, with short names for its ids."""
    lines = [*_plan(result.plan), "", "What should not be:"]
    lines += [f"  {violation}" for violation in result.violations]
    lines += ["", "What happened:", *(f"  {line}" for line in result.story())]
    return _Names(result.names()).shorten("\n".join(lines))


def _plan(plan: Plan) -> Iterator[str]:
    yield f"seed {plan.seed}, again with `nox -s simulate -- --seed {plan.seed}`"
    yield "  " + ", ".join(f"{count} {app}" for app, count in plan.replicas.items())
    yield (
        f"  {plan.sellers} sellers with {plan.products} products each, {plan.buyers} buyers,"
        f" {plan.steps} steps, {plan.attacks} attacks"
    )
    if plan.without:
        yield f"  at home: {', '.join(sorted(plan.without))}"
    if plan.dark:
        yield f"  {plan.dark} is shut off for a while"
    if plan.ages:
        yield "  nine days pass, and everybody comes back"
    rates = ", ".join(f"{kind.value} {rate:.2%}" for kind, rate in plan.faults.items())
    most = "" if plan.most_faults is None else f", the first {plan.most_faults} only"
    most += f", {len(plan.spared)} spared" if plan.spared else ""
    yield f"  faults: {rates or 'none'}{most}"


class _Names:
    """Calls ids by short names: those that they have, or new ones in the order they come up."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = dict(names)

    def shorten(self, text: str) -> str:
        """Replace every id in a text by its name."""
        return _ID.sub(self._name, text)

    def _name(self, found: re.Match[str]) -> str:
        known = self._names
        if found[0] not in known:
            number = 1 + sum(1 for name in known.values() if name.startswith("id-"))
            known[found[0]] = f"id-{number}"
        return known[found[0]]
