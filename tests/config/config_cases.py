"""Cases of malformed configurations: which files differ from a valid repository, and every problem that must be told.

files: {path: text}         beside, or instead of, those of `valid/`
absent: [path]              left out
links: {path: target}       symbolic links
latin1: {path: text}        files whose bytes are the text's code points
generate: {file, before, text, times}    a file made of `before` and `times` times `text`
problems: [{at: file:line:column, slug, says, nearest}]
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config_trees import FilesTree

HERE = Path(__file__).parent
BASE_FILES = {
    str(file.relative_to(HERE / "valid")): file.read_bytes()
    for file in sorted((HERE / "valid").rglob("*"))
    if file.is_file()
}


def tree_of(case: Mapping[str, Any]) -> FilesTree:
    files = {path: data for path, data in BASE_FILES.items() if path not in case.get("absent", ())}
    files |= {path: text.encode() for path, text in case.get("files", {}).items()}
    files |= {path: text.encode("latin-1") for path, text in case.get("latin1", {}).items()}
    if generate := case.get("generate"):
        files[generate["file"]] = (generate["before"] + generate["text"] * generate["times"]).encode()
    return FilesTree(files, case.get("links", {}))
