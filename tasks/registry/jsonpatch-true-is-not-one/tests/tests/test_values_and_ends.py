import pytest

from jsonpatch import JsonPatchConflict, apply_patch, make_patch


def replace(path, value):
    return {"op": "replace", "path": path, "value": value}


def same(left, right):
    """Equal with types: 1 and True are not the same."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return type(left) is type(right) and left == right


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, True), (True, 1), (0, False), (False, 0)],
    ids=["one-true", "true-one", "nought-false", "false-nought"],
)
def test_booleans_differ_from_numbers(before, after):
    patch = make_patch({"active": before}, {"active": after})
    assert len(list(patch)) == 1
    assert same(list(patch)[0], replace("/active", after))
    assert same(patch.apply({"active": before}), {"active": after})


def test_nested_values():
    before = {"a": {"flag": False, "n": 1}, "b": "x"}
    after = {"a": {"flag": 0, "n": 1}, "b": "x"}
    patch = make_patch(before, after)
    assert [operation["path"] for operation in patch] == ["/a/flag"]
    assert same(patch.apply(before), after)


def test_replace_behind_the_last_entry():
    with pytest.raises(JsonPatchConflict):
        apply_patch(["a", "b"], [replace("/2", "x")])


def test_replace_in_an_empty_list():
    with pytest.raises(JsonPatchConflict):
        apply_patch({"list": []}, [replace("/list/0", "x")])


def test_replace_far_outside():
    with pytest.raises(JsonPatchConflict):
        apply_patch(["a", "b"], [replace("/5", "x")])


def test_replace_within():
    assert apply_patch(["a", "b"], [replace("/1", "x"), replace("/0", "y")]) == ["y", "x"]


def test_add_behind_the_last_entry():
    assert apply_patch(["a"], [{"op": "add", "path": "/1", "value": "b"}]) == ["a", "b"]
    assert apply_patch(["a"], [{"op": "add", "path": "/-", "value": "b"}]) == ["a", "b"]


def test_equal_documents():
    document = {"n": 1, "t": True, "none": None, "f": 1.5, "text": "x", "list": [1, {"a": False}], "empty": {}}
    assert list(make_patch(document, dict(document))) == []


def test_usual_changes():
    before = {"keep": 1, "drop": 2, "change": "a", "list": [1, 2, 3], "sub": {"x": None}}
    after = {"keep": 1, "new": 4, "change": "b", "list": [1, 3], "sub": {"x": 0}}
    patch = make_patch(before, after)
    assert patch.apply(before) == after
    assert replace("/change", "b") in list(patch)
    assert replace("/sub/x", 0) in list(patch)
