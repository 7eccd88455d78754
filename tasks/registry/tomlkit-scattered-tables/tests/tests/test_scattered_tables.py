import pytest
import tomlkit

from tomlkit.exceptions import NonExistentKey


TEXT = """\
[tool.alpha.one]
k = 1

# about others
[other]
z = 0

[tool.beta]
k = 3  # three

[last]
q = 1

[tool.alpha.two]
k = 2
"""

REST = {"other": {"z": 0}, "last": {"q": 1}}


@pytest.fixture
def document():
    return tomlkit.parse(TEXT)


def read_back(document):
    return tomlkit.parse(tomlkit.dumps(document)).unwrap()


def test_delete_leaves_nothing(document):
    del document["tool"]["alpha"]
    assert read_back(document) == {**REST, "tool": {"beta": {"k": 3}}}
    assert "alpha" not in tomlkit.dumps(document)


def test_pop_leaves_nothing(document):
    document["tool"].pop("alpha")
    assert read_back(document) == {**REST, "tool": {"beta": {"k": 3}}}
    assert "alpha" not in document["tool"]


def test_delete_with_three_parts():
    text = TEXT + "\n[more]\nm = 1\n\n[tool.alpha.three]\nk = 3\n"
    document = tomlkit.parse(text)
    del document["tool"]["alpha"]
    assert read_back(document) == {**REST, "more": {"m": 1}, "tool": {"beta": {"k": 3}}}


def test_assign_a_table(document):
    document["tool"]["alpha"] = {"new": 1}
    assert read_back(document) == {**REST, "tool": {"alpha": {"new": 1}, "beta": {"k": 3}}}


def test_assign_a_value(document):
    document["tool"]["alpha"] = "flat"
    assert read_back(document) == {**REST, "tool": {"alpha": "flat", "beta": {"k": 3}}}


def test_delete_all_one_after_the_other(document):
    del document["tool"]["alpha"]
    del document["tool"]["beta"]
    result = read_back(document)
    assert result.pop("tool", {}) == {}
    assert result == REST


def test_what_is_not_touched_keeps_its_text(document):
    document["tool"]["beta"]["k"] = 4
    assert tomlkit.dumps(document) == TEXT.replace("k = 3  # three", "k = 4  # three")


def test_reading(document):
    assert document.unwrap() == {
        **REST,
        "tool": {"alpha": {"one": {"k": 1}, "two": {"k": 2}}, "beta": {"k": 3}},
    }
    assert tomlkit.dumps(document) == TEXT


def test_delete_what_stands_in_one_place(document):
    del document["tool"]["beta"]
    assert read_back(document) == {**REST, "tool": {"alpha": {"one": {"k": 1}, "two": {"k": 2}}}}


def test_assign_to_what_stands_in_one_place(document):
    document["tool"]["beta"] = {"k": 9}
    assert read_back(document)["tool"] == {"alpha": {"one": {"k": 1}, "two": {"k": 2}}, "beta": {"k": 9}}


def test_add_a_key(document):
    document["tool"]["gamma"] = 7
    assert read_back(document)["tool"]["gamma"] == 7
    assert read_back(document)["tool"]["alpha"] == {"one": {"k": 1}, "two": {"k": 2}}


def test_delete_a_missing_key(document):
    with pytest.raises(NonExistentKey):
        del document["tool"]["missing"]
    assert tomlkit.dumps(document) == TEXT
