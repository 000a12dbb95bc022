import re
import threading

from interlock.store import logs


def test_lines_carry_their_time(tmp_path):
    path = tmp_path / "a" / "b.log"
    write = logs.writer(path)
    assert not path.exists()
    write("first")
    write("second\nthird\n")
    write("")
    lines = list(logs.read(path))
    assert [line[25:] for line in lines] == ["first", "second", "third", ""]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line) for line in lines)
    assert path.stat().st_mode & 0o077 == 0


def test_no_log_is_no_lines(tmp_path):
    assert list(logs.read(tmp_path / "none")) == []
    assert list(logs.follow({"none": logs.Tail(tmp_path / "none")}, lambda: True)) == []


def test_writers_keep_their_lines_whole(tmp_path):
    path = tmp_path / "a.log"

    def run(letter):
        write = logs.writer(path)
        for _ in range(200):
            write(letter * 300)

    threads = [threading.Thread(target=run, args=(letter,)) for letter in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [line[25:] for line in logs.read(path)]
    assert len(texts) == 600
    assert {text[0] * 300 == text for text in texts} == {True}


def test_following_tells_every_line_as_it_comes_and_ends(tmp_path):
    path, ended, seen = tmp_path / "a.log", threading.Event(), []
    half = threading.Event()

    def read():
        for _, line in logs.follow({"a": logs.Tail(path)}, ended.is_set, every=0.01):
            seen.append(line[25:])
            if len(seen) == 50:
                half.set()

    reader = threading.Thread(target=read)
    reader.start()
    write = logs.writer(path)
    for n in range(50):
        write(f"{n} é")
    assert half.wait(30)
    for n in range(50, 100):
        write(f"{n} é")
    ended.set()
    reader.join(30)
    assert seen == [f"{n} é" for n in range(100)]


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path):
    (tmp_path / "a.log").mkdir()
    logs.writer(tmp_path / "a.log")("lost")
    (tmp_path / "file").touch()
    logs.writer(tmp_path / "file" / "a.log")("lost")
