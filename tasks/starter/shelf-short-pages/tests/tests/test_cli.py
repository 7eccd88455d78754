import io
import os
import tempfile
import unittest

from shelf.cli import main
from shelf.files import save
from shelf.index import Index


class CliTest(unittest.TestCase):
    def test_prints_hits(self):
        index = Index()
        index.add("a", "red apple")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.json")
            save(index, path)
            out = io.StringIO()
            self.assertEqual(main([path, "red"], out), 0)
        self.assertEqual(out.getvalue(), "  0.693  a\n1 found\n")
