"""Creates every topic of the registry: `python -m services.runtime.topics`. Safe to run again;
changes no topic.
"""

from __future__ import annotations

import asyncio

from schemas.registry import load_registry
from services.runtime import kafka
from services.runtime.kafka_security import security
from services.runtime.settings import Settings


async def create_registry_topics(settings: Settings, replication: int = 1) -> list[str]:
    """Create the feed and alert topics that are missing; gives all their names. Raises
    KafkaUnreachable, KafkaError.
    """
    registry = load_registry(settings.registry_path)
    topics = registry.every_topic()
    await kafka.create_topics(
        settings.kafka_bootstrap, topics, replication=replication, security=security(settings)
    )
    return sorted(topics)


if __name__ == "__main__":
    print(f"{len(asyncio.run(create_registry_topics(Settings())))} topics are there")
