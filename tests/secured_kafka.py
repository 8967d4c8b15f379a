"""Apache Kafka as a live deployment runs it: TLS, SCRAM and access lists, where nobody may what nobody gave them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from services.runtime.embedded.apache_kafka import ApacheKafka
from services.runtime.settings import Settings

ADMINISTRATOR = "admin"
NAMES = (
    ADMINISTRATOR,
    "met",
    "las",
    "stranger",
    "liaison-stream",
    "liaison-relay",
    "liaison-gateway",
    "liaison-trace",
    "liaison-console",
)


def password(name: str) -> str:
    return f"password-of-{name}"


class SecuredKafka(ApacheKafka):
    """Everybody in NAMES can sign in; what they may do, `liaison topics apply` says."""

    def __init__(self, root: Path) -> None:
        self._tls = Path(tempfile.mkdtemp(prefix="liaison-kafka-tls-"))
        self.ca = self._tls / "ca.pem"
        self._store = self._tls / "store.pem"
        self._certify()
        super().__init__(root)

    def settings(self, name: str) -> Settings:
        """Of whoever signs in by this name."""
        values: dict[str, Any] = {
            "kafka_bootstrap": self.bootstrap,
            "kafka_protocol": "SASL_SSL",
            "kafka_ca_path": self.ca,
            "kafka_user": name,
            "kafka_password": password(name),
            "kafka_replication": 1,
            "kafka_min_insync": 1,
        }
        return Settings(**values)

    def environment(self, name: str) -> dict[str, str]:
        """The same for a process."""
        secret = self._tls / f"{name}.password"
        secret.write_text(password(name))
        return {
            "LIAISON_KAFKA_BOOTSTRAP": self.bootstrap,
            "LIAISON_KAFKA_PROTOCOL": "SASL_SSL",
            "LIAISON_KAFKA_CA_PATH": str(self.ca),
            "LIAISON_KAFKA_USER": name,
            "LIAISON_KAFKA_PASSWORD_FILE": str(secret),
            "LIAISON_KAFKA_REPLICATION": "1",
            "LIAISON_KAFKA_MIN_INSYNC": "1",
        }

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self._tls, ignore_errors=True)

    def _certify(self) -> None:
        key = self._tls / "key.pem"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        names = ["-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"]
        subprocess.run(
            [*command.split(), *names, "-keyout", key, "-out", self.ca],
            check=True,
            capture_output=True,
        )
        self._store.write_text(key.read_text() + self.ca.read_text())

    def _accounts(self) -> tuple[str, ...]:
        options = []
        for name in NAMES:
            options += ["-S", f"SCRAM-SHA-512=[name={name},password={password(name)}]"]
        return tuple(options)

    def _broker_settings(self) -> dict[str, object]:
        module = "org.apache.kafka.common.security.scram.ScramLoginModule required"
        login = f'{module} username="{ADMINISTRATOR}" password="{password(ADMINISTRATOR)}";'
        return super()._broker_settings() | {
            "listeners": f"SECURED://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"SECURED://127.0.0.1:{self.port}",
            "listener.security.protocol.map": "SECURED:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SECURED",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.secured.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.secured.scram-sha-512.sasl.jaas.config": login,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self._store,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.ca,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            # the controller listens to the node itself alone, and it does not sign in there
            "super.users": f"User:{ADMINISTRATOR};User:ANONYMOUS",
        }
