import json
import os
import tempfile
import unittest

from shelf.files import FormatError, load, save
from shelf.index import Index
from shelf.query import search


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
