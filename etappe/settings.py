"""Settings: read once, each with a default and one sentence; a bad one stops the start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from etappe.errors import SettingsError
from etappe.eventlog import LogOptions
from etappe.logs import LogFormat
from etappe.rates import RateLimits

FILE = "etappe.toml"
"""Looked for in the working directory."""


class Settings(BaseSettings):
    """Every setting, as `ETAPPE_NAME` in the environment or `name` in `etappe.toml`; the environment wins."""

    model_config = SettingsConfigDict(
        env_prefix="ETAPPE_", env_ignore_empty=True, toml_file=FILE, extra="forbid", frozen=True
    )

    data_dir: Path = Field(Path(".etappe"), description="Folder of everything that `etappe up` keeps.")
    log_url: str = Field(
        "", description="The event log: sqlite:///DIR or kafka://host:port; default: in data_dir."
    )
    warehouse_url: str = Field(
        "", description="chdb:///DIR or clickhouse://user:pw@host:port/db; default: in data_dir."
    )
    warehouse_cluster: str = Field(
        "", description="ClickHouse cluster name: tables are made Replicated, ON CLUSTER."
    )
    workspaces_file: Path | None = Field(
        None, description="Workspaces, hashed keys and salts; default: in data_dir."
    )
    models_dir: Path | None = Field(
        None, description="Folder of phase models (*.yaml) beside the built-in ones."
    )

    host: str = Field("127.0.0.1", description="Address that services bind to.")
    collect_port: int = Field(8080, ge=0, le=65535, description="Port of the collector.")
    query_port: int = Field(8081, ge=0, le=65535, description="Port of the query API.")
    stitch_port: int = Field(
        8082, ge=0, le=65535, description="Port on which `etappe stitch` is watched: /readyz, /metrics."
    )

    address_header: str = Field(
        "", description="Header in which a proxy names the visitor's IP address, such as X-Forwarded-For."
    )
    country_header: str = Field(
        "", description="Header in which a proxy names the visitor's country, such as CF-IPCountry."
    )

    snowplow_paths: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="More /vendor/version paths that take Snowplow trackers' requests, with commas between.",
    )

    rate_limit: float = Field(
        0, ge=0, description="Events a second of each write or secret key in each collector; 0: no limit."
    )
    query_rate_limit: float = Field(
        0, ge=0, description="Requests a second of each token in each query API; 0: no limit."
    )

    log_partitions: int = Field(
        0,
        ge=0,
        le=1024,
        description="Partitions of a new log's topic touchpoints; 0: 4 on Kafka, 1 on SQLite, which one process reads.",
    )
    log_retain_days: float = Field(
        7, gt=0, description="Days that the log keeps records which everybody has read."
    )
    log_retain_bytes: int = Field(
        4 << 30, gt=0, description="Bytes of read records above which the log drops the oldest."
    )
    log_max_bytes: int = Field(
        16 << 30, gt=0, description="Bytes at which the log is full and the collector answers 503."
    )
    log_buffer_bytes: int = Field(
        32 << 20, gt=0, description="Bytes of records waiting to be written, at most."
    )
    log_deadline: float = Field(
        10, gt=0, description="Seconds after which an append that got no place is given up."
    )

    stitch_batch: int = Field(
        10_000, ge=1, le=100_000, description="Touchpoints that the stitcher takes at once."
    )
    commit_seconds: float = Field(
        1, gt=0, description="Seconds between two commits of the stitcher's offsets."
    )
    reject_ratio: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of unreadable records above which the stitcher stops; 1: never.",
    )
    rejects_days: float = Field(30, gt=0, description="Days that refused events are kept.")
    rejects_rows: int = Field(1_000_000, gt=0, description="Refused events that one workspace may keep.")
    rejects_bytes: int = Field(
        1 << 30, gt=0, description="Bytes of refused events that one workspace may keep."
    )
    collector_url: str = Field(
        "",
        pattern="^(https?://[^/?#]+/?)?$",
        description="Where the query API finds the collector; default: collect_port on this machine.",
    )
    query_seconds: float = Field(30, gt=0, description="Seconds that one question may take.")
    query_memory: int = Field(4 << 30, gt=0, description="Bytes of memory that one question may use.")
    query_rows: int = Field(5_000_000, gt=0, description="Rows that one answer may have.")
    query_bytes: int = Field(4 << 30, gt=0, description="Bytes that one answer may have.")
    query_threads: int = Field(4, ge=1, le=64, description="Questions answered at the same time.")
    query_waiting: int = Field(
        200, ge=0, description="Questions that may wait for their turn; more are told to come again (503)."
    )

    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="Least severe log line to print."
    )
    log_format: LogFormat = Field(
        "json", description="Log lines as JSON objects (json) or for the eye (text)."
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
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("snowplow_paths", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @property
    def log(self) -> str:
        return self.log_url or f"sqlite:///{self.data_dir / 'log'}"

    @property
    def warehouse(self) -> str:
        return self.warehouse_url or f"chdb:///{self.data_dir / 'warehouse'}"

    @property
    def collector(self) -> str:
        """The collector's address for the query API."""
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - looked up, not bound
        name = f"[{here}]" if ":" in here else here
        return self.collector_url.rstrip("/") or f"http://{name}:{self.collect_port}"

    @property
    def log_options(self) -> LogOptions:
        return LogOptions(
            partitions=self.log_partitions or (1 if self.log.startswith("sqlite:") else 4),
            retain_seconds=self.log_retain_days * 86400,
            retain_bytes=self.log_retain_bytes,
            max_bytes=self.log_max_bytes,
            buffer_bytes=self.log_buffer_bytes,
            deadline=self.log_deadline,
        )

    @property
    def rate_limits(self) -> RateLimits:
        return RateLimits(self.rate_limit, self.query_rate_limit)

    @property
    def workspaces(self) -> Path:
        return self.workspaces_file or self.data_dir / "workspaces.json"


def read_settings(**given: object) -> Settings:
    """The settings of this process; `given` (command-line options) win where they are not None.

    SettingsError names what is wrong, and whether option, environment or file said it.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**chosen)  # type: ignore[arg-type]  # pydantic checks what mypy cannot know here
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(each, chosen) for each in error.errors())) from error
    except (OSError, ValueError) as error:  # the file itself: not readable, not UTF-8, not TOML
        raise SettingsError(f"{FILE} in {Path.cwd()} cannot be read: {error}. Correct it.") from error


def _sentence(problem: ErrorDetails, chosen: Mapping[str, object]) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else "?"
    if problem["type"] == "extra_forbidden":
        return f"{FILE}: unknown setting {name}{_meant(name)}."
    return f"{_source(name, chosen)} is {problem['input']!r}: {problem['msg']}."


def _source(name: str, chosen: Mapping[str, object]) -> str:
    """What the reader has to change."""
    variable = f"ETAPPE_{name.upper()}"
    set_here = variable in {each.upper() for each, value in os.environ.items() if value}
    return variable if name in chosen or set_here else f"{FILE}: {name}"


def _meant(name: str) -> str:
    known = [*Settings.model_fields, *(f"etappe_{each}" for each in Settings.model_fields)]
    close = get_close_matches(name.lower(), known, 1)
    return f" (did you mean {close[0].removeprefix('etappe_')}?)" if close else " (see docs/settings.md)"
