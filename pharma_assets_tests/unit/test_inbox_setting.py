"""`PHARMA_INBOX`: a folder, or a place on an SFTP server."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharma_assets.errors import PharmaError
from pharma_assets.inbox.sftp import SftpInbox
from pharma_assets.inbox.source import LocalInbox, open_inbox
from pharma_assets.inbox.tree import make_tree
from pharma_assets.settings import Settings, SftpUrl, TreeSettings, load_settings


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHARMA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PHARMA_INBOX", "PHARMA_SFTP_KEY", "PHARMA_SFTP_KNOWN_HOSTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sftp://pharma@files.example.org/inbox", SftpUrl("pharma", "files.example.org", 22, "/inbox")),
        ("sftp://pharma@files.example.org:2222/a/b/", SftpUrl("pharma", "files.example.org", 2222, "/a/b/")),
        ("sftp://pharma@files.example.org", SftpUrl("pharma", "files.example.org", 22, "/")),
        ("sftp://p%40x@[::1]:22/Входящие%20отчёты", SftpUrl("p@x", "::1", 22, "/Входящие отчёты")),
        ("sftp://p@h/%23%3F%25", SftpUrl("p", "h", 22, "/#?%")),
    ],
)
def test_a_url_is_taken_apart(monkeypatch: pytest.MonkeyPatch, url: str, expected: SftpUrl) -> None:
    monkeypatch.setenv("PHARMA_INBOX", url)
    assert load_settings().inbox_root == expected


def test_pharma_toml_may_name_a_server(tmp_path: Path) -> None:
    (tmp_path / "pharma.toml").write_text('inbox = "sftp://p@h/x"\nsftp_key = "~/key"\n')
    settings = load_settings()
    assert str(settings.inbox_root) == "sftp://p@h/x"
    assert settings.sftp_key == tmp_path / "key"
    assert settings.sftp_known_hosts == tmp_path / ".ssh" / "known_hosts"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sftp://pharma:s3cr3t@files.example.org/inbox", "password"),
        ("sftp://pharma:s3cr3t@files.example.org:port/inbox", ""),
        ("sftp://:s3cr3t@files.example.org/inbox", "password"),
        ("ftp://pharma:s3cr3t@files.example.org/inbox", "sftp://user@host/path"),
        ("s3cr3t://x", "sftp://user@host/path"),
        ("sftp://files.example.org/s3cr3t", "sftp://user@host/path"),
        ("sftp:///s3cr3t", "sftp://user@host/path"),
        ("sftp://p@h/a?s3cr3t", "%3F"),
        ("sftp://p@h/a#s3cr3t", "%23"),
        ("sftp://p@h/a/../s3cr3t", ".."),
        ("sftp://p@h:99999/s3cr3t", "no URL"),
        ("sftp://p@h:s3cr3t/x", "no URL"),
        ("sftp:/p:s3cr3t@h/x", "sftp://user@host/path"),
        ("sftp://p:s3/cr3t@h/x", ""),
        (" SFTP://p:s3cr3t@h/x", "password"),
        ("sftp://p@[::1/s3cr3t", "no URL"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, url: str, why: str
) -> None:
    monkeypatch.setenv("PHARMA_INBOX", url)
    with pytest.raises(PharmaError, match="SETTINGS_INVALID") as caught:
        load_settings()
    assert why in caught.value.message
    shown = "".join(traceback.format_exception(caught.value))
    assert "cr3t" not in shown


@given(
    st.builds(
        SftpUrl,
        st.text(st.characters(codec="utf-8"), min_size=1),
        st.sampled_from(["files.example.org", "10.0.0.1", "::1"]),
        st.integers(1, 65535),
        st.lists(
            st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1).filter(
                lambda name: name not in {".", ".."}
            )
        ).map(lambda names: "/" + "/".join(names)),
    )
)
def test_a_url_comes_back_from_its_text(url: SftpUrl) -> None:
    assert SftpUrl.parse(str(url)) == url


def test_bytes_that_are_no_text_come_back_from_a_url() -> None:
    url = SftpUrl.parse("sftp://p@h/caf%E9")
    assert url.path == "/caf\udce9"
    assert SftpUrl.parse(str(url)) == url
    str(url).encode()


def test_the_inbox_is_of_the_kind_that_is_named_and_connects_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_inbox(load_settings()), LocalInbox)
    monkeypatch.setenv("PHARMA_INBOX", "sftp://nobody@no-such-host.invalid/inbox")
    inbox = open_inbox(load_settings())
    assert isinstance(inbox, SftpInbox)
    assert inbox.still([("folder", 0)]) == set()
    inbox.close()


def test_folders_are_listed_for_a_server_and_not_made(tmp_path: Path) -> None:
    url = SftpUrl.parse("sftp://p@h/inbox")
    tree = TreeSettings(years=(2025,), months=(6,), clients=("A",), report_types=("T",))
    result = make_tree(url, tree, tmp_path / "list.txt", create=False)
    assert (result.root, len(result.folders), result.created) == (url, 2, 0)
    with pytest.raises(PharmaError, match="INBOX_READ_ONLY"):
        make_tree(url, tree, tmp_path / "list.txt", create=True)


def test_settings_hide_what_is_wrong_with_them() -> None:
    with pytest.raises(ValueError) as caught:
        Settings(inbox="sftp://a:s3cr3t@h/x")
    assert "s3cr3t" not in str(caught.value)
