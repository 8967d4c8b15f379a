"""A real OpenID Connect provider on the loopback, for the tests: it checks PKCE, and signs logout tokens with its own key."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import flask
import oidc_provider_mock
import werkzeug.serving
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "liaison-console"


@dataclass
class Provider:
    """The provider, with what it was asked."""

    url: str = ""
    challenges: set[str] = field(default_factory=set)
    asked: list[Mapping[str, str]] = field(default_factory=list)
    verified: int = 0
    key: Any = None

    def logout_token(self, **change: Any) -> str:
        """As the provider would send it over the back channel; a claim may be changed, or left out with None."""
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
            "jti": secrets.token_hex(8),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **change,
        }
        return jwt.encode(
            {"alg": "RS256"},
            {name: claim for name, claim in claims.items() if claim is not None},
            self.key,
        )


@contextmanager
def provider() -> Iterator[Provider]:
    """Started on a free port, stopped at the end."""
    provider = Provider()
    app = oidc_provider_mock.app(require_nonce=True)

    def check() -> Any:
        provider.key = RSAKey.import_key(
            flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True)
        )
        form = flask.request.values
        if flask.request.path == "/oauth2/authorize" and flask.request.method == "GET":
            provider.asked.append(dict(form))
            if form.get("code_challenge_method") == "S256":
                provider.challenges.add(form["code_challenge"])
        if flask.request.path == "/oauth2/token":
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() not in provider.challenges:
                return flask.jsonify(error="invalid_grant"), 400
            provider.verified += 1
        return None

    app.before_request(check)
    server = werkzeug.serving.make_server("localhost", 0, app, threaded=True)
    provider.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
