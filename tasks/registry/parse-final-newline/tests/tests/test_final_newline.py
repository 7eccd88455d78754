import unittest

import parse


class FinalLineEnd(unittest.TestCase):
    def test_text_without_fields(self):
        self.assertIsNone(parse.parse("hello", "hello\n"))

    def test_typed_field_at_the_end(self):
        self.assertIsNone(parse.parse("{:d}", "5\n"))
        self.assertIsNone(parse.parse("{word:w}", "abc\n"))

    def test_text_at_the_end(self):
        self.assertIsNone(parse.parse("{:d} apples", "3 apples\n"))
        self.assertIsNone(parse.parse("{:d}\n", "5\n\n"))

    def test_open_field_takes_it(self):
        self.assertEqual(parse.parse("name: {}", "name: x\n").fixed, ("x\n",))
        self.assertEqual(parse.parse("{a} {b}", "1 2\n").named, {"a": "1", "b": "2\n"})

    def test_compiled(self):
        pattern = parse.compile("{:d};")
        self.assertIsNone(pattern.parse("1;\n"))
        self.assertEqual(pattern.parse("1;").fixed, (1,))


class AsBefore(unittest.TestCase):
    def test_pattern_with_a_line_end(self):
        self.assertEqual(parse.parse("{:d}\n", "5\n").fixed, (5,))
        self.assertIsNone(parse.parse("{:d}\n", "5"))

    def test_other_white_space(self):
        self.assertIsNone(parse.parse("hello", "hello "))
        self.assertIsNone(parse.parse("hello", "\nhello"))
        self.assertIsNone(parse.parse("hello", "hello\nhello"))

    def test_fields_of_several_lines(self):
        self.assertEqual(parse.parse("a{}z", "a1\n2\n3z").fixed, ("1\n2\n3",))
        self.assertEqual(parse.parse("{} - {}", "x\ny - z").fixed, ("x\ny", "z"))

    def test_search_and_findall(self):
        self.assertEqual(parse.search("age: {:d}\n", "name: x\nage: 4\nend\n").fixed, (4,))
        self.assertEqual([result[0] for result in parse.findall("{:d}\n", "1\n2\n3\n")], [1, 2, 3])

    def test_upper_and_lower_case(self):
        self.assertIsNotNone(parse.parse("HELLO", "hello"))
        self.assertIsNone(parse.parse("HELLO", "hello", case_sensitive=True))


if __name__ == "__main__":
    unittest.main()
