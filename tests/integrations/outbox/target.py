"""A receiver of webhooks in a thread, over a real socket. It writes down before it answers."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Arrival:
    """One request: which delivery, of which contact, and which event."""

    message: str  # webhook-id
    contact: str
    event: str
    city: str
    at: float


@dataclass
class Target:
    """What has arrived. `hold` keeps the answers back; `status` is what is answered."""

    port: int = 0
    status: int = 200
    hold: bool = False
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    journal: list[Arrival] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def release(self) -> None:
        self.hold = False
        self.released.set()

    def first_arrivals(self) -> list[Arrival]:
        """As a receiver sees them that knows a repeat by its webhook-id."""
        seen: dict[str, Arrival] = {}
        for arrival in list(self.journal):
            seen.setdefault(arrival.message, arrival)
        return list(seen.values())


@contextmanager
def listening() -> Iterator[Target]:
    target = Target()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = body["data"]
            target.journal.append(
                Arrival(self.headers["webhook-id"], data["id"], body["id"], data.get("city") or "",
                        time.monotonic())
            )  # fmt: skip
            target.arrived.set()
            if target.hold:
                target.released.wait(30)
            try:
                self.send_response(target.status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                pass  # whoever asked was killed meanwhile

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    target.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield target
    finally:
        target.release()
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
