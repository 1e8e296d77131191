"""The files of compose/observability that no server here reads, held against what they must be."""

import subprocess
from pathlib import Path
from typing import Any

import msgspec
from compose.observability.dashboards import texts
from tests.services.observability.dashboards import OBSERVABILITY, dashboards
from tests.services.observability.filebeat import Filebeat

PROVISIONING = OBSERVABILITY / "grafana" / "provisioning"
UNITS = {"short", "s", "ops", "reqps", "percentunit", "bytes"}


def data_sources() -> dict[str, Any]:
    file = PROVISIONING / "datasources" / "datasources.yaml"
    return {each["uid"]: each for each in msgspec.yaml.decode(file.read_bytes())["datasources"]}


def service(name: str) -> dict[str, Any]:
    composed = msgspec.yaml.decode((OBSERVABILITY / "compose.yaml").read_bytes())
    found: dict[str, Any] = composed["services"][name]
    return found


def test_the_dashboards_are_as_they_are_declared() -> None:
    assert [] == [file for file, text in texts() if text != file.read_text(encoding="utf-8")]


def test_every_panel_says_what_it_shows_and_in_what_unit() -> None:
    panels = [panel for dashboard in dashboards() for panel in dashboard["panels"]]
    for panel in panels:
        assert panel["title"], panel
        assert panel["description"].endswith("."), panel
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel
        assert panel["targets"], panel


def test_there_is_a_dashboard_for_each_view_of_the_platform() -> None:
    titles = {dashboard["title"] for dashboard in dashboards()}
    assert {"Platform", "Services", "Kafka", "Business"} == titles
    assert 4 == len({dashboard["uid"] for dashboard in dashboards()})


def test_dashboards_ask_data_sources_that_are_provisioned() -> None:
    asked = {panel["datasource"]["uid"] for each in dashboards() for panel in each["panels"]}
    assert asked <= data_sources().keys()


def test_data_sources_lead_to_each_other() -> None:
    sources = data_sources()
    [exemplars] = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    logs = sources["jaeger"]["jsonData"]["tracesToLogsV2"]
    assert {exemplars["datasourceUid"], logs["datasourceUid"]} <= sources.keys()


def test_grafana_finds_its_dashboards_where_they_are_mounted() -> None:
    file = PROVISIONING / "dashboards" / "dashboards.yaml"
    [provider] = msgspec.yaml.decode(file.read_bytes())["providers"]
    folder = provider["options"]["path"]
    assert f"./observability/grafana/dashboards:{folder}:ro" in service("grafana")["volumes"]


def test_the_collector_can_run_as_it_is_configured(jaeger: Path) -> None:
    done = subprocess.run(
        [jaeger, "validate", f"--config={OBSERVABILITY / 'collector.yaml'}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout


def test_filebeat_is_configured_by_names_that_it_has() -> None:
    told = msgspec.yaml.decode((OBSERVABILITY / "filebeat.yaml").read_bytes(), type=Filebeat)
    [elasticsearch] = told.output.hosts
    assert "http://elasticsearch:9200" == elasticsearch
    [lines] = told.inputs
    mounted = "/var/lib/docker/containers"
    assert f"{mounted}:{mounted}:ro" in service("filebeat")["volumes"]
    assert [f"{mounted}/*/*.log"] == lines.paths


def test_filebeat_takes_the_lines_of_apps_as_they_are() -> None:
    told = msgspec.yaml.decode((OBSERVABILITY / "filebeat.yaml").read_bytes(), type=Filebeat)
    parsers = [parser.ndjson for parser in told.inputs[0].parsers if parser.ndjson]
    assert ["logs-tradex-default"] == [told.output.index]
    assert [("", True, True)] == [(p.target, p.overwrite_keys, p.expand_keys) for p in parsers]
