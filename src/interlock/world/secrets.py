"""Where secrets come from: `secrets.NAME` of organization.yaml is an environment variable, a file or a program's output.

A value is fetched when it is first asked for, kept for the life of the store, and registered for redaction before anybody gets it. An empty value is
an error like a missing one: a deployment with an empty password is never what was meant.
"""

import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from interlock.model.change import masked
from interlock.model.digest import Keyed
from interlock.model.errors import InterlockError, SecretUnresolved
from interlock.model.units import nearest
from interlock.world.environ import base_environ
from interlock.world.redaction import Redactor
from interlock.world.secret_values import SecretText, SecretValue, from_stored, join, reveal, sensitive, to_stored

__all__ = [
    "Capture",
    "SecretStore",
    "SecretText",
    "SecretValue",
    "from_stored",
    "join",
    "reveal",
    "sensitive",
    "to_stored",
]

TIMEOUT = 30.0  # seconds for a program that prints a secret
_LARGEST = 1_000_000  # bytes
_WIDEST = 0o640


class Capture(Protocol):
    """Runs a program and gives the bytes of its standard output, which nothing else sees (`world.proc.Programs.capture`)."""

    def __call__(
        self, argv: list[str], *, what: str, cwd: Path, environ: Mapping[str, str], timeout: float
    ) -> bytes: ...


class SecretStore:
    """Implements `world.Secrets`. `sources` maps names to `{"env": NAME}`, `{"file": PATH}` or `{"command": [ARGUMENT...]}`.

    `capture` runs the commands; without it `world.proc` does. May be shared between threads.
    """

    def __init__(
        self,
        sources: Mapping[str, Mapping[str, Any]],
        environ: Mapping[str, str],
        keyed: Keyed,
        capture: Capture | None = None,
    ) -> None:
        self._sources = dict(sources)
        self._environ = dict(environ)
        self._keyed = keyed
        self._capture = capture
        self._redactor = Redactor()
        self._known: dict[str, SecretText] = {}
        self._lock = threading.RLock()
        self._warnings: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"SecretStore({', '.join(sorted(self._sources))})"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of the sources used so far, sorted."""
        return tuple(self._warnings[name] for name in sorted(self._warnings))

    def resolve(self, name: str) -> SecretText:
        with self._lock:
            if name not in self._known:
                text = self._fetch(name)
                self._redactor.add(text)
                self._known[name] = SecretText(text, {"$secret": name})
            return self._known[name]

    def forget(self) -> None:
        """Fetch each secret again when it is next asked for. What was registered stays hidden."""
        with self._lock:
            self._known.clear()

    def register(self, value: str) -> None:
        self._redactor.add(value)

    def redact(self, text: str) -> str:
        return self._redactor.redact(text)

    def mask(self, value: Any) -> dict[str, Any]:
        return masked(self._keyed.digest("value", reveal(value)))

    def scrub(self, value: Any) -> Any:
        if isinstance(value, SecretValue):
            return self.mask(value)
        if isinstance(value, Mapping):
            return {self.redact(str(key)): self.scrub(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.scrub(item) for item in value]
        text = value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
        return self.mask(value) if self._redactor.finds(text) else value

    def _fetch(self, name: str) -> str:
        source = self._sources.get(name)
        if source is None:
            near = nearest(name, set(self._sources))
            hint = f"Did you mean '{near}'?" if near else "Name its source under `secrets:` of organization.yaml"
            raise SecretUnresolved(f"no secret is named '{name}'", hint=hint)
        match dict(source):
            case {"env": str(variable)}:
                text, place = self._variable(name, variable), f"the environment variable {variable}"
            case {"file": str(path)}:
                text, place = self._file(name, path), f"the file {path}"
            case {"command": [*argv]} if argv:
                text, place = self._command(name, [str(part) for part in argv]), f"the command {argv[0]}"
            case _:
                raise SecretUnresolved(f"secret {name} has no source", hint="Give it one of env, file and command")
        if not text:
            raise SecretUnresolved(f"secret {name} is empty: {place} has no value")
        if "\0" in text:
            raise SecretUnresolved(f"secret {name} is no text: {place} gave a NUL character")
        return text

    def _variable(self, name: str, variable: str) -> str:
        if variable not in self._environ:
            raise SecretUnresolved(f"secret {name} has no value: the environment variable {variable} is not set")
        return self._environ[variable]

    def _file(self, name: str, path: str) -> str:
        place = Path(self._environ.get("HOME", "~")) / path[2:] if path.startswith("~/") else Path(path)
        try:
            with place.open("rb") as file:
                data = file.read(_LARGEST + 1)
            mode = stat.S_IMODE(place.stat().st_mode)
        except OSError as error:
            raise SecretUnresolved(f"secret {name} has no value: the file {path}: {error.strerror}") from None
        if mode & ~_WIDEST & 0o777:
            self._warnings[name] = (
                f"the file {path} of secret {name} has mode {mode:04o}, wider than {_WIDEST:04o}; `chmod 0600 {path}`"
            )
        return self._text(name, data, f"the file {path}")

    def _command(self, name: str, argv: list[str]) -> str:
        capture = self._capture
        if capture is None:
            from interlock.world.cancel import CancelToken
            from interlock.world.proc import Programs

            capture = Programs(self, CancelToken()).capture
        try:
            data = capture(
                argv, what=f"secret {name}", cwd=Path("/"), environ=base_environ(self._environ), timeout=TIMEOUT
            )
        except InterlockError as error:
            raise SecretUnresolved(
                f"secret {name} has no value: {self.redact(error.message)}", hint=error.hint
            ) from None
        return self._text(name, data, f"the command {argv[0]}")

    def _text(self, name: str, data: bytes, place: str) -> str:
        if len(data) > _LARGEST:
            raise SecretUnresolved(f"secret {name} is too large: {place} gave more than {_LARGEST} bytes")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise SecretUnresolved(f"secret {name} is no text: {place} gave bytes that are not UTF-8") from None
        return text.removesuffix("\n").removesuffix("\r")
