"""Which demo world a data folder holds, and what another wish for it gets."""

from pathlib import Path

import pytest

from loyalty.config.launch.demo import World, check_world
from loyalty.config.launch.folder import DataFolder, read_json, write_private_json
from loyalty.config.launch.refusal import LaunchRefused


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """An empty data folder."""
    made = DataFolder(tmp_path)
    made.create()
    return made


def test_world__fresh_folder__is_noted_as_begun(folder: DataFolder) -> None:
    check_world(folder, World(customers=50))
    assert read_json(folder.demo_file) == {"state": "begun", "world": {"customers": 50}}


def test_world__broken_off__is_cleared_away_with_its_data_but_not_its_secrets(folder: DataFolder) -> None:
    check_world(folder, World(customers=50))
    secret = folder.secret("postgres_password")
    folder.postgres.mkdir()
    write_private_json(folder.done_file, {"migrated": []})
    check_world(folder, World(customers=70))
    assert not folder.postgres.exists()
    assert folder.is_fresh()
    assert folder.secret("postgres_password") == secret
    assert read_json(folder.demo_file) == {"state": "begun", "world": {"customers": 70}}


def test_world__finished__is_kept_and_another_one_is_refused(folder: DataFolder) -> None:
    finished = {"state": "finished", "world": World(customers=50).facts()}
    write_private_json(folder.demo_file, finished)
    write_private_json(folder.done_file, {})
    check_world(folder, World())
    check_world(folder, World(customers=50))
    with pytest.raises(LaunchRefused, match="another demo world"):
        check_world(folder, World(customers=60))
    assert read_json(folder.demo_file) == finished


def test_world__folder_of_an_installation_without_demo__is_left_alone(folder: DataFolder) -> None:
    write_private_json(folder.done_file, {"migrated": []})
    folder.postgres.mkdir()
    with pytest.raises(LaunchRefused, match="without demo data"):
        check_world(folder, World())
    assert folder.postgres.exists()
    assert not folder.demo_file.exists()
