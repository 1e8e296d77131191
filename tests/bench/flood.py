"""A flood of logins at a steady pace, each over a connection of its own, whatever is answered.

It runs in a process of its own: `python -m tests.bench.flood HOST PORT PER_SECOND SECONDS` prints a
line when it has begun, and a Flooded as JSON at its end.
"""

import asyncio
import sys
from collections import Counter

import msgspec
from tests.bench.load import request

_PATIENCE_SECONDS = 20.0


class Flooded(msgspec.Struct, frozen=True):
    """What became of the logins: answered 401, turned away with a 503, or not answered in time."""

    checked: int
    turned_away: int
    unanswered: int


class Flood:
    """Logins of people who do not exist, which cost as much as those of people who do."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._statuses: Counter[int] = Counter()

    async def go_on(self, per_second: float, seconds: float) -> Flooded:
        """Send so many a second for so long, and wait for the last answers.

        A line is printed after a second.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in range(round(per_second * seconds)):
                if number == round(per_second):
                    sys.stdout.write("it has begun\n")
                    sys.stdout.flush()
                await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))
                group.create_task(self._log_in(number))
        counts = self._statuses
        return Flooded(checked=counts[401], turned_away=counts[503], unanswered=counts[202])

    async def _log_in(self, number: int) -> None:
        login = {"email": f"nobody-{number}@example.com", "password": "plum tram 42 quiet"}
        data = request(
            "POST",
            "/v1/auth/login",
            host=f"{self._host}:{self._port}",
            headers=["content-type: application/json", "connection: close"],
            body=msgspec.json.encode(login),
        )
        async with asyncio.timeout(_PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection(self._host, self._port)
            writer.write(data)
            answer = await reader.read()
            writer.close()
        self._statuses[int(answer[9:12])] += 1


async def _flood(host: str, port: str, per_second: str, seconds: str) -> None:
    flooded = await Flood(host, int(port)).go_on(float(per_second), float(seconds))
    sys.stdout.buffer.write(msgspec.json.encode(flooded) + b"\n")


def main() -> None:
    """Flood what the command line names."""
    asyncio.run(_flood(*sys.argv[1:]))


if __name__ == "__main__":
    main()
