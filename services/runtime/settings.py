"""Every setting, with its default, in one place. Environment variables `LIAISON_…`; a secret may
stand in a file that `LIAISON_…_FILE` names. A variable that is no setting is a fault."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from services.runtime.environment import PREFIX, secrets_from_files
from services.runtime.errors import SettingsError
from services.runtime.postgres_address import complete

SECRETS = (
    "console_secret",
    "kafka_password",
    "oidc_client_secret",
    "pds_token",
    "postgres_dsn",
    "postgres_password",
    "pseudonym_key",
)
"""What may stand in a file instead of the environment."""


class _SecretFiles(PydanticBaseSettingsSource):
    """The settings that stand in files."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        return dict(secrets_from_files(os.environ, self.settings_cls.model_fields, SECRETS))


class Settings(BaseSettings):
    """Settings of a service. Addresses that are empty mean: not configured."""

    model_config = SettingsConfigDict(
        env_prefix="LIAISON_", extra="ignore", use_attribute_docstrings=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What a program says, then the environment, then the files that it names."""
        return init_settings, env_settings, _SecretFiles(settings_cls)

    environment: Literal["live", "try", "test"] = "live"
    """`test` permits switching guards off for their positive controls; `try` is `liaison up`."""
    kafka_bootstrap: str = "127.0.0.1:9092"
    """host:port, comma separated."""
    kafka_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = "PLAINTEXT"
    """How every client speaks with the brokers."""
    kafka_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "OAUTHBEARER"] = "SCRAM-SHA-512"
    """How a client signs in, where the protocol is a SASL one."""
    kafka_user: str = ""
    """Who signs in by SCRAM."""
    kafka_password: str = Field(default="", repr=False)
    """Their password."""
    kafka_token_path: Path | None = None
    """File of the token for OAUTHBEARER; read at each new connection."""
    kafka_ca_path: Path | None = None
    """Who signs the brokers' certificates; those that this machine trusts where it is empty."""
    kafka_certificate_path: Path | None = None
    """Certificate of this service, where the brokers ask for one."""
    kafka_key_path: Path | None = None
    """Its key. Both are read again when they change, as the CA is, at the next connection."""
    kafka_idempotent: bool = True
    """Off for the embedded broker, which has no idempotent producers."""
    kafka_replication: int = Field(default=3, ge=1)
    """Replicas of each topic that `liaison topics` makes."""
    kafka_min_insync: int = Field(default=2, ge=1)
    """Replicas that must have a record before it is acknowledged."""
    feed_retention_days: float = Field(default=14.0, gt=0)
    """How long a feed's topic keeps what was sent: longer than the oldest backup that would be
    restored, as what came after it is read again from there."""
    alert_retention_days: float = Field(default=7.0, gt=0)
    """How long agencies can read an alert or a receipt again."""
    kafka_fetch_wait_seconds: float = Field(default=0.5, gt=0, le=5)
    """How long a fetch may wait at the broker for a record to come."""
    postgres_dsn: str = Field(default="postgresql://liaison@127.0.0.1:5432/liaison", repr=False)
    """Address of the ledger, postgresql://…; without a password where the file of another setting holds it."""
    postgres_password: str = Field(default="", repr=False)
    """Where the address holds none."""
    postgres_tls: Literal["", "require", "verify-ca", "verify-full"] = ""
    """Empty: what the address says, or verify-full where `postgres_ca_path` is set."""
    postgres_ca_path: Path | None = None
    """Who signs the server's certificate."""
    postgres_certificate_path: Path | None = None
    """Certificate of this service, where the server asks for one."""
    postgres_key_path: Path | None = None
    """Its key. Both are read at each new connection."""
    registry_path: Path | None = None
    """Agency registry file; the shipped London one where it is empty."""
    policy_path: Path | None = None
    """Rule policy file; the shipped one where it is empty."""
    identity_model_path: Path | None = None
    """Weights and thresholds of the matcher, as `liaison identity train` writes them; the shipped
    ones where it is empty. The same file for stream and console."""
    shadow_policy_path: Path | None = None
    """A candidate policy that the stream evaluates beside the live one; its alerts go to nobody.
    See docs/rules.md.
    """
    pseudonym_key: str = Field(default="", repr=False)
    """Secret from which a person whom a document names by NHS number alone gets an opaque local
    identifier. Keep it for as long as the ledger: with another key the same person is another.
    Empty: such documents are refused."""
    blind_sample_one_in: int = Field(default=200, ge=1)
    """One in so many attachments is judged by a reviewer who is not told of it: how often the
    matcher is wrong.
    """
    clock: str = "system"
    """`system`; anything else is for stories and tests (`services.runtime.clock`)."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What is less is not logged."""

    metrics_host: str = "127.0.0.1"
    """Address on which /metrics, /livez and /readyz are served; not the users' one."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port of /metrics, /livez and /readyz; 0 switches it off."""
    console_host: str = "127.0.0.1"
    """Address on which the console listens, behind the proxy that ends TLS."""
    console_port: int = Field(default=8700, ge=0, le=65535)
    """Its port; 0 takes a free one."""
    console_secret: str = Field(default="", repr=False)
    """Signs the session cookie; empty: made anew at each start."""

    gateway_host: str = "127.0.0.1"
    """Address on which the gateway listens, behind the proxy that ends TLS."""
    gateway_port: int = Field(default=8710, ge=0, le=65535)
    """Its port; 0 takes a free one."""
    gateway_credentials_path: Path | None = None
    """Which token or client certificate is which agency's; see docs/gateway.md."""
    gateway_client_header: str = ""
    """Header in which the proxy that ends TLS writes the subject of the client certificate it has
    checked, and which it takes away from what clients send. Empty: agencies show a token."""
    gateway_per_second: float = Field(default=200.0, ge=1)
    """Events a second from one agency."""

    pds_url: str = ""
    """Address of the PDS FHIR API; empty: nobody is traced."""
    pds_token: str = Field(default="", repr=False)
    """Access token of the application, kept fresh by whoever deploys it."""
    pds_per_second: float = Field(default=5.0, gt=0, le=5)
    """Questions a second; 5 is what the national service allows an application."""
    trace_poll_seconds: float = Field(default=5.0, gt=0)
    """Between two looks for people who wait to be traced."""

    console_url: str = ""
    """Address under which browsers reach the console; the identity provider sends them back to it.
    Empty: as asked, which live with a provider refuses.
    """
    oidc_issuer: str = ""
    """The identity provider's issuer (OpenID Connect). Empty: no sign-in but the one for trying,
    which live refuses.
    """
    oidc_client_id: str = ""
    """Who the console is at the identity provider."""
    oidc_client_secret: str = Field(default="", repr=False)
    """Its secret there; empty for a public client, which PKCE protects."""
    oidc_scope: str = "openid profile"
    """What is asked of the provider, space separated."""
    oidc_acr: str = ""
    """Authentication context classes that are accepted, space separated, e.g. CIS2's AAL3. Empty:
    any.
    """
    oidc_roles_claim: str = "liaison_roles"
    """Claim that lists a person's grants, each `role@desk` or `role@agency`."""

    consumer_group: str = "liaison"
    """The stream's consumer group; one for all its workers."""
    batch_max: int = Field(default=500, ge=1, le=5000)
    """Records in one transaction at the most."""
    batch_bytes_max: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    """Bytes that one batch of a producer may be once it is unfolded; a larger one stops its feed."""
    queue_max: int = Field(default=2000, ge=1)
    """Records waiting in memory at the most; then the consumer is held back."""
    deadline_poll_seconds: float = Field(default=0.5, gt=0)
    """Between two looks for deadlines that are due."""
    auditor_poll_seconds: float = Field(default=5.0, gt=0)
    """Between two looks of the auditor of escalations."""
    audit_heads_path: Path | None = None
    """File to which the auditor adds where the audit's chains end, each minute; on a disk that
    whoever can write to the ledger cannot write to. Empty: they are told on the topic alone.
    """
    auditor_grace_seconds: float = Field(default=10.0, ge=0)
    """How late a step may be before the auditor's heartbeat stops."""
    sweep_seconds: float = Field(default=3.0, gt=0)
    """Between two looks at the end of each feed's log, whatever the consumer group does."""
    relay_poll_seconds: float = Field(default=0.5, gt=0)
    """Between two looks into the outbox when nothing told of a message."""
    handler_retries: int = Field(default=5, ge=1)
    """Attempts at a batch before the record that breaks it is singled out."""
    poison_consecutive: int = Field(default=20, ge=1)
    """Rejected records in a row after which a feed is stopped: it is more likely that we are
    broken.
    """
    poison_ratio: float = Field(default=0.5, gt=0, le=1)
    """Share of rejected records of the last `poison_window` above which a feed is stopped."""
    poison_window: int = Field(default=100, ge=1)
    """How many records are counted for it."""
    session_timeout_seconds: float = 6.0
    """After so long without a heartbeat another worker has a dead one's partitions."""
    crash_at: str = ""
    """Fault tests: the crash point at which the process kills itself, or with `raise:` before it
    fails.
    """
    cursor_guard: bool = True
    """Off only in the positive control of the fault tests (environment `test`)."""

    @model_validator(mode="after")
    def _named_address(self) -> Self:
        if self.environment == "live" and self.oidc_issuer and not self.console_url:
            raise ValueError(
                f"set {PREFIX}CONSOLE_URL to the address under which browsers reach the console; "
                "in live it is never taken from what a browser sends"
            )
        return self

    @model_validator(mode="after")
    def _whole_address(self) -> Self:
        # what stands there is in no sentence: a password may
        if not self.postgres_dsn.startswith(("postgresql://", "postgres://")):
            raise ValueError(f"{PREFIX}POSTGRES_DSN: begin it with postgresql://")
        mode = self.postgres_tls
        if self.postgres_ca_path is not None and not mode:
            mode = "verify-full"
        tls = {
            "sslmode": mode,
            "sslrootcert": str(self.postgres_ca_path or ""),
            "sslcert": str(self.postgres_certificate_path or ""),
            "sslkey": str(self.postgres_key_path or ""),
        }
        address = complete(self.postgres_dsn, self.postgres_password, tls)
        # an address that nobody set stays one that nobody set: `liaison up` looks at that
        if address != self.postgres_dsn:
            self.postgres_dsn = address
        return self


def settings_fault(error: ValidationError) -> SettingsError:
    """One sentence for each setting that is wrong. What was set stands in none: it may be a secret."""
    faults = [
        f"{PREFIX}{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    return SettingsError("; ".join(faults))
