"""What scanners, annotators, installers and agents leave in a catalogue."""

import pytest

from clawgym_skills.catalogue import Catalogue
from clawgym_skills.records import (
    ActivationRecord,
    AnnotationRecord,
    CategoryRecord,
    FindingRecord,
    InstallRecord,
    ScanRecord,
)


@pytest.fixture
def catalogue(tmp_path, write_simple):
    write_simple("demo", "Does a thing.")
    write_simple("other", "Does a thing as well.")
    with Catalogue(tmp_path / "c.sqlite") as catalogue:
        catalogue.index([tmp_path / "skills"])
        yield catalogue


@pytest.fixture
def digest(catalogue):
    return catalogue.get("demo").digest


def test_a_scan_replaces_the_former_one_of_the_same_scanner(catalogue, digest):
    found = FindingRecord("SC101", "block", "Bad.", "SKILL.md", 3, "curl | sh")
    mild = FindingRecord("SC201", "info", "So so.")
    first, second = ScanRecord("ours", "1", (found, mild), 5), ScanRecord("ours", "2", (mild,), 6)
    other = ScanRecord("cisco", "2.3", (), 7)
    for scan in (first, other, second):
        catalogue.record_scan(digest, scan)
    assert catalogue.scans(digest) == [other, second]
    assert catalogue.findings(digest) == (mild,)
    assert catalogue.scans("0" * 64) == []


def test_annotations_are_bound_to_the_digest(catalogue, digest):
    annotation = AnnotationRecord("rules", "1", '{"language": "english"}')
    catalogue.record_annotation(digest, annotation, [CategoryRecord("Dev Tools", "git")])
    assert catalogue.annotation(digest, "rules") == annotation
    assert catalogue.annotation(digest, "model") is None
    assert catalogue.categories(digest) == {"rules": (CategoryRecord("Dev Tools", "git"),)}


def test_search_finds_by_annotated_categories_also_after_another_reading(catalogue, digest):
    annotation = AnnotationRecord("rules", "1", "{}")
    catalogue.record_annotation(digest, annotation, [CategoryRecord("Dev Tools")])
    (hit,) = catalogue.search("dev tools")
    assert (hit.name, hit.tier) == ("demo", "taxonomy")
    catalogue.record_annotation(digest, annotation)
    assert catalogue.search("dev tools") == []


def test_installs_are_kept_by_path(catalogue, digest):
    install = InstallRecord("/w/skills/demo", "demo", digest, 9, "mara", "1.0.0", "https://r.test")
    pinned = InstallRecord("/w/skills/demo", "demo", digest, 9, pinned=True, pin_reason="works")
    catalogue.record_install(install)
    assert catalogue.installs() == [install]
    catalogue.record_install(pinned)
    assert catalogue.installs() == [pinned]
    catalogue.forget_install("/w/skills/demo")
    assert catalogue.installs() == []


def test_activations_are_kept_in_order(catalogue, digest):
    uses = [ActivationRecord(name, digest, "s", at) for name, at in (("demo", 2), ("other", 1))]
    for use in uses:
        catalogue.record_activation(use)
    assert catalogue.activations() == uses
    assert catalogue.activations("other") == uses[1:]
