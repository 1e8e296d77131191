"""The compose files, merged by Compose itself: who may reach whom, and as whom each runs."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.images.tools import ROOT, compose_config, run

from apps.cli.rights import PRINCIPALS
from apps.runtime import settings

APPS = {"gateway", "auth", "catalog", "orders", "projector"}
DATABASES = {
    "auth-db": {"auth", "auth-db-upgrade"},
    "orders-db": {"orders", "orders-db-upgrade"},
    "catalog-db": {"catalog", "catalog-db-upgrade"},
    "gateway-db": {"gateway", "projector", "gateway-db-upgrade"},
}
_ROTATE = ("python", "-m", "apps.cli", "keys", "rotate", "jwt")
LAYERS = {
    "minimal": ("compose.yaml",),
    "scaled": ("compose.yaml", "scaled.yaml"),
    "edge": ("compose.yaml", "edge/compose.yaml"),
    "observed": ("compose.yaml", "observability/compose.yaml"),
    "secured": ("compose.yaml", "secured.yaml"),
    "all at once": (
        *("compose.yaml", "scaled.yaml", "secured.yaml"),
        *("edge/compose.yaml", "observability/compose.yaml"),
    ),
}
SECURED = [layer for layer, files in LAYERS.items() if "secured.yaml" in files]
_OBSERVING = {"grafana": {3000}, "jaeger": {16686}, "kibana": {5601}, "prometheus": {9090}}
PUBLISHED = {
    "minimal": {"gateway": {3000}},
    "scaled": {"gateway": {3000}},
    "edge": {"edge": {8080, 8443}},
    "observed": {"gateway": {3000}, **_OBSERVING},
    "secured": {"gateway": {3000}},
    "all at once": {"edge": {8080, 8443}, **_OBSERVING},
}
"""What of each a person reaches, and on which of its own ports."""


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder with secrets made in it, so that yours stay as they are."""
    folder = tmp_path_factory.mktemp("project") / "compose"
    ignored = shutil.ignore_patterns("secrets", "__pycache__")
    shutil.copytree(ROOT / "compose", folder, ignore=ignored)
    run("python", folder / "make_secrets.py")
    return folder


@pytest.fixture(scope="session", params=LAYERS)
def layer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def config(layer: str, project: Path) -> dict[str, Any]:
    return compose_config(*LAYERS[layer], project=project)


def networks(service: dict[str, Any]) -> set[str]:
    return set(service["networks"])


def test_only_what_a_person_must_reach_is_published(config: dict[str, Any], layer: str) -> None:
    published = {
        name: {port["target"] for port in service["ports"]}
        for name, service in config["services"].items()
        if service.get("ports")
    }
    assert PUBLISHED[layer] == published


def test_all_but_the_edge_is_published_on_loopback_alone(config: dict[str, Any]) -> None:
    inside = [service for name, service in config["services"].items() if name != "edge"]
    addresses = {port["host_ip"] for service in inside for port in service.get("ports") or ()}
    assert addresses <= {"127.0.0.1"}


def test_the_edge_is_the_one_proxy_that_the_gateway_trusts(project: Path) -> None:
    services = compose_config(*LAYERS["edge"], project=project)["services"]
    trusted = services["gateway"]["environment"]["TRADEX_TRUSTED_PROXIES"]
    assert services["edge"]["networks"]["edge"]["ipv4_address"] == trusted


def test_each_database_is_reached_by_its_own_service_alone(config: dict[str, Any]) -> None:
    services = config["services"]
    for database, owners in DATABASES.items():
        theirs = networks(services[database])
        reaching = {name for name, other in services.items() if networks(other) & theirs}
        assert {database, *owners} == reaching


def test_nothing_that_is_not_published_reaches_the_outside(
    config: dict[str, Any], layer: str
) -> None:
    inside = {name for name, network in config["networks"].items() if network.get("internal")}
    outside = {n for n, service in config["services"].items() if networks(service) - inside}
    assert set(PUBLISHED[layer]) == outside


def test_apps_write_nothing_and_may_nothing(config: dict[str, Any]) -> None:
    for name, service in config["services"].items():
        assert not service.get("privileged"), name
        assert ["ALL"] == service["cap_drop"], name
        assert ["no-new-privileges:true"] == service["security_opt"], name
        if "build" in service:
            assert service["read_only"], name
            assert "cap_add" not in service, name


def test_everything_is_bounded(config: dict[str, Any]) -> None:
    for name, service in config["services"].items():
        assert {"cpus", "memory"} == set(service["deploy"]["resources"]["limits"]), name
        assert "max-size" in service["logging"]["options"], name


def test_every_setting_is_one_that_there_is(config: dict[str, Any]) -> None:
    for name, service in config["services"].items():
        variables = {v for v in service.get("environment") or {} if v.startswith("TRADEX_")}
        unknown = variables - set(settings.variables())
        assert set() == unknown, name


