"""The stack's secrets."""

from deploy.local.credentials import load_credentials


def test_secrets_are_made_once_and_used_again(tmp_path):
    """Two runs, the same secrets; two stacks, different ones."""
    first = load_credentials(tmp_path / "secrets.env", {})
    again = load_credentials(tmp_path / "secrets.env", {})
    other = load_credentials(tmp_path / "other.env", {})
    assert first.values == again.values
    assert not set(first.values.values()) & set(other.values.values())
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_the_environment_wins_and_is_not_written_down(tmp_path):
    """A secret that was set is used, and stays out of the file."""
    file = tmp_path / "secrets.env"
    assert load_credentials(file, {"SECRET_KEYS": "mine"})["SECRET_KEYS"] == "mine"
    assert "mine" not in file.read_text()


def test_secrets_print_as_stars(tmp_path):
    """Neither a log line nor a traceback shows them."""
    credentials = load_credentials(tmp_path / "secrets.env", {})
    assert not any(value in repr(credentials) for value in credentials.values.values())
