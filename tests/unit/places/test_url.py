from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.places.url import Url, is_url, place_of, shown


@pytest.mark.parametrize(
    ("text", "name", "suffix"),
    [
        ("s3://bucket/day/a.ndjson.zst", "a.ndjson.zst", ".zst"),
        ("gs://bucket/a.json", "a.json", ".json"),
        ("az://container/a", "a", ""),
        ("https://host/x/day.ndjson.gz?X-Amz-Signature=abc#part", "day.ndjson.gz", ".gz"),
        ("S3://bucket/a?b#c.gz", "a?b#c.gz", ".gz"),  # a key may have any character
        ("s3://bucket/prefix/", "", ""),
    ],
)
def test_a_url_is_asked_as_a_path_is(text: str, name: str, suffix: str) -> None:
    url = place_of(text)
    assert isinstance(url, Url)
    assert (url.name, url.suffix, str(url)) == (name, suffix, text)


@pytest.mark.parametrize("text", ["day.ndjson", "-", "a:b", "C:\\x", "s3:/bucket/a", "", "://x"])
def test_what_is_no_url_stays_a_path_to_the_letter(text: str) -> None:
    assert not is_url(text)
    assert place_of(text) == Path(text)
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("ftp://host/x", "It reaches s3://, gs://, az://, https:// and files of this machine."),
        ("s3a://bucket/x", "Write s3://."),
        ("abfss://container/x", "Write az://."),
        ("gcs://bucket/x", "Write gs://."),
        ("file:///etc/hosts", "Name the file by its path."),
        ("s3:///x", ""),
        ("https://", ""),
    ],
)
def test_what_nobody_reads_is_refused_with_what_to_write_instead(text: str, advice: str) -> None:
    with pytest.raises(InputError) as refused:
        place_of(text)
    assert refused.value.advice == advice


def test_neither_a_password_nor_a_signature_is_shown() -> None:
    assert shown("https://me:secret@host/a?X-Amz-Signature=abc") == "https://host/a?…"
    assert shown("s3://bucket/a?b") == "s3://bucket/a?b"
