import unittest

import mistune


def image(address):
    return mistune.html("![alt](%s)" % address)


class Escaped(unittest.TestCase):
    def test_quotes(self):
        self.assertEqual(
            image('/a"onerror="alert(1).png'), '<p><img src="/a%22onerror=%22alert(1).png" alt="alt" /></p>\n'
        )

    def test_angle_brackets(self):
        self.assertEqual(image("/<b>.png"), '<p><img src="/%3Cb%3E.png" alt="alt" /></p>\n')

    def test_ampersands(self):
        self.assertEqual(image("/p?x=1&y=2"), '<p><img src="/p?x=1&amp;y=2" alt="alt" /></p>\n')

    def test_letters_outside_of_ascii(self):
        self.assertEqual(image("/café.png"), '<p><img src="/caf%C3%A9.png" alt="alt" /></p>\n')

    def test_references(self):
        self.assertEqual(
            mistune.html('![alt][pic]\n\n[pic]: /café"&.png "Title"\n'),
            '<p><img src="/caf%C3%A9%22&amp;.png" alt="alt" title="Title" /></p>\n',
        )

    def test_like_links(self):
        for address in ["/é?a=1&b=2", "http://example.com/ü#x", '/"', "/a'b"]:
            link = mistune.html("[x](%s)" % address)
            expected = link.split('href="')[1].split('"')[0]
            self.assertIn('src="%s"' % expected, image(address))


class AsBefore(unittest.TestCase):
    def test_plain_addresses(self):
        self.assertEqual(image("/pic.png"), '<p><img src="/pic.png" alt="alt" /></p>\n')
        self.assertEqual(
            image("https://example.com/a/b.png?x=1#y"),
            '<p><img src="https://example.com/a/b.png?x=1#y" alt="alt" /></p>\n',
        )

    def test_encoded_addresses(self):
        self.assertEqual(image("/my%20pic.png"), '<p><img src="/my%20pic.png" alt="alt" /></p>\n')
        self.assertEqual(image("/p?x=1&amp;y=2"), '<p><img src="/p?x=1&amp;y=2" alt="alt" /></p>\n')

    def test_harmful_addresses(self):
        self.assertIn('src="#harmful-link"', image("javascript:alert(1)"))

    def test_alternative_text_and_title(self):
        self.assertEqual(
            mistune.html('![a "b" & c](/p.png "t < u")'),
            '<p><img src="/p.png" alt="a &quot;b&quot; &amp; c" title="t &lt; u" /></p>\n',
        )

    def test_links(self):
        self.assertEqual(mistune.html("[x](/é?a&b)"), '<p><a href="/%C3%A9?a&amp;b">x</a></p>\n')


if __name__ == "__main__":
    unittest.main()
