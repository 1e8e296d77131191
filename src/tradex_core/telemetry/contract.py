"""The telemetry contract: every metric, every span and every field of the log.

The metrics are made from it, the page `docs/reference/telemetry.md` is generated from it, and the
tests hold what the running platform shows against it. Names are kept: what operators watch, alert
on and search for depends on them.
"""

from typing import Final

from tradex_core.telemetry.declaring import (
    SERVICES,
    Attribute,
    Kind,
    Label,
    Metric,
    SpanKind,
)

_GATEWAY: Final = ("gateway",)
_PROJECTOR: Final = ("projector",)
_REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_MESSAGE_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30, 60, 300)
_HASHING_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

OTHER: Final = "other"
"""The value of a label in place of one that is none of ours."""

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BREAKER_STATES: Final = ("closed", "half_open", "open")

_consumer = Label("consumer", "the consumer groups", SERVICES)
_service = Label("service", "the apps that have a database")
_topic = Label("topic", "the topics of the topic reference, with their dead letters")
_published = Label("topic", f"the same; `{OTHER}`: a topic that a client named for its answer")
_type = Label("type", "the commands and events of the topic reference")
_outcome = Label("outcome", "`done`, or the slug of the refusal")
_method = Label("method", "the methods of HTTP", (*METHODS, OTHER))
_route = Label("route", "the routes of the HTTP reference, as templates; else `unmatched`")
_status_class = Label(
    "status_class",
    "that of the answer's status; `none`: nothing was answered",
    ("1xx", "2xx", "3xx", "4xx", "5xx", "none"),
)
_breaker = Label("breaker", "the names that the platform gives what it calls")

# What happens to messages.

MESSAGES_HANDLED: Final = Metric(
    name="tradex_messages_handled_total",
    kind=Kind.COUNTER,
    unit="messages",
    help="Messages that were handled and committed, each once.",
    labels=(_consumer, _topic, _type, _outcome),
    apps=SERVICES,
)
MESSAGE_LATENCY: Final = Metric(
    name="tradex_message_latency_seconds",
    kind=Kind.HISTOGRAM,
    unit="seconds",
    help="From when a message was made by its producer until its consumer had handled it.",
    labels=(_consumer, _topic),
    apps=SERVICES,
    buckets=_MESSAGE_SECONDS,
    exemplars=True,
)
MESSAGES_PUBLISHED: Final = Metric(
    name="tradex_messages_published_total",
    kind=Kind.COUNTER,
    unit="messages",
    help="Messages that the broker acknowledged.",
    labels=(_published,),
)
PUBLISH_FAILURES: Final = Metric(
    name="tradex_publish_failures_total",
    kind=Kind.COUNTER,
    unit="messages",
    help="Messages that the broker did not acknowledge; those of an outbox are published again.",
    labels=(_published,),
)
CONSUMER_LAG: Final = Metric(
    name="tradex_consumer_lag_messages",
    kind=Kind.GAUGE,
    unit="messages",
    help="Messages in a topic that all processes of a consumer together have yet to commit.",
    labels=(_consumer, _topic),
    apps=SERVICES,
)
MESSAGE_FAILURES: Final = Metric(
    name="tradex_message_failures_total",
    kind=Kind.COUNTER,
    unit="tries",
    help="Failed tries of messages that were set aside to be tried again.",
    labels=(_consumer, _topic),
    apps=SERVICES,
)
DEAD_LETTERS: Final = Metric(
    name="tradex_dead_letters_total",
    kind=Kind.COUNTER,
    unit="messages",
    help="Messages that were given up and lie with the dead letters.",
    labels=(
        _consumer,
        _topic,
        Label("reason", "why they were given up", ("exhausted", "fatal", "undecodable")),
    ),
    apps=SERVICES,
)
OUTBOX_MESSAGES: Final = Metric(
    name="tradex_outbox_messages",
    kind=Kind.GAUGE,
    unit="messages",
    help="Messages that are committed and not yet published.",
    labels=(_service,),
    apps=SERVICES,
)
OUTBOX_AGE: Final = Metric(
    name="tradex_outbox_oldest_seconds",
    kind=Kind.GAUGE,
    unit="seconds",
    help="How long the oldest message that is not yet published has waited; 0 where none waits.",
    labels=(_service,),
    apps=SERVICES,
)
PARKED_MESSAGES: Final = Metric(
    name="tradex_parked_messages",
    kind=Kind.GAUGE,
    unit="messages",
    help="Messages that are set aside until their next try, or until an operator decides.",
    labels=(_service,),
    apps=SERVICES,
)
WAITS: Final = Metric(
    name="tradex_waits_total",
    kind=Kind.COUNTER,
    unit="tries",
    help="Times that a loop found its broker or database away, and waited.",
    labels=(Label("component", "the consumers, `relay`, and `timeouts` of orders"),),
    apps=SERVICES,
)

