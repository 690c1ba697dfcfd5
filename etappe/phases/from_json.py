"""A JSON text as YAML reads it, line by line, so that a problem is named where the sender finds it."""

from __future__ import annotations

import json
import re

import yaml

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|\t')
_WIDE = 1 << 30


def yaml_of_json(text: str) -> str:
    """The same document; `text` must be JSON. YAML 1.1 knows no 1e5, no tabs, and no character of two escapes."""
    return _TOKEN.sub(lambda found: _respelled(found[0]), text)


def _respelled(word: str) -> str:
    if word == "\t":
        return " "
    style = '"' if word[0] == '"' else None
    spelled = yaml.safe_dump(json.loads(word), default_style=style, allow_unicode=True, width=_WIDE)
    return spelled.removesuffix("...\n").strip("\n")
