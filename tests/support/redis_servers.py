"""Real Redis servers in every topology the cache knows: on free ports of the loopback, with their data in a folder of
the caller's, each started and ended by its own handle.

    with RedisServer(program, folder) as server:
        server.command("SET", "k", 1)
        server.url  # as an application would be given it

All classes here are context managers, ready to answer once entered; what they started has ended once left.
"""

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import trustme
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from deploy.local.ports import free_ports
from deploy.local.waiting import wait_until

HOST = "127.0.0.1"
SLOTS = 16384
READY_SECONDS = 15.0
STOP_SECONDS = 5.0

Options = Mapping[str, object]


class _Running:
    """Something with `start` and `stop`, entered and left."""

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        atexit.register(self.stop)  # an interrupted run may leave out what leaves this; a second time costs nothing
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        atexit.unregister(self.stop)


class RedisServer(_Running):
    """One redis-server. `options` are lines of redis.conf; `url` may name `{port}`. Keeps no data unless told to."""

    def __init__(
        self,
        program: Path,
        folder: Path,
        options: Options | None = None,
        *,
        url: str = f"redis://{HOST}:{{port}}",
        arguments: Iterable[str] = (),
    ) -> None:
        self.port = free_ports(1)[0]
        self.url = url.format(port=self.port)
        self._folder = folder
        self._command = [str(program), "redis.conf", *arguments]
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        lines = {"bind": HOST, "port": self.port, "save": '""', "set-proc-title": "no", **(options or {})}
        text = "".join(f"{name} {str(value).format(port=self.port)}\n" for name, value in lines.items())
        (folder / "redis.conf").write_text(text)

    @property
    def pid(self) -> int:
        """The running process. Raises RuntimeError while there is none."""
        if self._process is None:
            raise RuntimeError("this server does not run")
        return self._process.pid

    def start(self, *arguments: str) -> None:
        """Starts it, again on the same port and with what it kept, and waits until it answers."""
        command = [*self._command, *arguments]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        if not wait_until(lambda: self.answers() or self._has_ended(), READY_SECONDS) or self._has_ended():
            raise RuntimeError(f"redis-server did not start:\n{(self._folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        """Ends it in order. Nothing happens if it does not run."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """Ends it as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def forget(self) -> None:
        """Removes what a stopped server kept, its own configuration apart."""
        for kept in self._folder.iterdir():
            if kept.is_dir():
                shutil.rmtree(kept)
            elif kept.name not in ("redis.conf", "log"):
                kept.unlink()

    def pause(self) -> None:
        """From now on it answers nothing, while its connections stay open and new ones are taken."""
        os.kill(self.pid, signal.SIGSTOP)
        wait_until(lambda: psutil.Process(self.pid).status() == psutil.STATUS_STOPPED, STOP_SECONDS)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def command(self, *args: str | bytes | float) -> Any:
        """The plain RESP2 reply to one command, asked over a connection of its own. Raises RedisError."""
        with Redis.from_url(self.url, protocol=2, socket_timeout=5, retry=Retry(NoBackoff(), 0)) as client:
            client.response_callbacks.clear()
            return client.execute_command(*args)

    def answers(self) -> bool:
        return self.says() == "PONG"

    def says(self) -> str:
        """What it answers to a PING, be it an error; "" if it does not."""
        try:
            return str(self.command("PING"), "ascii")
        except (RedisError, OSError) as error:
            return str(error)

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


class Certificates:
    """An authority of this test run's own, and a certificate for the loopback."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.authority = folder / "authority.pem"
        self._chain = folder / "server.pem"
        self._key = folder / "server.key"
        authority = trustme.CA()
        issued = authority.issue_cert(HOST, "localhost")
        authority.cert_pem.write_to_path(self.authority)
        issued.private_key_pem.write_to_path(self._key)
        for place, blob in enumerate(issued.cert_chain_pems):
            blob.write_to_path(self._chain, append=place > 0)

    @property
    def options(self) -> dict[str, object]:
        """Lines of redis.conf for a server that speaks TLS only."""
        return {
            "port": 0,
            "tls-port": "{port}",
            "tls-cert-file": f'"{self._chain}"',
            "tls-key-file": f'"{self._key}"',
            "tls-ca-cert-file": f'"{self.authority}"',
            "tls-auth-clients": "no",
        }


def tls_server(program: Path, folder: Path, options: Options | None = None) -> RedisServer:
    """A server that speaks TLS only; its `url` names the authority that vouches for it."""
    certificates = Certificates(folder / "certificates")
    return RedisServer(
        program,
        folder / "server",
        {**certificates.options, **(options or {})},
        url=f"rediss://{HOST}:{{port}}?ssl_ca_certs={certificates.authority}",
    )


def unix_server(program: Path, folder: Path, options: Options | None = None) -> RedisServer:
    """A server that listens on a unix socket only."""
    return RedisServer(
        program, folder, {"port": 0, "unixsocket": "s", **(options or {})}, url=f"unix://{folder.absolute() / 's'}"
    )


def locked_server(
    program: Path,
    folder: Path,
    options: Options | None = None,
    *,
    user: str = "app",
    password: str = "open-sesame",  # noqa: S107  # of a server that lives for a test
    rules: str = "~* &* +@all",
    database: int = 5,
) -> RedisServer:
    """A server that only `user` may use, with their password, by ACL `rules`; `url` names a database as well.

    With `rules="~* &* +@all -client|tracking"`, CLIENT TRACKING is refused:
    "NOPERM this user has no permissions to run the 'client|tracking' command".
    """
    lines = {"user default": "off", f"user {user}": f"on >{password} {rules}", **(options or {})}
    return RedisServer(program, folder, lines, url=f"redis://{user}:{password}@{HOST}:{{port}}/{database}")


class ReplicaPair(_Running):
    """A master and its replica. `careful`: the master takes writes only while the replica follows closely."""

    def __init__(
        self,
        program: Path,
        folder: Path,
        options: Options | None = None,
        *,
        careful: bool = False,
        lag_seconds: int = 1,
    ) -> None:
        # By way of the disk a replica gets the stream of writes at once; without, up to a second after it is "online".
        common = {"repl-diskless-sync": "no", "repl-ping-replica-period": 1, "shutdown-timeout": 0}
        care = {"min-replicas-to-write": 1, "min-replicas-max-lag": lag_seconds} if careful else {}
        lines = {**common, **care, **(options or {})}
        self.master = RedisServer(program, folder / "master", lines)
        self.replica = RedisServer(program, folder / "replica", {**lines, "replicaof": f"{HOST} {self.master.port}"})
        self.url = self.master.url

    def start(self) -> None:
        self.master.start()
        self.replica.start()
        self.wait_until_replicated()

    def stop(self) -> None:
        self.master.stop()
        self.replica.stop()

    def wait_until_replicated(self) -> None:
        """Until the replica follows the master, which takes writes."""
        _until(lambda: _is_followed(self.master), "the replica does not follow its master")


class WatchedPair(_Running):
    """A master, its replica, and sentinels that watch them as `service`."""

    service = "hotseat"

    def __init__(
        self,
        program: Path,
        folder: Path,
        options: Options | None = None,
        *,
        sentinels: int = 3,
        down_after_seconds: float = 1.0,
        scheme: str = "redis+sentinel",
        database: int = 0,
    ) -> None:
        self.pair = ReplicaPair(program, folder / "pair", options)
        watching = {
            f"sentinel monitor {self.service}": f"{HOST} {self.pair.master.port} {sentinels // 2 + 1}",
            f"sentinel down-after-milliseconds {self.service}": int(down_after_seconds * 1000),
            f"sentinel failover-timeout {self.service}": 3000,
        }
        self.sentinels = [
            RedisServer(program, folder / f"sentinel{number}", watching, arguments=["--sentinel"])
            for number in range(sentinels)
        ]
        asked = ",".join(f"{HOST}:{sentinel.port}" for sentinel in self.sentinels)
        self.url = f"{scheme}://{asked}/{self.service}/{database}"

    @property
    def master(self) -> RedisServer:
        """The server that the sentinels call the master."""
        port = self._named_by(self.sentinels[0])
        return next(server for server in (self.pair.master, self.pair.replica) if server.port == port)

    def start(self) -> None:
        self.pair.start()
        for sentinel in self.sentinels:
            sentinel.start()
        _until(self._all_see_each_other, "the sentinels do not see the replica and each other")

    def stop(self) -> None:
        for sentinel in self.sentinels:
            sentinel.stop()
        self.pair.stop()

    def failover(self) -> None:
        """Makes the replica the master, as an operator would, and waits until all sentinels say so.

        The former master lives on, and takes writes that will be lost for 8 s and more.
        """
        former = self.master
        self.sentinels[0].command("SENTINEL", "FAILOVER", self.service)
        self.wait_until_replaced(former)

    def wait_until_replaced(self, former: RedisServer) -> None:
        """Until all sentinels name another master than `former`, and that one is."""

        def replaced() -> bool:
            named = {self._named_by(sentinel) for sentinel in self.sentinels}
            return former.port not in named and len(named) == 1 and self.master.command("ROLE")[0] == b"master"

        _until(replaced, "no other master was named")

    def _named_by(self, sentinel: RedisServer) -> int:
        return int(sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.service)[1])

    def _all_see_each_other(self) -> bool:
        return all(
            [
                _fields(replica).get(b"master-link-status")
                for replica in sentinel.command("SENTINEL", "REPLICAS", self.service)
            ]
            == [b"ok"]
            and len(sentinel.command("SENTINEL", "SENTINELS", self.service)) == len(self.sentinels) - 1
            for sentinel in self.sentinels
        )


class RedisCluster(_Running):
    """A cluster of masters that share the slots evenly, with a replica of the first one if `spare`.

    A slot whose node is away fails alone, unless `options` say `cluster-require-full-coverage yes`.
    """

    def __init__(
        self,
        program: Path,
        folder: Path,
        options: Options | None = None,
        *,
        masters: int = 3,
        spare: bool = False,
        scheme: str = "redis+cluster",
        credentials: str = "",
        query: str = "",
    ) -> None:
        lines = {
            "cluster-enabled": "yes",
            "cluster-node-timeout": 2000,
            "cluster-require-full-coverage": "no",
            "cluster-announce-ip": HOST,
            "repl-diskless-sync": "no",
            "shutdown-timeout": 0,
            "tls-cluster": "yes" if scheme.startswith("rediss") else "no",
            **(options or {}),
        }
        self._bus = free_ports(masters + spare)
        self._is_made = False
        node_url = f"{scheme.partition('+')[0]}://{credentials}{HOST}:{{port}}{query}"
        self.nodes = [
            RedisServer(program, folder / f"node{number}", {**lines, "cluster-port": bus}, url=node_url)
            for number, bus in enumerate(self._bus)
        ]
        self._masters = masters
        self.url = f"{scheme}://{credentials}{','.join(f'{HOST}:{node.port}' for node in self.nodes)}{query}"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        if not self._is_made:
            self._make()
            self._is_made = True
        self.wait_until_ok()

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def wait_until_ok(self) -> None:
        """Until every node knows all others and takes commands for its slots."""
        _until(lambda: all(self._is_ok(node) for node in self.nodes), "the cluster is not ok")

    def node_of(self, key: str) -> RedisServer:
        """The master that serves a key."""
        slot = self.nodes[0].command("CLUSTER", "KEYSLOT", key)
        port = next(port for first, last, port in _slots(self.nodes[0]) if first <= slot <= last)
        return next(node for node in self.nodes if node.port == port)

    def move_slot(self, key: str, to: RedisServer) -> None:
        """Gives a key's slot to another node, keys and all, as resharding tools do it."""
        with self.moving_slot(key, to) as slot:
            source = self.node_of(key)
            for name in _keys_in(source, slot):
                self.move_key(name, source, to)
            for node in (to, source):
                node.command("CLUSTER", "SETSLOT", slot, "NODE", _node_id(to))

    def move_key(self, key: str | bytes, source: RedisServer, to: RedisServer) -> None:
        """Takes one key along, while its slot is on its way."""
        source.command("MIGRATE", HOST, to.port, key, 0, 5000)

    @contextlib.contextmanager
    def moving_slot(self, key: str, to: RedisServer) -> Iterator[int]:
        """While inside, a key's slot is on its way to another node, and no key of it has moved."""
        slot, source = int(self.nodes[0].command("CLUSTER", "KEYSLOT", key)), self.node_of(key)
        to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", _node_id(source))
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", _node_id(to))
        try:
            yield slot
        finally:
            for node in (source, to):
                node.command("CLUSTER", "SETSLOT", slot, "STABLE")

    def _make(self) -> None:
        bounds = [SLOTS * place // self._masters for place in range(self._masters + 1)]
        for place, (node, (first, behind)) in enumerate(zip(self.nodes, pairwise(bounds), strict=False)):
            node.command("CLUSTER", "SET-CONFIG-EPOCH", place + 1)
            node.command("CLUSTER", "ADDSLOTSRANGE", first, behind - 1)
        for node, bus in zip(self.nodes[1:], self._bus[1:], strict=True):
            self.nodes[0].command("CLUSTER", "MEET", HOST, node.port, bus)
        for spare in self.nodes[self._masters :]:
            master = _node_id(self.nodes[0])
            _until(lambda: master in spare.command("CLUSTER", "NODES"), "the spare node does not know its master")  # noqa: B023
            spare.command("CLUSTER", "REPLICATE", master)
            _until(lambda: _is_followed(self.nodes[0]), "the spare node does not follow its master")

    def _is_ok(self, node: RedisServer) -> bool:
        try:
            told = _told(node.command("CLUSTER", "INFO"))
            covered = sum(last - first + 1 for first, last, _ in _slots(node))
        except (RedisError, OSError):
            return False
        return told["cluster_state"] == "ok" and told["cluster_slots_ok"] == str(SLOTS) == str(covered)


def _is_followed(master: RedisServer) -> bool:
    told = _told(master.command("INFO", "replication"))
    return "state=online" in told.get("slave0", "") and told.get("min_slaves_good_slaves", "1") != "0"


def _slots(node: RedisServer) -> list[tuple[int, int, int]]:
    """Ranges of slots as a node knows them: first, last, port of the master."""
    return [(first, last, master[1]) for first, last, master, *_ in node.command("CLUSTER", "SLOTS")]


def _keys_in(node: RedisServer, slot: int) -> list[bytes]:
    return list(node.command("CLUSTER", "GETKEYSINSLOT", slot, 1000))


def _node_id(node: RedisServer) -> bytes:
    return bytes(node.command("CLUSTER", "MYID"))


def _told(reply: bytes) -> dict[str, str]:
    """The lines `name:value` of a reply."""
    return dict(line.split(":", 1) for line in reply.decode().splitlines() if ":" in line)


def _fields(flat: list[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _until(predicate: Callable[[], bool], otherwise: str) -> None:
    if not wait_until(predicate, READY_SECONDS):
        raise RuntimeError(otherwise)