# What happens to requests.

HTTP_REQUESTS: Final = Metric(
    name="tradex_http_requests_total",
    kind=Kind.COUNTER,
    unit="requests",
    help="Requests that were answered, or that ended without an answer.",
    labels=(_method, _route, _status_class),
    apps=_GATEWAY,
)
HTTP_DURATION: Final = Metric(
    name="tradex_http_request_duration_seconds",
    kind=Kind.HISTOGRAM,
    unit="seconds",
    help="From the beginning of a request until the beginning of its answer.",
    labels=(_method, _route),
    apps=_GATEWAY,
    buckets=_REQUEST_SECONDS,
    exemplars=True,
)
HTTP_IN_FLIGHT: Final = Metric(
    name="tradex_http_requests_in_flight",
    kind=Kind.GAUGE,
    unit="requests",
    help="Requests that are being answered, event streams among them.",
    apps=_GATEWAY,
)
EVENT_STREAMS: Final = Metric(
    name="tradex_event_streams_open",
    kind=Kind.GAUGE,
    unit="streams",
    help="Event streams that are open.",
    labels=(Label("of", "what they tell of", ("operation", "order")),),
    apps=_GATEWAY,
)
COMMANDS_IN_FLIGHT: Final = Metric(
    name="tradex_commands_in_flight",
    kind=Kind.GAUGE,
    unit="commands",
    help="Commands on their way to the broker, which has not acknowledged them yet.",
    apps=_GATEWAY,
)
OPERATIONS_PENDING: Final = Metric(
    name="tradex_operations_pending",
    kind=Kind.GAUGE,
    unit="operations",
    help="Operations that this process accepted and has not heard the outcome of.",
    apps=_GATEWAY,
)
OPERATIONS_WAITED_FOR: Final = Metric(
    name="tradex_operations_waited_for",
    kind=Kind.GAUGE,
    unit="requests",
    help="Requests and event streams that wait for the outcome of an operation.",
    apps=_GATEWAY,
)
OPERATION_DURATION: Final = Metric(
    name="tradex_operation_duration_seconds",
    kind=Kind.HISTOGRAM,
    unit="seconds",
    help="From when a command was accepted until its outcome was heard of.",
    labels=(
        Label("command", "the commands of the topic reference"),
        Label("status", "how it ended", ("succeeded", "failed")),
    ),
    apps=_GATEWAY,
    buckets=_REQUEST_SECONDS,
)

# What is used up.

POOL_SIZE: Final = Metric(
    name="tradex_database_pool_connections",
    kind=Kind.GAUGE,
    unit="connections",
    help="Connections that a pool may hold at most.",
    labels=(_service,),
    on_servers=True,
)
POOL_IN_USE: Final = Metric(
    name="tradex_database_pool_connections_in_use",
    kind=Kind.GAUGE,
    unit="connections",
    help="Connections of a pool that are in use.",
    labels=(_service,),
    on_servers=True,
)
POOL_WAITING: Final = Metric(
    name="tradex_database_pool_waiting",
    kind=Kind.GAUGE,
    unit="tasks",
    help="Tasks that wait for a connection of a pool.",
    labels=(_service,),
    on_servers=True,
)
HASHING_IN_PROGRESS: Final = Metric(
    name="tradex_password_hashing_in_progress",
    kind=Kind.GAUGE,
    unit="passwords",
    help="Passwords that are being hashed.",
    apps=("auth",),
)
HASHING_WAITING: Final = Metric(
    name="tradex_password_hashing_waiting",
    kind=Kind.GAUGE,
    unit="passwords",
    help="Passwords that wait for a thread to be hashed on.",
    apps=("auth",),
)
HASHING_DURATION: Final = Metric(
    name="tradex_password_hashing_duration_seconds",
    kind=Kind.HISTOGRAM,
    unit="seconds",
    help="How long hashing a password took, without the time that it waited.",
    apps=("auth",),
    buckets=_HASHING_SECONDS,
)
BREAKER_STATE: Final = Metric(
    name="tradex_breaker_state",
    kind=Kind.GAUGE,
    unit="state",
    help="What a circuit breaker does: 0 closed, 1 half-open, 2 open.",
    labels=(_breaker,),
)
BREAKER_CHANGES: Final = Metric(
    name="tradex_breaker_changes_total",
    kind=Kind.COUNTER,
    unit="changes",
    help="Changes of a circuit breaker's state.",
    labels=(_breaker, Label("to", "the states", BREAKER_STATES)),
)
SPANS_DROPPED: Final = Metric(
    name="tradex_spans_dropped_total",
    kind=Kind.COUNTER,
    unit="spans",
    help="Spans that were lost: the queue was full, or the collector did not take them.",
)
BUILD_INFO: Final = Metric(
    name="tradex_build_info",
    kind=Kind.GAUGE,
    unit="",
    help="1, with what runs as labels.",
    labels=(
        Label("app", "the apps, and `platform` for all of them in one process"),
        Label("version", "the version of Tradex"),
    ),
)

