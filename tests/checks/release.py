#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""packaging/release.sh refuses what is no release, by a sentence with the file's name; of a clone of this tree it makes
checksums that hold and an SBOM that has what SPDX 2.3 requires (make check-long: it takes half a minute)."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ.get("top_srcdir", pathlib.Path(__file__).parents[2]))
LONG = bool(os.environ.get("LONG"))
LIBRARIES = re.findall(r"NEED_LIBRARY\(\[[A-Z]+\], \[[^]]*\], \[([^] ]+)", (TOP / "configure.ac").read_text())
# Nothing of the build that runs this, neither its compiler nor its make.
ENVIRONMENT = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "PKG_CONFIG_PATH") if name in os.environ}
ENVIRONMENT |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
for who in ("AUTHOR", "COMMITTER"):
    ENVIRONMENT |= {f"GIT_{who}_NAME": "test", f"GIT_{who}_EMAIL": "test@example.net"}
VERSIONS = ("configure.ac", "NEWS.md", "packaging/debian/changelog", "packaging/rpm/echotimed.spec",
            "packaging/kubernetes/overlays/example-server/kustomization.yaml")

wrong = []


def claim(true, text):
    if not true:
        wrong.append(text)


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def run(*words, **options):
    return subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, **options)


def git(clone, *words, **options):
    return run("git", "-C", str(clone), *words, check=True, **options).stdout


def need_tools():
    for tool in ("git", "pkg-config") + (("autoreconf", "make", "tar", "xz") if LONG else ()):
        if not shutil.which(tool):
            skip(f"needs {tool}")
    for library in LIBRARIES if LONG else ():
        if run("pkg-config", "--exists", library).returncode:
            skip(f"needs {library}, as a release has all")
    if not (TOP / ".git").exists() or run("git", "-C", str(TOP), "rev-parse", "HEAD").returncode:
        skip("this is no clone, or another user's")


def clone_tree(clone):
    """A clone with one commit more, of what is changed here."""
    run("git", "clone", "-q", str(TOP), str(clone), check=True)
    changes = git(TOP, "diff", "--binary", "HEAD")
    if changes:
        git(clone, "apply", "--index", input=changes)
    git(clone, "commit", "-q", "--allow-empty", "-m", "test")
    version = re.search(r"^AC_INIT\(\[echotimed\], \[([^]]+)", (clone / "configure.ac").read_text(), re.M)[1]
    for tag in git(clone, "tag").split():
        git(clone, "tag", "-d", tag)
    return version


def refused(clone, names, *words):
    """release.sh with these words fails before it makes anything, and names what is wrong."""
    answer = run(str(clone / "packaging/release.sh"), "--no-distcheck", *words, str(clone / "out"))
    claim(answer.returncode == 1 and names in answer.stderr and answer.stderr.count("\n") == 1 and not (clone / "out").exists(),
          f"of {names} it says: {answer.returncode} {answer.stdout}{answer.stderr}")


def refuses_versions(clone, version):
    for name in VERSIONS:
        path = clone / name
        path.write_text(path.read_text().replace(version, "99.1", 1))
        git(clone, "commit", "-qam", name)
        refused(clone, name, "--dry-run")
        git(clone, "reset", "-q", "--hard", "HEAD^")


def refuses_states(clone, version):
    """A tree with changes, and without --dry-run a version that has no date or whose tag is missing or elsewhere."""
    (clone / "left").write_text("")
    refused(clone, "?? left", "--dry-run")
    (clone / "left").unlink()
    news = clone / "NEWS.md"
    text = news.read_text()
    news.write_text(re.sub(r"^## .*", f"## {version} (not released)", text, count=1, flags=re.M))
    git(clone, "commit", "-q", "--allow-empty", "-am", "no date")
    refused(clone, "NEWS.md: the first heading has no date")
    news.write_text(re.sub(r"^## .*", f"## {version} (2026-11-30)", text, count=1, flags=re.M))
    git(clone, "commit", "-qam", "a date")
    refused(clone, f"there is no tag v{version}")
    git(clone, "tag", f"v{version}", "HEAD^")
    refused(clone, f"the tag v{version} is of another commit")


