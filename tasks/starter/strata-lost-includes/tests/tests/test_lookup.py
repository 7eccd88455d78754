import unittest

from strata.lookup import lookup


class LookupTest(unittest.TestCase):
    def test_follows_dots(self):
        table = {"log": {"level": "info"}}
        self.assertEqual(lookup(table, "log.level"), "info")
        self.assertEqual(lookup(table, "log.color", None), None)
        with self.assertRaises(KeyError):
            lookup(table, "log.level.x")
