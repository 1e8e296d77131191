"""What attackers wrote: given up with a reason by whoever reads it, or of no consequence."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation.evidence import Evidence

from tradex_core.messaging.dead_letters import EXHAUSTED


def attacks_come_to_nothing(evidence: Evidence) -> Iterator[str]:
    """Each attack is one open dead letter of every consumer that reads it, or of none."""
    letters: dict[str, Counter[str]] = {}
    for letter in evidence.letters:
        if letter.attack is None:
            if letter.reason != EXHAUSTED:
                yield f"{letter.id} is no attack, and was given up as {letter.reason}"
        elif not letter.is_decided:
            letters.setdefault(letter.attack, Counter())[letter.consumer] += 1
    for name, attack in evidence.world.attacks.items():
        found, expected = letters.get(name, Counter()), Counter(attack.given_up_by)
        if found != expected:
            yield (
                f"{name} ({attack.name} in {attack.message.topic}) was given up by"
                f" {sorted(found.elements())}, not by {sorted(expected.elements())}"
            )
