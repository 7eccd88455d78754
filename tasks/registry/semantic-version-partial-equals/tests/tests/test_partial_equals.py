import pytest

from semantic_version import NpmSpec, SimpleSpec, Version


VERSIONS = [
    Version(text)
    for text in [
        "0.0.4",
        "1.1.9",
        "1.2.0-rc.1",
        "1.2.0",
        "1.2.3",
        "1.2.10+linux",
        "1.3.0-alpha",
        "1.3.0",
        "2.0.0",
    ]
]


def matching(spec):
    return [str(version) for version in SimpleSpec(spec).filter(VERSIONS)]


@pytest.mark.parametrize("spec", ["==1.2", "1.2", "=1.2", "==1.2.*"], ids=["double", "bare", "single", "star"])
def test_two_parts(spec):
    assert matching(spec) == ["1.2.0", "1.2.3", "1.2.10+linux"]


def test_two_parts_of_nought():
    assert matching("==0.0") == ["0.0.4"]


def test_select():
    assert SimpleSpec("==1.2").select(VERSIONS) == Version("1.2.10+linux")


def test_together_with_others():
    assert matching(">=1.2.3,==1.2") == ["1.2.3", "1.2.10+linux"]
    assert matching("==1.2,!=1.2.3") == ["1.2.0", "1.2.10+linux"]


def test_one_part():
    assert matching("==1") == ["1.1.9", "1.2.0-rc.1", "1.2.0", "1.2.3", "1.2.10+linux", "1.3.0-alpha", "1.3.0"]


def test_three_parts_are_exact():
    assert matching("==1.2.3") == ["1.2.3"]
    assert matching("1.2.0") == ["1.2.0"]


def test_what_two_parts_leave_out():
    spec = SimpleSpec("==1.2")
    assert not any(spec.match(Version(text)) for text in ["1.1.9", "1.2.0-rc.1", "1.3.0-alpha", "1.3.0", "12.2.0"])


def test_other_operators():
    assert matching("~1.2") == ["1.2.0", "1.2.3", "1.2.10+linux"]
    assert matching("~=1.2")[0] == "1.2.0"
    assert "1.3.0" in matching("~=1.2")
    assert not any(text.startswith("1.2") and "-" not in text for text in matching("!=1.2"))


def test_npm_style():
    assert [str(version) for version in NpmSpec("1.2").filter(VERSIONS)] == ["1.2.0", "1.2.3", "1.2.10+linux"]
