import unittest

from strata.errors import ConfigError
from strata.reader import read


class ReaderTest(unittest.TestCase):
    def test_reads_values(self):
        text = '# c\nname = my app\nport = 80\n\n[log]\nlevel = "info"\nfiles = ["a", "b"]\n[db.pool]\nsize = 4\nlimits.soft = null\n'
        self.assertEqual(
            read(text, "x"),
            {
                "name": "my app",
                "port": 80,
                "log": {"level": "info", "files": ["a", "b"]},
                "db": {"pool": {"size": 4, "limits": {"soft": None}}},
            },
        )

    def test_names_the_line_of_a_mistake(self):
        with self.assertRaisesRegex(ConfigError, "^x:2: expected"):
            read("a = 1\nb\n", "x")
        with self.assertRaisesRegex(ConfigError, "^x:2: 'a' is a value and a table"):
            read("a = 1\na.b = 2\n", "x")
