"""A world that goes through random steps over both lanes, deaths and undone imports among them."""

from __future__ import annotations

from hypothesis import strategies as st
from stitching.world import Dying, Killed, World

Step = tuple[str, int, int]
"""What, of how many, and after which write the process dies (0: it does not)."""

_DEATHS = st.integers(0, 7)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("normalise"), st.integers(1, 4), _DEATHS),
        st.tuples(st.just("normalise lane"), st.integers(1, 4), _DEATHS),
        st.tuples(st.just("apply"), st.integers(1, 5), _DEATHS),
        st.tuples(st.just("commit"), st.just(0), st.just(0)),
    ),
    max_size=14,
)


class Run:
    """A world that goes through steps; what was not committed comes again after a death."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.committed = (0, 0, 0)

    def step(self, kind: str, count: int, writes: int) -> None:
        world = self.world
        session = Dying(world.session, writes) if writes else None
        try:
            match kind:
                case "normalise":
                    world.normalise(count, session)
                case "normalise lane":
                    world.normalise_lane(count, session)
                case "apply":
                    world.apply(count, session)
                case _:
                    self.committed = (world.normalised, world.imported, world.applied)
        except Killed:
            self.die()

    def die(self) -> None:
        world = self.world
        world.normalised, world.imported, world.applied = self.committed
        world.start()

    def replay(self) -> None:
        """As if nothing had ever been committed."""
        self.committed = (0, 0, 0)
        self.die()
        self.world.drain()
