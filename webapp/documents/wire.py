"""How many bytes go over connections to MongoDB: whole messages, as they are handed to the socket and read from it.

What TLS adds is not in it, nor what a connection says while it is opened (its greeting, a log-in). PyMongo offers no
place to count at: its events hold documents, and weighing those would mean encoding them again. So its pool is told to
make connections that count, by private names; all of them are in this file, and a test names them.
"""

from typing import Any

from pymongo.network_layer import NetworkingInterface
from pymongo.synchronous.pool import Connection, Pool

from webapp.traffic import Traffic


def counting_pool(traffic: Traffic) -> type[Pool]:
    """A pool whose connections count in `traffic`."""

    class Counting(Pool):
        def connect(self, handler: Any = None) -> Connection:
            connection = super().connect(handler)
            connection.conn = CountingInterface(connection.conn, traffic)
            return connection

    return Counting


class CountingInterface(NetworkingInterface):
    """A socket that counts; two Python calls more for each message that is read, one for each that is written."""

    def __init__(self, plain: NetworkingInterface, traffic: Traffic) -> None:
        super().__init__(plain.conn)
        self._traffic = traffic

    @property
    def get_conn(self) -> Any:
        """What PyMongo writes to."""
        return self

    def sendall(self, data: Any) -> None:
        self._traffic.went(sent=len(data))
        self.conn.sendall(data)

    def recv_into(self, buffer: Any) -> int:
        received: int = self.conn.recv_into(buffer)
        self._traffic.went(received=received)
        return received

    def fileno(self) -> int:
        number: int = self.conn.fileno()
        return number
