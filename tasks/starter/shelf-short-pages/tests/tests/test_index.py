import unittest

from shelf.index import Index


class IndexTest(unittest.TestCase):
    def setUp(self):
        self.index = Index()
        self.index.add("a", "red apple, red pear")
        self.index.add("b", "green apple")

    def test_knows_its_documents(self):
        self.assertEqual(len(self.index), 2)
        self.assertIn("a", self.index)
        self.assertNotIn("c", self.index)

    def test_keeps_positions(self):
        self.assertEqual(self.index.store.get("red"), {"a": [0, 2]})
        self.assertEqual(self.index.store.get("apple"), {"a": [1], "b": [1]})

    def test_refuses_a_document_twice(self):
        with self.assertRaises(ValueError):
            self.index.add("a", "again")

    def test_forgets_a_removed_document(self):
        self.index.remove("a")
        self.assertEqual(self.index.vocabulary(), ["apple", "green"])
        self.assertEqual(self.index.store.get("apple"), {"b": [1]})
        with self.assertRaises(KeyError):
            self.index.remove("a")

    def test_replaces_a_document(self):
        self.index.replace("a", "blue plum")
        self.index.replace("c", "kiwi")
        self.assertEqual(self.index.vocabulary(), ["apple", "blue", "green", "kiwi", "plum"])
