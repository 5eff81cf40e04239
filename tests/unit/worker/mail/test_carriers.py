"""How letters leave: TLS and passwords as they should be, and what goes wrong said without secrets (ENV-4, DAT-1)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from mail_server import MailServer, Moods, certificate, mail_server

from btcforecast.accounts.mail.letters import Letter
from btcforecast.accounts.mail.route import FolderRoute, ServerRoute, Tls, route_of, sender_of
from btcforecast.core.errors import SettingsError
from btcforecast.worker.mail import FolderCarrier, Letters, NotCarriedError, ServerCarrier

# The server warns of what these tests do on purpose, on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
USER = ("postmaster", "planted-secret-1")
TO = "ada.planted@example.org"


def letter(to: str = TO) -> EmailMessage:
    letters = Letters(sender_of("btcforecast <noreply@page.example>"), "https://page.example")
    return letters.write(Letter.TEST, {"at": "now"}, letter_id="m_1", to=to, at=1_764_547_200)


async def send(
    server: MailServer | int,
    *,
    tls: Tls = Tls.NONE,
    user: tuple[str, str] = ("", ""),
    context: ssl.SSLContext | None = None,
    step_within_s: float = 20,
    to: str = TO,
) -> None:
    port = server if isinstance(server, int) else server.port
    route = ServerRoute("127.0.0.1", port, tls, *user)
    carrier = ServerCarrier(route, greets_as="page.example", context=context, step_within_s=step_within_s)
    async with carrier.carry(letter(to)):
        return


@pytest.fixture
def moods() -> Moods:
    return Moods()


@pytest.fixture
def server(moods: Moods) -> Iterator[MailServer]:
    with mail_server(moods=moods) as found:
        yield found


async def test_a_letter_arrives_whole(server: MailServer):
    await send(server)
    arrived = server.next_letter()
    assert (server.senders, server.recipients) == (["noreply@page.example"], [TO])
    assert [part.get_content_type() for part in arrived.iter_parts()] == ["text/plain", "text/html"]
    assert arrived["Message-ID"] == "<m_1@page.example>"


async def test_an_address_beyond_ascii_is_carried_where_the_server_can(server: MailServer):
    await send(server, to="ädä@exämple.org")
    assert server.recipients == ["ädä@xn--exmple-cua.org"]


@pytest.mark.parametrize("tls", [Tls.FROM_THE_START, Tls.REQUIRED])
async def test_a_password_is_given_under_tls(tmp_path: Path, tls: Tls):
    serves, believes = certificate(tmp_path)
    ways = {"tls": serves} if tls is Tls.FROM_THE_START else {"starttls": serves}
    with mail_server(**ways, user=USER) as server:
        await send(server, tls=tls, user=USER, context=believes)
        assert server.used_tls == [True]


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(tmp_path: Path):
    serves, _ = certificate(tmp_path)
    with mail_server(starttls=serves, user=USER) as server:
        with pytest.raises(NotCarriedError, match=r"TLS failed: .*certificate") as caught:
            await send(server, tls=Tls.REQUIRED, user=USER)
        assert not caught.value.is_final
        assert server.n_unread == 0


async def test_a_password_is_never_given_where_starttls_is_not_offered():
    with mail_server(user=USER) as server:
        with pytest.raises(NotCarriedError, match="lacks what the letter needs"):
            await send(server, tls=Tls.REQUIRED, user=USER)
        assert server.n_unread == 0


async def test_a_wrong_password_is_the_operators_fault_and_not_the_letters():
    refused = pytest.raises(NotCarriedError, match="refused our user and password with 535")
    with mail_server(user=USER) as server, refused as caught:
        await send(server, user=(USER[0], "another-planted-secret"))
    assert not caught.value.is_final


@pytest.mark.parametrize(
    ("name", "words", "said", "is_final"),
    [
        ("refuse_recipients_with", "450 4.2.0 {address} try later", "refused the recipient with 450 4.2.0.", False),
        ("refuse_recipients_with", "550 5.1.1 {address} is unknown here", "refused the recipient with 550 5.1.1.", True),
        ("refuse_letters_with", "451 full of planted-secret-2", "refused the letter with 451.", False),
        ("refuse_letters_with", "554 5.7.1 spam", "refused the letter with 554 5.7.1.", True),
        ("refuse_senders_with", "550 5.7.0 who are you", "refused the sender, MAIL_FROM with 550 5.7.0.", False),
    ],
)
async def test_refusals_are_told_apart(server: MailServer, moods: Moods, *, name: str, words: str, said: str, is_final: bool):
    setattr(moods, name, words)
    with pytest.raises(NotCarriedError) as caught:
        await send(server)
    assert said in str(caught.value)
    assert caught.value.is_final is is_final
    assert "planted" not in str(caught.value)
    assert caught.value.words


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_server_that_hangs_up_is_tried_again(server: MailServer, moods: Moods, when: str):
    moods.cut_off = when
    with pytest.raises(NotCarriedError, match="broke off") as caught:
        await send(server)
    assert not caught.value.is_final


async def test_a_server_that_thinks_too_long_is_left(server: MailServer, moods: Moods):
    moods.holds.clear()
    with pytest.raises(NotCarriedError, match="did not answer in time"):
        await send(server, step_within_s=0.2)


async def test_a_server_that_is_not_there_is_said_so():
    with mail_server() as server:
        port = server.port
    with pytest.raises(NotCarriedError, match="cannot be reached"):
        await send(port)


async def test_a_letter_in_a_folder_is_private_and_written_once(tmp_path: Path):
    carrier = FolderCarrier(tmp_path / "mail")
    for _ in range(2):
        async with carrier.carry(letter()):
            pass
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name == "m_1.eml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert TO.encode() in path.read_bytes()


async def test_a_folder_that_cannot_be_written_is_said_so():
    with pytest.raises(NotCarriedError, match="cannot be written"):
        async with FolderCarrier(Path("/dev/null/mail")).carry(letter()):
            pass


@pytest.mark.parametrize(
    ("address", "route"),
    [
        ("", None),
        ("file:var/mail", FolderRoute(Path("var/mail"))),
        ("smtp://mail.example", ServerRoute("mail.example", 587, Tls.IF_OFFERED)),
        ("smtp://ada:p%40ss@mail.example:25", ServerRoute("mail.example", 25, Tls.REQUIRED, "ada", "p@ss")),
        ("smtps://ada:pass@mail.example", ServerRoute("mail.example", 465, Tls.FROM_THE_START, "ada", "pass")),
        ("smtp://ada:pass@127.0.0.2:2525", ServerRoute("127.0.0.2", 2525, Tls.NONE, "ada", "pass")),
        ("smtp://[::1]", ServerRoute("::1", 587, Tls.NONE)),
    ],
)
def test_mail_url_says_where_and_how_safely(address: str, route: object):
    assert route_of(address) == route
    assert "p@ss" not in f"{route!r} {route}"


@pytest.mark.parametrize(
    "address",
    ["mail.example", "http://mail.example", "smtp://", "smtp://ada@mail.example", "smtp://a:planted/2@h", "smtp://h:0x", "file:"],
)
def test_a_mail_url_that_leads_nowhere_is_refused_without_its_password(address: str):
    with pytest.raises(SettingsError) as caught:
        route_of(address)
    assert "planted" not in str(caught.value)


@pytest.mark.parametrize("sender", ["", "nobody", "a@b.example, c@d.example", "x <>", "a@b.example\nBcc: c@d.example"])
def test_a_sender_that_is_none_is_refused(sender: str):
    with pytest.raises(SettingsError, match="not one sender"):
        sender_of(sender)
