import os
import unittest

from strata.errors import ConfigError
from strata.loader import Loader
from tests.support import FolderCase

APP = """
name = app
[log]
level = info
files = ["app.log"]
[profile.test]
name = app-test
log.level = debug
[profile.web]
port = 80
"""


class LoaderTest(FolderCase):
    def test_lays_a_profile_over_the_file(self):
        path = self.write("app.conf", APP)
        loader = Loader({"port": 8080, "log": {"color": True}})
        self.assertEqual(
            loader.load(path, "test"),
            {"name": "app-test", "port": 8080, "log": {"level": "debug", "files": ["app.log"], "color": True}},
        )
        self.assertEqual(loader.load(path, "web")["port"], 80)

    def test_needs_the_profile(self):
        path = self.write("app.conf", APP)
        with self.assertRaisesRegex(ConfigError, "no profile 'prod'"):
            Loader().load(path, "prod")

    def test_needs_the_file(self):
        path = os.path.join(self.folder, "none.conf")
        with self.assertRaises(ConfigError) as caught:
            Loader().load(path)
        self.assertEqual(caught.exception.where, path)

    def test_reads_a_file_once(self):
        path = self.write("app.conf", APP)
        loader = Loader()
        loader.load(path)
        os.remove(path)
        self.assertEqual(loader.load(path, "web")["port"], 80)

    def test_includes_files_below_itself(self):
        one = self.write("one.conf", 'a = 1\nb = 1\nlist = ["one"]\n[profile.p]\nc = "one"\n')
        two = self.write("two.conf", "b = 2\n")
        path = self.write("app.conf", f'include = ["{one}", "{two}"]\nlist+ = ["app"]\n')
        self.assertEqual(Loader().load(path, "p"), {"a": 1, "b": 2, "c": "one", "list": ["one", "app"]})

    def test_loads_profiles_independently(self):
        path = self.write("app.conf", 'plugins = ["auth"]\n[profile.a]\nplugins+ = ["x"]\n[profile.b]\nplugins+ = ["y"]\n')
        loader = Loader()
        self.assertEqual(loader.load(path, "a")["plugins"], ["auth", "x"])
        self.assertEqual(loader.load(path, "b")["plugins"], ["auth", "y"])
        self.assertEqual(loader.load(path)["plugins"], ["auth"])
        self.assertEqual(loader.load(path, "a")["plugins"], ["auth", "x"])

    def test_leaves_the_defaults_alone(self):
        defaults = {"plugins": ["core"], "log": {"files": ["std"]}}
        path = self.write("app.conf", 'plugins+ = ["auth"]\n[log]\nfiles+ = ["app"]\n')
        for _ in range(2):
            self.assertEqual(
                Loader(defaults).load(path),
                {"plugins": ["core", "auth"], "log": {"files": ["std", "app"]}},
            )
        self.assertEqual(defaults, {"plugins": ["core"], "log": {"files": ["std"]}})

    def test_gives_a_configuration_that_may_be_changed(self):
        path = self.write("app.conf", 'l = [1]\n[t.u]\nx = 1\n[profile.p.deep]\nl = [{"k": 1}]\n')
        loader = Loader({"d": {"e": []}})
        first = loader.load(path, "p")
        first["l"].append(2)
        first["t"]["u"]["x"] = 2
        first["deep"]["l"][0]["k"] = 2
        first["d"]["e"].append(1)
        expected = {"l": [1], "t": {"u": {"x": 1}}, "deep": {"l": [{"k": 1}]}, "d": {"e": []}}
        self.assertEqual(loader.load(path, "p"), expected)

    def test_does_not_change_files_that_are_included(self):
        base = self.write("base.conf", 'plugins = ["auth"]\n[profile.p]\nplugins+ = ["p"]\n')
        one = self.write("one.conf", f'include = ["{base}"]\nplugins+ = ["one"]\n')
        two = self.write("two.conf", f'include = ["{base}"]\nplugins+ = ["two"]\n')
        loader = Loader()
        self.assertEqual(loader.load(one), {"plugins": ["auth", "one"]})
        self.assertEqual(loader.load(two), {"plugins": ["auth", "two"]})
        self.assertEqual(loader.load(one, "p"), {"plugins": ["auth", "one", "p"]})
        self.assertEqual(loader.load(base), {"plugins": ["auth"]})


if __name__ == "__main__":
    unittest.main()
