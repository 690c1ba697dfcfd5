"""Whom a command talks to: the service of a data folder, or one named by address and key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx

from etappe.cli.folder import DataFolder, NotRunning
from etappe.cli.wrong_use import WrongUse
from etappe.errors import EtappeError, Problem
from etappe.settings import read_settings

KeyName = Literal["write_key", "secret_key", "read_token", "admin_token"]
SideName = Literal["collector", "query"]


class Refused(EtappeError):
    """The service said no."""


class NotReady(Refused):
    """The service cannot answer yet."""


@dataclass(frozen=True, slots=True)
class Target:
    """A service's address and the key to show it."""

    url: str
    key: str

    def client(self, timeout: float = 60.0) -> httpx.Client:
        """An HTTP client with base address and key set; seconds. Close it."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=timeout)

    def get(self, path: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON answer to a GET; parameters that are None are left out."""
        return self._ask("GET", path, parameters)

    def post(self, path: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The JSON answer to a POST without a body."""
        return self._ask("POST", path, parameters)

    def post_json(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON answer to a POST with one."""
        return self._ask("POST", path, None, body)

    def put_json(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON answer to a PUT."""
        return self._ask("PUT", path, None, body)

    def put_yaml(self, path: str, text: str) -> dict[str, Any]:
        """The JSON answer to a PUT of YAML."""
        return self._ask("PUT", path, None, text=text)

    def post_yaml(self, path: str, text: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON answer to a POST of YAML; parameters that are None are left out."""
        return self._ask("POST", path, parameters, text=text)

    def patch_json(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON answer to a PATCH."""
        return self._ask("PATCH", path, None, body)

    def delete(self, path: str) -> dict[str, Any]:
        """The JSON answer to a DELETE."""
        return self._ask("DELETE", path, None)

    def _ask(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None,
        body: Mapping[str, Any] | None = None,
        text: str | None = None,
    ) -> dict[str, Any]:
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        headers = None if text is None else {"Content-Type": "text/yaml"}
        try:
            with self.client() as client:
                response = client.request(
                    method, path, params=given, json=body, content=text, headers=headers
                )
        except httpx.ConnectError:
            raise NotRunning(f"Nothing answers at {self.url}: start it with `etappe up`.") from None
        except httpx.TimeoutException:
            raise Refused(f"{self.url} did not answer in time: ask for less, or look at its log.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Refused(f"{self.url}{path} cannot be asked: {error}") from None
        return answer_of(response)


def find_target(
    side: SideName,
    key_name: KeyName,
    *,
    data_dir: Path | None = None,
    url: str | None = None,
    key: str | None = None,
) -> Target:
    """The service to talk to: what is given wins, the data folder fills the gaps.

    NotRunning says what to do where that is not enough.
    """
    if url and key:
        return Target(url.rstrip("/"), key)
    folder = DataFolder(data_dir or default_folder())
    address = url or getattr(folder.read_service(), side)
    return Target(str(address).rstrip("/"), key or getattr(folder.read_keys(), key_name))


def default_folder() -> Path:
    """The data folder that the settings name."""
    return read_settings().data_dir


def answer_of(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in a reply; where it said no, in its words, Refused, or WrongUse if asked wrongly."""
    try:
        content = response.json()
    except ValueError:
        content = {}
    if response.is_success and isinstance(content, dict):
        return content
    said = content if isinstance(content, dict) else {}
    # A 422 without problems is a limit that the question ran into.
    if response.status_code == 422 and said.get("problems"):
        raise WrongUse(Problem(each["field"], each["value"], each["wanted"]) for each in said["problems"])
    refusal = _refusal(response.status_code, said)
    raise NotReady(refusal) if response.status_code == 503 else Refused(refusal)


def _refusal(status: int, content: Mapping[str, Any]) -> str:
    if status in (401, 403):
        why = f" {content['error']}" if status == 403 and content.get("error") else ""
        return f"The key is not good for this ({status}).{why} Look at `etappe keys list`, or give another --token."
    return f"{status}: {content.get('error') or content.get('detail') or 'it gave no reason'}"
