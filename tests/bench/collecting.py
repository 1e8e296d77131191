"""A collector that takes traces and forgets them: `python -m tests.bench.collecting`.

It prints its URL as one line of JSON once it listens, and goes on until it is told to end.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class _Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


def main() -> None:
    """Listen on a free port."""
    with HTTPServer(("127.0.0.1", 0), _Taking) as server:
        sys.stdout.write(json.dumps(f"http://127.0.0.1:{server.server_port}") + "\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
