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

    def test_reads_exceptions(self):
        first, second = parse(
            "2021-01-04 every week except 2021-01-11: choir\n"
            "2021-01-04 every 2 weeks until 2021-03-01 except 2021-02-01,2021-01-18: band\n"
        )
        self.assertEqual(first.title, "choir")
        self.assertEqual(first.rule.skip, {datetime.date(2021, 1, 11)})
        self.assertEqual(second.rule.skip, {datetime.date(2021, 1, 18), datetime.date(2021, 2, 1)})
        self.assertEqual(second.rule.until, datetime.date(2021, 3, 1))
        self.assertEqual(parse(TEXT)[0].rule.skip, set())

    def test_writes_exceptions_in_order(self):
        text = "2021-01-04 every week for 9 times except 2021-02-01, 2021-01-11,2021-01-18: choir\n"
        written = "2021-01-04 every week for 9 times except 2021-01-11, 2021-01-18, 2021-02-01: choir\n"
        self.assertEqual(dump(parse(text)), written)
        self.assertEqual(dump(parse(written)), written)
        self.assertEqual(parse(text), parse(written))

    def test_refuses_exceptions_that_are_no_dates_of_the_rule(self):
        for wrong in [
            "2021-01-04 every week except 2021-01-12: choir",
            "2021-01-04 every week except 2020-12-28: choir",
            "2021-01-04 every week until 2021-01-31 except 2021-02-01: choir",
            "2021-01-04 every week for 2 times except 2021-01-18: choir",
            "2021-01-04 every week except 2021-01-11, 2021-02-30: choir",
            "2021-01-04 every week except: choir",
            "2021-01-04 except 2021-01-04: choir",
        ]:
            with self.assertRaisesRegex(EntryError, "^2: ", msg=wrong):
                parse("# choir\n" + wrong + "\n")

    def test_accepts_the_word_in_a_title(self):
        (entry,) = parse("2021-01-04 every week: all except 2021-01-11: tidy\n")
        self.assertEqual(entry.title, "all except 2021-01-11: tidy")
        self.assertEqual(dump([entry]), "2021-01-04 every week: all except 2021-01-11: tidy\n")
