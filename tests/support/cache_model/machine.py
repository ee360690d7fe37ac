"""The state machine: random operations, faults and steps of time, over the caches of several processes.

What is drawn never depends on what happened: who is to be let go, cancelled or opened is counted modulo whatever is
there. So an example is the same each time it is run, and shrinks to a short story.
"""

from typing import Any

from cache_model.at_rest import comes_to_rest
from cache_model.operations import Fails, Operations, Pause
from cache_model.promises import Violation
from cache_model.ways import Which
from cache_model.world import USERS, World
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

PROCESS = st.integers(0, 1)
BROWSER = st.sampled_from((0, 1, 0, 1, 2, 3))  # mostly of one user
ANY = st.integers(0, 7)
# How many rounds of the loop follow: until all is quiet, or so few that something is still on its way.
ROUNDS = st.one_of(st.none(), st.none(), st.integers(0, 12))
PAUSE = st.sampled_from(("", "", "", "before", "after"))
WHICH = st.sampled_from(("tracked", "tracked", "other", "all"))
DIRECTION = st.sampled_from(("down", "down", "up"))


class CacheMachine(RuleBasedStateMachine):
    """Two processes, two users with two browsers each, one Redis."""

    def __init__(self, redis_url: str, **options: Any) -> None:
        super().__init__()
        self.world = World(redis_url, **options)
        self.operations = Operations(self.world)
        self.broken = False

    # --- browsers ------------------------------------------------------------------------------------------------

    @rule(p=PROCESS, b=BROWSER, pause=PAUSE, fails=st.booleans(), stale=st.booleans(), rounds=ROUNDS)
    def read(self, p: int, b: int, pause: Pause, fails: bool, stale: bool, rounds: int | None) -> None:
        self._start(p, b, "reads", self.operations.read, rounds, pause=pause, fails=fails and bool(pause), stale=stale)

    @rule(p=PROCESS, b=BROWSER, rounds=ROUNDS)
    def read_simply(self, p: int, b: int, rounds: int | None) -> None:
        self._start(p, b, "reads", self.operations.read, rounds, pause="", fails=False, stale=False)

    @rule(p=PROCESS, b=BROWSER, pause=PAUSE, stale=st.booleans(), rounds=ROUNDS)
    def request(self, p: int, b: int, pause: Pause, stale: bool, rounds: int | None) -> None:
        self._start(p, b, "asks for a page", self.operations.request, rounds, pause=pause, fails=False, stale=stale)

    @rule(p=PROCESS, users=st.permutations(USERS), rounds=ROUNDS)
    def look_at_all(self, p: int, users: list[str], rounds: int | None) -> None:
        process = self.world.processes[p]
        self.world.start(
            process, "somebody looks at all", self.operations.look_at_all(process, users), must_succeed=True
        )
        self._then(rounds)

    @rule(
        p=PROCESS,
        b=BROWSER,
        pause=PAUSE,
        fails=st.sampled_from(("", "", "", "before", "after")),
        alive=st.booleans(),
        everything=st.booleans(),
        rounds=ROUNDS,
    )
    def write(
        self, p: int, b: int, pause: Pause, fails: Fails, alive: bool, everything: bool, rounds: int | None
    ) -> None:
        how = {"pause": pause, "fails": fails, "alive": alive, "everything": everything}
        self._start(p, b, "writes", self.operations.write, rounds, **how)

    @rule(p=PROCESS, b=BROWSER, rounds=ROUNDS)
    def invalidate(self, p: int, b: int, rounds: int | None) -> None:
        self._start(p, b, "invalidates", self.operations.invalidate, rounds)

    @rule(p=PROCESS, b=BROWSER, rounds=ROUNDS)
    def log_in(self, p: int, b: int, rounds: int | None) -> None:
        self._start(p, b, "logs in", self.operations.log_in, rounds)

    @rule(p=PROCESS, b=BROWSER, counts=st.booleans(), rounds=ROUNDS)
    def change(self, p: int, b: int, counts: bool, rounds: int | None) -> None:
        self._start(p, b, "changes its session", self.operations.change, rounds, counts=counts)

    @rule(p=PROCESS, b=BROWSER, rounds=ROUNDS)
    def log_out(self, p: int, b: int, rounds: int | None) -> None:
        self._start(p, b, "logs out", self.operations.log_out, rounds)

    @rule(p=PROCESS, b=BROWSER, rounds=ROUNDS)
    def read_record(self, p: int, b: int, rounds: int | None) -> None:
        self._start(p, b, "reads its session", self.operations.read_record, rounds)

    # --- what is under way ---------------------------------------------------------------------------------------

    @rule(number=ANY, rounds=ROUNDS)
    def let_go(self, number: int, rounds: int | None) -> None:
        self.world.gates.let_go(number)
        self._then(rounds)

    @rule(number=ANY)
    def land(self, number: int) -> None:
        """A write lands in the database, whether or not its writer still waits for it."""
        under_way = self.world.truth.under_way
        if under_way:
            under_way[number % len(under_way)].land()
        self._then(0)

    @rule(number=ANY, rounds=ROUNDS)
    def cancel(self, number: int, rounds: int | None) -> None:
        """Somebody does not want to wait any more."""
        operations = self.world.operations
        if operations:
            operations[number % len(operations)].task.cancel()
        self._then(rounds)

    # --- time ----------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from((0.3, 1.0, 1.2, 2.1, 2.6)))
    def time_passes(self, seconds: float) -> None:
        self.world.turn(seconds, smoothly=True)
        self._then(0)

    @rule(seconds=st.sampled_from((0.6, 1.9, 2.1, 5.1, 11.0, 31.0, 70.0)))
    def time_leaps(self, seconds: float) -> None:
        self.world.turn(seconds, smoothly=False)
        self._then(0)

    @rule(rounds=ROUNDS)
    def rounds_pass(self, rounds: int | None) -> None:
        self._then(rounds)

    # --- others who write to Redis, while the loop stands still --------------------------------------------------

    @rule(
        what=st.sampled_from(("delete", "delete", "expire", "shorten", "garbage", "copy", "another type", "lease")),
        user=st.sampled_from(range(len(USERS))),
        rounds=ROUNDS,
    )
    def foreign_write(self, what: str, user: int, rounds: int | None) -> None:
        boards = self.world.processes[0].boards
        key, other = boards.key(USERS[user]), boards.key(USERS[user - 1])
        commands: dict[str, list[tuple[str | bytes | int, ...]]] = {
            "delete": [("DEL", key)],
            "expire": [("PEXPIRE", key, 0)],
            "shorten": [("PEXPIRE", key, 5000)],
            "garbage": [("SET", key, b"\xff garbage")],
            "copy": [("COPY", other, key, "REPLACE")],
            "another type": [("DEL", key), ("HSET", key, "a", "b")],
            "lease": [("DEL", f"{key}:lease")],
        }
        self.world.raw.many(*commands[what])
        self.world.faults += what == "copy"  # the first to read it will not trust its connection any more
        self._then(rounds)

    @rule(b=BROWSER, copied=st.booleans(), rounds=ROUNDS)
    def foreign_write_to_a_record(self, b: int, copied: bool, rounds: int | None) -> None:
        """A session vanishes, or is overwritten with another user's."""
        record, user = self.world.browsers[b].session, self.world.browsers[b].user
        others = [other for other in self.world.browsers if other.user != user and other.session is not None]
        if record is not None:
            self.world.promises.ends(record)
            sessions = self.world.processes[0].sessions
            if copied and others:
                source = sessions.key(others[0].user, others[0].session or "")
                self.world.raw("COPY", source, sessions.key(user, record), "REPLACE")
                self.world.faults += 1
            else:
                self.world.raw("DEL", sessions.key(user, record))
        self._then(rounds)

    @rule(rounds=ROUNDS)
    def flush(self, rounds: int | None) -> None:
        """Redis loses everything. The barriers of writes under way too: those writes are unprotected."""
        for record in self.world.records:
            self.world.promises.ends(record)
        self.world.promises.excused |= {*self.world.brackets, *(one.user for one in self.world.truth.under_way)}
        self.world.raw("FLUSHALL")
        self._then(rounds)

    @rule(rounds=ROUNDS)
    def forget_scripts(self, rounds: int | None) -> None:
        self.world.raw("SCRIPT", "FLUSH")
        self._then(rounds)

    # --- faults --------------------------------------------------------------------------------------------------

    @rule(p=PROCESS, which=WHICH, rounds=ROUNDS)
    def kill_connection(self, p: int, which: Which, rounds: int | None) -> None:
        self.world.faults += 1
        for pipe in self.world.processes[p].way.which(which):
            pipe.cut()
        self._then(rounds)

    @rule(p=PROCESS, which=WHICH, direction=DIRECTION)
    def hold(self, p: int, which: Which, direction: str) -> None:
        """The way stays open and nothing gets through."""
        self.world.faults += 1
        self.world.processes[p].way.hold(which, direction)
        self._then(0)

    @rule(p=PROCESS, which=WHICH, direction=DIRECTION, rounds=ROUNDS)
    def drip(self, p: int, which: Which, direction: str, rounds: int | None) -> None:
        """One piece of what is held gets through."""
        for pipe in self.world.processes[p].way.which(which):
            pipe.drip(direction)
        self._then(rounds)

    @rule(p=PROCESS, rounds=ROUNDS)
    def open(self, p: int, rounds: int | None) -> None:
        self.world.faults += 1
        self.world.processes[p].way.open()
        self._then(rounds)

    @rule(p=PROCESS)
    def kill_process(self, p: int) -> None:
        self.world.kill(self.world.processes[p])
        self._then(0)

    # -------------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            if not self.broken:
                comes_to_rest(self.world, self.operations)
        finally:
            self.world.close()

    def _start(self, p: int, b: int, verb: str, operation: Any, rounds: int | None, **how: Any) -> None:
        process, browser = self.world.processes[p], self.world.browsers[b]
        if how.get("pause"):
            self.world.faults += 1  # whoever waits for it may have to wait too long
        work = operation(process, browser, **how)
        self.world.start(process, f"{browser.name} {verb}", work, must_succeed=not how.get("pause"))
        self._then(rounds)

    def _then(self, rounds: int | None) -> None:
        """Lets what was begun go on, and sees whether the promises are kept so far."""
        try:
            self.world.run(rounds)
            self.world.poll()
            self.world.promises_kept()
        except Violation:
            self.broken = True
            raise
