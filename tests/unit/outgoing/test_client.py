"""The guarded client against real servers on loopback, one address of which is allowed and the others not."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import ipaddress
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from mail_server import certificate

from btcforecast.core.errors import InputError, UnavailableError
from btcforecast.outgoing import Address, Bounds, GuardedClient
from btcforecast.telemetry.logs import configure_logs

ALLOWED = [ipaddress.ip_network("127.0.0.1/32")]
BOMB = gzip.compress(bytes(10_000_000))


class Server:
    """Answers on loopback with what `answers` says for a path, and remembers what it was asked."""

    def __init__(self, address: str = "127.0.0.1", tls: object = None) -> None:
        self.address, self.tls = address, tls
        self.asked: list[bytes] = []
        self.answers: dict[str, bytes] = {}
        self.drips = b""
        """What is sent again and again, ten times a second, after the answer of /slow; without end and at once after /endless."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        server = await asyncio.start_server(self._serve, self.address, 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            path = head.split()[1].decode()
            if path == "/late":
                await asyncio.sleep(0.5)
            writer.write(self.answers.get(path, b"HTTP/1.1 204 No Content\r\n\r\n"))
            while path in ("/slow", "/endless"):
                writer.write(self.drips)
                await writer.drain()
                if path == "/slow":
                    await asyncio.sleep(0.1)
            await writer.drain()
            writer.close()

    def url(self, path: str = "/", host: str = "") -> str:
        return f"{'https' if self.tls else 'http'}://{host or self.address}:{self.port}{path}"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server().running() as running:
        yield running


def to(url: str, code: str = "302 Found") -> bytes:
    return f"HTTP/1.1 {code}\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()


def client(**given: object) -> GuardedClient:
    return GuardedClient(**({"https_only": False, "allowed": ALLOWED, "bounds": Bounds(total_s=2)} | given))


async def test_a_request_arrives_whole_and_its_answer_comes_back(server: Server):
    server.answers["/hook"] = b"HTTP/1.1 404 Not Found\r\nX-Mark: 7\r\nContent-Length: 4\r\n\r\ngone"
    reply = await client().send("POST", server.url("/hook"), headers={"X-Signature": "abc"}, body=b"{}")
    assert (reply.status, reply.body, reply.headers["x-mark"], reply.n_redirects) == (404, b"gone", "7", 0)
    [head] = server.asked
    assert head.startswith(b"POST /hook HTTP/1.1\r\n")
    assert f"host: 127.0.0.1:{server.port}".encode() in head.lower()
    assert b"x-signature: abc" in head.lower()


async def test_an_address_that_is_not_allowed_gets_no_connection():
    async with Server("127.0.0.2").running() as private:
        with pytest.raises(InputError, match="only public addresses are asked"):
            await client().send("GET", private.url())
        assert private.asked == []


@pytest.mark.parametrize("code", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_judged_as_the_first_address_was(server: Server, code: str):
    async with Server("127.0.0.2").running() as private:
        server.answers["/"] = to(private.url("/latest/meta-data"), code)
        with pytest.raises(InputError, match="only public addresses are asked"):
            await client().send("POST", server.url(), body=b"{}")
        assert private.asked == []


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://user:password@127.0.0.1:8000/", "http://127.0.0.1:25/"]
)
async def test_a_redirect_leads_to_nothing_but_a_web_server(server: Server, target: str):
    server.answers["/"] = to(target)
    with pytest.raises(InputError):
        await client().send("GET", server.url())


async def test_redirects_that_are_allowed_are_followed_and_counted(server: Server):
    server.answers |= {
        "/": to("/one"),
        "/one": to("/two", "307 Temporary"),
        "/two": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    }
    reply = await client().send("GET", server.url())
    assert (reply.n_redirects, reply.url) == (2, server.url("/two"))


async def test_redirects_in_a_ring_end(server: Server):
    server.answers["/"] = to("/")
    with pytest.raises(UnavailableError, match="more than 3 times"):
        await client().send("GET", server.url())
    assert len(server.asked) == 4


async def test_a_name_that_changes_its_answer_leads_to_where_it_was_judged(server: Server):
    async with Server("127.0.0.2").running() as private:
        n_asked = 0

        async def rebinding(_host: str, _port: int) -> list[Address]:
            nonlocal n_asked
            n_asked += 1
            return [ipaddress.ip_address("127.0.0.1" if n_asked == 1 else "127.0.0.2")]

        reply = await client(resolve=rebinding).send("GET", server.url(host="changing.example"))
        assert (reply.status, n_asked) == (204, 1)
        assert b"host: changing.example" in server.asked[0].lower()
        # The next request is judged by the next answer.
        with pytest.raises(InputError):
            await client(resolve=rebinding).send("GET", private.url(host="changing.example"))
        assert private.asked == []


