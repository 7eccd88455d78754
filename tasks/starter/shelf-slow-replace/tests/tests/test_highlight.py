import unittest

from shelf.highlight import highlight, snippet


class HighlightTest(unittest.TestCase):
    def test_marks_words(self):
        self.assertEqual(highlight("Red apple, red pear", "red"), "[Red] apple, [red] pear")
        self.assertEqual(highlight("Red apple", "ap* red", "<b>", "</b>"), "<b>Red</b> <b>apple</b>")

    def test_leaves_text_without_matches_alone(self):
        self.assertEqual(highlight("Red apple", "pear"), "Red apple")

    def test_ignores_accents(self):
        self.assertEqual(highlight("Le café est là", "cafe la"), "Le [café] est [là]")

    def test_cuts_a_snippet(self):
        self.assertEqual(snippet("one two three four five", "three", context=4), "two three fou")
        self.assertEqual(snippet("one two three", "six", context=3), "one tw")

    def test_marks_decomposed_letters_as_a_whole(self):
        self.assertEqual(highlight("Cafe\u0301 Central", "central"), "Cafe\u0301 [Central]")
        self.assertEqual(highlight("Cafe\u0301 Central", "cafe"), "[Cafe\u0301] Central")
        self.assertEqual(highlight("re\u0301sume\u0301s: re\u0301sume\u0301", "resume"), "re\u0301sume\u0301s: [re\u0301sume\u0301]")

    def test_marks_after_letters_that_grow(self):
        self.assertEqual(highlight("Große Straße am Fluß, Haus 3", "haus strasse"), "Große [Straße] am Fluß, [Haus] 3")
        self.assertEqual(highlight("\ufb01nal o\ufb03ce hours", "hours office"), "\ufb01nal [o\ufb03ce] [hours]")

    def test_adds_nothing_but_marks(self):
        for text in ["Cafe\u0301 Stra\u00dfe \ufb01n \uac00\ub098", "\u1e69 s\u0323\u0307 \u0130stanbul x", "\u0301 a\u0301\u0301 b"]:
            for query in ["cafe fin", "strasse", "s", "istanbul a", "x b", "\uac00\ub098"]:
                marked = highlight(text, query)
                self.assertEqual(marked.replace("[", "").replace("]", ""), text)

    def test_cuts_a_snippet_around_the_match(self):
        text = "Mu\u0308ller, Ko\u0308ln: the invoice for the flowers"
        self.assertEqual(snippet(text, "invoice", context=4), "the invoice for")
        self.assertEqual(snippet("Ma\u00dfgescho\u00df: one two three four", "two", context=4), "one two thr")

    def test_marks_composed_letters(self):
        self.assertEqual(highlight("\u00c5ngstr\u00f6m \u0130stanbul", "istanbul angstrom"), "[\u00c5ngstr\u00f6m] [\u0130stanbul]")
