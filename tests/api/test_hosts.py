"""INP-1, INP-4, INP-3, CORS-1 to CORS-4: what is refused before anything is made of it, and what browsers are told."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
import pytest
from serving import served

from btcforecast.api.edge.bodies import is_deeper
from btcforecast.api.edge.hosts import Hosts, own_names
from btcforecast.api.openapi import openapi_document
from btcforecast.settings import ENVIRONMENTS, HttpBounds

pytestmark = pytest.mark.asyncio(loop_scope="session")
BOUNDS = ENVIRONMENTS["test"].http
PAGE = "https://page.example"
STRICT = {"environment": "production", "allow_sqlite_in_production": True, "market": "simulated"}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("api.test", 200),
        ("API.test:8443", 200),
        ("api.test.", 200),
        ("localhost:8000", 200),
        ("more.example", 200),
        ("evil.example", 421),
        ("api.test.evil.example", 421),
        ("192.0.2.1", 421),
        ("api.test@evil.example", 400),
        ("api.test:80:80", 400),
        ("api.test/evil", 400),
        ("", 400),
        ("a" * 1000, 421),
    ],
)
async def test_only_requests_for_this_service_are_answered(run_app: Any, sqlite_store: Any, host: str, status: int):
    async with run_app(sqlite_store, allowed_hosts=("more.example",), **STRICT) as client:
        for address in ("/v1/status", "/v1/forecasts/latest", "/"):
            answer = await client.get(address, headers={"Host": host})
            assert (answer.status_code if status != 200 else 200) == status
            assert answer.status_code not in (400, 421) or answer.headers["content-type"] == "application/problem+json"
        # Load balancers and monitors ask by address.
        assert (await client.get("/health", headers={"Host": host})).status_code == 200
        assert (await client.get("/metrics", headers={"Host": host})).status_code == 200


async def test_a_proxy_s_headers_name_no_host(run_app: Any, sqlite_store: Any):
    async with run_app(sqlite_store, **STRICT) as client:
        wrong = await client.get("/v1/status", headers={"Host": "evil.example", "X-Forwarded-Host": "api.test"})
        assert wrong.status_code == 421
        right = await client.get("/docs", headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"})
        assert (right.status_code, "evil.example" in right.text) == (200, False)


async def test_development_answers_to_addresses_which_no_foreign_page_can_be_named():
    names = own_names(public_url="https://[2001:db8::1]:8443", host="0.0.0.0", allowed=())  # noqa: S104  # what is asked about
    assert {"[2001:db8::1]", "0.0.0.0", "localhost", "127.0.0.1", "[::1]"} == names  # noqa: S104  # as above
    hosts = Hosts(names, allows_addresses=True)
    found = {
        name: hosts.fault(name, n_found=1) for name in (b"192.168.1.5:8000", b"[fe80::1]", b"[2001:db8::1]", b"evil.example")
    }
    assert [fault is None for fault in found.values()] == [True, True, True, False]


@pytest.mark.parametrize("n", [0, 2])
async def test_there_is_exactly_one_host(n: int):
    fault = Hosts(("a.example",), allows_addresses=False).fault(b"a.example" if n else None, n_found=n)
    assert fault is not None
    assert fault[0] == 400


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A real web process in the environment whose bounds are short."""
    folder = tmp_path_factory.mktemp("bounded")
    with served(f"sqlite:///{folder}/none.db", folder, ENVIRONMENT="test", MAX_BODY_BYTES="65536") as (found, _):
        host, port = found.removeprefix("http://").split(":")
        yield host, int(port)


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(address, timeout=20) as connection:
        yield connection


