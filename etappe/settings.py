"""Settings: read once, each with a default and one sentence; a bad one stops the start."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from etappe.errors import SettingsError
from etappe.eventlog import LogOptions


class Settings(BaseSettings):
    """Every setting, as `ETAPPE_NAME` in the environment or `name` in `etappe.toml`; the environment wins."""

    model_config = SettingsConfigDict(
        env_prefix="ETAPPE_", env_ignore_empty=True, toml_file="etappe.toml", extra="forbid", frozen=True
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

    log_partitions: int = Field(4, ge=1, le=1024, description="Partitions of a new log's topic touchpoints.")
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
    query_seconds: float = Field(30, gt=0, description="Seconds that one question may take.")
    query_memory: int = Field(4 << 30, gt=0, description="Bytes of memory that one question may use.")
    query_rows: int = Field(5_000_000, gt=0, description="Rows that one answer may have.")
    query_threads: int = Field(4, ge=1, le=64, description="Questions answered at the same time.")

    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="Least severe log line to print."
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

    @property
    def log(self) -> str:
        return self.log_url or f"sqlite:///{self.data_dir / 'log'}"

    @property
    def warehouse(self) -> str:
        return self.warehouse_url or f"chdb:///{self.data_dir / 'warehouse'}"

    @property
    def log_options(self) -> LogOptions:
        return LogOptions(
            partitions=self.log_partitions,
            retain_seconds=self.log_retain_days * 86400,
            retain_bytes=self.log_retain_bytes,
            max_bytes=self.log_max_bytes,
            buffer_bytes=self.log_buffer_bytes,
            deadline=self.log_deadline,
        )

    @property
    def workspaces(self) -> Path:
        return self.workspaces_file or self.data_dir / "workspaces.json"


def read_settings(**given: object) -> Settings:
    """The settings of this process; `given` (command-line options) win where they are not None."""
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**chosen)  # type: ignore[arg-type]  # pydantic checks what mypy cannot know here
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(dict(each)) for each in error.errors())) from error


def _sentence(problem: dict[str, object]) -> str:
    location = problem["loc"]
    name = str(location[0]) if isinstance(location, tuple) and location else "?"
    return f"ETAPPE_{name.upper()} is {problem.get('input')!r}: {problem['msg']}."
