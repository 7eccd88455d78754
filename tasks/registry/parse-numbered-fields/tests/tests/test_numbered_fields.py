import unittest

import parse


def yes_or_no(text):
    return text == "yes"


yes_or_no.pattern = r"yes|no"


class NumberedFields(unittest.TestCase):
    def test_types(self):
        self.assertEqual(parse.parse("{0:d} of {1:d}", "3 of 10").fixed, (3, 10))
        self.assertEqual(parse.parse("{0:w}-{1:x}", "id-ff").fixed, ("id", 255))

    def test_order_is_that_of_the_pattern(self):
        self.assertEqual(parse.parse("{1:d} {0:w}", "7 seven").fixed, (7, "seven"))

    def test_numbers_with_several_digits(self):
        self.assertEqual(parse.parse("{10:d}/{11:w}", "4/four").fixed, (4, "four"))

    def test_precision_and_alignment(self):
        self.assertEqual(parse.parse("{0:.2f} m", "3.14 m").fixed, (3.14,))
        self.assertEqual(parse.parse("[{0:>}]", "[   right]").fixed, ("right",))

    def test_custom_type(self):
        result = parse.parse("{0:answer}, {1:d}", "yes, 2", extra_types={"answer": yes_or_no})
        self.assertEqual(result.fixed, (True, 2))

    def test_search_findall_compile(self):
        self.assertEqual(parse.search("x={0:d}", "a x=42 b").fixed, (42,))
        self.assertEqual([result.fixed for result in parse.findall("<{0:d}>", "<1> <2>")], [(1,), (2,)])
        self.assertEqual(parse.compile("{0:d}%").parse("15%").fixed, (15,))


class OtherFields(unittest.TestCase):
    def test_numbers_without_types(self):
        self.assertEqual(parse.parse("{0} of {1}", "a of b").fixed, ("a", "b"))

    def test_types_without_numbers(self):
        self.assertEqual(parse.parse("{:d} of {:d}", "3 of 10").fixed, (3, 10))

    def test_names(self):
        self.assertEqual(parse.parse("{n:d} {word}", "1 x").named, {"n": 1, "word": "x"})
        self.assertEqual(parse.parse("{a.b:d}", "3").named, {"a.b": 3})
        self.assertEqual(parse.parse("{d[k]:d}", "3").named, {"d": {"k": 3}})

    def test_names_and_positions_together(self):
        result = parse.parse("{:d} {name:w} {}", "1 two three")
        self.assertEqual((result.fixed, result.named), ((1, "three"), {"name": "two"}))

    def test_repeated_names(self):
        self.assertEqual(parse.parse("{n} = {n}", "x = x").named, {"n": "x"})
        self.assertIsNone(parse.parse("{n} = {n}", "x = y"))
        with self.assertRaises(parse.RepeatedNameError):
            parse.compile("{n:d} {n:w}")

    def test_unknown_types(self):
        with self.assertRaises(ValueError):
            parse.parse("{:nothing}", "x")


if __name__ == "__main__":
    unittest.main()
