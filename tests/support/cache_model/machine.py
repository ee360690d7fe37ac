"""The state machine: random operations, faults and steps of time, over the caches of several processes.

What is drawn never depends on what happened: who is to be let go, cancelled or let through is counted modulo whatever
is there. So an example is the same each time it is run, and shrinks to a short story.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from cache_model.at_rest import comes_to_rest
from cache_model.foreigners import KINDS, foreign_write
from cache_model.operations import Fails, Operations, Pause
from cache_model.promises import Violation
from cache_model.ways import Which
from cache_model.world import World
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

Work = Callable[[], Coroutine[Any, Any, None]]

PROCESS = st.integers(0, 1)
BROWSER = st.sampled_from((0, 0, 0, 1, 1, 2))  # mostly of one user
ANY = st.integers(0, 7)
# How many rounds of the loop follow: until all is quiet, or so few that something is still on its way.
ROUNDS = st.one_of(st.none(), st.none(), st.integers(0, 12))
PAUSE = st.sampled_from(("", "", "", "", "before", "after"))
THEN = st.sampled_from((None, 0, 1))  # the process through which the browser looks at once when it has its answer
DEAF = st.sampled_from((None, None, 0, 1))  # the process that does not hear of it, for the time being


class CacheMachine(RuleBasedStateMachine):
    """Two processes, two users with two browsers each, and one Redis, at whose unix socket `redis_url` points."""

    def __init__(self, redis_url: str, **options: Any) -> None:
        super().__init__()
        self.world = World(redis_url, **options)
        self.operations = Operations(self.world)
        self.broken = False

    @initialize(warm=st.booleans())
    def everybody_is_there(self, warm: bool) -> None:
        """All have logged in; `warm`: all is held hot everywhere."""
        for b, _ in enumerate(self.world.browsers):
            self.session(p=0, b=b, kind="log in", deaf=None, then=None, rounds=None)
        if warm:
            for p, _ in enumerate(self.world.processes):
                for b, _ in enumerate(self.world.browsers):
                    self.page(p=p, b=b, pause="", stale=False, then=None, rounds=None)
            self._all_is_hot()

    # --- browsers ------------------------------------------------------------------------------------------------

    @rule(p=PROCESS, b=BROWSER, pause=PAUSE, fails=st.booleans(), stale=st.booleans(), then=THEN, rounds=ROUNDS)
    def read(
        self, p: int, b: int, pause: Pause, fails: bool, stale: bool, then: int | None, rounds: int | None
    ) -> None:
        """The value alone."""
        process, browser = self.world.processes[p], self.world.browsers[b]
        work = partial(self.operations.read, process, browser, pause=pause, fails=fails and bool(pause), stale=stale)
        self._begin(p, f"{browser.name} reads", work, rounds, b=b, then=then, paused=bool(pause))

    @rule(p=PROCESS, b=BROWSER, pause=PAUSE, stale=st.booleans(), then=THEN, rounds=ROUNDS)
    def page(self, p: int, b: int, pause: Pause, stale: bool, then: int | None, rounds: int | None) -> None:
        """The session, and the value behind it."""
        process, browser = self.world.processes[p], self.world.browsers[b]
        work = partial(self.operations.page, process, browser, pause=pause, stale=stale)
        self._begin(p, f"{browser.name} asks for a page", work, rounds, b=b, then=then, paused=bool(pause))

    @rule(p=PROCESS, b=BROWSER, rounds=ROUNDS)
    def read_session(self, p: int, b: int, rounds: int | None) -> None:
        process, browser = self.world.processes[p], self.world.browsers[b]
        self._begin(
            p, f"{browser.name} reads its session", partial(self.operations.read_session, process, browser), rounds
        )

    @rule(p=PROCESS, rounds=ROUNDS)
    def look_at_all(self, p: int, rounds: int | None) -> None:
        """Somebody without a floor looks at all users' values at once."""
        self._begin(p, "somebody looks at all", partial(self.operations.look_at_all, self.world.processes[p]), rounds)

    @rule(
        p=PROCESS,
        b=BROWSER,
        pause=PAUSE,
        fails=st.sampled_from(("", "", "", "", "before", "after")),
        alive=st.booleans(),
        everything=st.booleans(),
        deaf=DEAF,
        then=THEN,
        rounds=ROUNDS,
    )
    def write(
        self,
        p: int,
        b: int,
        pause: Pause,
        fails: Fails,
        alive: bool,
        everything: bool,
        deaf: int | None,
        then: int | None,
        rounds: int | None,
    ) -> None:
        process, browser = self.world.processes[p], self.world.browsers[b]
        work = partial(
            self.operations.write, process, browser, pause=pause, fails=fails, alive=alive, everything=everything
        )
        self._begin(p, f"{browser.name} writes", work, rounds, deaf, b=b, then=then, paused=bool(pause))

    @rule(p=PROCESS, b=BROWSER, deaf=DEAF, then=THEN, rounds=ROUNDS)
    def invalidate(self, p: int, b: int, deaf: int | None, then: int | None, rounds: int | None) -> None:
        process, browser = self.world.processes[p], self.world.browsers[b]
        work = partial(self.operations.invalidate, process, browser)
        self._begin(p, f"{browser.name} invalidates", work, rounds, deaf, b=b, then=then)

    @rule(
        p=PROCESS,
        b=BROWSER,
        kind=st.sampled_from(("change", "change", "touch", "log out", "log in")),
        deaf=DEAF,
        then=THEN,
        rounds=ROUNDS,
    )
    def session(self, p: int, b: int, kind: str, deaf: int | None, then: int | None, rounds: int | None) -> None:
        process, browser = self.world.processes[p], self.world.browsers[b]
        match kind:
            case "log in":
                work = partial(self.operations.log_in, process, browser)
            case "log out":
                work = partial(self.operations.log_out, process, browser)
            case _:
                work = partial(self.operations.change, process, browser, counts=kind == "change")
        self._begin(p, f"{browser.name}: {kind}", work, rounds, deaf, b=b, then=then)

    @rule(
        p=PROCESS,
        b=BROWSER,
        direction=st.sampled_from(("down", "up")),
        seconds=st.sampled_from((0.3, 0.6, 2.1)),
        rounds=ROUNDS,
    )
    def outage(self, p: int, b: int, direction: str, seconds: float, rounds: int | None) -> None:
        """Nothing gets through while a browser asks for a page and for its value, and may be answered from copies.

        Of rules drawn one by one so many would have to meet that it hardly ever came to that.
        """
        self.hold(p=p, which="all", direction=direction)
        self.page(p=p, b=b, pause="", stale=True, then=None, rounds=0)
        self.read(p=p, b=b, pause="", fails=False, stale=True, then=None, rounds=0)
        self.world.turn(seconds, smoothly=True)
        self._then(rounds)

    # --- what is under way ---------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(("let go", "let go", "land", "cancel")), number=ANY, rounds=ROUNDS)
    def go_on(self, kind: str, number: int, rounds: int | None) -> None:
        """A load or a writer is let go; a write lands in the database by itself; somebody does not wait any more."""
        world = self.world
        match kind:
            case "let go":
                world.gates.let_go(number)
            case "land":
                if world.truth.under_way:
                    world.truth.under_way[number % len(world.truth.under_way)].land()
            case "cancel":
                if world.operations:
                    world.operations[number % len(world.operations)].task.cancel()
        self._then(rounds)

    @rule(seconds=st.sampled_from((0.3, 0.6, 1.2, 2.1, 2.6)), b=BROWSER, then=THEN, rounds=ROUNDS)
    def time_passes(self, seconds: float, b: int, then: int | None, rounds: int | None) -> None:
        self.world.turn(seconds, smoothly=True)
        self._look_again(b, then)
        self._then(rounds)

    @rule(seconds=st.sampled_from((0.6, 1.9, 2.1, 5.1, 11.0, 31.0, 70.0)), b=BROWSER, then=THEN, rounds=ROUNDS)
    def time_leaps(self, seconds: float, b: int, then: int | None, rounds: int | None) -> None:
        self.world.turn(seconds, smoothly=False)
        self._look_again(b, then)
        self._then(rounds)

    # --- others, and faults --------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(KINDS), b=BROWSER, deaf=DEAF, rounds=ROUNDS)
    def foreign(self, kind: str, b: int, deaf: int | None, rounds: int | None) -> None:
        """Somebody else writes to Redis, while the loop stands still."""
        self._deafen(deaf)
        foreign_write(self.world, kind, self.world.browsers[b])
        self._then(rounds)

    @rule(p=PROCESS, which=st.sampled_from(("tracked", "all", "other")), direction=st.sampled_from(("down", "up")))
    def hold(self, p: int, which: Which, direction: str) -> None:
        """The way stays open and nothing gets through."""
        self.world.faults += 1
        self.world.processes[p].way.hold(which, direction)
        self._then(0)

    @rule(p=PROCESS, pieces=st.sampled_from((None, None, 1, 2)), rounds=ROUNDS)
    def let_through(self, p: int, pieces: int | None, rounds: int | None) -> None:
        """What was held gets through: all of it and all that follows, or a few pieces only."""
        way = self.world.processes[p].way
        if pieces is None:
            self.world.faults += 1
            way.open()
        else:
            way.drip(pieces)
        self._then(rounds)

    @rule(p=PROCESS, what=st.sampled_from(("tracked", "other", "all", "process")), rounds=ROUNDS)
    def breaks(self, p: int, what: str, rounds: int | None) -> None:
        """A process loses its connections, or dies and is born again."""
        process = self.world.processes[p]
        self.world.faults += 1
        if what == "process":
            self.world.kill(process)
        for pipe in process.way.which("tracked" if what == "tracked" else "other" if what == "other" else "all"):
            pipe.cut()
        self._then(rounds)

    # -------------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            if not self.broken:
                comes_to_rest(self.world, self.operations)
        finally:
            self.world.close()

    def _begin(
        self,
        p: int,
        what: str,
        work: Work,
        rounds: int | None,
        deaf: int | None = None,
        *,
        b: int = 0,
        then: int | None = None,
        paused: bool = False,
    ) -> None:
        self._deafen(deaf)
        self.world.faults += paused  # whoever waits for it may have to wait too long

        async def do() -> None:
            await work()
            self._look_again(b, then)

        self.world.start(self.world.processes[p], what, do(), must_succeed=not paused)
        self._then(rounds)

    def _all_is_hot(self) -> None:
        """Otherwise no story would tell anything about copies."""
        if self.world.trusts:
            for process in self.world.processes:
                for browser in self.world.browsers:
                    assert browser.session is not None
                    for key in (process.boards.key(browser.user), process.sessions.key(browser.user, browser.session)):
                        assert process.cache.hot.peek(key), f"process {process.number} does not hold {key}"

    def _look_again(self, b: int, then: int | None) -> None:
        """A browser asks for its value and its session, both at once."""
        if then is not None:
            process, browser = self.world.processes[then], self.world.browsers[b]
            value = self.operations.read(process, browser, pause="", fails=False, stale=False)
            self.world.start(process, f"{browser.name} reads again", value, must_succeed=True)
            session = self.operations.read_session(process, browser)
            self.world.start(process, f"{browser.name} reads its session again", session, must_succeed=True)

    def _deafen(self, deaf: int | None) -> None:
        if deaf is not None:
            self.world.faults += 1
            self.world.processes[deaf].way.hold("tracked", "down")

    def _then(self, rounds: int | None) -> None:
        """Lets what was begun go on, and sees whether the promises are kept so far."""
        try:
            self.world.run(rounds)
            self.world.poll()
            self.world.promises_kept()
        except Violation:
            self.broken = True
            raise
