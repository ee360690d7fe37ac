"""From one release to another, one web process after the other; then the worker, then HAProxy if the mode changes.

All or nothing: where a process does not become ready, it is ended, the one before it serves on, and those that had
changed already are taken back. Users never notice, since each step is make before break and any mix of releases and
modes answers correctly (the floors see to that). HAProxy comes last in both directions, because it is what cannot fail
in the new release's code: stickiness without hot copies, or hot copies without stickiness, only cost hits meanwhile.

A command killed half-way leaves a mixed fleet that serves. `rollback` then leads back to the release it came from, and
another roll on to a new one.
"""

from dataclasses import replace

from deploy.local.errors import Misuse, StackError, StartFailed
from deploy.local.processes import Plan, PlannedProcess, released
from deploy.local.releases import KEPT, Release, Releases
from deploy.local.replacing import PORT_VARIABLES, replace_proxy, replace_web
from deploy.local.running import RunningStack
from deploy.local.starting import start_processes
from deploy.local.stopping import stop_processes


def current_release(stack: RunningStack, releases: Releases) -> Release:
    return releases.load(stack.plan.releases[-1])


def roll_out(stack: RunningStack, releases: Releases, release: Release, history: list[str]) -> None:
    """Every process of the application runs `release` afterwards, and `history` ends with it. Raises StackError."""
    before = {process.name: process for process in stack.plan.of_kind("web", "worker")}
    changed: list[str] = []
    try:
        for process in before.values():
            changed.append(process.name)
            _change(stack, released(process, release))
        _change_proxy(stack, release.settings["STICKY_MODE"])
    except StackError as error:
        raise _told(error, changed[:-1], *_take_back(stack, before, changed)) from error
    history = history[-KEPT:]
    stack.save(replace(stack.plan, releases=history))
    releases.forget_all_but(history)


def release_before(plan: Plan) -> list[str]:
    """The history that a rollback leads to. Raises Misuse if there is nothing before."""
    current = plan.releases[-1]
    if any(process.environ["RELEASE"] != current for process in plan.of_kind("web", "worker")):
        return list(plan.releases)  # a roll-out was interrupted
    if len(plan.releases) < 2:
        raise Misuse("There is no release before the one that runs.")
    return plan.releases[:-1]


def _change(stack: RunningStack, new: PlannedProcess) -> None:
    if new.kind == "web":
        replace_web(stack, new)
        return
    old = stack.process(new.name)
    ran = stack.runs(old.unit)
    if ran:
        stack.say(f"stopping {old.name}")
        stop_processes(stack.supervisor, [old], "TERM", old.stop_seconds)
    stack.save(stack.plan.with_processes(new))
    if ran:
        start_processes(stack.supervisor, [new], stack.say)


def _change_proxy(stack: RunningStack, sticky: str) -> None:
    proxy = stack.plan.of_kind("proxy")[0]
    if proxy.environ["STICKY_MODE"] != sticky:
        mode = stack.plan.of_kind("web")[0].mode
        replace_proxy(stack, replace(proxy, environ={**proxy.environ, "STICKY_MODE": sticky}, mode=mode))


def _take_back(stack: RunningStack, before: dict[str, PlannedProcess], changed: list[str]) -> tuple[list[str], str]:
    """The names of those that were taken back, and what went wrong with that."""
    back: list[str] = []
    for name in reversed(changed):
        now, then = stack.process(name), before[name]
        if now.environ["RELEASE"] == then.environ["RELEASE"]:
            continue
        ports = {key: now.environ[key] for key in PORT_VARIABLES if key in now.environ}
        stack.say(f"taking {name} back")
        try:
            _change(
                stack, replace(now, environ={**then.environ, **ports}, mode=then.mode, stop_seconds=then.stop_seconds)
            )
        except StackError as error:
            return back, f"{name} could not be taken back: {error}"
        back.append(name)
    return back, ""


def _told(error: StackError, done: list[str], back: list[str], failure: str) -> StackError:
    sentence = str(error)
    if not done:
        sentence += " Nothing has changed."
    elif back:
        sentence += f" Taken back to the release before: {', '.join(reversed(back))}."
    if failure:
        sentence += f" {failure}"
    if isinstance(error, StartFailed):
        return StartFailed(sentence, process=error.process, last_lines=error.last_lines, exit_code=error.exit_code)
    return StackError(sentence)
