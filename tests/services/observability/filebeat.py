"""What Filebeat 9 takes as its configuration, as far as ours goes: names, types and choices.

From its reference: filestream input, container and ndjson parsers, Elasticsearch output. A name
that is not here is refused.
"""

from typing import Literal

from msgspec import Struct, field


class _Strict(Struct, forbid_unknown_fields=True, kw_only=True):
    """Knows its names, and no others."""


class Nothing(_Strict):
    """Is chosen by being there."""


class ContainerParser(_Strict):
    stream: Literal["all", "stdout", "stderr"] = "all"
    format: Literal["auto", "docker", "cri"] = "auto"


class NdjsonParser(_Strict):
    target: str
    overwrite_keys: bool = False
    expand_keys: bool = False
    add_error_key: bool = False
    ignore_decoding_error: bool = False
    message_key: str | None = None
    document_id: str | None = None


class Parser(_Strict):
    container: ContainerParser | None = None
    ndjson: NdjsonParser | None = None


class Filestream(_Strict):
    type: Literal["filestream"]
    id: str
    paths: list[str]
    parsers: list[Parser] = []
    fingerprint: bool = field(name="prospector.scanner.fingerprint.enabled", default=True)
    identity_native: Nothing | None = field(name="file_identity.native", default=None)


class DropFields(_Strict):
    fields: list[str]
    ignore_missing: bool = False


class Processor(_Strict):
    drop_fields: DropFields


class Elasticsearch(_Strict):
    hosts: list[str]
    index: str


class Filebeat(_Strict):
    """The whole file."""

    inputs: list[Filestream] = field(name="filebeat.inputs")
    output: Elasticsearch = field(name="output.elasticsearch")
    processors: list[Processor] = []
    template: bool = field(name="setup.template.enabled", default=True)
    lifecycle: bool = field(name="setup.ilm.enabled", default=True)
    level: Literal["debug", "info", "warning", "error"] = field(
        name="logging.level", default="info"
    )
    to_files: bool = field(name="logging.to_files", default=True)
    http: bool = field(name="http.enabled", default=False)
