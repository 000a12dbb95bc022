"""`tcp`: does something accept connections at `host` and `port` (or `address: host:port`)? The connection is closed at once."""

import contextlib
import re
import socket
from collections.abc import Mapping
from typing import Any

from interlock.engine.checks.seen import BadSettings, Seen, Settings, read_settings


class TcpSettings(Settings):
    host: str = ""
    port: int | str | None = None
    address: str = ""


def attempt(settings: Mapping[str, Any], timeout: float) -> Seen:
    """One connection. Raises BadSettings."""
    host, port = _target(read_settings(TcpSettings, settings))
    try:
        with contextlib.closing(socket.create_connection((host, port), timeout=timeout)):
            return Seen(True, f"{host}:{port} accepts connections")
    except TimeoutError:
        return Seen(False, f"{host}:{port}: no answer")
    except socket.gaierror:
        return Seen(False, f"{host}: no such host")
    except (OSError, UnicodeError) as error:
        return Seen(False, f"{host}:{port}: {getattr(error, 'strerror', None) or type(error).__name__}")


def _target(wanted: TcpSettings) -> tuple[str, int]:
    host, port = wanted.host, wanted.port
    if wanted.address:
        match = re.fullmatch(r"\[([^\[\]]+)\]:(\d+)|([^:\[\]]+):(\d+)", wanted.address)
        if not match or host or port is not None:
            raise BadSettings("address: write host:port or [IPv6]:port, and then neither host nor port")
        host, port = match[1] or match[3], match[2] or match[4]
    if not host or port is None or not re.fullmatch(r"\d{1,5}", str(port)) or not 0 < int(port) < 65536:
        raise BadSettings("give a host and a port between 1 and 65535, or an address")
    return host, int(port)
