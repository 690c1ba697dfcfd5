"""What deploy/ can be held to without a container runtime."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from etappe.cli.app import COMMANDS
from etappe.settings import Settings
from etappe.telemetry import REGISTRY

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS = {name: each for name, each in COMPOSE["services"].items() if each["image"] == "etappe"}


def test_every_variable_set_for_our_services_is_a_setting() -> None:
    known = {f"ETAPPE_{name.upper()}" for name in Settings.model_fields}
    assert all(set(each["environment"]) <= known for each in OURS.values())


def test_every_service_of_ours_runs_a_command_that_exists() -> None:
    assert set(OURS) == {"setup", "collect", "stitch", "query"}
    assert all(each["command"][0].removeprefix("etappe ").split()[0] in COMMANDS for each in OURS.values())


def test_kafka_and_clickhouse_are_the_versions_that_the_tests_run() -> None:
    pom = (DEPLOY.parent / "tests/kafka/pom.xml").read_text()
    kafka = re.search(r"<kafka.version>(.+)</kafka.version>", pom)
    assert kafka and image("kafka") == f"apache/kafka:{kafka[1]}"
    engine = ".".join(version("chdb-core").split(".")[:2])
    assert image("clickhouse") == f"clickhouse/clickhouse-server:{engine}"


def test_every_image_that_can_be_chosen_is_offered_as_it_is() -> None:
    example = (DEPLOY / ".env.example").read_text()
    for name in ("kafka", "clickhouse", "prometheus", "grafana"):
        assert f"# {name.upper()}_IMAGE={image(name)}\n" in f"{example}\n"


def test_every_service_of_ours_that_runs_on_is_asked_for_its_health_and_scraped_on_its_port() -> None:
    prometheus = (DEPLOY / "prometheus.yaml").read_text()
    for name in ("collect", "query", "stitch"):
        port = Settings.model_fields[f"{name}_port"].default
        assert f"127.0.0.1:{port}/readyz" in str(OURS[name]["healthcheck"]["test"])
        assert re.search(rf"{name}:{port}\b|names: \[{name}\], type: A, port: {port}\b", prometheus)


def test_services_wait_only_for_services_that_there_are() -> None:
    waited = {name for each in COMPOSE["services"].values() for name in each.get("depends_on", {})}
    assert waited <= set(COMPOSE["services"])


def test_every_variable_that_must_be_filled_in_stands_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    offered = set(re.findall(r"^#? ?(\w+)=", (DEPLOY / ".env.example").read_text(), re.MULTILINE))
    assert wanted == offered


def test_the_image_has_every_package_and_nothing_that_is_not_there() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    sources = " ".join(copied).split()
    assert {"etappe", "ingest", "stitcher", "query_api", "requirements.lock"} <= set(sources)
    assert [source for source in sources if not (DEPLOY.parent / source).exists()] == []


def test_the_dashboard_draws_metrics_that_exist() -> None:
    text = (DEPLOY / "grafana/dashboards/etappe.json").read_text()
    drawn = set(re.findall(r"etappe_\w+", " ".join(_expressions(json.loads(text)))))
    known = {sample for metric in REGISTRY.collect() for sample in _samples(metric.name)}
    assert drawn - known == set()


def test_alerts_are_about_metrics_that_exist() -> None:
    rules = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"][0]["rules"]
    text = " ".join(rule["expr"] for rule in rules)
    assert set(re.findall(r"etappe_\w+", text)) <= {metric.name for metric in REGISTRY.collect()}
    assert "etappe_unreconciled_events" in text
    assert "alerts.yaml" in (DEPLOY / "prometheus.yaml").read_text()


def test_the_locks_pin_one_version_of_everything_with_hashes_and_name_no_place() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (DEPLOY.parent / name).read_text()
        packages = re.findall(r"^\S+==\S+.*(?:\n.*)?--hash=", text, re.MULTILINE)
        assert len(packages) == len(re.findall(r"^[a-z]", text, re.MULTILINE))
        assert "://" not in text
        assert "--index" not in text


def image(service: str) -> str:
    """The image that a service has where nobody chose another."""
    return str(COMPOSE["services"][service]["image"]).partition(":-")[2].removesuffix("}")


def _expressions(board: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def _samples(name: str) -> set[str]:
    return {name, f"{name}_total", f"{name}_bucket"}
