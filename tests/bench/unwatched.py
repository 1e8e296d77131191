"""`tradex` without being watched: `python -m tests.bench.unwatched` counts nothing.

No setting does that, since counting is to cost next to nothing: this is what it is held against.
"""

from dependency_injector import providers
from tests.builders.uncounted import Uncounted

from apps.cli.main import main
from apps.platform.container import PlatformContainer
from apps.runtime.container import RuntimeContainer
from tradex_core.messaging.observer import Observers


def unwatched(container: PlatformContainer) -> PlatformContainer:
    """Return a container whose gateway counts nothing."""
    container.gateway.observer.override(providers.Singleton(Observers))
    container.gateway.metrics.override(providers.Singleton(Uncounted))
    return container


if __name__ == "__main__":
    RuntimeContainer.observer.override(providers.Singleton(Observers))
    main()
