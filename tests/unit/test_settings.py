from __future__ import annotations

import re
from pathlib import Path

import pytest

from btcforecast.accounts.encryption.secret_key import new_secret_key
from btcforecast.core import Series
from btcforecast.core.errors import SettingsError
from btcforecast.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_an_environment_everything_has_a_default():
    settings = load_settings()
    assert settings.environment == "development"
    assert settings.series == Series("coinbase", "BTC/USD")


def test_a_dotenv_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / ".env").write_text("PORT=9001\nLOG_LEVEL=WARNING\n")
    monkeypatch.setenv("PORT", "9002")
    settings = load_settings()
    assert (settings.port, settings.log_level) == (9002, "WARNING")


@pytest.mark.parametrize("text", ["https://a.example,https://b.example", '["https://a.example", "https://b.example"]'])
def test_origins_are_read_from_a_comma_list_and_a_json_list(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("CORS_ORIGINS", text)
    assert load_settings().cors_origins == ("https://a.example", "https://b.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "99999"),
        ("PORT", "eighty"),
        ("LOG_LEVEL", "LOUD"),
        ("ENVIRONMENT", "prod"),
        ("ISSUE_EVERY", "hourly"),
        ("ISSUE_EVERY", "7m"),
        ("ISSUE_GRACE", "2h"),
        ("DATABASE_URL", "mysql://root@host/x"),
        ("VENUES", ""),
        ("SYMBOL", "bitcoin"),
        ("RATE_LIMIT", "many"),
        ("VENUE_URLS", "not json"),
        ("CHAMPION", "ewma"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings()


@pytest.mark.parametrize(("name", "value"), [("PORT", "99999"), ("PORT", "eighty"), ("LOG_LEVEL", "LOUD")])
def test_a_value_that_cannot_be_used_is_quoted(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name}: “{value}”"):
        load_settings()


@pytest.mark.parametrize("text", ["app.example", "https://", "https://a.example/", "https://a.example,nonsense", "https://a:b:c"])
def test_origins_that_are_none_are_refused_everywhere(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("CORS_ORIGINS", text)
    with pytest.raises(SettingsError, match=r"CORS_ORIGINS: “.+” is not an origin; write "):
        load_settings()


@pytest.mark.parametrize("origin", ["*", "http://localhost:3000", "https://[::1]:8443"])
def test_origins_with_a_port_and_the_star_are_taken_in_development(monkeypatch: pytest.MonkeyPatch, origin: str):
    monkeypatch.setenv("CORS_ORIGINS", origin)
    assert load_settings().cors_origins == (origin,)


def test_several_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("LOG_LEVEL", "x")
    with pytest.raises(SettingsError, match=r"LOG_LEVEL[^\n]*\n(.*\n)*.*PORT|PORT[^\n]*\n(.*\n)*.*LOG_LEVEL"):
        load_settings()


def test_links_lead_to_the_port_that_is_served_unless_another_address_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", "8155")
    assert load_settings().public_url == "http://127.0.0.1:8155"
    monkeypatch.setenv("PUBLIC_URL", "https://btc.example")
    assert load_settings().public_url == "https://btc.example"
    monkeypatch.setenv("PORT", "x")
    monkeypatch.delenv("PUBLIC_URL")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert str(caught.value).count("\n") == 0


def test_a_password_is_not_in_the_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://root:hunter2@host/x")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "example.org", "10.0.0.0/8, x"])
def test_networks_that_are_none_are_refused_with_how_to_write_them(monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setenv("OUTGOING_NETWORKS", text)
    with pytest.raises(SettingsError, match=r"OUTGOING_NETWORKS: “.+” is not a network; write one such as 10\.20\.0\.0/16"):
        load_settings()


SAFE = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgres://u:p@h/d?sslmode=verify-full",
    "MARKET": "live",
    "SECRET_KEY": new_secret_key(),
    "PUBLIC_URL": "https://btc.example",
}


@pytest.mark.parametrize("where", ["staging", "production"])
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DATABASE_URL", "sqlite:///x.db", "DATABASE_URL is SQLite"),
        ("CORS_ORIGINS", "*", "CORS_ORIGINS holds"),
        ("CORS_ORIGINS", "http://a.example", "CORS_ORIGINS holds"),
        ("MARKET", "auto", "MARKET is auto"),
        ("SECRET_KEY", "", "SECRET_KEY is not set; make a good one with: btcforecast keys secret"),
        ("SECRET_KEY", "x7Kq", "SECRET_KEY has 4 characters and needs at least 32"),
        ("SECRET_KEY", "a" * 40, "SECRET_KEY can be guessed"),
        ("SECRET_KEY", "k7Qm" * 12, "SECRET_KEY can be guessed"),
        ("SECRET_KEY", "please-change-me-9fK3mQ7xW2vB8nL5", "SECRET_KEY looks like a sample"),
        ("SECRET_KEY_PREVIOUS", "short", "SECRET_KEY_PREVIOUS has 5 characters"),
        ("CREATE_DEFAULT_USERS", "true", "CREATE_DEFAULT_USERS is true"),
        ("PUBLIC_URL", "http://btc.example", "PUBLIC_URL is “http://btc.example”"),
        ("OUTGOING_NETWORKS", "10.0.0.0/8,169.254.169.254", "OUTGOING_NETWORKS holds 169.254.169.254 in"),
        ("OUTGOING_NETWORKS", "0.0.0.0/0", "OUTGOING_NETWORKS holds 0.0.0.0/0 in"),
        ("OUTGOING_NETWORKS", "::/0", "OUTGOING_NETWORKS holds ::/0 in"),
    ],
)
def test_production_refuses_what_is_unsafe(monkeypatch: pytest.MonkeyPatch, where: str, name: str, value: str, sentence: str):
    for given, safe in {**SAFE, "ENVIRONMENT": where, name: value}.items():
        monkeypatch.setenv(given, safe)
    with pytest.raises(SettingsError, match=re.escape(sentence)) as caught:
        load_settings()
    assert "KEY" not in name or len(value) < 10 or value not in str(caught.value)


def test_production_tells_all_that_is_unsafe_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("CREATE_DEFAULT_USERS", "true")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    named = [line.split()[0] for line in str(caught.value).splitlines()]
    assert named == ["DATABASE_URL", "MARKET", "SECRET_KEY", "PUBLIC_URL", "CREATE_DEFAULT_USERS"]


def test_production_starts_on_postgresql_with_live_markets(monkeypatch: pytest.MonkeyPatch):
    for name, value in SAFE.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.environment == "production"
    assert SAFE["SECRET_KEY"] not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ACCESS_TOKEN_LIFETIME", "2h"), ("ACCESS_TOKEN_LIFETIME", "30s"), ("REFRESH_TOKEN_LIFETIME", "91d"), ("SESSION_LIFETIME", "400d"),
     ("MAIL_URL", "http://u:hunter2@host"), ("PUBLIC_URL", "btc.example")],
)  # fmt: skip
def test_lifetimes_and_addresses_are_bounded(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)
