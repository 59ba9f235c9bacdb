"""A connection to an SFTP server on which many requests are on their way at once.

SSH, its keys and the framing of messages are paramiko's. Its own calls wait for each answer, take every name for UTF-8
and read ahead without a bound; what is here asks ahead as far as is good, and leaves names as bytes.
"""

# ruff: noqa: PLC0415 - only an inbox on a server needs paramiko

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pharma_assets.errors import PharmaError
from pharma_assets.inbox import sftp_protocol as protocol
from pharma_assets.inbox.sftp_protocol import Answer, Dropped, Status
from pharma_assets.settings import SftpUrl

_T = TypeVar("_T")

_LOG = "pharma_assets.ssh"
_CONNECT_SECONDS = 15
_ANSWER_SECONDS = 60
_KEEPALIVE_SECONDS = 30
# OpenSSH gives 255 KiB at once at most, others less.
_CHUNK = 255 << 10
_CHUNKS_AHEAD = 16
_BUFFER = 1 << 20
_SOME = 8 << 10
_QUESTIONS_AHEAD = 256


def connect(url: SftpUrl, key: Path | None, known_hosts: Path) -> Session:
    """Connect to a server whose host key is known, by a key; without one given, by those of the agent and ~/.ssh.

    Raises PharmaError INBOX_HOST_KEY or INBOX_UNREACHABLE.
    """
    import paramiko

    logging.getLogger(_LOG).setLevel(logging.CRITICAL)  # what it logs as an error it raises as well
    client = paramiko.SSHClient()
    client.set_log_channel(_LOG)
    client.set_missing_host_key_policy(_RefuseUnknown(url, known_hosts))
    try:
        if known_hosts.is_file():
            client.load_host_keys(str(known_hosts))
        connection = socket.create_connection((url.host, url.port), _CONNECT_SECONDS)
        # Else each small request waits for the answer to the one before, and listing takes four times as long.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.connect(
            url.host,
            url.port,
            url.user,
            sock=connection,
            key_filename=None if key is None else str(key),
            allow_agent=key is None,
            look_for_keys=key is None,
            banner_timeout=_CONNECT_SECONDS,
            auth_timeout=_CONNECT_SECONDS,
            channel_timeout=_CONNECT_SECONDS,
        )
        transport = client.get_transport()
        transport.set_keepalive(_KEEPALIVE_SECONDS)
        channel = transport.open_session(timeout=_CONNECT_SECONDS)
        channel.settimeout(_ANSWER_SECONDS)
        channel.invoke_subsystem("sftp")
        return Session(client, paramiko.SFTPClient(_Gathered(channel)))
    except paramiko.BadHostKeyException as error:
        client.close()
        why = f"{known_hosts} has another key for it than {error.key.fingerprint}"
        raise PharmaError("INBOX_HOST_KEY", host=url.host, why=why) from error
    except paramiko.AuthenticationException as error:
        client.close()
        raise PharmaError("INBOX_UNREACHABLE", url=url, why=_refused(url, key, error)) from error
    except _failures() as error:
        client.close()
        raise PharmaError("INBOX_UNREACHABLE", url=url, why=_said(error)) from error
    except BaseException:
        client.close()
        raise


class _RefuseUnknown:
    """What paramiko asks when it meets a host that is not among the known ones."""

    def __init__(self, url: SftpUrl, known_hosts: Path) -> None:
        self._url = url
        self._known_hosts = known_hosts

    def missing_host_key(self, client: object, host: str, key: Any) -> None:
        why = f"{self._known_hosts} has no line for {host}, whose {key.get_name()} key is {key.fingerprint}"
        raise PharmaError("INBOX_HOST_KEY", host=self._url.host, why=why)


class _Gathered:
    """A channel that sends and receives many messages at once: a packet of SSH for each is what would cost most.

    What is sent goes out when there is some of it, or when somebody waits for an answer.
    """

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._out = bytearray()
        self._in = memoryview(b"")

    def send(self, data: bytes) -> int:
        self._out += data
        if len(self._out) >= _SOME:
            self._flush()
        return len(data)

    def recv(self, size: int) -> bytes:
        if not self._in:
            self._flush()
            self._in = memoryview(self._channel.recv(_BUFFER))
        data, self._in = bytes(self._in[:size]), self._in[size:]
        return data

    def _flush(self) -> None:
        if self._out:
            out, self._out = bytes(self._out), bytearray()
            self._channel.sendall(out)

    def close(self) -> None:
        self._channel.close()

    def get_name(self) -> str:
        return "sftp"


