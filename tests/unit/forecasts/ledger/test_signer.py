import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from btcforecast.core.errors import IntegrityError, SettingsError
from btcforecast.forecasts.ledger import Signer


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path):
    path = tmp_path / "var" / "signing.key"

    made, loaded = Signer.load_or_create(path), Signer.load_or_create(path)

    assert str(made.verifier_key("x")) == str(loaded.verifier_key("x"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [child.name for child in path.parent.iterdir()] == ["signing.key"]


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path):
    with ThreadPoolExecutor(8) as pool:
        signers = list(pool.map(lambda _: Signer.load_or_create(tmp_path / "signing.key"), range(16)))

    assert len({str(signer.verifier_key("x")) for signer in signers}) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int):
    path = tmp_path / "signing.key"
    Signer.load_or_create(path)
    path.chmod(mode)

    with pytest.raises(SettingsError, match="chmod 600"):
        Signer.load_or_create(path)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_broken_key_is_never_replaced(tmp_path: Path, content: bytes):
    path = tmp_path / "signing.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(IntegrityError, match="backup"):
        Signer.load_or_create(path)

    assert path.read_bytes() == content


def test_a_missing_key_is_a_matter_of_settings(tmp_path: Path):
    with pytest.raises(SettingsError, match="openssl genpkey"):
        Signer.load(tmp_path / "signing.key")
