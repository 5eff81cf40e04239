"""People, keys, and what the audit log holds about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from btcforecast.accounts.keys import DEFAULT_DAYS, LONGEST_DAYS, MOST_KEYS
from btcforecast.accounts.plans import PlanName
from btcforecast.accounts.roles import Permission, RoleName
from btcforecast.api.schemas.shared import Answer, Instant


class Asked(BaseModel):
    """The root of all bodies that are sent here: what they do not know they refuse."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Key(Answer):
    """An API key; its secret is shown once, when it is made."""

    id: str = Field(description="The part of the key between the first two underscores after btcf.")
    name: str
    scopes: list[Permission] = Field(description="What it may do, as far as the role allows it; reading open data needs none.")
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None = Field(description="Exact to about half a minute.")
    revoked_at: Instant | None
    replaced_by: str | None = Field(description="The key that took its place when it was rotated.")
    counts: bool = Field(description="Neither revoked nor expired.")


class NewKey(Answer):
    """A key that was just made. `text` cannot be read again."""

    key: Key
    text: str = Field(description="What to send as: Authorization: Bearer TEXT.")


class KeyList(Answer):
    """Keys, newest first."""

    keys: list[Key]


class Person(Answer):
    """Somebody with an account."""

    id: str
    email: str
    name: str
    role: RoleName
    plan: PlanName = Field(description="How much they may ask.")
    created_at: Instant
    disabled_at: Instant | None
    email_verified_at: Instant | None = Field(description="When somebody showed that mail to the address reaches them.")
    has_password: bool = Field(description="Can log in with one.")


class PersonList(Answer):
    """People in the order of their addresses."""

    people: list[Person]
    next_cursor: str | None = Field(description="Give it as `cursor` to continue; null at the end.")


class Session(Answer):
    """A log-in."""

    id: str
    created_at: Instant
    last_used_at: Instant = Field(description="When it was last refreshed.")
    expires_at: Instant = Field(description="The latest that it can be, however often it is refreshed.")
    authenticated_at: Instant = Field(description="When the person last proved who they are.")
    methods: list[str] = Field(description="How, by the names of RFC 8176: pwd, otp, hwk.")
    network: str = Field(description="Where from: an IPv4 address, or an IPv6 prefix.")
    device: str = Field(description="What the client calls itself.")
    ended_at: Instant | None
    runs: bool = Field(description="Neither ended nor expired.")
    current: bool = Field(description="The one that asks.")


class SessionList(Answer):
    """Sessions, the one used last first."""

    sessions: list[Session]


class Me(Answer):
    """Who asks, with which key or in which session, and what that allows."""

    person: Person
    key: Key | None = Field(description="The key that is used to ask; null in a session.")
    session: Session | None = Field(description="The session that asks; null with a key.")
    permissions: list[Permission] = Field(description="What both role and key allow.")
    per_minute: int = Field(description="What may be spent in a minute, over all keys and sessions; most requests cost 1.")
    per_minute_of_key: int = Field(description="What one key may spend of it in a minute.")


class Event(Answer):
    """An entry of the audit log. It names people by id, never by name or address."""

    seq: int
    at: Instant
    actor: str = Field(description="A person's id, “command line” or “anonymous”.")
    network: str | None = Field(description="Where from: an IPv4 address, or an IPv6 prefix; null when it is forgotten.")
    key: str | None = Field(description="With which key.")
    action: str
    subject: str | None = Field(description="The person whom it was done to.")
    result: str = Field(description="done or refused.")
    facts: dict[str, Any]


class EventList(Answer):
    """Entries, newest first."""

    events: list[Event]
    next_cursor: str | None = Field(description="Give it as `cursor` to continue; null at the end.")


class UsageDay(Answer):
    """What was asked on a day with one key, or in sessions."""

    day: str = Field(description="The day, in UTC.", examples=["2026-01-31"])
    key: str | None = Field(description="The key's id; null: in sessions.")
    n_requests: int
    cost: int = Field(description="What they cost together; `x-cost` in the OpenAPI document says what each costs.")


class Quota(Answer):
    """What may be spent in the current window."""

    name: str = Field(description="person: over all keys and sessions; key: the one that is used to ask.")
    limit: int
    window_s: int
    remaining: int
    reset_s: int = Field(description="Seconds until the next window.")


class Usage(Answer):
    """How much somebody may ask, what is left of it, and what they have asked."""

    plan: PlanName
    quotas: list[Quota]
    days: list[UsageDay] = Field(
        description="The last 30 days, newest first. Other processes' last half minute may be missing, and stays so where one is killed."
    )


class Passkey(Answer):
    """A passkey."""

    id: str = Field(description="The credential's id, in base64url.")
    name: str
    created_at: Instant
    last_used_at: Instant | None
    backed_up: bool = Field(description="Kept in more places than one device, as far as it says.")
    transports: list[str] = Field(description="How it is reached: internal, hybrid, usb, nfc, ble.")


class SecondFactorState(Answer):
    """What is set up."""

    totp_since: Instant | None = Field(description="Since when codes of an authenticator app are asked for; null where none are.")
    recovery_codes_left: int
    passkeys: list[Passkey]
    passkeys_possible: bool = Field(description="Whether browsers make passkeys for this service's address.")


class Letter(Answer):
    """A letter to a person; what it said is for its reader alone."""

    kind: str
    to: str
    written_at: Instant
    sent_at: Instant | None
    state: Literal["waiting", "sent", "failed"]


class OneTimeLink(Answer):
    """A link or code that counts once, without what would make it count."""

    purpose: str
    made_at: Instant
    expires_at: Instant
    used_at: Instant | None


class AccountExport(Answer):
    """Everything that is stored about a person."""

    person: Person
    keys: list[Key]
    sessions: list[Session]
    usage: list[UsageDay]
    second_factor: SecondFactorState
    letters: list[Letter]
    links: list[OneTimeLink]
    events: list[Event]


class AskedKey(Asked):
    """A key that is wanted."""

    name: Annotated[str, Field(min_length=1, max_length=64, description="What tells it from your other keys.")]
    scopes: Annotated[
        list[Permission],
        Field(max_length=len(Permission), description="Never more than who asks may do; none is enough to read open data."),
    ] = []
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS, description="How long it counts.")] = DEFAULT_DAYS


class AskedRotation(Asked):
    """How a key is to be rotated."""

    overlap_hours: Annotated[int, Field(ge=0, le=168, description="How long the old one counts beside the new one.")] = 24


class AskedPerson(Asked):
    """Somebody who is to have an account."""

    email: Annotated[str, Field(min_length=3, max_length=254)]
    name: Annotated[str, Field(max_length=100)] = ""
    role: RoleName = RoleName.READER


class AskedChange(Asked):
    """What is to be changed about a person; what is left out stays."""

    role: RoleName | None = None
    plan: PlanName | None = None
    disabled: Annotated[bool | None, Field(description="true: no key counts until it is false again.")] = None


KEYS_NOTE = f"Up to {MOST_KEYS} keys count at a time."
