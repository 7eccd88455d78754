import unittest

from strata.merge import merge


class MergeTest(unittest.TestCase):
    def test_merges_tables(self):
        self.assertEqual(
            merge({"a": {"x": 1, "y": 2}, "b": 1}, {"a": {"y": 3}, "b": {"z": 1}}),
            {"a": {"x": 1, "y": 3}, "b": {"z": 1}},
        )

    def test_replaces_lists(self):
        self.assertEqual(merge({"a": [1, 2]}, {"a": [3]}), {"a": [3]})

    def test_adds_to_lists(self):
        self.assertEqual(merge({"a": [1]}, {"a+": [2, 3]}), {"a": [1, 2, 3]})
        self.assertEqual(merge({}, {"t": {}, "a+": [2]}), {"t": {}, "a": [2]})
