"""Writing whole files: devices stay devices, permissions and leftovers, long names, full disks."""

import errno
import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import nn
from autograd import Value
from nn.model_files import whole_files
from nn.model_files.whole_files import _new_file, write_whole

ROOT = Path(__file__).parents[3]
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX files")
linux = pytest.mark.skipif(sys.platform != "linux", reason="/dev and /proc of Linux")


class One(nn.Module):
    """One parameter."""

    def __init__(self, number=1.0):
        self.w = Value(number)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --- what is no file ---------------------------------------------------------------------


@posix
def test_a_device_stays_a_device():
    before = Path("/dev/null").stat()
    assert nn.save(One(), "/dev/null") == Path("/dev/null")
    assert Path("/dev/null").stat().st_ino == before.st_ino
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@posix
def test_a_link_to_a_device_stays_one(tmp_path):
    link = tmp_path / "model.json"
    link.symlink_to("/dev/null")
    nn.save(One(), link)
    assert link.is_symlink()
    assert names(tmp_path) == ["model.json"]


@posix
def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    nn.save(One(2.5), pipe)
    reader.join(30)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    copy = tmp_path / "copy.json"
    copy.write_text(read[0])
    assert nn.load(copy, One()).w.data == 2.5


SAVE_TO_STDOUT = """
import sys, nn
from autograd import Value
class One(nn.Module):
    def __init__(self): self.w = Value(2.5)
print("before", flush=True)
nn.save(One(), sys.argv[1])
print("after", flush=True)
"""


@linux
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("into_a_file", [True, False])
def test_standard_output_is_written_to_whatever_it_leads_to(tmp_path, name, into_a_file):
    out = tmp_path / "out.txt"
    command = [sys.executable, "-c", SAVE_TO_STDOUT, name]
    if into_a_file:
        with out.open("w") as file:
            subprocess.run(command, cwd=ROOT, stdout=file, check=True)
        text = out.read_text()
    else:
        text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    first, *middle, last = text.splitlines()
    assert (first, last) == ("before", "after")
    (tmp_path / "copy.json").write_text("\n".join(middle))
    assert nn.load(tmp_path / "copy.json", One()).w.data == 2.5
    assert names(tmp_path) == (["copy.json", "out.txt"] if into_a_file else ["copy.json"])


@posix
def test_a_link_to_a_file_leads_to_it_and_one_to_nowhere_makes_it(tmp_path):
    (tmp_path / "folder").mkdir()
    link, behind = tmp_path / "link.json", tmp_path / "folder" / "model.json"
    link.symlink_to(behind)
    for number in (1.0, 2.0):
        nn.save(One(number), link)
        assert link.is_symlink()
        assert nn.load(behind, One()).w.data == number
    assert names(tmp_path / "folder") == ["model.json"]


# --- permissions and names ---------------------------------------------------------------


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002, 0o000])
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path, umask):
    before = os.umask(umask)
    try:
        nn.save(One(), tmp_path / "model.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "model.json").stat().st_mode) == 0o666 & ~umask


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o666])
def test_an_old_file_keeps_its_permissions(tmp_path, mode):
    path = nn.save(One(), tmp_path / "model.json")
    path.chmod(mode)
    nn.save(One(2.0), path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("letter", ["m", "é"])
def test_the_longest_names_are_saved(tmp_path, letter):
    count = 250 // len(letter.encode())
    path = tmp_path / (letter * count + ".json")
    assert 254 <= len(os.fsencode(path.name)) <= 255
    nn.save(One(2.5), path)
    assert nn.load(path, One()).w.data == 2.5
    assert len(names(tmp_path)) == 1


def test_a_name_that_is_too_long_is_the_usual_error_of_that_name(tmp_path):
    path = tmp_path / ("m" * 300)
    with pytest.raises(OSError, match="m" * 300):
        nn.save(One(), path)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "error", "match"),
    [
        ("", ValueError, "save takes the name of a file, got ''"),
        (None, TypeError, "save takes the name of a file, got NoneType None"),
        (1, TypeError, "save takes the name of a file, got int 1"),
        (b"model", TypeError, "as a str or Path, got b'model'"),
        (sys.stdout, TypeError, "save takes the name of a file"),
    ],
)
def test_what_is_no_name_is_refused(tmp_path, monkeypatch, path, error, match):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=match):
        nn.save(One(), path)
    with pytest.raises(error, match=match.replace("save", "load")):
        nn.load(path, One())
    assert names(tmp_path) == []


