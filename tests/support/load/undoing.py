"""Brings a stack back to what it was before a test: as many web processes, in the same mode, all in service."""

from collections.abc import Callable, Mapping

from fleet import wait_whole, web_names

from deploy.local import Stack


def make_whole(stack: Stack, modes: Mapping[str, str], eventually: Callable[..., None]) -> None:
    """`modes` is each process's mode by its name, as it was before."""
    for each in stack.status():
        if each.state == "paused":
            stack.resume(each.name)
        if each.state in ("stopped", "failed"):
            stack.start(each.name)
    webs = [name for name in modes if name.startswith("web-")]
    if len(web_names(stack)) != len(webs):
        stack.scale(len(webs))
    if {each.mode for each in stack.status() if each.name in webs} != {modes[name] for name in webs}:
        stack.sticky(modes[webs[0]] == "sticky")
    wait_whole(stack, eventually)
