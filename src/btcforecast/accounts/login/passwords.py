"""Passwords: which are taken, and how they are kept.

The rules are NIST SP 800-63B-4, section 3.1.1: at least fifteen characters (a password may be the only factor), no rules about what
kinds of characters, nothing that is easily guessed, and no change without a reason. They are kept as argon2id with OWASP's parameters.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import threading
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from btcforecast.core.errors import UnavailableError, WeakPasswordError

SHORTEST: Final = 15
LONGEST: Final = 512
Result = TypeVar("Result")
_LEAST_GUESSES: Final = 10.0
"""Powers of ten that a guesser needs who knows the words, names and habits that zxcvbn knows (Wheeler, USENIX Security 2016)."""
_READ_LETTERS: Final = 72
"""zxcvbn takes longer with the square of the length; what follows only makes a password harder to guess."""
_LEAST_OF_ITS_OWN: Final = 8
"""So many characters at least must be left when names and addresses are taken out."""
_MOST_WAITING: Final = 64
_NICE: Final = 15
_SHA1_LINE: Final = re.compile(rb"[0-9A-F]{40}")
_guessing: Final = threading.Lock()
"""zxcvbn keeps a person's own words in a table of the module."""


class Passwords:
    """Hashes and checks passwords in threads of its own, never on the event loop.

    n_threads: so many at a time; further ones wait, up to a bound, after which UnavailableError is raised instead of making everybody wait.
    breached: a file of leaked passwords as SHA-1 in capitals, one a line, sorted, such as Have I Been Pwned gives away.
    """

    def __init__(self, *, n_threads: int = 2, breached: Path | None = None) -> None:
        # Of the settings that the OWASP Password Storage Cheat Sheet and ASVS 5.0 take for equally strong, the one that this costs least.
        self._hasher: Final = PasswordHasher(time_cost=3, memory_cost=12_288, parallelism=1)
        self._threads: Final = ThreadPoolExecutor(n_threads, "passwords", initializer=_step_back)
        self._breached: Final = breached
        self._n_waiting = 0
        self._nobodys: str | None = None

    async def check_new(self, password: str, *, words: Iterable[str]) -> str:
        """Return a new password as it is kept (NFKC). Raises WeakPasswordError. words: names and addresses of its person."""
        text = normal(password)
        if not SHORTEST <= len(text) <= LONGEST:
            raise WeakPasswordError(
                f"A password has {SHORTEST} to {LONGEST} characters; this one has {len(text)}. A few words that do not belong together are easy to keep."
            )
        own = tuple(words)
        fault = await self._run(lambda: self._fault(text, own))
        if fault is not None:
            raise WeakPasswordError(fault)
        return text

    async def hash(self, password: str) -> str:
        """Return the hash of a password in the PHC form, with a salt of its own."""
        return await self._run(lambda: self._hasher.hash(normal(password)))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Say whether this is the password. None, which is nobody's hash, takes as long as any other."""
        if password_hash is None:
            if self._nobodys is None:
                self._nobodys = await self.hash(os.urandom(16).hex())
            await self._run(lambda: self._is_right(password, self._nobodys or ""))
            return False
        return await self._run(lambda: self._is_right(password, password_hash))

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether a hash was made with weaker parameters than those of today."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_right(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, normal(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._n_waiting >= _MOST_WAITING:
            raise UnavailableError("Too many people log in at this moment; try again in a few seconds.")
        self._n_waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._n_waiting -= 1

    def _fault(self, password: str, words: tuple[str, ...]) -> str | None:
        guesses, is_own = _guesses(password, words)
        if guesses < _LEAST_GUESSES:
            why = "it is too much like your name or address" if is_own else "it is a common password, or repeats or continues one"
            return f"This password is easily guessed: {why}. A few words that do not belong together are better."
        if self._breached is not None and _is_listed(password, self._breached):
            return "This password was in a leak, and whoever breaks in tries those first. Choose another one."
        return None


def normal(password: str) -> str:
    """Return a password in the one form that is hashed, however a keyboard composed it (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def _guesses(password: str, words: tuple[str, ...]) -> tuple[float, bool]:
    """Return the power of ten of guesses that find a password, and whether the person's own words make it that easy."""
    from zxcvbn import zxcvbn  # noqa: PLC0415  # 13 MB of words that only new passwords need

    own = [part.casefold() for word in words for part in (word, *re.split(r"[^\w]+", word)) if len(part) > 2]
    rest = password.casefold()
    for word in sorted(own, key=len, reverse=True):
        rest = rest.replace(word, "")
    if len(rest) < len(password) and len(rest) < _LEAST_OF_ITS_OWN:
        return 0.0, True
    with _guessing:
        found: dict[str, Any] = zxcvbn(password[:_READ_LETTERS], user_inputs=[*own, "btcforecast", "bitcoin"])
    is_own = any(match.get("dictionary_name") == "user_inputs" for match in found["sequence"])
    return float(found["guesses_log10"]), is_own


def _is_listed(password: str, path: Path) -> bool:
    """Search the sorted file by halves: twenty to thirty short reads, however large it is."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while low < high:
            middle = (low + high) // 2
            file.seek(middle)
            if middle:
                file.readline()
            line = file.readline()
            found = _SHA1_LINE.match(line)
            if not line or (found is not None and found[0] > wanted):
                high = middle
            elif found is not None and found[0] == wanted:
                return True
            else:
                low = middle + 1
        return False


def _step_back() -> None:
    """Let the thread that answers requests go first (setpriority(2) counts for one thread on Linux)."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
