"""What letters say (USR-2, USR-4): plain and HTML alike, every fact in its place, and nothing of a stranger's in the markup."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from btcforecast.accounts.mail.letters import FACTS as DECLARED
from btcforecast.accounts.mail.letters import Letter
from btcforecast.accounts.mail.route import sender_of
from btcforecast.worker.mail import Letters

LINK = "https://page.example/way#token=a_b-C&more=1"
FACTS = {
    Letter.VERIFY_ADDRESS: {"link": LINK, "hours": "24"},
    Letter.ALREADY_REGISTERED: {"link": LINK},
    Letter.RESET_PASSWORD: {"link": LINK, "minutes": "37"},
    Letter.PASSWORD_CHANGED: {"at": "2026-01-02T03:04:05Z"},
    Letter.CONFIRM_NEW_ADDRESS: {"link": LINK, "hours": "24"},
    Letter.ADDRESS_CHANGE_ASKED: {"new": "new@example.org", "link": LINK},
    Letter.ADDRESS_CHANGED: {"new": "new@example.org", "at": "2026-01-02T03:04:05Z"},
    Letter.ACCOUNT_LOCKED: {"link": LINK, "until": "2026-01-02T03:19:05Z"},
    Letter.SECOND_FACTOR_CHANGED: {"what": "A passkey “laptop” was added.", "at": "2026-01-02T03:04:05Z"},
    Letter.ACCOUNT_DELETED: {"at": "2026-01-02T03:04:05Z"},
    Letter.INVITED: {"link": LINK, "hours": "72"},
    Letter.TEST: {"at": "2026-01-02T03:04:05Z"},
}
EVERY = pytest.mark.parametrize("letter", Letter, ids=str)


def written(letter: Letter, facts: dict[str, str] | None = None, *, to: str = "ada@example.org") -> EmailMessage:
    letters = Letters(sender_of("btcforecast <noreply@page.example>"), "https://page.example")
    return letters.write(letter, FACTS[letter] if facts is None else facts, letter_id="m_1", to=to, at=1_764_547_200)


def parts(message: EmailMessage) -> tuple[str, str]:
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return plain.get_content(), html.get_content()


@EVERY
def test_every_letter_says_each_of_its_facts_in_both_parts(letter: Letter):
    plain, html = parts(written(letter))
    for fact in FACTS[letter].values():
        assert fact in plain
        assert fact.replace("&", "&amp;") in html
    assert ("link" in FACTS[letter]) == (f'href="{LINK.replace("&", "&amp;")}"' in html)


@EVERY
def test_every_letter_says_what_to_do_if_it_was_not_you_and_who_wrote_it(letter: Letter):
    for text in parts(written(letter)):
        assert any(words in text for words in ("If it was not", "If you do not know", "If you did not ask"))
        assert "btcforecast" in text
        assert "https://page.example" in text


@EVERY
def test_a_letter_that_lacks_a_fact_is_not_written(letter: Letter):
    for name in FACTS[letter]:
        with pytest.raises(UndefinedError):
            written(letter, {key: value for key, value in FACTS[letter].items() if key != name})


@EVERY
def test_hostile_facts_stay_text(letter: Letter):
    hostile = '"><img src=x onerror=alert(1)><script>alert(1)</script>{{ 7 * 7 }}'
    plain, html = parts(written(letter, dict.fromkeys(FACTS[letter], hostile)))
    assert hostile in plain
    assert "<script" not in html
    assert "<img" not in html
    assert "{{ 7 * 7 }}" in html


@EVERY
def test_html_asks_nothing_of_other_servers_and_is_made_for_dark_and_light(letter: Letter):
    html = parts(written(letter))[1]
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert not any(tag in html for tag in ("<img", "<link ", "@import", "url(", "<script", "<iframe"))


def test_subjects_differ_and_hold_no_fact():
    subjects = [str(written(letter)["Subject"]) for letter in Letter]
    assert len(set(subjects)) == len(Letter)
    assert [str(written(letter, dict.fromkeys(FACTS[letter], "x"))["Subject"]) for letter in Letter] == subjects


def test_headers_are_those_of_a_machine_and_the_same_each_time():
    message = written(Letter.RESET_PASSWORD)
    assert dict(message.items()) | {"Content-Type": ""} == {
        "From": "btcforecast <noreply@page.example>",
        "To": "ada@example.org",
        "Subject": "Choose a new password",
        "Date": "Mon, 01 Dec 2025 00:00:00 +0000",
        "Message-ID": "<m_1@page.example>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": "",
    }


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x00"])
def test_no_address_brings_a_header_of_its_own(end: str):
    with pytest.raises(ValueError, match=r".+"):
        written(Letter.TEST, to=f"ada@example.org{end}Bcc: eve@example.org")
    message = written(Letter.ADDRESS_CHANGED, {"new": f"a@b{end}Bcc: eve@example.org", "at": f"now{end}Bcc: eve@example.org"})
    assert "Bcc" not in message
    assert b"\nBcc:" not in message.as_bytes().partition(b"\r\n\r\n")[0]


def test_addresses_beyond_ascii_are_written_as_mail_knows_them():
    assert written(Letter.TEST, to="ada@exämple.org")["To"] == "ada@xn--exmple-cua.org"


def test_the_letters_here_say_what_letters_say():
    assert {letter: frozenset(facts) for letter, facts in FACTS.items()} == DECLARED


def test_every_template_belongs_to_a_letter():
    from btcforecast.worker import mail

    found = {path.name for path in (Path(mail.__file__).parent / "templates").iterdir()}
    assert found == {f"{letter}.{kind}" for letter in Letter for kind in ("txt", "html")} | {
        "frame.txt",
        "frame.html",
        "parts.html",
    }
