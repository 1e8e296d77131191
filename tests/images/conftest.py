"""The images, each built once a run, and a container of each."""

from collections.abc import Iterator

import pytest
from tests.images.tools import ROOT, Buildah, Container

STORES = {
    "gateway": "postgres",
    "auth": "postgres",
    "catalog": "mongo",
    "orders": "postgres",
    "projector": "postgres",
}


@pytest.fixture(scope="session")
def buildah() -> Buildah:
    return Buildah.find()


@pytest.fixture(scope="session", params=STORES)
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def image(buildah: Buildah, app: str) -> str:
    name = f"localhost/tradex-{app}"
    recipe = ROOT / "compose/Dockerfile"
    buildah.build(name, recipe, ROOT, BASE=buildah.base(), APP=app, STORE=STORES[app])
    return name


@pytest.fixture(scope="session")
def container(buildah: Buildah, image: str) -> Iterator[Container]:
    made = Container(buildah, image)
    yield made
    made.remove()
