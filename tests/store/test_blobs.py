import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.model.digest import Keyed
from interlock.model.errors import ArtifactMismatch, Unavailable, UsageError
from interlock.model.plan import Blob
from interlock.store.blobs import BlobStore

from .conftest import files_under

SECRET = b"hunter2-of-the-database " * 50


@pytest.fixture
def blobs(tmp_path, keyed):
    return BlobStore(tmp_path / "blobs", keyed)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.binary(max_size=5000))
def test_what_was_put_comes_back(blobs, data):
    blob = blobs.put(data)
    assert blob.size == len(data)
    assert blobs.get(blob) == data


def test_nothing_shows_in_names_or_bytes(blobs, tmp_path):
    blob = blobs.put(SECRET)
    (path,) = files_under(tmp_path)
    assert SECRET[:16] not in path.read_bytes()
    assert blob.digest[:8] not in str(path.relative_to(tmp_path))
    assert path.stat().st_mode & 0o077 == 0


def test_putting_again_writes_nothing(blobs, tmp_path):
    blob = blobs.put(SECRET)
    (path,) = files_under(tmp_path)
    before = path.read_bytes(), path.stat().st_ino
    assert blobs.put(SECRET) == blob
    assert (path.read_bytes(), path.stat().st_ino) == before


def test_a_damaged_one_is_mended_by_putting_it_again(blobs, tmp_path):
    blob = blobs.put(SECRET)
    (path,) = files_under(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    blobs.put(SECRET)
    assert blobs.get(blob) == SECRET


@pytest.mark.parametrize("data", [b"tiny", SECRET], ids=["plain", "compressed"])
def test_every_altered_byte_is_found(blobs, tmp_path, data):
    blob = blobs.put(data)
    (path,) = files_under(tmp_path)
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        with pytest.raises(ArtifactMismatch):
            blobs.get(blob)
    for length in (0, 1, 12, 13, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ArtifactMismatch):
            blobs.get(blob)


def test_one_in_the_place_of_another_is_found(blobs, tmp_path):
    first = blobs.put(b"network")
    (path,) = files_under(tmp_path)
    blobs.put(b"app----")
    (other,) = set(files_under(tmp_path)) - {path}
    path.write_bytes(other.read_bytes())
    with pytest.raises(ArtifactMismatch) as caught:
        blobs.get(first)
    assert caught.value.slug == "blob-altered"


def test_an_absent_one_is_found(blobs, tmp_path):
    blob = blobs.put(b"x")
    files_under(tmp_path)[0].unlink()
    with pytest.raises(ArtifactMismatch) as caught:
        blobs.get(blob)
    assert caught.value.slug == "blob-absent"


@pytest.mark.parametrize("blob", [Blob("../../etc/passwd", 3), Blob("", 0), Blob("A" * 64, 1)])
def test_what_is_no_digest_names_nothing(blobs, blob):
    with pytest.raises(ArtifactMismatch):
        blobs.get(blob)


def test_a_wrong_size_is_found(blobs):
    blob = blobs.put(SECRET)
    for size in (0, blob.size - 1, blob.size + 1):
        with pytest.raises(ArtifactMismatch):
            blobs.get(Blob(blob.digest, size))


def test_another_key_reads_nothing(blobs, tmp_path):
    blob = blobs.put(SECRET)
    with pytest.raises(ArtifactMismatch):
        BlobStore(tmp_path / "blobs", Keyed(b"k" * 32)).get(blob)


def test_files_and_their_limit(blobs, tmp_path, monkeypatch):
    path = tmp_path / "big.tar"
    path.write_bytes(SECRET)
    assert blobs.get(blobs.put_file(path)) == SECRET
    monkeypatch.setattr("interlock.store.blobs._LARGEST", 10)
    with pytest.raises(UsageError):
        blobs.put_file(path)


def test_a_store_that_cannot_be_written_says_so(tmp_path, keyed):
    blobs = BlobStore(tmp_path / "blobs", keyed)
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "incoming").write_text("a file where a folder should be")
    with pytest.raises(Unavailable) as caught:
        blobs.put(SECRET)
    assert b"hunter2" not in str(caught.value).encode()