@pytest.mark.parametrize("path", [".", "/", "folder", "folder/"])
def test_a_folder_is_the_usual_error_of_that_name(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for call in (nn.save, lambda model, path: nn.load(path, model)):
        with pytest.raises(OSError, match=path.strip("/") or "/") as caught:
            call(One(), path)
        assert caught.value.errno in {errno.EISDIR, errno.EACCES}
    assert names(tmp_path) == ["folder"]


# --- leftovers -----------------------------------------------------------------------------


@posix
def test_what_a_killed_save_left_is_cleared_by_the_next_one(tmp_path):
    target, other = tmp_path / "model.json", tmp_path / "other.json"
    for path in (target, target, other):
        handle, _ = _new_file(path)
        os.close(handle)  # as a killed process does: written half, never renamed
    keep = [".model.json.tmp", ".chainrule-notes.tmp", "model.json.tmp"]
    for name in keep:
        (tmp_path / name).touch()
    assert len(names(tmp_path)) == 6
    nn.save(One(), target)
    left = names(tmp_path)
    assert set(keep) < set(left)
    assert len(left) == 5  # that of the other target stays
    nn.save(One(), other)
    assert names(tmp_path) == sorted([*keep, "model.json", "other.json"])


@posix
def test_what_another_process_is_writing_stays(tmp_path):
    target = tmp_path / "model.json"
    handle, temporary = _new_file(target)
    try:
        nn.save(One(2.0), target)
        assert temporary.exists()
    finally:
        os.close(handle)
    nn.save(One(3.0), target)
    assert names(tmp_path) == ["model.json"]


@posix
def test_a_file_cleared_away_before_it_was_locked_is_made_again(tmp_path, monkeypatch):
    lock, cleared = whole_files._lock, []

    def slow(handle, *, wait):
        if wait and not cleared:  # another save comes first
            (path,) = tmp_path.iterdir()
            path.unlink()
            cleared.append(path)
        lock(handle, wait=wait)

    monkeypatch.setattr(whole_files, "_lock", slow)
    nn.save(One(2.5), tmp_path / "model.json")
    assert cleared
    assert nn.load(tmp_path / "model.json", One()).w.data == 2.5
    assert names(tmp_path) == ["model.json"]


@posix
def test_saves_from_many_threads_leave_one_whole_file(tmp_path):
    path = tmp_path / "model.json"

    def save(number):
        for _ in range(10):
            nn.save(One(number), path)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(save, (0.0, 1.0, 2.0, 3.0))) == [None] * 4
    assert names(tmp_path) == ["model.json"]
    assert nn.load(path, One()).w.data in {0.0, 1.0, 2.0, 3.0}


# --- full disks ----------------------------------------------------------------------------


@linux
def test_a_full_device_is_named():
    with pytest.raises(OSError, match=r"No space left.*'/dev/full'"):
        nn.save(One(), "/dev/full")


LIMITED = """
import resource, sys, nn
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    nn.save(nn.MLP(2, [50, 1]), sys.argv[1])
except OSError as error:
    print(error.errno, error.filename)
"""


@linux
def test_a_file_that_finds_no_room_is_named_and_the_old_one_stays(tmp_path):
    path = nn.save(One(2.5), tmp_path / "model.json")
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert result.stdout == f"{errno.EFBIG} {path}\n"
    assert nn.load(path, One()).w.data == 2.5
    assert names(tmp_path) == ["model.json"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), OSError(5, "I/O")])
def test_an_error_without_a_name_gets_one(tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"model\.json") as caught:
        write_whole(tmp_path / "model.json", "text")
    assert caught.value.errno == error.errno
    assert names(tmp_path) == []


def test_a_folder_that_is_missing_is_the_usual_error_of_the_name_that_was_asked_for(tmp_path):
    path = tmp_path / "none" / "model.json"
    with pytest.raises(FileNotFoundError) as caught:
        nn.save(One(), path)
    assert caught.value.filename == str(path)
