import datetime
import unittest

from almanac.entries import Entry, EntryError, dump, parse
from almanac.rules import Rule

TEXT = """2021-01-31 every month: pay the rent
2021-02-01 every 2 weeks until 2021-06-30: paper bin
2021-05-09 every year for 10 times: anniversary
2021-03-14: dentist
"""


class EntriesTest(unittest.TestCase):
    def test_reads_lines(self):
        rent, bin_, _, dentist = parse(TEXT)
        self.assertEqual(rent, Entry("pay the rent", Rule(datetime.date(2021, 1, 31), "month")))
        self.assertEqual(bin_.rule, Rule(datetime.date(2021, 2, 1), "week", 2, until=datetime.date(2021, 6, 30)))
        self.assertEqual(dentist.rule.count, 1)

    def test_skips_comments(self):
        self.assertEqual(parse("# nothing\n\n   \n"), [])

    def test_writes_what_it_read(self):
        self.assertEqual(dump(parse(TEXT)), TEXT)

    def test_names_the_line_of_a_mistake(self):
        with self.assertRaisesRegex(EntryError, "^2: cannot read"):
            parse("2021-03-14: dentist\nsometimes: nap\n")
        with self.assertRaisesRegex(EntryError, "^1: "):
            parse("2021-02-30: dentist\n")
