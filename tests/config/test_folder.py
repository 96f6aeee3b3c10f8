"""The data folder: its lock, its secrets, its modes, and what it refuses."""

import json
import stat
from pathlib import Path

import pytest

from loyalty.config.launch import folder as folders
from loyalty.config.launch.bring_up import Running
from loyalty.config.launch.demo import World
from loyalty.config.launch.folder import DataFolder, read_json, write_private_json
from loyalty.config.launch.refusal import LaunchRefused


def mode_of(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_data_folder__made__is_closed_to_others(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    assert mode_of(folder.root) == 0o700


def test_data_folder__held__refuses_a_second_holder_until_let_go(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    with first.held():
        assert second.is_held()
        with pytest.raises(LaunchRefused, match="in use"), second.held():
            raise AssertionError("two launchers hold one folder")
    with second.held():
        assert first.is_held()


def test_data_folder__path_is_a_file__is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LaunchRefused, match="is a file"):
        DataFolder(tmp_path / "file").create()


def test_data_folder__disk_nearly_full__is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "SPACE_NEEDED_MB", 10**9)
    with pytest.raises(LaunchRefused, match="MB free"):
        DataFolder(tmp_path).create()


def test_secret__asked_for_again__is_the_same_and_private(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    first = folder.secret("one")
    assert DataFolder(tmp_path).secret("one") == first
    assert folder.secret("two") != first
    assert mode_of(folder.secrets_file) == 0o600


def test_run_file__written__is_private_and_holds_the_promised_keys(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    running = Running("http://h", "admin", "pw", "klt_x", "postgresql://d", "postgresql://w", "/mail", "http://x")
    write_private_json(folder.run_file, vars(running))
    assert mode_of(folder.run_file) == 0o600
    promised = "url username password token database_url warehouse_url mail_dir xiva_url"
    assert list(json.loads(folder.run_file.read_text())) == promised.split()
    assert running.line == "ready: http://h  login: admin pw"


def test_private_json__read_of_half_a_file__is_as_none(tmp_path: Path) -> None:
    path = tmp_path / "half.json"
    path.write_text('{"launcher": {"pid"')
    assert read_json(path) == {}


@pytest.mark.parametrize(
    "world",
    [
        World(customers=0),
        World(customers=5_000_001),
        World(id_column="customerID"),
        World(customers_file=Path("customers.csv")),
        World(customers=5, customers_file=Path("customers.csv"), id_column="customerID"),
        World(customers_file=Path("/no/such/file.csv"), id_column="customerID"),
    ],
)
def test_world__impossible__is_refused_before_anything_starts(world: World) -> None:
    with pytest.raises(LaunchRefused):
        world.check()


def test_world__file__is_known_by_its_content(tmp_path: Path) -> None:
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("id\n1\n")
    two.write_text("id\n1\n")
    assert World(customers_file=one, id_column="id").facts() == World(customers_file=two, id_column="id").facts()
    two.write_text("id\n2\n")
    assert World(customers_file=one, id_column="id").facts() != World(customers_file=two, id_column="id").facts()
