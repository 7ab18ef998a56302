"""A local server that answers as the language model's API would."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[], tuple[int, Any]]


class _LocalServer:
    """Answers on a free port, from its making until it is closed."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        raise NotImplementedError


class FakeModel(_LocalServer):
    """Answers as the Anthropic API would, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: Answer = lambda: (200, said([]))
        super().__init__()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                model.asked.append(json.loads(self.rfile.read(length)))
                status, body = model.answer()
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler


def said(entries: list[dict[str, str]], text: str | None = None) -> dict[str, Any]:
    """Build a message of the API whose text is the structured answer."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "any",
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
        "content": [{"type": "text", "text": text or json.dumps({"segments": entries})}],
    }


def entry(identity: str, name: str, description: str = "They buy.") -> dict[str, str]:
    return {"id": identity, "name": name, "description": description}


class SlowModel(_LocalServer):
    """Answers one blank after the other for as long as somebody listens, and never a name."""

    def __init__(self, every_seconds: float = 0.05) -> None:
        self.asked = 0
        self._listening = 0
        self._stopped = threading.Event()
        self._every_seconds = every_seconds
        super().__init__()

    def is_left(self) -> bool:
        """Whether nobody who asked listens any more."""
        return self._listening == 0

    def close(self) -> None:
        self._stopped.set()
        super().close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                model._listening += 1
                model.asked += 1
                try:
                    while not model._stopped.wait(model._every_seconds):
                        self.wfile.write(b" ")
                except OSError:
                    self.close_connection = True
                finally:
                    model._listening -= 1

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler
