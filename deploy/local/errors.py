"""What can go wrong with a stack, as one tree.

StackError              exit code 1: something that ran did not do what it should
├── StartFailed         a process did not become ready; carries its last log lines
└── Misuse              exit code 2: a setting, port, program or name; the sentence names the way out
"""


class StackError(Exception):
    """Base of all; its text is one sentence for the person at the keyboard."""

    exit_code = 1


class StartFailed(StackError):
    """`process` did not become ready. `last_lines` end its log; `exit_code` is 2 if it refused its settings."""

    def __init__(self, sentence: str, *, process: str, last_lines: list[str], exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.process = process
        self.last_lines = last_lines
        self.exit_code = exit_code


class Misuse(StackError):
    """The person asked for something that cannot be; nothing was changed."""

    exit_code = 2
