"""A real mail server on loopback, in a thread of its own: with or without TLS and passwords, patient, moody, slow, or dying halfway."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import queue
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

WITHIN_S = 60


@dataclass
class Moods:
    """How the server is to behave; changed while it runs."""

    refuse_recipients_with: str | None = None
    refuse_senders_with: str | None = None
    refuse_letters_with: str | None = None
    cut_off: str | None = None
    """before: it hangs up in place of taking a letter; after: it takes the letter and hangs up in place of saying so."""
    holds: threading.Event = field(default_factory=threading.Event)
    """While it is not set, the server keeps whoever brought a letter waiting for an answer."""
    takes_first: bool = False
    """It has taken the letter before it keeps anybody waiting."""

    def __post_init__(self) -> None:
        self.holds.set()


class MailServer:
    """What arrived, and how the server behaves."""

    def __init__(self, moods: Moods) -> None:
        self.moods = moods
        self.port = 0
        self.senders: list[str] = []
        self.recipients: list[str] = []
        self.used_tls: list[bool] = []
        self.began: queue.Queue[None] = queue.Queue()
        """One for each letter whose text has come, before the answer."""
        self._arrived: queue.Queue[EmailMessage] = queue.Queue()

    def next_letter(self) -> EmailMessage:
        """Return the next letter that arrived, waiting for it."""
        return self._arrived.get(timeout=WITHIN_S)

    @property
    def n_unread(self) -> int:
        """Return how many letters arrived that nobody asked for yet."""
        return self._arrived.qsize()

    # What follows is called by aiosmtpd, by these names.
    async def handle_MAIL(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802
        if self.moods.refuse_senders_with:
            return self.moods.refuse_senders_with
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802
        if self.moods.refuse_recipients_with:
            return self.moods.refuse_recipients_with.replace("{address}", address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.moods.refuse_letters_with:
            return self.moods.refuse_letters_with
        if self.moods.cut_off == "before":
            server.transport.abort()
            return "250 OK"
        if self.moods.takes_first:
            self._take(server, envelope)
        self.began.put(None)
        await asyncio.to_thread(self.moods.holds.wait, WITHIN_S)
        if not self.moods.takes_first:
            self._take(server, envelope)
        if self.moods.cut_off == "after":
            server.transport.abort()
        return "250 OK"

    def _take(self, server: SMTP, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes)
        self.senders.append(envelope.mail_from or "")
        self.recipients += envelope.rcpt_tos
        self.used_tls.append(server.transport.get_extra_info("ssl_object") is not None)
        self._arrived.put(BytesParser(EmailMessage, policy=SMTP_POLICY).parsebytes(envelope.content))


@contextmanager
def mail_server(
    *,
    moods: Moods | None = None,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    user: tuple[str, str] | None = None,
) -> Iterator[MailServer]:
    """Yield a mail server. starttls: takes STARTTLS; tls: speaks TLS from the start; user: name and password that are asked for."""
    server = MailServer(moods or Moods())
    options: dict[str, Any] = {"hostname": "mail.test", "enable_SMTPUTF8": True}
    if user is not None:
        expected = LoginPassword(user[0].encode(), user[1].encode())
        options |= {
            "auth_required": True,
            "auth_require_tls": starttls is not None,
            "authenticator": lambda *found: AuthResult(success=found[4] == expected, handled=False),
        }
    loop = asyncio.new_event_loop()

    def factory() -> SMTP:
        return SMTP(server, loop=loop, tls_context=starttls, **options)

    async def listen() -> asyncio.Server:
        return await loop.create_server(factory, "127.0.0.1", 0, ssl=tls)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(listen(), loop).result(WITHIN_S)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.moods.holds.set()
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return contexts for a server on loopback with a certificate of its own making, and for clients that believe it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    hosts = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(hosts, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "mail.crt", folder / "mail.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serves.load_cert_chain(chain, secret)
    return serves, ssl.create_default_context(cafile=str(chain))
