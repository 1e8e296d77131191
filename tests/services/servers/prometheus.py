"""Prometheus from its installed program, by a configuration of ours."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import msgspec
from tests.services.servers.process import Process, Unavailable, free_port
from tests.services.servers.server import Server

_OFTEN: Final = {
    "scrape_interval": "3s",
    "scrape_timeout": "3s",
    "evaluation_interval": "1s",
}
"""An app whose database is away answers after two seconds: it waits for it so long."""


class Alert(NamedTuple):
    """An alert that fires: its name, what it says, and the page that it leads to."""

    name: str
    summary: str
    runbook: str


class Prometheus(Server):
    """Scrapes every few seconds what a configuration's jobs name, at these addresses instead.

    Its alerts fire as soon as what they say has been so for two seconds.
    """

    def __init__(
        self, folder: Path, configuration: Path, targets: Mapping[str, Sequence[str]]
    ) -> None:
        self.port = free_port()
        self._folder = folder
        self._configuration = configuration
        self._targets = {**targets, "prometheus": [f"127.0.0.1:{self.port}"]}
        self._client = httpx.AsyncClient(base_url=self.url, timeout=30)
        self.process = Process(
            "Prometheus",
            [
                *(installed("prometheus"), f"--config.file={folder / 'prometheus.json'}"),
                *(f"--storage.tsdb.path={folder / 'prometheus'}", "--log.level=warn"),
                *(f"--web.listen-address=127.0.0.1:{self.port}",),
                "--enable-feature=exemplar-storage",
            ],
            folder / "prometheus.log",
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def prepare(self) -> None:
        settings = msgspec.yaml.decode(self._configuration.read_bytes())
        rules = [
            self._impatient(self._configuration.parent / file) for file in settings["rule_files"]
        ]
        jobs = [self._reached(job) for job in settings["scrape_configs"]]
        changed = {"global": _OFTEN, "rule_files": rules, "scrape_configs": jobs}
        (self._folder / "prometheus.json").write_text(json.dumps({**settings, **changed}))

    async def answers(self) -> bool:
        try:
            answer = await self._client.get("/-/ready")
        except httpx.TransportError:
            return False
        return answer.is_success

    async def stop(self) -> None:
        await super().stop()
        await self._client.aclose()

    async def ask(self, what: str, **parameters: str) -> Any:  # noqa: ANN401 - whatever is asked
        """Return what it answers to a question of its API, such as `query` or `alerts`."""
        answer = await self._client.get(f"/api/v1/{what}", params=parameters)
        document = answer.json()
        if document["status"] != "success":
            msg = f"{what} {parameters}: {document['error']}"
            raise ValueError(msg)
        return document["data"]

    async def query(self, expression: str) -> list[Mapping[str, Any]]:
        """Return the series that an expression has now; raises ValueError for a wrong one."""
        data = await self.ask("query", query=expression)
        series: list[Mapping[str, Any]] = data["result"]
        return series

    async def firing(self) -> list[Alert]:
        """Return the alerts that fire."""
        alerts = (await self.ask("alerts"))["alerts"]
        return [
            Alert(
                each["labels"]["alertname"],
                each["annotations"]["summary"],
                each["annotations"]["runbook"],
            )
            for each in alerts
            if each["state"] == "firing"
        ]

    def _reached(self, job: Mapping[str, Any]) -> Mapping[str, Any]:
        kept = {name: value for name, value in job.items() if not name.endswith("_configs")}
        return {**kept, "static_configs": [{"targets": self._targets[job["job_name"]]}]}

    def _impatient(self, file: Path) -> str:
        """Copy rules, their patience taken away; return where the copy is."""
        rules = msgspec.yaml.decode(file.read_bytes())
        for group in rules["groups"]:
            for rule in group["rules"]:
                rule["for"] = "2s"
        copy = self._folder / f"{file.stem}.json"
        copy.write_text(json.dumps(rules))
        return str(copy)


def installed(program: str) -> str:
    """Return a program of Prometheus; raises Unavailable."""
    found = shutil.which(program)
    if found is None:
        msg = f"Prometheus: no {program} on PATH; install prometheus (Debian)"
        raise Unavailable(msg)
    return found
