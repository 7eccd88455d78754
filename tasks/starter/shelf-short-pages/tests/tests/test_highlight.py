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
