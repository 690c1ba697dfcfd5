"""Operators' orders: decisions, rules, times in the past, models, rebuilds; done again, they end alike."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from etappe.changes import AsOf, Decide, DropModel, Erase, Preview, Rebuild, Rules, SaveModel, TakeBack
from etappe.errors import BadInput
from etappe.identity_rules import parse_rules
from etappe.warehouse import Session
from stitcher import decided
from stitcher.decided import Decision
from stitcher.erasure.forgetting import Forgetting
from stitcher.generations import Generation, rules_known_at, store_rules
from stitcher.models import store_order
from stitcher.remaking import remake
from stitcher.resolve import reach
from stitcher.views import Views

ViewsOrder = AsOf | Decide | DropModel | Erase | Preview | Rebuild | Rules | SaveModel | TakeBack

log_line = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Orders:
    """Carries out orders on the views of one workspace."""

    session: Session
    views: Views

    def carry_out(self, order: ViewsOrder) -> None:
        match order:
            case Decide():
                self.decide(_decision(order))
            case TakeBack():
                self._take_back(order)
            case Rules():
                self._follow(order)
            case AsOf():
                self._look_back(order)
            case Preview():
                self._try(order)
            case Rebuild():
                latest = self.views.latest
                self.views.begin(self.session, replace(latest, asked=order.asked))
            case SaveModel() | DropModel():
                store_order(self.session, order)
                self.views.follow_models(self.session)
            case Erase():
                Forgetting(self.session, self.views).carry_out(order)

    def decide(self, decision: Decision) -> None:
        """Hold identifiers apart or ban one, in all that is known since then."""
        known = decided.decision_of(self.session, self.views.name, decision.id)
        self._hold(known or decision)

    def _take_back(self, order: TakeBack) -> None:
        known = decided.decision_of(self.session, self.views.name, order.id)
        if known is None:
            log_line.warning("no such decision", workspace=order.workspace, id=order.id)
            return
        self._hold(decided.taken_back(known, order.asked))

    def _hold(self, decision: Decision) -> None:
        """Store the decision as it stands, and make again what it concerns."""
        decided.store_decision(self.session, self.views.name, decision, self.views.version)
        for generation in list(self.views.generations):
            if decision.asked <= generation.known_until:
                self._apply(generation, decision)

    def _apply(self, generation: Generation, decision: Decision) -> None:
        views, session = self.views, self.session
        if decision.kind == "ban":
            is_held = decision.a in decided.to_ban(session, views.workspace, generation, decision.a)
            decided.store_banned(
                session, views.name, generation.number, [decision.a], held=is_held, version=views.version
            )
        views.hold(session, generation)
        if decision.kind == "ban":
            views.lead_around(session, generation, [decision.a])
        facts = views.facts(session, generation)
        remake(facts, views.target(generation), reach(facts, decision.named))

    def _follow(self, order: Rules) -> None:
        """From now on these rules; what they say of all history is made beside what answers until then."""
        if not _can_be_read(order.text):
            return
        store_rules(self.session, self.views.name, order.text, order.asked, order.by)
        wanted = Generation(rules_text=order.text, asked=order.asked)
        if wanted.rules.version != self.views.latest.rules.version:
            self.views.begin(self.session, wanted)

    def _look_back(self, order: AsOf) -> None:
        """What was known at a time, kept ready for questions about it."""
        if any(each.purpose == "as_of" and each.known_until == order.at for each in self.views.generations):
            return
        text = rules_known_at(self.session, self.views.name, order.at)
        wanted = Generation(0, "as_of", text, order.at, str(order.at), asked=order.asked)
        self.views.begin(self.session, wanted)

    def _try(self, order: Preview) -> None:
        if any(each.purpose == "preview" and each.name == order.id for each in self.views.generations):
            return
        if _can_be_read(order.text):
            wanted = Generation(0, "preview", order.text, name=order.id, asked=order.asked)
            self.views.begin(self.session, wanted, has_journeys=False)


def _decision(order: Decide) -> Decision:
    return Decision(
        order.id, order.kind, order.a, order.a_type, order.b, order.b_type, order.asked, order.by, order.note
    )


def _can_be_read(text: str) -> bool:
    """They were checked before they were ordered; by another version of ours, perhaps."""
    try:
        parse_rules(text, "the rules")
    except BadInput as error:
        log_line.error("unreadable identity rules", reason=str(error))
        return False
    return True
