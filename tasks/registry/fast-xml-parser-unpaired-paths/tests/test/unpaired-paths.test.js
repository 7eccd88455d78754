'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { XMLParser } = require('../')

const unpairedTags = ['br', 'hr', 'img']
const parse = (xml, options = {}) => new XMLParser({ unpairedTags, ignoreAttributes: false, ...options }).parse(xml)

/** The paths in the order in which tags are reported. */
function pathsOf(xml, options) {
  const paths = []
  parse(xml, {
    ...options,
    updateTag(name, path) {
      paths.push(path)
      return true
    },
  })
  return paths
}

describe('paths behind unpaired tags', () => {
  test('of siblings', () => {
    assert.deepEqual(pathsOf('<a><br><b>x</b><c>y</c></a>'), ['a', 'a.br', 'a.b', 'a.c'])
  })

  test('of tags with attributes and of what they hold', () => {
    assert.deepEqual(pathsOf('<a><img src="x"><b n="1"><i>z</i></b></a>'), ['a', 'a.img', 'a.b', 'a.b.i'])
  })

  test('of several unpaired tags', () => {
    assert.deepEqual(pathsOf('<a><br><br><hr><b>x</b></a>'), ['a', 'a.br', 'a.br', 'a.hr', 'a.b'])
  })

  test('behind the parent', () => {
    assert.deepEqual(pathsOf('<a><p>one<br></p><q>two</q></a>'), ['a', 'a.p', 'a.p.br', 'a.q'])
  })

  test('stop nodes', () => {
    assert.deepEqual(parse('<a><br><raw><i>z</i></raw></a>', { stopNodes: ['a.raw'] }), {
      a: { br: '', raw: '<i>z</i>' },
    })
    assert.deepEqual(parse('<a><hr><hr><raw>1 <b>2</b></raw></a>', { stopNodes: ['a.raw'] }).a.raw, '1 <b>2</b>')
  })
})

describe('as before', () => {
  test('paths without unpaired tags', () => {
    assert.deepEqual(pathsOf('<a><b><c>1</c></b><b><d>2</d></b></a>'), ['a', 'a.b', 'a.b.c', 'a.b', 'a.b.d'])
  })

  test('paths in front of unpaired tags', () => {
    assert.deepEqual(pathsOf('<a><b><c>1</c></b><br></a>'), ['a', 'a.b', 'a.b.c', 'a.br'])
  })

  test('stop nodes in front of unpaired tags', () => {
    assert.deepEqual(parse('<a><raw><i>z</i></raw><br></a>', { stopNodes: ['a.raw'] }), {
      a: { raw: '<i>z</i>', br: '' },
    })
  })

  test('stop nodes by name', () => {
    assert.deepEqual(parse('<a><br><raw><i>z</i></raw></a>', { stopNodes: ['*.raw'] }).a.raw, '<i>z</i>')
  })

  test('the result with siblings of unpaired tags', () => {
    assert.deepEqual(parse('<a><br><b>x</b><img src="y"><c>z</c></a>'), {
      a: { br: '', b: 'x', img: { '@_src': 'y' }, c: 'z' },
    })
  })
})