# What the business sees: counted once each, when the projector has handled it.

ORDERS_CREATED: Final = Metric(
    name="tradex_orders_created_total",
    kind=Kind.COUNTER,
    unit="orders",
    help="Orders that were placed.",
    apps=_PROJECTOR,
)
ORDERS_CONFIRMED: Final = Metric(
    name="tradex_orders_confirmed_total",
    kind=Kind.COUNTER,
    unit="orders",
    help="Orders that were confirmed.",
    apps=_PROJECTOR,
)
ORDERS_CANCELLED: Final = Metric(
    name="tradex_orders_cancelled_total",
    kind=Kind.COUNTER,
    unit="orders",
    help="Orders that were cancelled.",
    labels=(
        Label(
            "reason",
            "why they were cancelled",
            (
                "requested",
                "timed_out",
                "insufficient_stock",
                "unknown_product",
                "inactive_product",
                "price_changed",
                OTHER,
            ),
        ),
    ),
    apps=_PROJECTOR,
)
STOCK_RESERVED: Final = Metric(
    name="tradex_stock_reserved_total",
    kind=Kind.COUNTER,
    unit="orders",
    help="Orders whose stock was reserved, all lines of them.",
    apps=_PROJECTOR,
)
STOCK_REJECTED: Final = Metric(
    name="tradex_stock_rejected_total",
    kind=Kind.COUNTER,
    unit="orders",
    help="Orders for which no stock was reserved.",
    labels=(
        Label(
            "reason",
            "why not",
            ("insufficient_stock", "unknown_product", "inactive_product", "price_changed"),
        ),
    ),
    apps=_PROJECTOR,
)
USERS_REGISTERED: Final = Metric(
    name="tradex_users_registered_total",
    kind=Kind.COUNTER,
    unit="users",
    help="Users that were registered.",
    labels=(Label("role", "what they may do", ("buyer", "seller", "admin")),),
    apps=_PROJECTOR,
)
PRODUCTS_CREATED: Final = Metric(
    name="tradex_products_created_total",
    kind=Kind.COUNTER,
    unit="products",
    help="Products that were created.",
    apps=_PROJECTOR,
)

METRICS: Final = tuple(each for each in tuple(globals().values()) if isinstance(each, Metric))
"""Every metric of ours."""

PROCESS_METRICS: Final = (
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
)
"""What Prometheus's client library tells of every process on Linux, by its own names."""

# Spans.

_request = (
    Attribute("http.request.method", "the method; `_OTHER` for one that HTTP does not know"),
    Attribute("http.route", "the route's template"),
    Attribute("http.response.status_code", "the answer's status"),
    Attribute("tradex.operation.id", "the operation that the request became"),
)
_error = Attribute("error.type", "the class of the error; what it says is never shown")
_messaging = (
    Attribute("messaging.system", "`kafka` or `memory`"),
    Attribute("messaging.operation.type", "`send`, `process` or `receive`"),
)
_message = (
    *_messaging,
    Attribute("messaging.destination.name", "the topic"),
    Attribute("messaging.message.id", "the message's `ce_id`; a command's is its operation's id"),
    Attribute("messaging.message.conversation_id", "the story's `correlation-id`"),
    Attribute("tradex.message.type", "the command's or the event's name"),
)
_group = Attribute("messaging.consumer.group.name", "the consumer")

