"""One command to a Redis server, over a connection of its own: who breaks a server shares no client with its users."""

import socket

from lab.errors import LabError

CALL_SECONDS = 10.0

Address = tuple[str, int]


class RedisRefused(LabError):
    """It answered with an error."""


def call(address: Address, *words: str) -> str:
    """Its answer, one line or one value, as text. Raises RedisRefused, and OSError where nobody answers."""
    encoded = [word.encode() for word in words]
    asked = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)
    with socket.create_connection(address, CALL_SECONDS) as connection, connection.makefile("rb") as answer:
        connection.sendall(asked)
        line = answer.readline().decode().rstrip("\r\n")
        if line.startswith("$"):
            return answer.read(int(line[1:])).decode()
    if not line or line.startswith("-"):
        raise RedisRefused(f"Redis answered {' '.join(words)} with {line!r}.")
    return line[1:]


def info(address: Address, section: str) -> dict[str, str]:
    """A section of INFO."""
    lines = (line.partition(":") for line in call(address, "INFO", section).splitlines())
    return {name: value for name, colon, value in lines if colon}
