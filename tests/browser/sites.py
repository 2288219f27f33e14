"""A site of somebody else: another origin, with a policy that allows almost nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>A shop</title>
{tag}</head><body><main><h1>A shop</h1><p>Things to buy.</p><p><a href="/more/">More</a></p></main>
</body></html>"""


@contextmanager
def strict_site(kith: str, bot: str) -> Iterator[str]:
    """Serves one page on every address, with the widget on it; gives the site's address."""
    policy = f"default-src 'self'; script-src {kith}; connect-src {kith}; require-trusted-types-for 'script'"
    body = PAGE.format(tag=f'<script src="{kith}/static/chat.js" data-bot="{bot}" defer></script>')

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
