import unittest

from almanac.describe import describe
from almanac.entries import parse


class DescribeTest(unittest.TestCase):
    def test_says_it_in_words(self):
        lines = {
            "2021-03-14": "on 2021-03-14",
            "2021-03-14 every month": "every month from 2021-03-14",
            "2021-02-01 every 2 weeks until 2021-06-30": "every 2 weeks from 2021-02-01 until 2021-06-30",
            "2021-05-09 every year for 10 times": "every year from 2021-05-09, 10 times",
        }
        for line, words in lines.items():
            (entry,) = parse(f"{line}: x")
            self.assertEqual(describe(entry.rule), words)
