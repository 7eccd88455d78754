import unittest

from shelf.index import Index
from shelf.query import search


class SearchTest(unittest.TestCase):
    def setUp(self):
        self.index = Index()
        self.index.add("a", "red apple, red pear")
        self.index.add("b", "green apple")
        self.index.add("c", "red apricot")

    def found(self, *args, **options):
        return [hit.doc_id for hit in search(self.index, *args, **options).hits]

    def test_wants_every_word(self):
        self.assertEqual(self.found("red apple"), ["a"])
        self.assertEqual(self.found("apple nothing"), [])

    def test_ranks_by_weight(self):
        self.assertEqual(self.found("red"), ["a", "c"])

    def test_expands_a_prefix(self):
        self.assertEqual(sorted(self.found("ap*")), ["a", "b", "c"])

    def test_limits_and_counts(self):
        results = search(self.index, "red", limit=1)
        self.assertEqual((results.total, len(results.hits)), (2, 1))

    def test_finds_nothing_for_nothing(self):
        self.assertEqual(search(self.index, ""), (0, []))

    def test_filters_by_tag(self):
        self.index.add("d", "red wine", tags=["drink"])
        self.assertEqual(self.found("red", tag="drink"), ["d"])
        self.assertEqual(self.found("red", tag="food"), [])


class PagesTest(unittest.TestCase):
    def setUp(self):
        self.index = Index()
        for number in range(30):
            words = "note " * (3 if number % 7 == 0 else 1)
            self.index.add(f"n{number:02}", words, tags=["work"] if number % 3 == 0 else ["home"])

    def pages(self, size, **options):
        pages = []
        while True:
            page = [hit.doc_id for hit in search(self.index, "note", limit=size, offset=size * len(pages), **options).hits]
            if not page:
                return pages
            pages.append(page)

    def expected(self, tagged=None):
        ids = [f"n{number:02}" for number in range(30) if tagged is None or number % 3 == 0]
        return sorted(ids, key=lambda doc_id: (int(doc_id[1:]) % 7 != 0, doc_id))

    def test_orders_equal_scores_by_id(self):
        self.assertEqual(self.pages(30), [self.expected()])

    def test_pages_hold_every_hit_once(self):
        self.assertEqual(sum(self.pages(7), []), self.expected())

    def test_fills_pages_of_a_tag(self):
        expected = self.expected("work")
        self.assertEqual(self.pages(4, tag="work"), [expected[0:4], expected[4:8], expected[8:10]])

    def test_counts_what_has_the_tag(self):
        self.assertEqual(search(self.index, "note", limit=2, tag="work").total, 10)
        self.assertEqual(search(self.index, "note", limit=2, tag="nowhere").total, 0)
        self.assertEqual(search(self.index, "note", limit=2).total, 30)

    def test_has_no_hits_behind_the_last_page(self):
        self.assertEqual(search(self.index, "note", offset=30), (30, []))
        self.assertEqual(search(self.index, "note", limit=0), (30, []))
