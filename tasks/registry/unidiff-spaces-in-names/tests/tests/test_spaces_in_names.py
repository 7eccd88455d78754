from unidiff import PatchSet


HUNK = "@@ -1 +1 @@\n-a\n+b\n"


def only(text):
    patch = PatchSet(text)
    assert len(patch) == 1
    return patch[0]


def test_new_file():
    file = only(
        "diff --git a/has spaces/t.sql b/has spaces/t.sql\nnew file mode 100644\nindex 0000000..587be6b\n"
        "--- /dev/null\n+++ b/has spaces/t.sql\n@@ -0,0 +1 @@\n+x\n"
    )
    assert file.path == "has spaces/t.sql"
    assert file.is_added_file
    assert file.added == 1


def test_empty_new_file():
    file = only("diff --git a/empty file.txt b/empty file.txt\nnew file mode 100644\nindex 0000000..e69de29\n")
    assert (file.path, file.target_file) == ("empty file.txt", "b/empty file.txt")
    assert file.is_added_file


def test_deleted_file():
    file = only("diff --git a/gone file b/gone file\ndeleted file mode 100644\nindex e69de29..0000000\n")
    assert (file.path, file.source_file) == ("gone file", "a/gone file")
    assert file.is_removed_file


def test_rename():
    file = only(
        "diff --git a/old name b/new name\nsimilarity index 100%\nrename from old name\nrename to new name\n"
    )
    assert (file.source_file, file.target_file) == ("a/old name", "b/new name")
    assert file.is_rename
    assert file.path == "new name"


def test_change():
    file = only(
        "diff --git a/my file b/my file\nindex 7898192..6178079 100644\n--- a/my file\t\n+++ b/my file\t\n" + HUNK
    )
    assert file.path == "my file"
    assert file.is_modified_file
    assert not file.is_rename


def test_change_of_mode():
    file = only("diff --git a/one two three b/one two three\nold mode 100644\nnew mode 100755\n")
    assert file.path == "one two three"
    assert not file.is_rename


def test_end_after_the_mode():
    assert only("diff --git a/x b/x\nnew file mode 100644").is_added_file
    assert only("diff --git a/x b/x\ndeleted file mode 100644").is_removed_file


def test_names_without_spaces():
    patch = PatchSet(
        "diff --git a/x.txt b/x.txt\nindex 7898192..6178079 100644\n--- a/x.txt\n+++ b/x.txt\n" + HUNK
        + "diff --git a/new.txt b/new.txt\nnew file mode 100644\nindex 0000000..e69de29\n"
        + "diff --git a/old.txt b/old.txt\ndeleted file mode 100644\nindex e69de29..0000000\n"
    )
    assert [file.path for file in patch] == ["x.txt", "new.txt", "old.txt"]
    assert [len(group) for group in (patch.modified_files, patch.added_files, patch.removed_files)] == [1, 1, 1]


def test_rename_with_changes():
    file = only(
        "diff --git a/one.py b/two.py\nsimilarity index 80%\nrename from one.py\nrename to two.py\n"
        "index 7898192..6178079 100644\n--- a/one.py\n+++ b/two.py\n" + HUNK
    )
    assert file.is_rename
    assert (file.path, file.added, file.removed) == ("two.py", 1, 1)


def test_no_prefix():
    patch = PatchSet(
        "diff --git x.txt x.txt\nindex 7898192..6178079 100644\n--- x.txt\n+++ x.txt\n" + HUNK
        + "diff --git y.txt z.txt\nsimilarity index 100%\nrename from y.txt\nrename to z.txt\n"
    )
    assert [(file.source_file, file.target_file) for file in patch] == [("x.txt", "x.txt"), ("y.txt", "z.txt")]
    assert (patch[0].path, patch[0].is_rename) == ("x.txt", False)


def test_no_git():
    file = only("--- my file\t2024-01-01\n+++ my file\t2024-01-02\n" + HUNK)
    assert file.path == "my file"
