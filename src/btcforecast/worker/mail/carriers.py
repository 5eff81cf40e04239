"""How letters leave: by a mail server (RFC 5321), or into a folder."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol

import aiosmtplib

from btcforecast.accounts.mail.route import FolderRoute, Route, ServerRoute, Tls

WITHIN_S: Final = 60
"""The longest that a letter's way may take altogether."""
_STEP_WITHIN_S: Final = 20
_ENHANCED_CODE: Final = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")


class NotCarriedError(Exception):
    """A letter did not leave. The message holds no address and no secret; words: what the server said, which may hold some.

    is_final: trying again would be answered alike.
    """

    def __init__(self, message: str, *, is_final: bool = False, words: str = "") -> None:
        super().__init__(message)
        self.is_final = is_final
        self.words = words


class Carrier(Protocol):
    """Takes letters away."""

    def carry(self, message: EmailMessage) -> AbstractAsyncContextManager[None]:
        """Hand a letter over; the body of the `async with` runs as soon as it is taken. Raises NotCarriedError."""
        ...


def carrier_for(route: Route, *, greets_as: str) -> Carrier:
    """Return what takes letters along the route. greets_as: the name that mail servers are told."""
    return FolderCarrier(route.folder) if isinstance(route, FolderRoute) else ServerCarrier(route, greets_as=greets_as)


class ServerCarrier:
    """Hands letters to a mail server, one connection each.

    context: what certificates are believed, the system's by default; step_within_s: the longest that the server may think about anything.
    """

    def __init__(
        self, route: ServerRoute, *, greets_as: str, context: ssl.SSLContext | None = None, step_within_s: float = _STEP_WITHIN_S
    ) -> None:
        self._route: Final = route
        self._greets_as: Final = greets_as
        self._context: Final = context
        self._step_within_s: Final = step_within_s

    @asynccontextmanager
    async def carry(self, message: EmailMessage) -> AsyncIterator[None]:
        """Hand a letter over; the body runs between the server's 250 and our QUIT, which may take its time."""
        server = self._server()
        try:
            try:
                async with asyncio.timeout(WITHIN_S):
                    await server.connect()
                    await server.send_message(message)
            except (aiosmtplib.SMTPException, OSError, ValueError) as e:
                raise _translated(e) from e
            yield
            await _take_leave(server)
        finally:
            server.close()

    def _server(self) -> aiosmtplib.SMTP:
        route = self._route
        return aiosmtplib.SMTP(
            hostname=route.host,
            port=route.port,
            username=route.user or None,
            password=route.password or None,
            use_tls=route.tls is Tls.FROM_THE_START,
            start_tls={Tls.REQUIRED: True, Tls.IF_OFFERED: None}.get(route.tls, False),
            tls_context=self._context,
            local_hostname=self._greets_as,
            timeout=self._step_within_s,
        )


class FolderCarrier:
    """Writes each letter to a file of its own, named by its id."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder

    @asynccontextmanager
    async def carry(self, message: EmailMessage) -> AsyncIterator[None]:
        """Write the letter, whole or not at all; a second time over the first."""
        name = message["Message-ID"].strip("<>").partition("@")[0]
        try:
            await asyncio.to_thread(self._write, f"{name}.eml", message.as_bytes())
        except OSError as e:
            raise NotCarriedError(f"The folder of mail cannot be written ({e.strerror}).", words=str(e)) from e
        yield

    def _write(self, name: str, text: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{name}.{os.getpid()}"
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123  # a mode from its first moment
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._folder / name)


async def _take_leave(server: aiosmtplib.SMTP) -> None:
    try:
        await server.quit(timeout=1)
    except (aiosmtplib.SMTPException, OSError):
        # The letter is taken; how the server ends the conversation changes nothing.
        return


def _translated(error: Exception) -> NotCarriedError:
    """Return what went wrong in words of ours: servers repeat addresses, and sometimes more, in theirs."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        # There is one recipient.
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _refused(error)
    # Before ValueError, which a certificate that does not count is, too.
    fault = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
    if fault is not None:
        return NotCarriedError(f"TLS failed: {getattr(fault, 'verify_message', '') or fault.reason}."[:200], words=str(error))
    if type(error) in {aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported} or isinstance(error, ValueError):
        return NotCarriedError("The server lacks what the letter needs, such as STARTTLS or its way to log in.", words=str(error))
    if isinstance(error, TimeoutError):
        return NotCarriedError("The server did not answer in time.", words=str(error))
    if isinstance(error, aiosmtplib.SMTPConnectError):
        return NotCarriedError("The server cannot be reached.", words=str(error))
    return NotCarriedError("The connection broke off.", words=str(error))


def _refused(error: aiosmtplib.SMTPResponseException) -> NotCarriedError:
    what, is_about_letter = "the conversation", False
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        what = "our user and password"
    elif isinstance(error, aiosmtplib.SMTPSenderRefused):
        what = "the sender, MAIL_FROM"
    elif isinstance(error, aiosmtplib.SMTPRecipientRefused):
        what, is_about_letter = "the recipient", True
    elif isinstance(error, aiosmtplib.SMTPDataError):
        what, is_about_letter = "the letter", True
    enhanced = _ENHANCED_CODE.match(error.message)
    code = f"{error.code} {enhanced[1]}" if enhanced else str(error.code)
    # RFC 5321, section 4.2.1: 5yz must not be repeated. What concerns us and not the letter is put right by the operator instead.
    is_final = is_about_letter and 500 <= error.code < 600
    return NotCarriedError(f"The server refused {what} with {code}.", is_final=is_final, words=error.message)


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
