"""The libraries that the site's pages load, kept beside them: fetched again from the npm registry, verified, written.

``python -m fornix.site.vendoring`` compares what is in ``vendor/`` with the packages that ``vendor/manifest.json`` names (by
version and checksum), and ends with 1 where they differ; with ``--write`` it replaces the files, to move to another version.
Needs ``npm``; the site, and whoever builds one, do not.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from fornix.errors import FornixError

VENDOR = Path(__file__).parent / "vendor"


def libraries() -> list[dict[str, Any]]:
    """What ``vendor/manifest.json`` says: name, version, licence, integrity (as npm states it) and files of each library,
    with the sha256 of these."""
    found: list[dict[str, Any]] = json.loads((VENDOR / "manifest.json").read_text())
    return found


def fetched(library: dict[str, Any]) -> dict[str, bytes]:
    """The files of a library as they belong into ``vendor/``, made from its npm package.

    Raises
    ------
    FornixError
        If npm cannot fetch it, or the package is not the one that the manifest names.
    """
    name = f"{library['name']}@{library['version']}"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["npm", "pack", name, "--silent"], cwd=folder, capture_output=True, text=True, check=False)
        packages = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(packages) != 1:
            raise FornixError(f"npm could not fetch {name}: {done.stderr.strip() or done.returncode}")
        content = packages[0].read_bytes()
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
        if integrity != library["integrity"]:
            raise FornixError(f"{name} is {integrity}; the manifest says {library['integrity'] or 'nothing'}: it is another file")
        with tarfile.open(packages[0]) as archive:
            files = {target: _member(archive, path) for path, target in library["files"].items()}
            if (joined := library.get("joined")) is not None:
                files[joined["file"]] = _joined(archive, joined, f"{name}, {library['licence']}")
    return files


def _member(archive: tarfile.TarFile, path: str) -> bytes:
    member = archive.extractfile(path)
    if member is None:
        raise FornixError(f"the package has no file {path}")
    return member.read()


def _joined(archive: tarfile.TarFile, joined: dict[str, Any], title: str) -> bytes:
    """CommonJS modules as one classic script: browsers refuse modules on pages that are opened from a file."""
    lines = [f"/* {title}: {', '.join(joined['modules'])} joined by fornix.site.vendoring */"]
    lines += [f"window.{joined['global']} = (function () {{"]
    lines += ['const process = { env: { NODE_ENV: "production" } }, made = {}, modules = {};']
    for module in joined["modules"]:
        text = _member(archive, f"{joined['folder']}/{module}").decode().replace(f"//# sourceMappingURL={module}.map", "")
        lines += [f'modules["./{module}"] = function (exports, module, require) {{', text.strip(), "};"]
    lines += [
        "function require(name) {",
        "  if (!made[name]) { made[name] = { exports: {} }; modules[name](made[name].exports, made[name], require); }",
        "  return made[name].exports;",
        "}",
        f'return require("./{joined["entry"]}");',
        "})();",
    ]
    return ("\n".join(lines) + "\n").encode()


def main(arguments: list[str]) -> int:
    differing, said = [], libraries()
    for library in said:
        files = fetched(library)
        hashes = {file: hashlib.sha256(content).hexdigest() for file, content in sorted(files.items())}
        for file, content in files.items():
            path = VENDOR / file
            if arguments == ["--write"]:
                path.write_bytes(content)
            elif not path.exists() or path.read_bytes() != content or library["sha256"] != hashes:
                differing.append(path.name)
        library["sha256"] = hashes
    if arguments == ["--write"]:
        (VENDOR / "manifest.json").write_text(json.dumps(said, indent=2) + "\n")
    for name in differing:
        print(f"vendor/{name} is not what the npm registry gives; `python -m fornix.site.vendoring --write` replaces it")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
