import io
import os
import unittest

from almanac.cli import main

EXAMPLE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "examples", "household.txt")


class CliTest(unittest.TestCase):
    def test_prints_the_agenda(self):
        out = io.StringIO()
        self.assertEqual(main([EXAMPLE, "2021-03-01", "2021-03-27"], out), 0)
        self.assertEqual(
            out.getvalue(),
            "2021-03-01  paper bin\n2021-03-14  dentist\n2021-03-15  paper bin\n",
        )
