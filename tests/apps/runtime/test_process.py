"""A service's process from its start to its end, on servers in memory that can be away."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from dependency_injector import providers
from structlog.testing import capture_logs
from tests.apps.runtime.away import Switch, SwitchedBroker, until
from tests.builders.orders import a_create_order

from adapters.security.system import SystemClock
from apps.orders.container import OrdersContainer
from apps.runtime import startup
from apps.runtime.container import RuntimeContainer
from apps.runtime.health import HealthApp
from apps.runtime.http_server import AddressInUse, HttpServer
from apps.runtime.process import Process
from apps.runtime.servers import Servers
from apps.runtime.service import BackgroundFailure
from apps.runtime.settings import Settings
from apps.runtime.standalone import ServiceApp
from apps.runtime.startup import NotStarted
from tradex_core.events import topics
