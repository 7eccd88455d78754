import unittest

from shelf.index import Index
from shelf.store import MemoryStore


class CountingStore(MemoryStore):
    """Counts what would be accesses to the disk."""

    def __init__(self):
        super().__init__()
        self.operations = 0

    def get(self, term):
        self.operations += 1
        return super().get(term)

    def put(self, term, postings):
        self.operations += 1
        super().put(term, postings)

    def delete(self, term):
        self.operations += 1
        super().delete(term)

    def terms(self):
        for term in super().terms():
            self.operations += 1
            yield term


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


class CostTest(unittest.TestCase):
    def setUp(self):
        self.store = CountingStore()
        self.index = Index(self.store)
        for number in range(300):
            self.index.add(f"d{number}", f"common word{number} other{number} third{number}")
        self.store.operations = 0

    def test_removing_costs_what_the_document_holds(self):
        self.index.remove("d7")
        self.assertLessEqual(self.store.operations, 20)
        self.assertEqual(self.store.get("word7"), {})
        self.assertNotIn("d7", self.store.get("common"))
        self.assertEqual(len(self.store.get("common")), 299)

    def test_replacing_costs_what_the_documents_hold(self):
        self.index.replace("d7", "common word7 new")
        self.index.replace("d7", "newer")
        self.assertLessEqual(self.store.operations, 60)
        self.assertEqual(self.store.get("newer"), {"d7": [0]})
        self.assertEqual(self.store.get("word7"), {})
        self.assertEqual(len(self.index.vocabulary()), 1 + 299 * 3 + 1)

    def test_adds_a_document_again_after_removing_it(self):
        self.index.remove("d7")
        self.index.add("d7", "common twice twice")
        self.index.remove("d7")
        self.assertEqual(len(self.index.vocabulary()), 1 + 299 * 3)

    def test_removes_a_document_without_words(self):
        self.index.add("empty", " ... ")
        self.index.remove("empty")
        self.assertEqual(len(self.index), 300)
