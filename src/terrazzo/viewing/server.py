"""A server of one page, for this machine alone: whoever asks has to know a token that is in the address."""

from __future__ import annotations

import asyncio
import errno
import hmac
import logging
import os
import secrets
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from terrazzo.errors import InputError, ParameterError
from terrazzo.viewing.client import ENTRY
from terrazzo.viewing.page import Page

_log = logging.getLogger(__name__)

HOST = "127.0.0.1"
# neuroglancer's client looks for the token behind this
PREFIX = "v"
HIGHEST_PORT = 65535
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm"}
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Server:
    """Serves a page on a thread of its own until it is closed.

    Parameters
    ----------
    page : Page
    port : int
        0 takes a free one.

    Raises
    ------
    InputError
        If the port is in use or may not be opened.
    ParameterError
        If it is no port.
    """

    def __init__(self, page: Page, port: int = 0) -> None:
        self.page, self.token = page, secrets.token_urlsafe(24)
        self._sockets = _opened(port)
        self.port = int(self._sockets[0].getsockname()[1])
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="terrazzo view", daemon=True)
        self._thread.start()
        self._started.wait()

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the page."""
        return f"http://{HOST}:{self.port}/{PREFIX}/{self.token}/"

    def wait(self) -> None:
        """Return once the server is closed."""
        self._thread.join()

    def close(self) -> None:
        """End: no request is answered any more, and the port is free."""
        if self._thread.is_alive():
            self.page.close()
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        readers = ThreadPoolExecutor(os.cpu_count() or 1, "terrazzo view")
        given = {"page": self.page, "token": self.token, "readers": readers}
        # a request that is refused is no news
        application = Application([("/(.*)", _Files, given)], compress_response=True, log_function=lambda _: None)
        server = HTTPServer(application)
        server.add_sockets(self._sockets)
        self._started.set()
        await self._ended.wait()
        server.stop()
        await server.close_all_connections()
        readers.shutdown(wait=False, cancel_futures=True)


class _Files(RequestHandler):
    """Answers a request with a file of the page: a name is looked up and never joined to a path."""

    def initialize(self, page: Page, token: str, readers: ThreadPoolExecutor) -> None:
        self.page, self.token, self.readers = page, token, readers

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        for name, value in HEADERS.items():
            self.set_header(name, value)

    async def get(self, path: str) -> None:
        prefix, _, rest = path.partition("/")
        token, slash, name = rest.partition("/")
        if prefix != PREFIX or not slash or not hmac.compare_digest(token.encode(), self.token.encode()):
            self.send_error(404)
            return
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self.readers, self.page.get, name or ENTRY)
        except InputError as error:
            _log.warning("%s", error)
            self.send_error(500)
            return
        if found is None:
            self.send_error(404)
            return
        kind = TYPES.get(PurePosixPath(name or ENTRY).suffix, "application/octet-stream")
        self.set_header("Content-Type", kind)
        self.finish(found)

    head = get


def _opened(port: int) -> list[socket.socket]:
    if not 0 <= port <= HIGHEST_PORT:
        raise ParameterError(f"port is {port}; give one from 1024 to {HIGHEST_PORT}, or none for a free one")
    try:
        return bind_sockets(port, HOST)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            what = f"port {port} is in use"
        elif error.errno == errno.EACCES:
            what = f"port {port} may not be opened"
        else:
            raise
        raise InputError(f"{what}; choose another one with --port, or leave it out for a free one") from error
