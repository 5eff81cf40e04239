"""What letters say: templates of each kind, in plain text and in HTML, made into messages of mail (RFC 5322)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from email_validator import validate_email
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from btcforecast.accounts.mail.letters import Letter


class Letters:
    """Writes letters. sender: MAIL_FROM; public_url: where the service is, named at the foot of each."""

    def __init__(self, sender: Address, public_url: str) -> None:
        self._sender: Final = sender
        self._templates: Final = Environment(
            loader=PackageLoader("btcforecast.worker.mail"),
            # A fact that a template names and a letter lacks is a mistake of ours, not an empty place in a sentence.
            undefined=StrictUndefined,
            autoescape=select_autoescape(("html",)),
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals["public_url"] = public_url

    def write(self, letter: Letter, facts: Mapping[str, str], *, letter_id: str, to: str, at: int) -> EmailMessage:
        """Return the letter, ready to be sent.

        Its Message-ID follows from its id alone, so that a letter that is sent twice is the same letter to whoever reads it. Raises
        ValueError for an address with control characters, which none that was stored has.
        """
        plain, html = (self._templates.get_template(f"{letter}.{kind}") for kind in ("txt", "html"))
        message = EmailMessage(SMTP)
        message["From"] = self._sender
        message["To"] = _reader(to)
        message["Subject"] = "".join(plain.blocks["subject"](plain.new_context(dict(facts)))).strip()
        message["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
        message["Message-ID"] = f"<{letter_id}@{self._sender.domain}>"
        # RFC 3834: no answer of a machine is wanted.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(plain.render(facts), cte="quoted-printable")
        message.add_alternative(html.render(facts), subtype="html", cte="quoted-printable")
        return message


def _reader(address: str) -> Address:
    """Return the address with its domain as DNS knows it; its local part may go beyond ASCII (RFC 6531)."""
    found = validate_email(address, check_deliverability=False)
    return Address(username=found.local_part, domain=found.ascii_domain)