def answer_of(connection: socket.socket) -> tuple[int, str]:
    """Return the status and the whole answer of a connection that the server closes."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        # It was closed with bytes of ours unread; what was sent before has arrived.
        pass
    return int(received[9:12] or 0), received.decode()


async def test_heads_are_bounded_in_size_and_number(address: tuple[str, int]):
    start = "GET /health HTTP/1.1\r\nHost: localhost\r\n"
    for more in (
        f"X-Long: {'x' * (BOUNDS.max_head_bytes + 1)}\r\n\r\n",
        "".join(f"X-{n}: x\r\n" for n in range(BOUNDS.max_headers + 1)) + "\r\n",
        # Without end: nothing but the bound would stop it.
        f"X-Endless: {'x' * 3 * BOUNDS.max_head_bytes}",
    ):
        with connected(address) as connection:
            connection.sendall((start + more).encode())
            status, text = answer_of(connection)
            assert (status, "application/problem+json" in text) == (431, True)
    with connected(address) as connection:
        large = "".join(f"X-{n}: {'x' * 250}\r\n" for n in range(90))
        connection.sendall((start + large + "Connection: close\r\n\r\n").encode())
        assert answer_of(connection)[0] == 200


async def test_what_is_not_http_gets_a_problem_document(address: tuple[str, int]):
    with connected(address) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        status, text = answer_of(connection)
    assert (status, "application/problem+json" in text, '"status":400' in text) == (400, True, True)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /health HTTP/1.1\r\nHost: local",
        b"POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{",
        b"POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ],
)
async def test_requests_that_do_not_come_are_not_waited_for(address: tuple[str, int], sent: bytes):
    with connected(address) as connection:
        connection.sendall(sent)
        status, text = answer_of(connection)
    assert (status, "application/problem+json" in text) == (408, True)


async def test_idle_connections_are_closed_without_a_word(address: tuple[str, int]):
    with connected(address) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        status, text = answer_of(connection)
    assert (status, text.count("HTTP/1.1")) == (200, 1)


async def test_listening_to_events_is_not_waiting_for_a_body(address: tuple[str, int]):
    with connected(address) as connection:
        connection.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.settimeout(3 * BOUNDS.body_window_s)
        received = b""
        # Longer than any request may take; what ends the wait is this client.
        with pytest.raises(TimeoutError):
            while part := connection.recv(65536):
                received += part
    assert (received[9:12], b"408" in received) == (b"200", False)


async def test_connections_beyond_the_number_are_told_to_come_again(address: tuple[str, int]):
    held = [socket.create_connection(address, timeout=20) for _ in range(BOUNDS.max_connections)]
    try:
        with connected(address) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            status, text = answer_of(connection)
            assert (status, "application/problem+json" in text) == (503, True)
    finally:
        for connection in held:
            connection.close()
    assert httpx2.get(f"http://{address[0]}:{address[1]}/health").status_code == 200


async def test_bounds_are_set_in_every_environment():
    for environment in ENVIRONMENTS.values():
        for name in HttpBounds.__dataclass_fields__:
            assert getattr(environment.http, name) > 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[" * 33 + "]" * 33, 422),
        ('{"name":' * 33 + "1" + "}" * 33, 422),
        ("[" * 60_000, 422),
        ("[{" * 25_000, 422),
        ('{"name": "' + "[" * 1000 + '"}', None),
        ('{"name": "\\"' + "[" * 1000 + '"}', None),
        ("[" + "[]," * 1000 + "[]]", None),
    ],
)
async def test_nesting_is_bounded_and_brackets_in_strings_are_not_nesting(
    quick: httpx2.AsyncClient, body: str, status: int | None
):
    answer = await quick.post("/v1/auth/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code < 500
    assert ("nested deeper than the 32 levels" in answer.text) == (status is not None)
    assert status is None or (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("depth", [1, 5, 32])
async def test_depth_is_counted_exactly(depth: int):
    body = b'{"a":[' * (depth // 2) + b"[" * (depth % 2) + b'"]\\"["' + b"]" * (depth % 2) + b"]}" * (depth // 2)
    assert not is_deeper(body, depth)
    assert is_deeper(body, depth - 1)


async def test_pages_of_named_origins_may_read_and_no_others(run_app: Any, sqlite_store: Any):
    async with run_app(sqlite_store, cors_origins=(PAGE,)) as client:
        for address in ("/v1/forecasts/latest", "/v1/price", "/v1/nothing"):
            allowed = await client.get(address, headers={"Origin": PAGE})
            assert allowed.headers["access-control-allow-origin"] == PAGE
            assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(
                allowed.headers["access-control-expose-headers"].split(", ")
            )
            assert "access-control-allow-credentials" not in allowed.headers
            for other in ("https://evil.example", "null", f"{PAGE}.evil.example", "http://page.example", PAGE.upper()):
                refused = await client.get(address, headers={"Origin": other})
                assert "access-control-allow-origin" not in refused.headers
                assert "Origin" in refused.headers["vary"]
            # A cache must not give a page the answer that was made for nobody in particular.
            plain = await client.get(address)
            assert "Origin" in plain.headers["vary"]
            assert "access-control-allow-origin" not in plain.headers


async def test_a_page_of_a_named_origin_can_read_why_it_was_refused(run_app: Any, sqlite_store: Any):
    async with run_app(sqlite_store, cors_origins=(PAGE,), rate_limit="1/minute") as client:
        asked = [{}, {}, {"Authorization": "Bearer btcf_wrong"}]
        found = [await client.get("/v1/price", headers={"Origin": PAGE, **more}) for more in asked]
        assert [answer.status_code for answer in found] == [200, 429, 429]
        assert {answer.headers["access-control-allow-origin"] for answer in found} == {PAGE}
        assert "retry-after" in found[1].headers
        foreign = await client.get("/v1/price", headers={"Origin": "https://evil.example"})
        assert (foreign.status_code, "access-control-allow-origin" in foreign.headers) == (429, False)


async def test_pages_may_use_the_methods_and_headers_that_the_api_has_and_no_others(run_app: Any, sqlite_store: Any):
    has = {"HEAD", *(method.upper() for methods in openapi_document()["paths"].values() for method in methods)}
    async with run_app(sqlite_store, cors_origins=(PAGE,)) as client:

        async def preflight(method: str, headers: str = "") -> httpx2.Response:
            asked = {"Origin": PAGE, "Access-Control-Request-Method": method}
            return await client.options(
                "/v1/me", headers=asked | ({"Access-Control-Request-Headers": headers} if headers else {})
            )

        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"):
            assert ((await preflight(method)).status_code == 200) == (method in has), method
        allowed = await preflight("GET", "authorization, content-type, if-none-match")
        assert (allowed.status_code, "*" in allowed.headers["access-control-allow-headers"]) == (200, False)
        assert "x-request-id" in allowed.headers
        assert "access-control-allow-credentials" not in allowed.headers
        assert (await preflight("GET", "x-anything")).status_code == 400


async def test_a_star_never_comes_with_credentials(run_app: Any, sqlite_store: Any):
    async with run_app(sqlite_store, cors_origins=("*",)) as client:
        answer = await client.get("/v1/price", headers={"Origin": PAGE, "Cookie": "a=b"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_without_named_origins_no_page_of_others_may_read(quick: httpx2.AsyncClient):
    answer = await quick.get("/v1/price", headers={"Origin": PAGE})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


class _Inline(HTMLParser):
    """Collects what the content security policy would not run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        self.found += [
            f"{tag} {value}" for value in names.values() if value and re.match(r"\s*(javascript|data):", value, re.IGNORECASE)
        ]
        self._in = tag if tag in ("script", "style") and "src" not in names else None

    def handle_data(self, data: str) -> None:
        if self._in is not None and data.strip():
            self.found.append(self._in)

    def handle_endtag(self, _tag: str) -> None:
        self._in = None


async def test_the_policy_allows_nothing_inline_and_our_pages_need_nothing_inline(quick: httpx2.AsyncClient):
    policy = (await quick.get("/docs")).headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["object-src"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"
    assert {directives[name] for name in ("default-src", "script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    pages = [(await quick.get("/docs")).text]
    built = Path(__file__).parents[2] / "frontend" / "index.html"
    pages.append(built.read_text())
    for page in pages:
        inline = _Inline()
        inline.feed(page)
        assert inline.found == []


async def test_what_concerns_one_person_is_kept_by_no_cache(quick: httpx2.AsyncClient):
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            if "security" in operation or path.startswith("/v1/auth/"):
                answer = await quick.request(
                    method.upper(), re.sub(r"\{[^}]+\}", "0", path), headers={"Authorization": "Basic x"}
                )
                assert answer.headers["cache-control"] == "no-store", path