async def test_a_host_with_an_address_that_does_not_listen_is_reached_at_its_next(server: Server):
    async def resolve(_host: str, _port: int) -> list[Address]:
        return [ipaddress.ip_address("127.0.0.3"), ipaddress.ip_address("127.0.0.1")]

    allowed = [ipaddress.ip_network("127.0.0.0/29")]
    assert (await client(resolve=resolve, allowed=allowed).send("GET", server.url(host="two.example"))).status == 204


async def test_an_answer_that_drips_is_cut_off_in_time(server: Server):
    server.answers["/slow"], server.drips = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"
    with pytest.raises(UnavailableError, match=r"did not answer within 0\.5 s"):
        await client(bounds=Bounds(total_s=0.5)).send("GET", server.url("/slow"))


async def test_thinking_longer_than_connecting_may_take_is_allowed(server: Server):
    assert (await client(bounds=Bounds(total_s=5, connect_s=0.2)).send("GET", server.url("/late"))).status == 204


@pytest.mark.parametrize(
    "target", ["http://\xff/", "http://a b/", "http://[::1", "//", "\t", "http://" + "x" * 70 + "/", "http:///x"]
)
async def test_a_redirect_to_what_is_no_address_breaks_nothing(server: Server, target: str):
    server.answers["/"] = to(target)
    with contextlib.suppress(InputError, UnavailableError):
        assert (await client().send("GET", server.url())).status in (204, 302)


async def test_a_head_without_end_is_cut_off(server: Server):
    server.answers["/endless"], server.drips = b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 1000 + b"\r\n"
    with pytest.raises(UnavailableError):
        await client().send("GET", server.url("/endless"))


async def test_a_body_without_end_is_not_read_to_its_end(server: Server):
    server.answers["/endless"], server.drips = b"HTTP/1.1 200 OK\r\n\r\n", bytes(1000)
    with pytest.raises(UnavailableError, match="more than 65,536 bytes"):
        await client().send("GET", server.url("/endless"))


async def test_a_body_of_a_redirect_is_not_read(server: Server):
    server.answers["/endless"] = b"HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n"
    server.drips = bytes(100_000)
    assert (await client().send("GET", server.url("/endless"))).status == 204


async def test_what_comes_packed_is_not_unpacked(server: Server):
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n"
    server.answers["/"] = head.encode() + BOMB
    reply = await client().send("GET", server.url())
    assert reply.body == BOMB
    assert b"accept-encoding: identity" in server.asked[0].lower()


async def test_cookies_of_one_address_do_not_reach_another_request(server: Server):
    server.answers["/"] = b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\n\r\n"
    shared = client()
    await shared.send("GET", server.url())
    await shared.send("GET", server.url())
    assert b"cookie" not in server.asked[1].lower()


async def test_certificates_are_those_of_the_name_and_http_may_be_refused(tmp_path: Path):
    serves, believes = certificate(tmp_path)

    async def resolve(_host: str, _port: int) -> list[Address]:
        return [ipaddress.ip_address("127.0.0.1")]

    async with Server(tls=serves).running() as secure:
        strict = client(https_only=True, tls=believes, resolve=resolve)
        assert (await strict.send("GET", secure.url(host="localhost"))).status == 204
        with pytest.raises(UnavailableError, match="certificate"):
            await strict.send("GET", secure.url(host="other.example"))
        with pytest.raises(UnavailableError, match="certificate"):
            await client(resolve=resolve).send("GET", secure.url(host="localhost"))
        secure.answers["/down"] = to("http://localhost:8000/")
        with pytest.raises(InputError, match="write https://"):
            await strict.send("GET", secure.url("/down", host="localhost"))


@pytest.mark.parametrize(
    "url", ["", "foo", "/hook", "http://", "http:///x", "http://[::1", "http://a\x00b/", "https://x:99999/", "javascript:1"]
)
async def test_what_is_no_address_is_said(url: str):
    with pytest.raises(InputError):
        await client().send("GET", url)


async def test_proxies_of_the_environment_are_not_used(server: Server, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.2:9")
    assert (await client().send("GET", server.url())).status == 204


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    configure_logs(level="DEBUG", as_json=True, stream=stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)


async def test_no_error_and_no_log_line_repeats_a_token_in_an_address(server: Server, logged: io.StringIO):
    server.answers["/s3cret?t=s3cret"] = to("/s3cret?t=s3cret")
    said = []
    for url in (
        server.url("/s3cret?t=s3cret"),
        "http://127.0.0.2/s3cret?t=s3cret",
        "ftp://h/s3cret",
        "s3cret",
        "http://127.0.0.1:1024/s3cret",
    ):
        with pytest.raises((InputError, UnavailableError)) as caught:
            await client().send("GET", url)
        said.append(str(caught.value))
    assert "s3cret" not in " ".join(said) + logged.getvalue()
