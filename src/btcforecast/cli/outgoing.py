"""`outgoing check`: what the service makes of an address that a user supplies."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from btcforecast.cli.context import notes, out, print_json, run
from btcforecast.cli.users import JsonOption
from btcforecast.outgoing import Address, GuardedClient, is_public, system_resolver
from btcforecast.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="Requests to addresses that users supply: which may be asked, and what they answer.", no_args_is_help=True
    )
    group.callback()(lambda: None)
    group.command()(check)
    app.add_typer(group, name="outgoing")


@dataclass(frozen=True, slots=True)
class Hop:
    """A name that was looked up on the way."""

    host: str
    port: int
    addresses: tuple[str, ...]
    are_public: bool


def check(
    url: Annotated[str, typer.Argument(help="The address, such as https://example.org/hook.")],
    *,
    json: JsonOption = False,
) -> None:
    """Ask an address (GET) the way the service asks those of its users, and say where that leads.

    It tells the addresses behind each name, which users never learn. Exit code 2 when the address may not be asked, 1 when it does
    not answer.

    Example: [bold]btcforecast outgoing check https://example.org/hook[/]
    """
    settings = load_settings()
    hops: list[Hop] = []

    async def resolve(host: str, port: int) -> list[Address]:
        found = await system_resolver(host, port)
        hops.append(Hop(host, port, tuple(map(str, found)), are_public=bool(found) and all(map(is_public, found))))
        if not json:
            notes.print(f"{host}:{port} is at {', '.join(hops[-1].addresses) or 'no address'}.")
        return found

    client = GuardedClient(
        https_only=settings.defaults.is_strict,
        allowed=[ipaddress.ip_network(text) for text in settings.outgoing_networks],
        resolve=resolve,
    )
    reply = run(client.send("GET", url))
    if json:
        print_json(
            {
                "url": reply.url,
                "status": reply.status,
                "n_bytes": len(reply.body),
                "n_redirects": reply.n_redirects,
                "looked_up": [asdict(hop) for hop in hops],
            }
        )
        return
    out.print(f"It answers {reply.status} with {len(reply.body):,} bytes after {reply.n_redirects} redirects.")
