"""Asks addresses that users supply (OWASP ASVS 5.0, 1.3.6 and 15.3.2; CWE-918, server-side request forgery).

Every request, and every redirect anew, is judged by `addresses` and then connected to the very address that was judged, so that a name
that changes its answer in between leads nowhere (DNS rebinding). Certificates are still those of the name. Proxies of the environment,
cookies and saved passwords are not used.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx2

from btcforecast import __version__
from btcforecast.core.errors import InputError, UnavailableError
from btcforecast.outgoing.addresses import Network, Resolver, addresses_of, system_resolver

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOWEST_FREE_PORT: Final = 1024
_HEADERS: Final = {
    "User-Agent": f"btcforecast/{__version__}",
    # Unpacking is where a small answer becomes a large one, so none is asked for.
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of us one request may take."""

    total_s: float = 10
    """From the first look at the name to the last byte, all redirects included."""
    connect_s: float = 4
    """For each address of a host."""
    max_body_bytes: int = 64 * 1024
    """Of an answer; more is not read."""
    max_redirects: int = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """What an address answered: its status, and its body as it was sent, never unpacked."""

    url: str = field(repr=False)
    """Where the answer came from, after all redirects."""
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    n_redirects: int


class GuardedClient:
    """Sends requests to addresses of users. Safe to share among tasks; holds no connection between requests."""

    def __init__(
        self,
        *,
        https_only: bool,
        allowed: Collection[Network] = (),
        bounds: Bounds | None = None,
        resolve: Resolver = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take what holds for all requests.

        Args:
            https_only: refuse http://, in redirects, too.
            allowed: networks beside the public ones that may be asked.
            bounds: how much of us each request may take.
            resolve: gives the addresses of names.
            tls: which certificates are believed; those that the system believes by default.
        """
        self._schemes = ("https",) if https_only else ("https", "http")
        self._allowed = tuple(allowed)
        self._bounds = bounds or Bounds()
        self._resolve = resolve
        self._tls = tls or ssl.create_default_context()

    async def send(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
        """Send a request and return the answer, whatever its status.

        Raises:
            InputError: the address, or one that it redirects to, may not be asked. It tells the same of a name that does not exist
                as of one that is private, so that nobody learns the names of a network from it.
            UnavailableError: it gave no answer within the bounds; the message says why.
        """
        try:
            async with asyncio.timeout(self._bounds.total_s):
                return await self._send(method, _parsed(url), headers or {}, body)
        except TimeoutError as e:
            raise UnavailableError(f"{_host(url)} did not answer within {self._bounds.total_s:g} s.") from e
        except httpx2.HTTPError as e:
            raise UnavailableError(f"{_host(url)} gave no answer: {str(e) or type(e).__name__}") from e

    async def _send(self, method: str, url: httpx2.URL, headers: Mapping[str, str], body: bytes) -> Reply:
        # A client of its own for each request keeps the cookies of one person's address from another's.
        timeout = httpx2.Timeout(self._bounds.total_s, connect=self._bounds.connect_s)
        async with httpx2.AsyncClient(transport=_Direct(self._tls), trust_env=False, timeout=timeout) as client:
            request = client.build_request(method, url, headers={**_HEADERS, **headers}, content=body)
            for n_redirects in range(self._bounds.max_redirects + 1):
                response = await self._ask(client, request)
                try:
                    if response.next_request is None:
                        answered = dict(response.headers)
                        return Reply(str(request.url), response.status_code, answered, await self._body(response), n_redirects)
                    request = response.next_request
                finally:
                    await response.aclose()
        raise UnavailableError(f"{url.host} redirects more than {self._bounds.max_redirects} times.")

    async def _ask(self, client: httpx2.AsyncClient, request: httpx2.Request) -> httpx2.Response:
        """Send one request to the first address of its host that takes connections, and no further."""
        port = self._port(request.url)
        addresses = await addresses_of(request.url.host, port, resolve=self._resolve, allowed=self._allowed)
        if not addresses:
            raise InputError(f"{request.url.host} has no address, or one that is not public; only public addresses are asked.")
        for address in addresses:
            request.extensions["address"] = str(address)
            try:
                return await client.send(request, stream=True)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if address == addresses[-1]:
                    raise
        raise AssertionError

    def _port(self, url: httpx2.URL) -> int:
        """Return where to connect. Raises InputError for what no web server of a user needs."""
        if url.scheme not in self._schemes:
            raise InputError(
                f"{url.scheme}://{url.host} may not be asked; write {' or '.join(f'{name}://' for name in self._schemes)}."
            )
        if url.userinfo:
            raise InputError(
                f"The address at {url.host} holds a name or password; addresses are kept where others may read them."
            )
        port = url.port or _DEFAULT_PORTS[url.scheme]
        if port not in _DEFAULT_PORTS.values() and port < _LOWEST_FREE_PORT:
            raise InputError(f"Port {port} of {url.host} may not be asked; 80, 443 and those from {_LOWEST_FREE_PORT} may.")
        return port

    async def _body(self, response: httpx2.Response) -> bytes:
        read = bytearray()
        async for part in response.aiter_raw():
            read += part
            if len(read) > self._bounds.max_body_bytes:
                raise UnavailableError(
                    f"{response.request.url.host} answers with more than {self._bounds.max_body_bytes:,} bytes."
                )
        return bytes(read)


class _Direct(httpx2.AsyncHTTPTransport):
    """Connects to the address that was judged, while the certificate and the Host header stay those of the name."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # Who forgets to judge gets a KeyError here, and no connection.
        url = request.url.copy_with(host=request.extensions["address"])
        named = request.extensions | {"sni_hostname": request.url.raw_host.decode()}
        to_address = httpx2.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=named)
        return await super().handle_async_request(to_address)


def _parsed(url: str) -> httpx2.URL:
    """Return an absolute address. Raises InputError, which does not repeat it, because a path or query may hold a token."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, UnicodeError) as e:
        raise InputError(f"That is not the address of a web server: {e}") from e
    if not parsed.scheme or not parsed.host:
        raise InputError("That is not the address of a web server; write one such as https://example.org/hook.")
    return parsed


def _host(url: str) -> str:
    return _parsed(url).host
