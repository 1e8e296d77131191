"""From a request to a command on the broker, and back to its answer."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, NamedTuple

from msgspec import UNSET, Struct, UnsetType

from apps.gateway.answers import RETRY_SOON, Answer, RawHeaders, json_answer
from apps.gateway.effects import Effect, is_seen
from apps.gateway.preferences import wait_preference
from apps.gateway.problems import BadRequest, FieldError, problem_answer, problem_of_reply
from apps.gateway.reading import HttpRequest, headers_of
from apps.gateway.stopping import Stopping
from tradex_core.events.envelope import Actor
from tradex_core.events.fields import Command
from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.ids import OperationId
from tradex_core.operations.errors import Unavailable
from tradex_core.operations.idempotency import IdempotencyScope, body_digest
from tradex_core.operations.submit import NOBODY, Request, Submission, Ticket
from tradex_core.operations.waiting import Outcomes
from tradex_core.views.operation_view import OperationView, apply_reply
from tradex_core.views.ports import ViewQueries
