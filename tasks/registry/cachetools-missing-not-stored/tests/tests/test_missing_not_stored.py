import unittest

from cachetools import LFUCache, LRUCache, MRUCache


def answering(cache_class, store=False):
    class Answering(cache_class):
        def __missing__(self, key):
            value = "answer to %s" % key
            if store:
                self[key] = value
            return value

    return Answering(maxsize=2)


def read_missing_and_fill(cache):
    for _ in range(3):
        assert cache["missing"] == "answer to missing"
    cache["a"] = 1
    cache["b"] = 2


class NotStored(unittest.TestCase):
    def test_lru_evicts_what_is_due(self):
        cache = answering(LRUCache)
        read_missing_and_fill(cache)
        cache["a"]
        cache["c"] = 3
        self.assertEqual(sorted(cache), ["a", "c"])

    def test_mru_evicts_what_is_due(self):
        cache = answering(MRUCache)
        read_missing_and_fill(cache)
        cache["a"]
        cache["missing"]
        cache["c"] = 3
        self.assertEqual(sorted(cache), ["b", "c"])

    def test_lfu_evicts_what_is_due(self):
        cache = answering(LFUCache)
        cache["missing"]
        cache["a"] = 1
        cache["b"] = 2
        cache["a"]
        cache["b"]
        cache["b"]
        cache["c"] = 3
        self.assertEqual(sorted(cache), ["b", "c"])

    def test_popitem_gives_what_is_there(self):
        for cache_class in (LRUCache, MRUCache, LFUCache):
            with self.subTest(cache_class.__name__):
                cache = answering(cache_class)
                read_missing_and_fill(cache)
                self.assertEqual(sorted([cache.popitem(), cache.popitem()]), [("a", 1), ("b", 2)])
                self.assertEqual(len(cache), 0)

    def test_an_empty_cache_says_so(self):
        for cache_class in (LRUCache, MRUCache, LFUCache):
            with self.subTest(cache_class.__name__):
                cache = answering(cache_class)
                cache["missing"]
                with self.assertRaisesRegex(KeyError, "is empty"):
                    cache.popitem()


class AsBefore(unittest.TestCase):
    def test_stored_answers_count_as_used(self):
        cache = answering(LRUCache, store=True)
        cache["a"] = 1
        cache["b"]
        cache["a"]
        cache["c"]
        self.assertEqual(sorted(cache), ["a", "c"])

    def test_lru(self):
        cache = LRUCache(maxsize=2)
        cache["a"], cache["b"] = 1, 2
        cache["a"]
        cache["c"] = 3
        self.assertEqual(sorted(cache), ["a", "c"])
        self.assertEqual(cache.popitem(), ("a", 1))

    def test_mru(self):
        cache = MRUCache(maxsize=2)
        cache["a"], cache["b"] = 1, 2
        cache["a"]
        cache["c"] = 3
        self.assertEqual(sorted(cache), ["b", "c"])

    def test_lfu(self):
        cache = LFUCache(maxsize=2)
        cache["a"], cache["b"] = 1, 2
        cache["a"]
        cache["a"]
        cache["b"]
        cache["c"] = 3
        self.assertEqual(sorted(cache), ["a", "c"])

    def test_without_missing(self):
        for cache_class in (LRUCache, MRUCache, LFUCache):
            with self.subTest(cache_class.__name__):
                cache = cache_class(maxsize=1)
                with self.assertRaises(KeyError):
                    cache["missing"]
                cache["a"] = 1
                cache["b"] = 2
                self.assertEqual(list(cache), ["b"])


if __name__ == "__main__":
    unittest.main()
