"""HTTP against real sockets: servers that answer, redirect, drip, hang up, and speak TLS; a proxy."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from interlock.model.errors import InterlockError, TimedOut, Unavailable, UsageError
from interlock.world.http import HttpClient

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]
CLIENT = HttpClient({})


class Server:
    def __init__(self, answer: Answer, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.close_connection = True
                self.raw_requestline = self.rfile.readline()
                if not self.raw_requestline or not self.parse_request():
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                with contextlib.suppress(OSError):
                    answer(self, body)
                    self.wfile.flush()

            def log_message(self, *arguments: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that goes away is what some tests are about."""

        self.server = Quiet(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if context else ''}://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def make(answer: Answer, context: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(answer, context))
        return servers[-1]

    yield make
    for server in servers:
        server.server.shutdown()
        server.server.server_close()


def say(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500, 503])
def test_any_status_is_an_answer(serve: Callable[..., Server], status: int) -> None:
    server = serve(say(status, b"" if status == 204 else b"body", X_Kind="a"))
    response = CLIENT.request("get", server.url + "/a b/ä?q=1 2")
    assert (response.status, response.headers["x-kind"], response.body) == (
        status,
        "a",
        b"" if status == 204 else b"body",
    )
    assert server.asked[0][:2] == ("GET", "/a%20b/%C3%A4?q=1%202")


def test_methods_bodies_headers_and_users(serve: Callable[..., Server]) -> None:
    server = serve(say(200))
    url = server.url.replace("//", "//ann:p%40ss@")
    CLIENT.request("LOCK", url, headers={"X-A": "1"}, body=b"{}")
    method, path, headers, body = server.asked[0]
    assert (method, path, body, headers["x-a"], headers["authorization"]) == (
        "LOCK",
        "/",
        b"{}",
        "1",
        "Basic YW5uOnBAc3M=",
    )
    CLIENT.request("POST", server.url, headers={"content-type": "application/json"}, body=b"")
    assert server.asked[1][2]["content-type"] == "application/json"


def test_the_body_is_read_up_to_the_limit(serve: Callable[..., Server]) -> None:
    server = serve(say(200, b"x" * 500_000))
    assert len(CLIENT.request("GET", server.url, limit=100_000).body) == 100_000
    assert len(CLIENT.request("GET", server.url).body) == 500_000


def test_redirects_only_when_asked_and_never_with_credentials_elsewhere(serve: Callable[..., Server]) -> None:
    other = serve(say(200, b"other"))
    away = serve(say(302, Location=other.url + "/x"))
    headers = {"Authorization": "Bearer s", "PRIVATE-TOKEN": "s", "X-Own": "s", "Accept": "text/plain"}
    assert CLIENT.request("GET", away.url, headers=headers).status == 302
    assert CLIENT.request("GET", away.url, headers=headers, follow=True).body == b"other"
    assert {"authorization", "private-token", "x-own", "cookie"}.isdisjoint(other.asked[0][2])
    assert other.asked[0][2]["accept"] == "text/plain"

    def step(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        say(200, b"end")(handler, body) if handler.path == "/end" else say(303, Location="/end")(handler, body)

    same = serve(step)
    assert CLIENT.request("POST", same.url + "/start", headers=headers, body=b"x", follow=True).body == b"end"
    assert (same.asked[1][0], same.asked[1][2]["private-token"], same.asked[1][3]) == ("GET", "s", b"")
    moved = serve(say(307, Location=other.url))
    assert CLIENT.request("POST", moved.url, body=b"secret", follow=True).status == 307
    loop = serve(say(301, Location="/again"))
    with pytest.raises(Unavailable, match="10 times"):
        CLIENT.request("GET", loop.url, follow=True)
    with pytest.raises(Unavailable):
        CLIENT.request("GET", serve(say(301, Location="file:///etc/passwd")).url, follow=True)


def _silent(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    time.sleep(3)


def _drip_headers(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-A: ")
    for _ in range(60):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def _drip_body(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
    for _ in range(60):
        handler.wfile.write(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("answer", [_silent, _drip_headers, _drip_body])
def test_the_whole_exchange_has_a_deadline(serve: Callable[..., Server], answer: Answer) -> None:
    with pytest.raises(TimedOut):
        CLIENT.request("GET", serve(answer).url, timeout=0.5)


def _cut_short(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nshort")


@pytest.mark.parametrize("answer", [_cut_short, lambda h, b: None, lambda h, b: h.wfile.write(b"nonsense\r\n\r\n")])
def test_no_whole_answer_is_an_error(serve: Callable[..., Server], answer: Answer) -> None:
    with pytest.raises(Unavailable):
        CLIENT.request("GET", serve(answer).url)


def test_errors_name_the_origin_only() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unavailable, match=f"http://127.0.0.1:{port}: nobody listens") as caught:
        CLIENT.request("GET", f"http://user:s3cret@127.0.0.1:{port}/s3cret?token=s3cret")
    assert "s3cret" not in str(caught.value)
    with pytest.raises(InterlockError):
        CLIENT.request("GET", "http://nowhere.invalid/")


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "ftp://x/", "http://", "http://[::1", "http://x:99999/", "localhost:80"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError):
        CLIENT.request("GET", url)


def test_headers_cannot_be_smuggled(serve: Callable[..., Server]) -> None:
    server = serve(say(200))
    for headers in ({"X-A": "1\r\nX-B: 2"}, {"X\n": "1"}):
        with pytest.raises(UsageError):
            CLIENT.request("GET", server.url, headers=headers)
    with pytest.raises(UsageError):
        CLIENT.request("GET / HTTP/1.0\r\nX:", server.url)
    CLIENT.request("GET", server.url + "/a%0d%0aX-B:%202\u2028")
    assert "x-b" not in server.asked[0][2]


def test_proxies(serve: Callable[..., Server]) -> None:
    proxy = serve(say(200, b"by proxy"))
    address = f"http://me:pw@127.0.0.1:{proxy.port}"
    client = HttpClient(
        {"HTTP_PROXY": address, "https_proxy": address, "NO_PROXY": "direct.invalid,10.0.0.0/8,.inner.invalid"}
    )
    assert client.request("GET", "http://far.invalid/x").body == b"by proxy"
    assert proxy.asked[0][1] == "http://far.invalid:80/x"
    assert proxy.asked[0][2]["proxy-authorization"] == "Basic bWU6cHc="
    with pytest.raises(InterlockError):
        client.request("GET", "https://far.invalid/x", timeout=2)
    assert proxy.asked[1][:2] == ("CONNECT", "far.invalid:443")
    for url in ("http://direct.invalid/", "http://a.inner.invalid/"):
        with pytest.raises(Unavailable, match="resolved"):
            client.request("GET", url)
    here = serve(say(200, b"here"))
    assert client.request("GET", here.url).body == b"here"
    with pytest.raises(Unavailable, match="socks5"):
        HttpClient({"ALL_PROXY": "socks5://127.0.0.1:1"}).request("GET", "http://far.invalid/")


def _certificate(folder: Path) -> ssl.SSLContext:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


def test_tls_is_verified(serve: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(say(200, b"secure"), _certificate(tmp_path))
    with pytest.raises(Unavailable) as caught:
        HttpClient({}).request("GET", server.url)
    assert caught.value.slug == "tls"
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    assert HttpClient({}).request("GET", server.url).body == b"secure"
    with pytest.raises(Unavailable):
        HttpClient({}).request("GET", server.url.replace("localhost", "127.0.0.1"))
