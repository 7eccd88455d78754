import re
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

    def test_keeps_terms_that_text_normalizes_to(self):
        for text in ["Cafe\u0301 \ufb01n Stra\u00dfe", "\u1e9e \u0130 \u01c6 \u00bd x\u00b2", "\uac00\ub098 \u304c\u304d"]:
            self.assertEqual(terms(text), re.findall(r"\w+", normalize(text)))
