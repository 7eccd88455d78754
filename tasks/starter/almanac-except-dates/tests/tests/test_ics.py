import datetime
import re
import unittest

from almanac.agenda import Item
from almanac.ics import export

STAMP = datetime.datetime(2021, 5, 1, 12, 30, 0)


def exported(*titles):
    return export([Item(datetime.date(2021, 6, 7), title) for title in titles], STAMP)


def summaries(data):
    text = data.decode("utf-8").replace("\r\n ", "")
    return [unescaped(line[len("SUMMARY:") :]) for line in text.split("\r\n") if line.startswith("SUMMARY:")]


def unescaped(text):
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], text)


class IcsTest(unittest.TestCase):
    def test_writes_all_day_events(self):
        lines = exported("dentist").split(b"\r\n")
        self.assertEqual(lines[0], b"BEGIN:VCALENDAR")
        self.assertIn(b"DTSTAMP:20210501T123000Z", lines)
        self.assertIn(b"DTSTART;VALUE=DATE:20210607", lines)
        self.assertIn(b"SUMMARY:dentist", lines)
        self.assertEqual(lines[-2:], [b"END:VCALENDAR", b""])

    def test_names_an_item_the_same_way_each_time(self):
        self.assertEqual(exported("dentist"), exported("dentist"))
        self.assertNotEqual(exported("dentist"), exported("doctor"))

    def test_folds_long_lines(self):
        title = "a rather long title " * 12
        data = exported(title)
        self.assertTrue(all(len(line) <= 75 for line in data.split(b"\r\n")))
        self.assertEqual(summaries(data), [title])

    def check(self, title):
        data = exported(title)
        for line in data.split(b"\r\n"):
            self.assertLessEqual(len(line), 75, line)
            line.decode("utf-8")
        self.assertEqual(summaries(data), [title])

    def test_counts_octets_when_it_folds(self):
        self.check("Müll: Bio, Papier und Gelbe Säcke für die Bäckerei Grünewald und das Café über der Straße")
        self.check("ゴミの日" * 30)

    def test_never_tears_a_character(self):
        for shift in range(8):
            self.check("x" * shift + "\N{BIRTHDAY CAKE}é" * 40)

    def test_folds_as_late_as_it_may(self):
        lines = exported("y" * 66, "z" * 67).split(b"\r\n")
        self.assertIn(b"SUMMARY:" + b"y" * 66, lines)
        self.assertIn(b"SUMMARY:" + b"z" * 67, lines)
        lines = exported("y" * 68 + "ü" * 40).split(b"\r\n")
        self.assertIn(b" y" + ("ü" * 36).encode(), lines)

    def test_escapes_text(self):
        lines = exported("bins; paper, glass \\o/").split(b"\r\n")
        self.assertIn(b"SUMMARY:bins\\; paper\\, glass \\\\o/", lines)
        self.check("a;b,c\\d\\,e")
        self.check(";,\\" * 40)
