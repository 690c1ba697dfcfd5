"""A Kafka cluster as the log sees it: its address, its errors in our words, its topics."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import tenacity
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.structs import TopicPartition

from etappe.errors import LogUnavailable, SettingsError
from etappe.eventlog import IMPORTS, TOUCHPOINTS, LogOptions, Position

DEFAULT_PORT = 9092
REQUEST_MS = 10_000
CONNECT_SECONDS = 10.0

ASK_MS = 4_000
"""How long an answer about offsets and groups may take. Well below CONNECT_SECONDS: the driver gives a connection up
only when its own time is over, and whoever is cut off before that finds a half-open connection again and again.
"""
MAX_REPLICAS = 3
MAX_MESSAGE_BYTES = 16 << 20
"""One batch of ours on the wire; a message on `changes` names what a whole batch of touchpoints touched."""


@dataclass(frozen=True, slots=True)
class Address:
    """`kafka://host:port,host:port?prefix=etappe-`: the prefix goes before names of topics and groups."""

    servers: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Address:
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        servers = [s if ":" in s else f"{s}:{DEFAULT_PORT}" for s in parts.netloc.split(",") if s]
        known = all(s.rpartition(":")[2].isdecimal() for s in servers) and set(options) <= {"prefix"}
        if not servers or not known or parts.path.strip("/"):
            raise SettingsError(
                f"log_url is {url!r} (wanted kafka://host:port,host:port, then ?prefix= if needed)"
            )
        return cls(",".join(servers), options.get("prefix", [""])[-1])

    def name(self, plain: str) -> str:
        return self.prefix + plain

    @contextmanager
    def our_words(self) -> Iterator[None]:
        """Whatever the driver raises becomes LogUnavailable with this address."""
        try:
            yield
        except (KafkaError, OSError, TimeoutError) as error:
            what = str(error) or type(error).__name__
            raise LogUnavailable(
                f"Kafka at {self.servers}: {what}; check that it runs and that log_url names it."
            ) from error


class Cluster:
    """Topics, their partitions, groups' offsets; asks through an admin client."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.cluster_id = ""
        self._partitions: dict[str, int] = {}
        self._admin = AIOKafkaAdminClient(bootstrap_servers=address.servers, request_timeout_ms=ASK_MS)

    async def start(self, topics: Sequence[str], options: LogOptions) -> None:
        """Connect, make the topics that are missing, wait until each has a leader; LogUnavailable."""
        with self.address.our_words():
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._admin.start()
                cluster = await self._admin.describe_cluster()
                self.cluster_id = cluster["cluster_id"] or ""
                brokers = len(cluster["brokers"])
                await self._make([topic for topic in topics if topic != IMPORTS], brokers, options)
                await self._make_lane(brokers, options)

    def partitions(self, topic: str) -> int:
        return self._partitions[topic]

    def all_of(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(self.address.name(topic), p) for p in range(self.partitions(topic))]

    async def committed(self, topic: str, group: str) -> Position:
        with self.address.our_words():
            async with asyncio.timeout(CONNECT_SECONDS):
                async for attempt in _retrying():
                    with attempt:
                        found = await self._admin.list_consumer_group_offsets(
                            self.address.name(group), partitions=self.all_of(topic)
                        )
        return Position({tp.partition: at.offset for tp, at in found.items() if at.offset >= 0})

    async def settings(self, topic: str) -> dict[str, str]:
        """What the brokers hold as this topic's configuration."""
        which = ConfigResource(ConfigResourceType.TOPIC, self.address.name(topic))
        with self.address.our_words():
            (answer,) = await self._admin.describe_configs([which])
        return {name: value for resource in answer.resources for name, value, *_ in resource[4]}

    async def close(self) -> None:
        await self._admin.close()

    async def _make(self, topics: Sequence[str], brokers: int, options: LogOptions) -> None:
        names = [self.address.name(topic) for topic in topics]
        await self._create_missing(names, brokers, options)
        for topic, count in zip(topics, await self._wait_for_leaders(names), strict=True):
            self._partitions[topic] = count

    async def _make_lane(self, brokers: int, options: LogOptions) -> None:
        """Copies of an event meet only where both topics have the same partitions."""
        wanted = self.partitions(TOUCHPOINTS)
        await self._make([IMPORTS], brokers, replace(options, partitions=wanted))
        if (found := self.partitions(IMPORTS)) != wanted:
            raise SettingsError(
                f"Kafka topic {self.address.name(IMPORTS)} has {found} partitions, "
                f"{self.address.name(TOUCHPOINTS)} has {wanted}: give both the same number."
            )

    async def _create_missing(self, names: Sequence[str], brokers: int, options: LogOptions) -> None:
        there = set(await self._admin.list_topics())
        missing = [new_topic(name, brokers, options) for name in names if name not in there]
        if missing:
            answer = await self._admin.create_topics(missing)
            for _, code, detail in answer.topic_errors:
                error = for_code(code)
                # Another process may have been quicker.
                if code and error is not TopicAlreadyExistsError:
                    raise error(detail)

    async def _wait_for_leaders(self, names: Sequence[str]) -> list[int]:
        """How many partitions each topic has, as soon as all of them can be written."""
        while True:
            found: list[Mapping[str, Any]] = await self._admin.describe_topics(list(names))
            by_name = {topic["topic"]: topic["partitions"] for topic in found if not topic["error_code"]}
            if all(name in by_name and _led(by_name[name]) for name in names):
                return [len(by_name[name]) for name in names]
            await asyncio.sleep(0.05)


def new_topic(name: str, brokers: int, options: LogOptions) -> NewTopic:
    replicas = min(MAX_REPLICAS, brokers)
    settings = {
        "min.insync.replicas": max(1, replicas - 1),
        "retention.ms": round(options.retain_seconds * 1000),
        "retention.bytes": options.retain_bytes,
        "max.message.bytes": MAX_MESSAGE_BYTES,
        "cleanup.policy": "delete",
    }
    return NewTopic(
        name, options.partitions, replicas, topic_configs={key: str(value) for key, value in settings.items()}
    )


def _led(partitions: Sequence[Mapping[str, Any]]) -> bool:
    return bool(partitions) and all(partition["leader"] >= 0 for partition in partitions)


def _retrying() -> tenacity.AsyncRetrying:
    """For what a cluster that just started answers with "not yet"."""
    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, KafkaError) and error.retriable),
        wait=tenacity.wait_exponential(0.05, max=1),
        stop=tenacity.stop_after_delay(CONNECT_SECONDS),
        reraise=True,
    )
