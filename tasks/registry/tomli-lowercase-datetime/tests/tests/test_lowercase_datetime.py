import unittest
from datetime import date, datetime, time, timedelta, timezone

import tomli


def value(text):
    return tomli.loads("when = %s\n" % text)["when"]


NOON = datetime(2021, 5, 27, 12, 0, 0)


class LowerCase(unittest.TestCase):
    def test_both_letters(self):
        self.assertEqual(value("2021-05-27t12:00:00z"), NOON.replace(tzinfo=timezone.utc))

    def test_only_the_separator(self):
        self.assertEqual(value("2021-05-27t12:00:00Z"), NOON.replace(tzinfo=timezone.utc))

    def test_only_the_zone(self):
        self.assertEqual(value("2021-05-27T12:00:00z"), NOON.replace(tzinfo=timezone.utc))
        self.assertEqual(value("2021-05-27 12:00:00z"), NOON.replace(tzinfo=timezone.utc))

    def test_offsets_and_fractions(self):
        two_hours = timezone(timedelta(hours=2))
        self.assertEqual(value("2021-05-27t12:00:00.25+02:00"), NOON.replace(microsecond=250000, tzinfo=two_hours))
        self.assertEqual(value("2021-05-27t12:00:00.25+02:00").utcoffset(), timedelta(hours=2))

    def test_local(self):
        self.assertEqual(value("2021-05-27t12:00:00"), NOON)
        self.assertIsNone(value("2021-05-27t12:00:00").tzinfo)

    def test_in_lists_and_tables(self):
        document = tomli.loads("list = [2021-05-27t12:00:00z, 2021-05-27T12:00:00Z]\ntable = { at = 2021-05-27t12:00:00 }\n")
        self.assertEqual(document["list"][0], document["list"][1])
        self.assertEqual(document["table"], {"at": NOON})


class AsBefore(unittest.TestCase):
    def test_upper_case(self):
        self.assertEqual(value("2021-05-27T12:00:00Z"), NOON.replace(tzinfo=timezone.utc))
        self.assertEqual(value("2021-05-27 12:00:00-01:30").utcoffset(), timedelta(hours=-1, minutes=-30))

    def test_dates_and_times_alone(self):
        self.assertEqual(value("2021-05-27"), date(2021, 5, 27))
        self.assertEqual(value("12:00:00.5"), time(12, 0, 0, 500000))

    def test_other_letters(self):
        for text in ["2021-05-27x12:00:00", "2021-05-27T12:00:00y", "2021-05-27tt12:00:00", "12:00:00z"]:
            with self.assertRaises(tomli.TOMLDecodeError, msg=text):
                value(text)

    def test_impossible_dates(self):
        for text in ["2021-02-30T12:00:00Z", "2021-13-01T12:00:00Z", "2021-05-27T25:00:00Z"]:
            with self.assertRaises(tomli.TOMLDecodeError, msg=text):
                value(text)


if __name__ == "__main__":
    unittest.main()
