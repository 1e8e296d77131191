"""Bad luck: whether something goes wrong here and now, as the plan's seed has it."""

from tests.simulation.plan import Fault, Plan


class Faults:
    """Draws faults while it is active, each from the plan's own stream, and counts them."""

    def __init__(self, plan: Plan) -> None:
        self._rates = plan.faults
        self._most = plan.most_faults
        self._spared = plan.spared
        self.chance = plan.stream("faults")
        self.drawn = 0
        self.count = 0
        self.active = True

    def happens(self, kind: Fault) -> bool:
        """Return whether this goes wrong now."""
        rate = self._rates.get(kind)
        if rate is None or not self.active or self.chance.random() >= rate:
            return False
        self.drawn += 1
        if self.drawn in self._spared or (self._most is not None and self.drawn > self._most):
            return False
        self.count += 1
        return True
