"""How every Kafka client shows who it is and knows the brokers: one set of settings for all of them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiokafka.abc import AbstractTokenProvider

from services.runtime.errors import SettingsError

if TYPE_CHECKING:
    from services.runtime.settings import Settings


class RereadContext(ssl.SSLContext):
    """TLS with a verified name, whose CA, certificate and key are read again where their files
    changed, at each new connection: a certificate that is renewed needs no restart."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    # when each of the files was written, as it was read
    written: tuple[int, ...] = ()

    def reread(self) -> None:
        """Read what changed. Raises OSError, ssl.SSLError for what cannot be read."""
        paths = [path for path in (self.ca, self.certificate, self.key) if path is not None]
        written = tuple(path.stat().st_mtime_ns for path in paths)
        if written == self.written and written:
            return
        if self.ca is not None:
            self.load_verify_locations(self.ca)
        elif not self.written:
            self.load_default_certs()
        if self.certificate is not None:
            self.load_cert_chain(self.certificate, self.key)
        self.written = written

    def wrap_bio(self, *arguments: Any, **named: Any) -> ssl.SSLObject:
        """As asyncio calls it for each new connection."""
        self.reread()
        return super().wrap_bio(*arguments, **named)


class TokenFile(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
    """The token that stands in the file at this connection: whoever deploys keeps it fresh."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def token(self) -> str:
        return self._path.read_text(encoding="utf-8").strip()


def security(settings: Settings) -> Mapping[str, Any]:
    """What every aiokafka client is given. Raises SettingsError for settings that do not go together."""
    protocol = settings.kafka_protocol
    given: dict[str, Any] = {}
    if protocol == "PLAINTEXT":
        return given
    given["security_protocol"] = protocol
    if protocol in ("SSL", "SASL_SSL"):
        given["ssl_context"] = _context(settings)
    if protocol in ("SASL_SSL", "SASL_PLAINTEXT"):
        given |= _sign_in(settings)
    return given


def faust_credentials(settings: Settings) -> Any:
    """The same as Faust takes it; None without any."""
    from faust.auth import OAuthCredentials, SASLCredentials, SSLCredentials

    given = security(settings)
    if not given:
        return None
    context = given.get("ssl_context")
    if "sasl_mechanism" not in given:
        return SSLCredentials(context)
    if "sasl_oauth_token_provider" in given:
        return OAuthCredentials(oauth_cb=given["sasl_oauth_token_provider"], ssl_context=context)
    return SASLCredentials(
        username=given["sasl_plain_username"],
        password=given["sasl_plain_password"],
        mechanism=given["sasl_mechanism"],
        ssl_context=context,
    )


def _context(settings: Settings) -> RereadContext:
    context = RereadContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.ca = settings.kafka_ca_path
    context.certificate = settings.kafka_certificate_path
    context.key = settings.kafka_key_path
    try:
        context.reread()
    except OSError as error:
        raise SettingsError(
            f"LIAISON_KAFKA_CA_PATH, _CERTIFICATE_PATH or _KEY_PATH cannot be read: {error.strerror or error}"
        ) from error
    return context


def _sign_in(settings: Settings) -> dict[str, Any]:
    mechanism = settings.kafka_mechanism
    if mechanism == "OAUTHBEARER":
        if settings.kafka_token_path is None:
            raise SettingsError("OAUTHBEARER needs LIAISON_KAFKA_TOKEN_PATH, the file of the token")
        provider = TokenFile(settings.kafka_token_path)
        return {"sasl_mechanism": mechanism, "sasl_oauth_token_provider": provider}
    if not settings.kafka_user or not settings.kafka_password:
        raise SettingsError(
            f"{mechanism} needs LIAISON_KAFKA_USER and LIAISON_KAFKA_PASSWORD or LIAISON_KAFKA_PASSWORD_FILE"
        )
    return {
        "sasl_mechanism": mechanism,
        "sasl_plain_username": settings.kafka_user,
        "sasl_plain_password": settings.kafka_password,
    }
