'use strict'

const Mustache = require('../')

const tags = ['<%', '%>']
const render = (template, view, partials) => Mustache.render(template, view, partials, tags)

describe('custom tags given to render', () => {
  test('in a partial of a partial', () => {
    expect(render('<%>page%>', { n: 'x' }, { page: '<%>part%>', part: '[<%n%>]' })).toBe('[x]')
  })

  test('further down', () => {
    const partials = { a: 'a<%>b%>', b: 'b<%>c%>', c: 'c<%>d%>', d: '<%n%>|{{n}}' }
    expect(render('<%>a%>', { n: 'x' }, partials)).toBe('abcx|{{n}}')
  })

  test('in partials from a function', () => {
    const partials = (name) => (name === 'page' ? '<<%>part%>>' : `${name}: <%n%>`)
    expect(render('<%>page%>', { n: 'x' }, partials)).toBe('<part: x>')
  })

  test('in sections of the inner partial', () => {
    const partials = { page: '<%>list%>', list: '<%#items%><%.%>,<%/items%><%^none%>end<%/none%>' }
    expect(render('<%>page%>', { items: [1, 2] }, partials)).toBe('1,2,end')
  })

  test('in the template and its partials', () => {
    expect(render('<%n%> <%>page%>', { n: 'x' }, { page: '<%n%><%&n%>' })).toBe('x xx')
  })

  test('missing partials are empty', () => {
    expect(render('[<%>page%>]', {}, { page: '(<%>none%>)' })).toBe('[()]')
  })
})

describe('default tags', () => {
  test('in partials of partials', () => {
    expect(Mustache.render('{{>a}}', { n: 'x' }, { a: '<{{>b}}>', b: '{{n}}' })).toBe('<x>')
  })

  test('tags set by a template are not those of its partials', () => {
    expect(Mustache.render('{{=<% %>=}}<%n%><%>a%>', { n: 'x' }, { a: '{{n}}<%n%>' })).toBe('xx<%n%>')
  })

  test('in partials that name themselves', () => {
    const tree = { n: 1, children: [{ n: 2, children: [] }, { n: 3, children: [{ n: 4, children: [] }] }] }
    expect(Mustache.render('{{>node}}', tree, { node: '{{n}}({{#children}}{{>node}}{{/children}})' })).toBe(
      '1(2()3(4()))',
    )
  })

  test('indentation of partials', () => {
    expect(Mustache.render('  {{>a}}\n', { n: 'x' }, { a: '1\n{{>b}}\n', b: '2{{n}}\n' })).toBe('  1\n  2x\n')
  })
})