SPANS: Final = (
    SpanKind(
        name="{method} {route}",
        help="A request; `{method}` alone where no route matches, `HTTP` for an unknown method.",
        attributes=(*_request, _error),
    ),
    SpanKind(
        name="publish {topic}",
        help="A message of ours on its way to the broker, until that acknowledged it.",
        attributes=(*_message, _error),
    ),
    SpanKind(
        name="process {topic}",
        help="A message's handling, linked to that of its batch.",
        attributes=(
            *_message,
            _group,
            Attribute("messaging.destination.partition.id", "the partition"),
            Attribute("messaging.kafka.offset", "where in it the message lies"),
            Attribute(
                "tradex.outcome",
                "`done`, a refusal's slug, `parked`, `discarded`, `rolled_back`, or why it was "
                "given up",
            ),
            _error,
        ),
    ),
    SpanKind(
        name="process batch",
        help="An attempt at a batch, in a trace of its own, linked to its messages.",
        attributes=(
            *_messaging,
            _group,
            Attribute("messaging.batch.message_count", "how many messages it has"),
            _error,
        ),
    ),
    SpanKind(
        name="commit {consumer}",
        help="The commit of what a message came to, with the rest of its batch.",
        attributes=(_error,),
    ),
    SpanKind(
        name="receive {topic}",
        help="A reply, as the request that waits for it hears of it.",
        attributes=_message,
    ),
)

RESOURCE: Final = (
    Attribute("service.namespace", "`tradex`"),
    Attribute("service.name", "the app"),
    Attribute("service.instance.id", "the process: another one after each start"),
    Attribute("telemetry.sdk.language", "`python`"),
    Attribute("telemetry.sdk.name", "`opentelemetry`"),
    Attribute("telemetry.sdk.version", "the version of OpenTelemetry's SDK"),
)
"""What every span says of the process that it comes from."""

# The log, as JSON: names of the Elastic Common Schema, and of our own below `tradex`.

ECS_VERSION: Final = "8.17.0"

LOG_FIELDS: Final = (
    Attribute("@timestamp", "when it happened, in UTC with microseconds"),
    Attribute("log.level", "`debug`, `info`, `warning`, `error` or `critical`"),
    Attribute("message", "what happened, in a few words"),
    Attribute("ecs.version", f"the version of the Elastic Common Schema: `{ECS_VERSION}`"),
    Attribute("service.name", "the app; `platform` for all of them in one process"),
    Attribute("log.logger", "the part of the app that says it"),
    Attribute("trace.id", "the trace, whether its spans are kept or not"),
    Attribute("span.id", "the span in it"),
    Attribute("http.request.method", "the request's method"),
    Attribute("http.route", "its route's template; `unmatched` where it has none"),
    Attribute("http.response.status_code", "the answer's status; 0 where nothing was answered"),
    Attribute("event.duration", "how long the request took, in nanoseconds"),
    Attribute("error.type", "the class of an error"),
    Attribute("error.message", "what the error says"),
    Attribute("error.stack_trace", "where it was raised, without the values of variables"),
    Attribute("tradex.correlation.id", "the whole story's id: that of the operation it began with"),
    Attribute("tradex.operation.id", "the operation: what the request became, or the command is"),
    Attribute("tradex.order.id", "the order that the message is about"),
    Attribute("tradex.consumer", "who handled the message"),
    Attribute("tradex.message.type", "the command's or the event's name"),
    Attribute("tradex.message.id", "the message's identity, by which it is handled once"),
    Attribute("tradex.message.topic", "the topic that the message lies in"),
    Attribute("tradex.message.position", "where it lies, as `topic-partition-offset`"),
    Attribute("tradex.message.age", "how old the message was when it was handled, in nanoseconds"),
    Attribute("tradex.outcome", "`done`, or the slug of the refusal"),
    Attribute("tradex.reason", "why a message was given up"),
    Attribute("tradex.attempts", "how many tries of a message have failed"),
    Attribute("tradex.component", "the loop that waits for a server"),
    Attribute("labels.{name}", "anything else that a line says, by the name its author gave it"),
)
