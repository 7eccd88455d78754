import datetime
import itertools
import unittest

from almanac.rules import Rule


def day(text):
    return datetime.date.fromisoformat(text)


def first(rule, number):
    return [date.isoformat() for date in itertools.islice(rule.dates(), number)]


class RuleTest(unittest.TestCase):
    def test_every_other_week(self):
        self.assertEqual(first(Rule(day("2021-12-24"), "week", 2), 3), ["2021-12-24", "2022-01-07", "2022-01-21"])

    def test_every_month(self):
        self.assertEqual(first(Rule(day("2021-11-15"), "month"), 3), ["2021-11-15", "2021-12-15", "2022-01-15"])

    def test_ends(self):
        self.assertEqual(first(Rule(day("2021-01-01"), "day", until=day("2021-01-02")), 9), ["2021-01-01", "2021-01-02"])
        self.assertEqual(first(Rule(day("2021-01-01"), "year", count=2), 9), ["2021-01-01", "2022-01-01"])

    def test_refuses_nonsense(self):
        with self.assertRaises(ValueError):
            Rule(day("2021-01-01"), "moon")
        with self.assertRaises(ValueError):
            Rule(day("2021-01-01"), "day", 0)

    def test_comes_back_to_the_day_after_a_short_month(self):
        self.assertEqual(
            first(Rule(day("2021-01-31"), "month"), 6),
            ["2021-01-31", "2021-02-28", "2021-03-31", "2021-04-30", "2021-05-31", "2021-06-30"],
        )
        self.assertEqual(first(Rule(day("2021-12-30"), "month", 2), 3), ["2021-12-30", "2022-02-28", "2022-04-30"])

    def test_keeps_a_day_that_happens_to_be_the_last(self):
        self.assertEqual(first(Rule(day("2021-02-28"), "month"), 3), ["2021-02-28", "2021-03-28", "2021-04-28"])
        self.assertEqual(first(Rule(day("2021-04-30"), "month"), 3), ["2021-04-30", "2021-05-30", "2021-06-30"])

    def test_keeps_the_leap_day(self):
        self.assertEqual(
            first(Rule(day("2020-02-29"), "year"), 5),
            ["2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28", "2024-02-29"],
        )

    def test_ends_in_a_month_that_is_short(self):
        rule = Rule(day("2021-01-31"), "month", until=day("2021-03-30"))
        self.assertEqual(first(rule, 9), ["2021-01-31", "2021-02-28"])
        self.assertEqual(first(Rule(day("2021-01-31"), "month", count=3), 9)[-1], "2021-03-31")
