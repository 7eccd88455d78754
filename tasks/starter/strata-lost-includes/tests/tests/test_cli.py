import io
import os

from strata.cli import main
from tests.support import FolderCase


class CliTest(FolderCase):
    def run_it(self, *args):
        out, err = io.StringIO(), io.StringIO()
        return main(args, out, err), out.getvalue(), err.getvalue()

    def test_prints_a_value(self):
        path = self.write("a.conf", "x.y = 1\n[profile.p]\nx.y = [2]\n")
        self.assertEqual(self.run_it(path, "x.y"), (0, "1\n", ""))
        self.assertEqual(self.run_it(path, "--profile", "p"), (0, '{\n  "x": {\n    "y": [\n      2\n    ]\n  }\n}\n', ""))

    def test_says_what_is_wrong(self):
        path = self.write("a.conf", "x = 1\n")
        self.assertEqual(self.run_it(path, "z")[2], f"strata: {path}: no key 'z'\n")
        self.assertEqual(self.run_it(path, "--profile", "p")[0], 1)
        self.assertEqual(self.run_it()[0], 2)

    def test_says_that_files_include_each_other(self):
        path = self.write("a.conf", 'include = ["b.conf"]\n')
        self.write("b.conf", 'include = ["a.conf"]\n')
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        code, out, err = self.run_it(path)
        self.assertEqual((code, out), (1, ""))
        self.assertTrue(err.startswith("strata: "), err)