class Session:
    """A connection. Every call raises Dropped when it has ended, hangs, or carries nonsense.

    Not to be used by two threads at once.
    """

    def __init__(self, client: Any, sftp: Any) -> None:
        self._client = client
        self._sftp = sftp
        self._asked: set[_Asked] = set()

    def close(self) -> None:
        self._client.close()

    def statuses(self, paths: Sequence[bytes]) -> list[Status | OSError]:
        """The paths as they are, a link as the link itself; many take little longer than one."""
        return self._ask_all([(protocol.LSTAT, path) for path in paths], protocol.status_of)

    def target(self, path: bytes) -> Status | OSError:
        """What a path leads to, links followed."""
        (answer,) = self._ask_all([(protocol.STAT, path)], protocol.status_of)
        return answer

    def real_paths(self, paths: Sequence[bytes]) -> list[bytes | OSError]:
        """Where the paths lead, without links."""
        return self._ask_all([(protocol.REALPATH, path) for path in paths], protocol.real_path_of)

    def fetch(self, path: bytes, size: int, write: Callable[[int, bytes], None]) -> int:
        """Hand the first `size` bytes of a regular file to `write(place, data)`; returns how many there were.

        Raises OSError when the server does not give them.
        """
        (handle,) = self._ask_all([(protocol.OPEN, path, protocol.FOR_READING, 0)], protocol.handle_of)
        if isinstance(handle, OSError):
            raise handle
        try:
            return self._fetch(handle, size, write)
        finally:
            self.tell(protocol.CLOSE, handle)

    def _fetch(self, handle: bytes, size: int, write: Callable[[int, bytes], None]) -> int:
        chunks = ((place, min(_CHUNK, size - place)) for place in range(0, size, _CHUNK))
        arrived: list[tuple[int, int, Answer]] = []
        under_way = copied = 0

        def ask(place: int, length: int) -> None:
            nonlocal under_way
            under_way += 1
            self.ask(
                lambda answer: arrived.append((place, length, answer)), protocol.READ, handle, _Long(place), length
            )

        while True:
            for place, length in islice(chunks, max(0, _CHUNKS_AHEAD - under_way)):
                ask(place, length)
            if not under_way:
                return copied
            self.pump()
            for place, length, answer in arrived:
                under_way -= 1
                data = protocol.data_of(answer)
                if isinstance(data, OSError):
                    raise data
                if data is None:
                    continue
                if len(data) > length:
                    raise Dropped("it sends more than it was asked for")
                write(place, data)
                copied += len(data)
                if len(data) < length:
                    ask(place + len(data), length - len(data))
            arrived.clear()

    def ask(self, then: Callable[[Answer], None], kind: int, *fields: bytes | int) -> None:
        """Send a request; some later `pump` calls `then` with the answer."""
        asked = _Asked(self._asked, then)
        self._asked.add(asked)
        self._send(asked, kind, *fields)

    def tell(self, kind: int, *fields: bytes | int) -> None:
        """Send a request whose answer does not matter."""
        self._send(type(None), kind, *fields)

    def pump(self) -> None:
        """Wait for one answer and hand it to whom it belongs to."""
        try:
            self._sftp._read_response()
        except _failures() as error:
            raise Dropped(_said(error)) from error

    def _send(self, asked: object, kind: int, *fields: bytes | int) -> None:
        from paramiko.sftp import int64

        try:
            # paramiko hands the answer to `asked._async_response`, or to nobody where that is the type of None.
            self._sftp._async_request(
                asked, kind, *(int64(field) if isinstance(field, _Long) else field for field in fields)
            )
        except _failures() as error:
            raise Dropped(_said(error)) from error

    def _ask_all(self, requests: Sequence[tuple[Any, ...]], read: Callable[[Answer], _T]) -> list[_T]:
        answers: dict[int, _T] = {}
        numbered = iter(enumerate(requests))
        under_way = 0

        def keep(number: int) -> Callable[[Answer], None]:
            def take(answer: Answer) -> None:
                answers[number] = read(answer)

            return take

        while len(answers) < len(requests):
            for number, request in islice(numbered, _QUESTIONS_AHEAD - under_way + len(answers)):
                self.ask(keep(number), *request)
                under_way += 1
            self.pump()
        return [answers[number] for number in range(len(requests))]


class Listing:
    """A folder that is being listed. Once it is `done`, all that was there is `found`, or there is an `error`."""

    def __init__(self, session: Session, folder: bytes) -> None:
        self.found: list[tuple[bytes, Status]] = []
        self.error: OSError | None = None
        self.done = False
        self._session = session
        self._handle = b""
        self._ended = False
        self._under_way = 0
        session.ask(self._opened, protocol.OPENDIR, folder)

    def _opened(self, answer: Answer) -> None:
        handle = protocol.handle_of(answer)
        if isinstance(handle, OSError):
            self.error, self.done = handle, True
        else:
            self._handle = handle
            self._ask_more()

    def _ask_more(self) -> None:
        # The second answer is nearly always that there is no more; asking for it now saves the way there and back.
        for _ in range(2):
            self._under_way += 1
            self._session.ask(self._named, protocol.READDIR, self._handle)

    def _named(self, answer: Answer) -> None:
        self._under_way -= 1
        names = protocol.names_of(answer)
        if isinstance(names, OSError):
            self.error = names
        elif names is None:
            self._ended = True
        else:
            self.found += names
        if self._under_way:
            return
        if self._ended or self.error is not None:
            self.done = True
            self._session.tell(protocol.CLOSE, self._handle)
        else:
            self._ask_more()


class _Asked:
    """A request on its way; paramiko knows it weakly only, so it is held until its answer is there."""

    def __init__(self, held: set[_Asked], then: Callable[[Answer], None]) -> None:
        self._held = held
        self._then = then

    def _async_response(self, kind: int, message: Any, number: int) -> None:
        self._held.discard(self)
        self._then(Answer(kind, message.get_remainder()))


class _Long(int):
    """A number that has 64 bits in a request; others have 32."""


def _failures() -> tuple[type[Exception], ...]:
    """What paramiko raises when a connection fails."""
    from paramiko import SSHException
    from paramiko.sftp import SFTPError

    return SSHException, SFTPError, OSError, EOFError, ValueError, IndexError


def _said(error: Exception) -> str:
    """What an exception of these says, for people."""
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def _refused(url: SftpUrl, key: Path | None, error: Exception) -> str:
    from paramiko import PasswordRequiredException

    if isinstance(error, PasswordRequiredException):
        return f"the key {key or 'in ~/.ssh'} has a passphrase; put it into an agent"
    offered = f"the key {key}" if key else "the keys of the agent and of ~/.ssh"
    return f"it does not let {url.user} in by {offered}"
