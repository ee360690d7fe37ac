"""A stack's Prometheus has the rules of the dashboards, as they were when the stack came up."""

from fleet import run_dir

from deploy.local import Stack
from deploy.local.places import DASHBOARDS


def test_rules_are_the_stacks_own_copies_and_former_ones_are_gone(stack: Stack) -> None:
    """A checkout that changes does not change a running stack, and what another version left is not evaluated."""
    rules = run_dir(stack) / "prometheus" / "rules"
    rules.mkdir(parents=True)
    (rules / "gone.yml").write_text("groups: []\n")
    stack.up()
    assert {file.name: file.read_text() for file in rules.iterdir()} == {
        name: (DASHBOARDS / name).read_text() for name in ("alerts.yml", "recording.yml")
    }
    assert not any(file.is_symlink() for file in rules.iterdir())