def test_secrets_come_as_files_that_are_mounted(config: dict[str, Any]) -> None:
    for name, service in config["services"].items():
        mounted = {f"/run/secrets/{each['source']}" for each in service.get("secrets") or ()}
        mounted |= {f"{folder}/ring" for folder in rings_of(service)}
        environment = service.get("environment") or {}
        named = {value for key, value in environment.items() if key.endswith("_FILE")}
        assert named <= mounted, name
        for variable in environment:
            is_secret = variable.endswith(("_KEY", "_KEYS", "_PASSWORD", "_URL"))
            assert not is_secret, variable


def test_rings_are_folders_that_each_app_only_reads_its_own_of(config: dict[str, Any]) -> None:
    found = {name: rings_of(config["services"][name]) for name in APPS}
    public = {"gateway", "jwt", "sealing-public"}
    of_all = {app: {"/run/keys/actor"} for app in APPS}
    of_all["gateway"] |= {f"/run/keys/{name}" for name in public}
    of_all["auth"] |= {"/run/keys/sealing"}
    assert of_all == found


def rings_of(service: dict[str, Any]) -> set[str]:
    volumes = service.get("volumes") or ()
    keys = [each for each in volumes if each["target"].startswith("/run/keys/")]
    assert all(each["read_only"] for each in keys)
    return {each["target"] for each in keys}


def test_apps_wait_for_their_topics_and_their_tables(config: dict[str, Any]) -> None:
    for app in APPS:
        needs = config["services"][app]["depends_on"]
        done = {n for n, need in needs.items() if need["condition"].endswith("successfully")}
        [database] = [d for d, owners in DATABASES.items() if app in owners]
        assert {"topics", f"{database}-upgrade"} == done, app


def test_servers_say_when_they_are_well(config: dict[str, Any]) -> None:
    for server in ("kafka", *DATABASES):
        assert config["services"][server]["healthcheck"]["test"], server


def test_every_image_is_pinned(config: dict[str, Any]) -> None:
    for name, service in config["services"].items():
        if "build" not in service:
            assert service["image"].rpartition(":")[2] not in ("", "latest"), name


def test_scaled_there_are_two_of_each_app(project: Path) -> None:
    services = compose_config(*LAYERS["scaled"], project=project)["services"]
    assert dict.fromkeys(APPS, 2) == {app: services[app]["deploy"]["replicas"] for app in APPS}


@pytest.mark.parametrize("secured", SECURED)
def test_secured_each_app_is_a_user_of_kafka_and_knows_no_password_but_its_own(
    secured: str, project: Path
) -> None:
    services = compose_config(*LAYERS[secured], project=project)["services"]
    users = {app: app for app in APPS} | {"acls": "admin", "topics": "operator"}
    for name, user in users.items():
        told = services[name]["environment"]
        assert ("SASL_SSL", user) == (
            told["TRADEX_KAFKA_SECURITY_PROTOCOL"],
            told["TRADEX_KAFKA_SASL_USERNAME"],
        )
        assert {f"kafka_{user}_password"} == passwords_of_kafka(services[name]), name
    on_kafka = {name for name, service in services.items() if "kafka" in networks(service)}
    assert {"kafka", *users} == on_kafka


def test_secured_kafka_knows_whoever_may_be_granted_anything(project: Path) -> None:
    services = compose_config(*LAYERS["secured"], project=project)["services"]
    users = {*PRINCIPALS, "admin", "broker"}
    assert {f"kafka_{user}_password" for user in users} == passwords_of_kafka(services["kafka"])
    assert {"CLUSTER_ID", "KAFKA_HEAP_OPTS"} == set(services["kafka"]["environment"])


def test_secured_nobody_makes_topics_before_rights_are_granted(project: Path) -> None:
    services = compose_config(*LAYERS["secured"], project=project)["services"]
    needed = services["topics"]["depends_on"]["acls"]
    assert "service_completed_successfully" == needed["condition"]
    assert ["tradex", "acls", "apply"] == services["acls"]["entrypoint"]


def passwords_of_kafka(service: dict[str, Any]) -> set[str]:
    named = {each["source"] for each in service["secrets"]}
    return {name for name in named if name.startswith("kafka_") and name.endswith("_password")}


def test_secrets_are_made_once_and_kept_from_others(project: Path) -> None:
    folder = project / "secrets"
    made = contents(folder)
    run("python", project / "make_secrets.py")
    assert made == contents(folder)
    assert 0o700 == folder.stat().st_mode & 0o777
    assert "compose/secrets/key\n" == run("git", "check-ignore", "compose/secrets/key")


def test_rings_that_were_made_are_rotated_where_apps_read_them(project: Path) -> None:
    folder = project / "secrets"
    before = (folder / "jwt" / "ring").stat()
    keys = json.loads(run(*_ROTATE, folder / "jwt" / "ring", "--json"))
    assert ["current", "next"] == [key["state"] for key in keys]
    after = (folder / "jwt" / "ring").stat()
    assert (before.st_mode, 0o755) == (after.st_mode, (folder / "jwt").stat().st_mode & 0o777)


def contents(folder: Path) -> dict[Path, str]:
    return {file: file.read_text() for file in folder.rglob("*") if file.is_file()}
