import json
import os
import tempfile
import unittest

from shelf.files import FormatError, load, save
from shelf.index import Index
from shelf.query import search
from tests.test_index import CountingStore


class FilesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "notes.json")

    def test_reads_what_was_saved(self):
        index = Index()
        index.add("a", "Grüße aus Köln")
        save(index, self.path)
        again = load(self.path)
        self.assertEqual(again.vocabulary(), index.vocabulary())
        self.assertEqual(search(again, "koln"), search(index, "koln"))

    def test_refuses_other_files(self):
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump({"version": 99}, file)
        with self.assertRaises(FormatError):
            load(self.path)

    def saved(self, count):
        index = Index()
        for number in range(count):
            index.add(f"d{number}", f"common word{number} other{number}", tags=["t"])
        index.add("empty", "")
        save(index, self.path)

    def test_removes_cheaply_after_loading(self):
        self.saved(300)
        store = CountingStore()
        index = load(self.path, store)
        store.operations = 0
        index.remove("d7")
        index.replace("d8", "fresh")
        self.assertLessEqual(store.operations, 60)
        self.assertEqual(len(index.vocabulary()), 1 + 298 * 2 + 1)
        self.assertEqual(len(store.get("common")), 298)

    def test_removes_after_loading_twice(self):
        self.saved(3)
        index = load(self.path)
        index.remove("d1")
        save(index, self.path)
        again = load(self.path)
        again.remove("d2")
        again.remove("empty")
        self.assertEqual(again.vocabulary(), ["common", "other0", "word0"])
        self.assertEqual(again.tags, {"d0": ["t"]})

    def test_reads_files_of_this_version_from_elsewhere(self):
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump({
                "version": 2,
                "lengths": {"a": 2, "b": 1},
                "tags": {"a": [], "b": ["x"]},
                "postings": {"red": {"a": [0], "b": [0]}, "wine": {"a": [1]}},
            }, file)
        index = load(self.path)
        index.remove("a")
        self.assertEqual(index.vocabulary(), ["red"])
        self.assertEqual(index.store.get("red"), {"b": [0]})
