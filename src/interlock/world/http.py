"""HTTP requests, by the standard library: any status is an answer, no answer is an error, and nothing is followed unless asked.

`http.client` and not httpx: httpx costs several times as much to import, trusts its own list of authorities instead of the system's, and neither
bounds a whole exchange. Here `timeout` is for all of it, name resolution left out: a timer cuts the connection, so that a server which sends a byte a second
is no better than one that sends none.

A redirect to another origin (scheme, host or port) takes no credentials along, whatever header they are in: only Accept and User-Agent go with
it, and a body never does. Errors name the origin only; the rest of an address may be a secret.
"""

import base64
import contextlib
import ipaddress
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from interlock.model.errors import InterlockError, TimedOut, Unavailable, UsageError
from interlock.model.units import format_duration
from interlock.world import Response

if TYPE_CHECKING:
    import http.client
    import ssl

_REDIRECTS = 10
_PIECE = 65536


@dataclass(frozen=True)
class _Asked:
    method: str
    url: SplitResult
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def origin(self) -> str:
        host = self.url.hostname or ""
        return f"{self.url.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def port(self) -> int:
        return self.url.port or (443 if self.url.scheme == "https" else 80)


class HttpClient:
    """Implements `world.Http`. Keeps no connection between requests; may be shared between threads. Proxies are those of `environ`."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._trust: ssl.SSLContext | None = None

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 10.0,
        follow: bool = False,
        limit: int = 1_000_000,
    ) -> Response:
        """Raises also UsageError for an address, method or header that cannot be sent."""
        asked = _ask(method.upper(), url, headers or {}, body)
        end = time.monotonic() + timeout
        for _ in range(_REDIRECTS):
            response = self._exchange(asked, end, timeout, limit)
            next_ = _redirected(asked, response) if follow else None
            if next_ is None:
                return response
            asked = next_
        raise Unavailable(f"{asked.origin} redirects more than {_REDIRECTS} times", slug="too-many-redirects")

    def _exchange(self, asked: _Asked, end: float, timeout: float, limit: int) -> Response:
        import http.client

        left = end - time.monotonic()
        if left <= 0:
            raise _late(asked, timeout)
        cut = threading.Event()
        connection, target, headers = self._connection(asked, left)

        def stop() -> None:
            cut.set()
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(left, stop)
        timer.daemon = True
        timer.start()
        try:
            connection.request(asked.method, target, body=asked.body, headers=headers)
            answer = connection.getresponse()
            data = _read(answer, limit)
            found = {name.lower(): ", ".join(answer.headers.get_all(name) or ()) for name in answer.headers}
            if cut.is_set():
                raise _late(asked, timeout)
            return Response(answer.status, found, data)
        except (OSError, http.client.HTTPException, ValueError) as error:
            # UnicodeError (a host name that is none) is a ValueError.
            raise _late(asked, timeout) if cut.is_set() else _told(asked, error, timeout) from None
        finally:
            timer.cancel()
            connection.close()

    def _connection(self, asked: _Asked, timeout: float) -> "tuple[http.client.HTTPConnection, str, dict[str, str]]":
        """The connection, what to ask it for, and with which headers: through a proxy all three differ."""
        import http.client

        host, secure = asked.url.hostname or "", asked.url.scheme == "https"
        target = _target(asked.url)
        headers = dict(asked.headers)
        proxy = self._proxy(asked)
        if proxy is None:
            if secure:
                return (
                    http.client.HTTPSConnection(host, asked.port, timeout=timeout, context=self._tls()),
                    target,
                    headers,
                )
            return http.client.HTTPConnection(host, asked.port, timeout=timeout), target, headers
        through = proxy.hostname or ""
        allowed = {"Proxy-Authorization": basic} if (basic := _basic(proxy)) else {}
        port = proxy.port or (443 if proxy.scheme == "https" else 80)
        if not secure:
            return (
                http.client.HTTPConnection(through, port, timeout=timeout),
                asked.origin + target,
                {**headers, **allowed},
            )
        connection = http.client.HTTPSConnection(through, port, timeout=timeout, context=self._tls())
        connection.set_tunnel(host, asked.port, headers=allowed)
        return connection, target, headers

    def _proxy(self, asked: _Asked) -> SplitResult | None:
        host = asked.url.hostname or ""
        if _is_here(host):
            return None  # a proxy must not see, and could not reach, this machine
        found = self._variable(f"{asked.url.scheme}_proxy") or self._variable("all_proxy")
        if not found or _excepted(host, asked.port, self._variable("no_proxy")):
            return None
        proxy = urlsplit(found if "://" in found else f"http://{found}")
        if proxy.scheme != "http":
            raise Unavailable(
                f"the proxy for {asked.origin} speaks {proxy.scheme}, and only http:// proxies can be used",
                slug="proxy",
            )
        return proxy

    def _variable(self, name: str) -> str:
        return self._environ.get(name) or self._environ.get(name.upper()) or ""

    def _tls(self) -> "ssl.SSLContext":
        import ssl

        if self._trust is None:
            self._trust = ssl.create_default_context()  # the system's authorities, or SSL_CERT_FILE and SSL_CERT_DIR
        return self._trust


def _ask(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> _Asked:
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError
    except ValueError:
        raise UsageError("an address must be http://HOST or https://HOST, with what follows", slug="bad-url") from None
    if not method.isascii() or not method.isalpha():
        raise UsageError(f"'{method}' is no HTTP method", slug="bad-method")
    for name, value in headers.items():
        if any(mark in name + value for mark in "\r\n\0"):
            raise UsageError(
                f"the value of the header {name.split()[0] if name.split() else ''} has a line break", slug="bad-header"
            )
    sent = {"User-Agent": "interlock", "Accept": "*/*"}
    if basic := _basic(parts):
        sent["Authorization"] = basic
    if body is not None:
        sent["Content-Type"] = "application/octet-stream"
    given = {name.lower() for name in headers}
    return _Asked(method, parts, {**{n: v for n, v in sent.items() if n.lower() not in given}, **headers}, body)


def _redirected(asked: _Asked, response: Response) -> _Asked | None:
    """What to ask next; None when this is the answer."""
    place = response.headers.get("location")
    if response.status not in (301, 302, 303, 307, 308) or not place:
        return None
    method, body = asked.method, asked.body
    if response.status == 303 or (response.status in (301, 302) and method == "POST"):
        method, body = "HEAD" if method == "HEAD" else "GET", None
    headers = {
        name: value for name, value in asked.headers.items() if body is not None or name.lower() != "content-type"
    }
    try:
        target = _ask(method, urljoin(asked.url.geturl(), place), headers, body)
    except UsageError:
        raise Unavailable(f"{asked.origin} redirects to what is no HTTP address", slug="bad-redirect") from None
    if target.origin == asked.origin:
        return target
    if body is not None:
        return None  # nor does what we send go elsewhere
    kept = {name: value for name, value in asked.headers.items() if name.lower() in ("accept", "user-agent")}
    return _Asked(target.method, target.url, kept, None)


def _read(answer: "http.client.HTTPResponse", limit: int) -> bytes:
    data = bytearray()
    while len(data) < limit:
        piece = answer.read1(min(_PIECE, limit - len(data)))
        if not piece:
            if answer.length:  # it promised more
                raise ConnectionError("the connection ended before the answer did")
            break
        data += piece
    return bytes(data)


def _target(url: SplitResult) -> str:
    """Path and query, with what may not stand in a request line encoded; what is encoded already stays."""
    path = quote(url.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return path + (f"?{quote(url.query, safe=chr(47) + '%:@!$&()*+,;=~-._?' + chr(39))}" if url.query else "")


def _basic(url: SplitResult) -> str:
    if url.username is None:
        return ""
    pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _excepted(host: str, port: int, no_proxy: str) -> bool:
    for rule in _rules(no_proxy):
        if rule == "*" or rule in (host, f"{host}:{port}") or host.endswith("." + rule.lstrip("*").lstrip(".")):
            return True
        with contextlib.suppress(ValueError):
            if ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False):
                return True
    return False


def _rules(no_proxy: str) -> Iterator[str]:
    for rule in no_proxy.lower().split(","):
        if rule.strip():
            yield rule.strip()


def _late(asked: _Asked, timeout: float) -> TimedOut:
    return TimedOut(f"{asked.origin} did not answer within {format_duration(timeout)}")


def _told(asked: _Asked, error: OSError | Exception, timeout: float) -> InterlockError:
    import ssl

    origin = asked.origin
    match error:
        case TimeoutError():
            return _late(asked, timeout)
        case ssl.SSLCertVerificationError():
            hint = "Name the authority's certificate in SSL_CERT_FILE, if it is yours"
            return Unavailable(
                f"{origin}: its certificate is not trusted: {error.verify_message}", hint=hint, slug="tls"
            )
        case ssl.SSLError():
            return Unavailable(f"{origin}: TLS failed: {error.reason or type(error).__name__}", slug="tls")
        case socket.gaierror():
            return Unavailable(f"{origin}: its name cannot be resolved: {error.strerror}")
        case ConnectionRefusedError():
            return Unavailable(f"{origin}: nobody listens there")
        case OSError():
            return Unavailable(f"{origin} cannot be reached: {error.strerror or error}")
    return Unavailable(f"{origin} gave no usable answer: {type(error).__name__}")
