# Which members of two archives are not the same? Prints a JSON list of what tells them apart; one that is empty: nothing does.
#
# Of a member counts what whoever installs it gets: its name, its kind, its bytes, whether it can be run. When it was written, by
# whom, in which order and how it was packed does not count. Nothing is unpacked.
import hashlib
import json
import sys
import tarfile
import zipfile

CHUNK = 1 << 20


def digest(file, lines):
    with file:
        if lines:  # a list, in whatever order
            return hashlib.sha256(b"".join(sorted(file.read().splitlines(True)))).hexdigest()
        sha256 = hashlib.sha256()
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
        return sha256.hexdigest()


def is_list(name):
    return name.endswith((".dist-info/RECORD", ".egg-info/SOURCES.txt"))


def of_zip(path):
    with zipfile.ZipFile(path) as archive:
        for it in archive.infolist():
            runs = bool(it.external_attr >> 16 & 0o100)
            if not it.is_dir():
                yield it.filename, (runs, digest(archive.open(it), is_list(it.filename)))


def of_tar(path):
    with tarfile.open(path) as archive:
        for it in archive:
            if it.isfile():
                yield it.name, (bool(it.mode & 0o100), digest(archive.extractfile(it), is_list(it.name)))
            elif not it.isdir():
                yield it.name, (it.type.decode(), it.linkname)


def members(path):
    found = {}
    for name, what in of_zip(path) if zipfile.is_zipfile(path) else of_tar(path):
        found.setdefault(name, []).append(what)
    return found


one, other = members(sys.argv[1]), members(sys.argv[2])
print(json.dumps(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))[:20]))