def check_required(sbom):
    """What SPDX 2.3 requires, by its clauses 6 (document), 7 (packages) and 11 (relationships)."""
    for field, value in (("spdxVersion", "SPDX-2.3"), ("dataLicense", "CC0-1.0"), ("SPDXID", "SPDXRef-DOCUMENT")):
        claim(sbom.get(field) == value, f"SBOM: {field} is {sbom.get(field)}")
    claim(sbom["name"], "SBOM: has no name")
    claim(re.fullmatch(r"https://[^#\s]+", sbom["documentNamespace"]), "SBOM: documentNamespace is no URI without #")
    claim(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sbom["creationInfo"]["created"]), "SBOM: created is no time in UTC")
    for creator in sbom["creationInfo"]["creators"]:
        claim(re.match(r"(Tool|Person|Organization): ", creator), f"SBOM: creator {creator}")
    ids = [package["SPDXID"] for package in sbom["packages"]]
    claim(len(set(ids)) == len(ids), "SBOM: two packages have one SPDXID")
    for package in sbom["packages"]:
        claim(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", package["SPDXID"]), f"SBOM: SPDXID {package['SPDXID']}")
        claim(package["name"] and package["downloadLocation"] and package["versionInfo"], f"SBOM: {package} lacks a field")
        # Else packageVerificationCode would be required.
        claim(package["filesAnalyzed"] is False, f"SBOM: {package['name']} has filesAnalyzed")
    for relationship in sbom["relationships"]:
        for end in ("spdxElementId", "relatedSpdxElement"):
            claim(relationship[end] in ids + ["SPDXRef-DOCUMENT"], f"SBOM: {relationship} is of nothing")


def check_content(sbom, version, checksum):
    ours = sbom["packages"][0]
    claim((ours["name"], ours["versionInfo"], ours["licenseDeclared"]) == ("echotimed", version, "MIT"), f"SBOM: {ours}")
    claim(ours["checksums"] == [{"algorithm": "SHA256", "checksumValue": checksum}], f"SBOM: {ours['checksums']}")
    claim({p["name"]: p["versionInfo"] for p in sbom["packages"][1:]} ==
          {name: run("pkg-config", "--modversion", name).stdout.strip() for name in LIBRARIES}, "SBOM: the libraries are others")
    found = {(r["spdxElementId"], r["relationshipType"], r["relatedSpdxElement"]) for r in sbom["relationships"]}
    wanted = {(ours["SPDXID"], "DEPENDS_ON", p["SPDXID"]) for p in sbom["packages"][1:]}
    claim(found == wanted | {("SPDXRef-DOCUMENT", "DESCRIBES", ours["SPDXID"])}, f"SBOM: relationships {found}")


def makes_a_release(clone, version):
    out = clone.parent / "out"
    answer = run(str(clone / "packaging/release.sh"), "--dry-run", "--no-distcheck", str(out))
    claim(answer.returncode == 0, f"release.sh fails:\n{answer.stdout}{answer.stderr}")
    if answer.returncode:
        return
    tarball, sbom = (f"echotimed-{version}{end}" for end in (".tar.xz", ".spdx.json"))
    claim(sorted(os.listdir(out)) == sorted(["SHA256SUMS", tarball, sbom]), f"it makes {os.listdir(out)}")
    sums = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in (tarball, sbom)}
    claim((out / "SHA256SUMS").read_text() == "".join(f"{sums[name]}  {name}\n" for name in (tarball, sbom)), "SHA256SUMS is wrong")
    content = json.loads((out / sbom).read_text())
    check_required(content)
    check_content(content, version, sums[tarball])


def main():
    need_tools()
    with tempfile.TemporaryDirectory() as work:
        clone = pathlib.Path(work) / "clone"
        version = clone_tree(clone)
        if LONG:
            makes_a_release(clone, version)
        refuses_versions(clone, version)
        refuses_states(clone, version)
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
