"""HTTP requests, by the standard library: any status is an answer, no answer is an error, and nothing is followed unless asked.

urllib and not httpx, because importing httpx costs more than most commands run; proxies and the system's certificates (SSL_CERT_FILE) work the same.
Headers that may carry credentials do not follow a redirect to another host.
"""

import http.client
import ipaddress
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from interlock.model.errors import TimedOut, Unavailable, UsageError
from interlock.world import Response

_SECRET_HEADERS = ("authorization", "cookie", "private-token", "proxy-authorization", "x-api-key")


class HttpClient:
    """Implements world.Http. Holds no connection between requests; safe to share between threads."""

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
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError("only http:// and https:// addresses can be requested", slug="bad-url")
        place = (
            f"{parts.scheme}://{parts.hostname}:{parts.port}" if parts.port else f"{parts.scheme}://{parts.hostname}"
        )
        handlers: list[urllib.request.BaseHandler] = [_Redirects() if follow else _NoRedirects()]
        handlers.append(urllib.request.HTTPSHandler(context=_tls()))
        if _is_here(parts.hostname):
            handlers.append(urllib.request.ProxyHandler({}))  # a proxy must not see, and could not reach, this machine
        opener = urllib.request.build_opener(*handlers)
        opener.addheaders = []
        request = urllib.request.Request(
            url, data=body, method=method.upper(), headers={"User-Agent": "interlock", **(headers or {})}
        )
        try:
            with opener.open(request, timeout=timeout) as answer:
                return _response(answer, limit)
        except urllib.error.HTTPError as error:
            with error:
                return _response(error, limit)
        except (TimeoutError, socket.timeout) as error:  # noqa: UP041
            raise TimedOut(f"{place} did not answer within {timeout:.0f}s") from error
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise TimedOut(f"{place} did not answer within {timeout:.0f}s") from error
            raise Unavailable(f"{place} cannot be reached: {_reason(error.reason)}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unavailable(f"{place} gave no usable answer: {type(error).__name__}") from error


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _reason(reason: Any) -> str:
    if isinstance(reason, ssl.SSLError):
        return f"TLS: {reason.reason or type(reason).__name__}"
    return getattr(reason, "strerror", None) or str(reason)


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _response(answer: Any, limit: int) -> Response:
    body = answer.read(limit)
    return Response(int(answer.status), {name.lower(): value for name, value in answer.headers.items()}, body)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other."""

    def redirect_request(self, *_: Any) -> None:
        return None


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            for name in list(request.headers):
                if name.lower() in _SECRET_HEADERS:
                    request.remove_header(name)
        return request
