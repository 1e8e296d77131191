"""Access control lists: what Kafka lets whom do; granted by an operator's step, never revoked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import KafkaError
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from adapters.kafka.asking import answers_of
from adapters.kafka.faults import no_answer
from adapters.kafka.settings import KafkaSettings
from tradex_core.errors import TradexError
from tradex_core.messaging.rights import Right

_ANY_HOST: Final = "*"
_ANYTHING: Final = "*"
_ANY: Final[Any] = None
"""What a filter takes for any name, principal or host, though its types do not say so."""
_EVERYTHING: Final = AclBindingFilter(
    ResourceType.ANY,
    _ANY,
    ResourcePatternType.ANY,
    _ANY,
    _ANY,
    AclOperation.ANY,
    AclPermissionType.ANY,
)
_HARMLESS: Final = frozenset({AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS})
"""What monitoring may do: it sees that something is there, and not what is in it."""
_POWERS: Final = frozenset({AclOperation.ALL, AclOperation.ALTER, AclOperation.CLUSTER_ACTION})
"""What on the cluster amounts to everything: whoever has it grants the rest to themselves."""
_OPTIONS: Final[Mapping[object, str]] = {
    ResourceType.BROKER: "cluster",
    ResourceType.TRANSACTIONAL_ID: "transactional-id",
}
"""What `kafka-acls` calls resources that the client library calls otherwise."""


class KafkaAcls:
    """The access control lists of a cluster; asking for them takes rights on the cluster itself.

    Every method may raise Outage, and TradexError where the brokers have no authorizer.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._timeout = settings.request_timeout.total_seconds()
        self._admin: AdminClient | None = None

    async def missing(self, rights: Iterable[Right]) -> Sequence[Right]:
        granted = set(await self._bindings())
        return [right for right in rights if _binding(right) not in granted]

    async def grant(self, rights: Iterable[Right]) -> None:
        bindings = [_binding(right) for right in rights]
        asked = self._client().create_acls(bindings, request_timeout=self._timeout)
        for error in (await answers_of(asked)).values():
            if error is not None:
                raise _refused(error, asked="grant rights")

    async def surplus(self, rights: Iterable[Right]) -> Sequence[str]:
        wanted = {_binding(right): right for right in rights}
        principals = {right.principal for right in wanted.values()}
        return sorted(
            _sentence(found)
            for found in await self._bindings()
            if found not in wanted
            and not _is_harmless(found)
            and (found.principal in principals or any(_covers(found, ours) for ours in wanted))
        )

    async def _bindings(self) -> list[AclBinding]:
        asked = self._client().describe_acls(_EVERYTHING, request_timeout=self._timeout)
        answer = (await answers_of({"all": asked}))["all"]
        if isinstance(answer, KafkaError):
            raise _refused(answer, asked="tell who may do what")
        found: list[AclBinding] = answer
        return found

    def _client(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient(self._settings.admin())
        return self._admin


def _binding(right: Right) -> AclBinding:
    return AclBinding(
        ResourceType[right.resource.name],
        right.name,
        ResourcePatternType.LITERAL,
        right.principal,
        _ANY_HOST,
        AclOperation[right.operation.name],
        AclPermissionType.ALLOW,
    )


def _is_harmless(found: AclBinding) -> bool:
    return found.permission_type is AclPermissionType.ALLOW and found.operation in _HARMLESS


def _covers(found: AclBinding, ours: AclBinding) -> bool:
    if found.restype is ResourceType.BROKER:
        return found.operation in _POWERS
    if found.restype is not ours.restype:
        return False
    if found.resource_pattern_type is ResourcePatternType.PREFIXED:
        return bool(ours.name.startswith(found.name))
    return found.name in {ours.name, _ANYTHING}


def _sentence(found: Any) -> str:  # noqa: ANN401 - of enums, which its types do not say
    verb = "may" if found.permission_type is AclPermissionType.ALLOW else "must not"
    operation = found.operation.name.title().replace("_", "")
    pattern = found.resource_pattern_type.name.lower()
    resource = _OPTIONS.get(found.restype, found.restype.name.lower())
    named = "" if found.restype is ResourceType.BROKER else f" '{found.name}'"
    permission = found.permission_type.name.lower()
    return (
        f"{found.principal} {verb} {operation} on {resource}{named} ({pattern}), which is not "
        f"asked for: `kafka-acls --remove --{permission}-principal '{found.principal}' "
        f"--{permission}-host '{found.host}' --operation {operation} --{resource}{named} "
        f"--resource-pattern-type {pattern}` ends that"
    )


def _refused(error: KafkaError, *, asked: str) -> TradexError:
    if error.name() == "SECURITY_DISABLED":
        msg = "the brokers have no authorizer, so everybody may do everything: set their "
        return TradexError(msg + "authorizer.class.name and super.users first")
    if error.name() == "CLUSTER_AUTHORIZATION_FAILED":
        msg = f"Kafka did not {asked}: that is for a super user of the cluster; be one for this "
        return TradexError(msg + "command alone, by TRADEX_KAFKA_SASL_USERNAME and its password")
    return no_answer(error, asked=asked)
