"""A local OAuth issuer: its description, its keys, and tokens that it signs."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

RESOURCE = "http://127.0.0.1:1/api/mcp"


class LocalIssuer:
    """Answers on a free port until it is closed; `asked` counts how often its keys were."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.asked = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def token(self, scope: str = "intelligence:read", **claims: Any) -> str:
        """Sign a token that is valid for a minute, unless `claims` say otherwise."""
        said = {
            "iss": self.url,
            "aud": RESOURCE,
            "sub": "somebody",
            "exp": datetime.now(UTC) + timedelta(minutes=1),
            "scope": scope,
        }
        return jwt.encode({**said, **claims}, self.key, "ES256", headers={"kid": "first"})

    def _answer(self, path: str) -> dict[str, Any] | None:
        if path == "/.well-known/oauth-authorization-server":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        if path == "/keys":
            self.asked += 1
            public = json.loads(ECAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [{**public, "kid": "first", "use": "sig", "alg": "ES256"}]}
        return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told = issuer._answer(self.path)
                data = json.dumps(told or {}).encode()
                self.send_response(404 if told is None else 200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler
