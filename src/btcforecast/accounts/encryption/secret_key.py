"""SECRET_KEY: what makes one good, a good one, and the file that stands in for it where nothing depends on it."""

from __future__ import annotations

import math
import os
import re
import secrets
from collections import Counter
from pathlib import Path
from typing import Final

from btcforecast.core.errors import SettingsError

SHORTEST: Final = 32
_LEAST_BITS: Final = 80.0
"""By the frequencies of its own characters: 32 random hexadecimal digits have about 115, a repeated word some 60."""
_SAMPLE: Final = re.compile(
    r"change[-_ ]?(me|this|in|it)|secret[-_ ]?key|your[-_ ]|example|sample|password|insecure|development|placeholder|"
    r"django-insecure|0123456789|1234567890|abcdefgh|qwerty",
    re.IGNORECASE,
)


def new_secret_key() -> str:
    """Return a good SECRET_KEY: 48 random bytes in base64url."""
    return secrets.token_urlsafe(48)


def weakness(key: str) -> str | None:
    """Return what makes a SECRET_KEY unfit, as the end of a sentence that begins with its name, or None."""
    if not key:
        return "is not set"
    if len(key) < SHORTEST:
        return f"has {len(key)} characters and needs at least {SHORTEST}"
    if _SAMPLE.search(key) is not None:
        return "looks like a sample that somebody forgot to change"
    if _bits(key) < _LEAST_BITS or _repeats(key):
        return "can be guessed: its characters repeat themselves"
    return None


def load_or_create_secret_key(path: Path) -> str:
    """Return the key in a file, which is made with one where there is none. Raises SettingsError for one that cannot be used."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(f"{new_secret_key()}\n")
        # Two processes that start together agree on the first: a link never replaces a file.
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    found = path.read_text().strip()
    fault = weakness(found)
    if fault is not None:
        raise SettingsError(f"The key in {path} {fault}; delete the file, or set SECRET_KEY.")
    return found


def _bits(key: str) -> float:
    """Return the key's length times the Shannon entropy of its characters."""
    return -sum(n * math.log2(n / len(key)) for n in Counter(key).values())


def _repeats(key: str) -> bool:
    """Say whether the key is one shorter text over and over."""
    return key in (key + key)[1:-1]
