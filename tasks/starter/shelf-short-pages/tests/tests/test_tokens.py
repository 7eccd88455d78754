import unittest

from shelf.tokens import normalize, terms, tokenize


class TokensTest(unittest.TestCase):
    def test_splits_at_punctuation(self):
        self.assertEqual(terms("One, two--three!"), ["one", "two", "three"])

    def test_ignores_accents_and_case(self):
        self.assertEqual(terms("Café CAFE cafe\u0301"), ["cafe", "cafe", "cafe"])
        self.assertEqual(normalize("Straße"), "strasse")

    def test_tells_where_a_word_stands(self):
        self.assertEqual([tuple(t) for t in tokenize("a  bc")], [("a", 0, 1), ("bc", 3, 5)])
