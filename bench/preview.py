"""Rows: the funnel of a model that is not saved, over HTTP, against what one writes by hand over raw touchpoints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from bench.asked import Asked, generated
from bench.figures import Row, in_turns
from bench.places import place
from bench.scale import Scale
from etappe.phases import builtin_models

_MODEL = builtin_models()["acpl"].text.replace("name: acpl", "name: unsaved", 1)
_TARGET = "≤ 3"
_QUESTIONS: dict[str, dict[str, str]] = {
    "preview of a model": {},
    "preview of a model, in order within 30 days": {"order": "ordered", "window": "30d"},
    "preview of a model, touched, of all time but a day": {"order": "touched", "from": "1970-01-02"},
}
_MERGED = "preview of a model with merged identities"


class PreviewAsked(Asked):
    """A core over generated touchpoints, asked about a model that it has not."""

    def preview(self, question: dict[str, str]) -> float:
        """Seconds until the whole answer is there."""
        begun = time.perf_counter()
        self._posted(question)
        return time.perf_counter() - begun

    def check_preview(self, question: dict[str, str]) -> None:
        """Both ways count the same, or there is nothing to compare."""
        if (
            question.get("order") == "touched"
        ):  # the reference counts in order: against the model that is saved
            wanted = self.counts({"model": "acpl", **question})
        else:
            wanted = self.counted_by_hand()
        found = [row["count"] for row in self._posted(question)["rows"]]
        if found != wanted:
            raise RuntimeError(f"the preview {question} counts {found}, wanted {wanted}")

    def _posted(self, question: dict[str, str]) -> dict[str, Any]:
        reply = self._client.post("/v1/models/preview", params=question, content=_MODEL.encode())
        answer: dict[str, Any] = reply.raise_for_status().json()
        return answer


def rows(scale: Scale) -> Iterator[Row]:
    """Orders, a window and a range where nobody was ever linked; then the plain one where every fifth was."""
    by_hand = "windowFunnel over touchpoints (bench/sql/window_funnel.sql), identities left out"
    with _built(scale.touchpoints) as asked:
        for name, question in _QUESTIONS.items():
            asked.check_preview(question)
            pairs = in_turns(scale.rounds, partial(asked.preview, question), asked.by_hand)
            yield Row(name, "s", pairs, by_hand, _TARGET, [asked.parts()])
    with _built(scale.touchpoints, scale.touchpoints // 50, "window_funnel_merged") as asked:
        asked.check_preview({})
        pairs = in_turns(scale.rounds, partial(asked.preview, {}), asked.by_hand)
        told = f"{scale.touchpoints // 50:,} customers turned out to be others; the reference joins them, too"
        yield Row(_MERGED, "s", pairs, "bench/sql/window_funnel_merged.sql", _TARGET, [told])


@contextmanager
def _built(count: int, merged: int = 0, by_hand: str = "window_funnel") -> Iterator[PreviewAsked]:
    """A core over touchpoints of its own, done with building, so that nothing else is measured."""
    with place() as at:
        generated(at, count, merged)
        asked = PreviewAsked(at, by_hand)
        try:
            asked.wait_until_built()
            yield asked
        finally:
            asked.stop()
