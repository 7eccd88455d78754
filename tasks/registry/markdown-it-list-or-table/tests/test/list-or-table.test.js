import { createRequire } from 'node:module'

const MarkdownIt = createRequire(import.meta.url)('../')
const render = (text) => new MarkdownIt().render(text)
const isTable = (line) => render(`one | two\n${line}\na | b\n`).startsWith('<table>')

describe('a dash and a space', () => {
  test('begin a list', () => {
    expect(render('open | close\n- | -\nmore text\n')).toBe(
      '<p>open | close</p>\n<ul>\n<li>| -\nmore text</li>\n</ul>\n',
    )
  })

  test('a tab does as well', () => {
    expect(isTable('-\t|-')).toBe(false)
    expect(render('open | close\n-\t| -\n')).toContain('<ul>')
  })

  test('also when the line looks like a whole table row', () => {
    expect(isTable('- | - |')).toBe(false)
    expect(isTable('- | :-:')).toBe(false)
    expect(isTable('  - | -')).toBe(false)
  })

  test('in a block quote', () => {
    expect(render('> open | close\n> - | -\n')).toBe(
      '<blockquote>\n<p>open | close</p>\n<ul>\n<li>| -</li>\n</ul>\n</blockquote>\n',
    )
  })
})

describe('tables', () => {
  test('without spaces', () => {
    expect(['-|-', '--|--', '---|---', ':-|-:', ':-:|:-:'].filter((line) => !isTable(line))).toEqual([])
  })

  test('with a pipe in front', () => {
    expect(['|-|-|', '| - | - |', '| -|- ', '|\t-|-|'].filter((line) => !isTable(line))).toEqual([])
  })

  test('with spaces further behind', () => {
    expect(['-- | --', ':- | -:', '--- | - '].filter((line) => !isTable(line))).toEqual([])
  })

  test('whole', () => {
    expect(render('| h1 | h2 |\n|:---|---:|\n| 1  | 2  |\n')).toBe(
      [
        '<table>',
        '<thead>',
        '<tr>',
        '<th style="text-align:left">h1</th>',
        '<th style="text-align:right">h2</th>',
        '</tr>',
        '</thead>',
        '<tbody>',
        '<tr>',
        '<td style="text-align:left">1</td>',
        '<td style="text-align:right">2</td>',
        '</tr>',
        '</tbody>',
        '</table>',
        '',
      ].join('\n'),
    )
  })
})

describe('lists', () => {
  test('without a second pipe', () => {
    expect(render('a | b\n- c\n- d\n')).toBe('<p>a | b</p>\n<ul>\n<li>c</li>\n<li>d</li>\n</ul>\n')
  })

  test('a lone dash is an underline', () => {
    expect(render('x | y\n-\n')).toBe('<h2>x | y</h2>\n')
  })
})
