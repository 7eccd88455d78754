import { createRequire } from 'node:module'

const MarkdownIt = createRequire(import.meta.url)('../')
const html = (text) => new MarkdownIt({ html: true }).render(text)
const plain = (text) => new MarkdownIt().render(text)

describe('underlines in HTML blocks', () => {
  test('after a paragraph', () => {
    expect(html('text above\n<div>first</div>\n===\n')).toBe('<p>text above</p>\n<div>first</div>\n===\n')
  })

  test('of dashes', () => {
    expect(html('<section>\nfirst\n---\nsecond\n</section>\n')).toBe('<section>\nfirst\n---\nsecond\n</section>\n')
  })

  test('on the first line of the document', () => {
    expect(html('<div>\n===\n</div>\n')).toBe('<div>\n===\n</div>\n')
  })

  test('in a block quote', () => {
    expect(html('> <p>x</p>\n> ===\n')).toBe('<blockquote>\n<p>x</p>\n===\n</blockquote>\n')
  })

  test('in a list item', () => {
    expect(html('- <table>\n  ---\n')).toBe('<ul>\n<li>\n<table>\n---\n</li>\n</ul>\n')
  })

  test('in comments', () => {
    expect(html('<!--\ntitle\n===\n-->\n')).toBe('<!--\ntitle\n===\n-->\n')
  })
})

describe('as before', () => {
  test('headings with an underline', () => {
    expect(html('One\n===\n\nTwo\n---\n')).toBe('<h1>One</h1>\n<h2>Two</h2>\n')
    expect(html('several\nlines\n===\n')).toBe('<h1>several\nlines</h1>\n')
  })

  test('inline tags in headings', () => {
    expect(html('<b>bold</b> words\n===\n')).toBe('<h1><b>bold</b> words</h1>\n')
    expect(html('words <i>x</i>\n---\n')).toBe('<h2>words <i>x</i></h2>\n')
  })

  test('a heading after the block', () => {
    expect(html('<div>\nx\n</div>\n\nTitle\n===\n')).toBe('<div>\nx\n</div>\n<h1>Title</h1>\n')
  })

  test('number signs in HTML blocks', () => {
    expect(html('<div>\n# x\n</div>\n')).toBe('<div>\n# x\n</div>\n')
  })

  test('without HTML', () => {
    expect(plain('<div>\n===\n')).toBe('<h1>&lt;div&gt;</h1>\n')
  })
})
