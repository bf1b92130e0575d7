from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.places.expanding import expanded, is_several, literal, one_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("x")


def test_a_pattern_stands_for_its_files_and_numbers_in_names_count_as_numbers(folder: Path) -> None:
    make("day/part-10.ndjson", "day/part-9.ndjson", "day/part-100.ndjson", "day/notes.txt")
    wanted = ["day/part-9.ndjson", "day/part-10.ndjson", "day/part-100.ndjson"]
    assert expanded(["day/*.ndjson"]) == wanted
    assert expanded(["**/*.ndjson"]) == wanted


def test_a_folder_is_all_that_is_in_it_in_the_order_of_firehose_names(folder: Path) -> None:
    names = [
        "in/2026/01/31/09/s-1-2026-01-31-09-55-00-ffff",
        "in/2026/01/31/10/s-2-2026-01-31-10-00-01-aaaa",
        "in/2026/01/31/10/s-10-2026-01-31-10-05-00-0000",  # a later version of the stream
        "in/2026/02/01/00/s-10-2026-02-01-00-00-00-bbbb",
    ]
    make(*reversed(names))
    assert expanded(["in"]) == names
    assert expanded(["in/"]) == names


def test_what_kcli_and_others_write_beside_data_is_left_out(folder: Path) -> None:
    make("d/a.ndjson", "d/a.ndjson.progress", "d/a.ndjson.replay", "d/a.ndjson.kidx")
    make("d/.hidden", "d/.kcli/state.ndjson", "d/_SUCCESS", "d/_odd.ndjson")
    assert expanded(["d"]) == ["d/_odd.ndjson", "d/a.ndjson"]
    assert expanded(["d/a*"]) == ["d/a.ndjson"]
    Path("sub").mkdir()
    assert expanded(["sub/../d/a*"]) == ["sub/../d/a.ndjson"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder: Path) -> None:
    make("a[1].ndjson", "a1.ndjson")
    assert not is_several("a[1].ndjson")
    assert expanded(["a[1].ndjson", "-", "nowhere"]) == ["a[1].ndjson", "-", "nowhere"]


@pytest.mark.parametrize("text", ["nothing/*.ndjson", "empty", "empty/*"])
def test_what_stands_for_nothing_is_refused(folder: Path, text: str) -> None:
    Path("empty").mkdir()
    with pytest.raises(InputError) as refused:
        expanded([text])
    assert refused.value.place == text


def test_a_file_is_not_read_twice(folder: Path) -> None:
    make("d/a.ndjson", "d/b.ndjson")
    with pytest.raises(InputError, match=r"d/a\.ndjson: named twice"):
        expanded(["d/*", "d/a.ndjson"])
    assert expanded(["d/a.ndjson", "d/a.ndjson"]) == ["d/a.ndjson"] * 2  # somebody wrote so
    make("d/a.ndjson.zst")
    with pytest.raises(InputError, match="the same records"):
        expanded(["d"])


def test_where_one_file_is_needed_a_pattern_may_be_it(folder: Path) -> None:
    make("d/a.json")
    assert one_file("d/*.json") == "d/a.json"
    make("d/b.json")
    with pytest.raises(InputError, match="2 files, and one is needed"):
        one_file("d")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("day.ndjson", "day.ndjson"),
        ("../x/day.ndjson", "../x/day.ndjson"),
        ("day/*.ndjson", "day-.ndjson"),
        ("s3://bucket/day/a.ndjson.zst", "s3-bucket-day-a.ndjson.zst"),
        ("s3://bucket/day/", "s3-bucket-day"),
        ("https://me:pw@host/a.gz?sig=x", "https-host-a.gz"),
    ],
)
def test_a_file_of_ones_own_about_others_has_a_name_without_slashes(
    folder: Path, text: str, name: str
) -> None:
    assert literal(text) == name
