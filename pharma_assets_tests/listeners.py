"""A real SMTP server and a real HTTP server on loopback, for what alerts are sent to."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "robot@example.org", "pa ss:/@%"


@dataclass
class MailServer:
    """What arrived, and how: `refuse` answers every mail with a temporary error."""

    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    starttls: list[bool] = field(default_factory=list)
    refuse: bool = False
    port: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuse:
            return "451 4.3.0 the disk of secret-host is full"
        self.mails.append(cast("EmailMessage", message_from_bytes(envelope.content or b"", policy=policy.default)))
        self.recipients += envelope.rcpt_tos
        self.starttls.append(session.ssl is not None)
        return "250 taken"

    def login(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given = cast("LoginPassword", data)
        success = (given.login.decode(), given.password.decode()) == (USER, PASSWORD)
        self.logins.append(given.login.decode())
        return AuthResult(success=success, handled=False)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def mail_server(*, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    """An SMTP server; with a context, over TLS from the start or by STARTTLS, and then with a login."""
    # The controller asks its own port whether it listens, so it must know which.
    served = MailServer(port=free_port())
    secured = tls is not None or starttls is not None
    controller = Controller(
        served,
        hostname="127.0.0.1",
        port=served.port,
        ssl_context=tls,
        tls_context=starttls,
        authenticator=served.login if secured else None,
        auth_required=secured,
        # Over TLS from the start, the server does not see that it is.
        auth_require_tls=starttls is not None,
        require_starttls=starttls is not None,
        enable_SMTPUTF8=True,
    )
    controller.start()
    try:
        yield served
    finally:
        controller.stop()


@dataclass
class HookServer:
    """What was posted; `status` is answered."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    status: int = 200
    location: str | None = None
    url: str = ""


@contextmanager
def hook_server() -> Iterator[HookServer]:
    """An HTTP server that takes what is posted to it."""
    served = HookServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            served.bodies.append(json.loads(body))
            served.paths.append(self.path)
            self.send_response(served.status)
            if served.location:
                self.send_header("Location", served.location)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that vouches for itself: its file, and the server's context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return path, context
