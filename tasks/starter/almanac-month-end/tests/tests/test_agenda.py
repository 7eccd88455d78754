import datetime
import unittest

from almanac.agenda import agenda, next_date
from almanac.entries import parse


def day(text):
    return datetime.date.fromisoformat(text)


class AgendaTest(unittest.TestCase):
    def test_lists_a_span(self):
        entries = parse("2021-01-01 every week: bins\n2021-01-08: dentist\n")
        items = agenda(entries, day("2021-01-08"), day("2021-01-15"))
        self.assertEqual([(i.date.day, i.title) for i in items], [(8, "bins"), (8, "dentist"), (15, "bins")])

    def test_finds_the_next_date(self):
        (entry,) = parse("2021-01-04 every 2 weeks until 2021-02-01: bins\n")
        self.assertEqual(next_date(entry.rule, day("2020-05-05")), day("2021-01-04"))
        self.assertEqual(next_date(entry.rule, day("2021-01-04")), day("2021-01-18"))
        self.assertIsNone(next_date(entry.rule, day("2021-02-01")))

    def test_counts_dates(self):
        (entry,) = parse("2021-01-04 every day for 3 times: pills\n")
        self.assertEqual(next_date(entry.rule, day("2021-01-05")), day("2021-01-06"))
        self.assertIsNone(next_date(entry.rule, day("2021-01-06")))

    def test_finds_the_next_date_after_a_short_month(self):
        (entry,) = parse("2021-01-31 every month until 2021-05-30: rent\n")
        self.assertEqual(next_date(entry.rule, day("2021-02-28")), day("2021-03-31"))
        self.assertEqual(next_date(entry.rule, day("2021-03-30")), day("2021-03-31"))
        self.assertIsNone(next_date(entry.rule, day("2021-04-30")))

    def test_lists_the_rent(self):
        items = agenda(parse("2021-01-31 every month: rent\n"), day("2021-03-01"), day("2021-05-31"))
        self.assertEqual([i.date for i in items], [day("2021-03-31"), day("2021-04-30"), day("2021-05-31")])
