"""A real Apache Kafka for the tests: KRaft nodes from Maven's jars, on free ports; one, or several as a cluster."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
JARS = HERE / "target" / "jars"

READY_SECONDS = 60.0
HEAP = ("-Xmx384m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

PROPERTIES = """\
process.roles={roles}
node.id={number}
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{advertised}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor={nodes}
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.enable=false
controlled.shutdown.enable=false
"""


class BrokerMissing(Exception):
    """Java 17, Maven or the jars are not here."""


@dataclass(frozen=True)
class Place:
    """A node's number in its cluster; the first one leads it (no broker's death takes that away), the others follow."""

    number: int = 1
    controller: int = 0
    """The first node's other port; 0: this is the first, and chooses one."""
    cluster: str = ""
    """The cluster's name; made up where it is empty."""
    nodes: int = 1


def wanted_version() -> str:
    found = re.search(r"<kafka.version>(.+?)</kafka.version>", POM.read_text())
    assert found, "pom.xml names no kafka.version"
    return found[1]


def fetch_jars() -> None:
    """Let Maven copy Kafka's jars to target/jars, unless those of the wanted version are there."""
    if (JARS / f"kafka_2.13-{wanted_version()}.jar").exists():
        return
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise BrokerMissing(f"{program} is not installed (wanted Java 17 and Maven, to run Apache Kafka)")
    shutil.rmtree(JARS, ignore_errors=True)
    command = ["mvn", "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise BrokerMissing(f"{' '.join(command)} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


class KafkaBroker:
    """One node; `stop` and `start` again keep its port and its data. Clients are told to come to `advertised`."""

    def __init__(self, folder: Path, place: Place = Place(), advertised: int = 0) -> None:
        if shutil.which("java") is None:
            raise BrokerMissing("java is not installed (wanted Java 17, to run Apache Kafka)")
        fetch_jars()
        self.folder = folder
        self.port, own = free_ports(2)
        self.controller = place.controller or own
        self.cluster = place.cluster or uuid.uuid4().hex[:22]
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(self._text(place, advertised or self.port))
        self._format()

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def start(self) -> None:
        """Return when the broker answers on its port."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        with (self.folder / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(self._properties)), stdout=output, stderr=output
            )

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Its connections stay open, and nothing answers on them until `resume`."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _text(self, place: Place, advertised: int) -> str:
        listeners = [f"PLAINTEXT://127.0.0.1:{self.port}"]
        if place.number == 1:
            listeners.append(f"CONTROLLER://127.0.0.1:{self.controller}")
        return PROPERTIES.format(
            roles="broker,controller" if place.number == 1 else "broker",
            number=place.number,
            controller=self.controller,
            listeners=",".join(listeners),
            advertised=advertised,
            folder=self.folder,
            nodes=place.nodes,
        )

    def _format(self) -> None:
        command = self._java(
            "kafka.tools.StorageTool", "format", "-t", self.cluster, "-c", str(self._properties)
        )
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def _java(self, main: str, *arguments: str) -> list[str]:
        return ["java", *HEAP, "-cp", f"{JARS}/*", main, *arguments]

    def wait_until_ready(self) -> None:
        """Kafka opens its port for clients last, once it is registered and unfenced."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        self.kill()
        raise AssertionError(f"Kafka did not start: {(self.folder / 'output.txt').read_text()[-4000:]}")

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(30)
        self._process = None


class KafkaCluster:
    """Several nodes, of which the first leads; each topic has a copy on up to three."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        first = KafkaBroker(folder / "1", Place(nodes=nodes))
        others = (Place(n, first.controller, first.cluster, nodes) for n in range(2, nodes + 1))
        self.nodes: Sequence[KafkaBroker] = [
            first,
            *(KafkaBroker(folder / str(place.number), place) for place in others),
        ]

    @property
    def url(self) -> str:
        return "kafka://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> None:
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_until_ready()

    def stop(self) -> None:
        """The leader last, so that the others find it."""
        for node in reversed(self.nodes):
            node.kill()
