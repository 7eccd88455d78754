'use strict'

var assert = require('assert')
var Negotiator = require('..')

function of (name, value) {
  var headers = {}
  headers['accept-' + name] = value
  return new Negotiator({ headers: headers })
}

describe('equal quality keeps the order of the header:', function () {
  it('languages with parameters', function () {
    assert.deepStrictEqual(of('language', 'nl;x=1;y=2, fr, de').languages(['de', 'fr', 'nl']), ['nl', 'fr', 'de'])
    assert.deepStrictEqual(of('language', 'nl;x=1;y=2;z=3, fr, de').languages(), ['nl', 'fr', 'de'])
  })

  it('languages with a quality', function () {
    assert.deepStrictEqual(of('language', 'fr;q=0.8;x=1, de;q=0.8, en').languages(), ['en', 'fr', 'de'])
  })

  it('charsets with parameters', function () {
    assert.deepStrictEqual(of('charset', 'utf-8;a=1;b=2, iso-8859-1').charsets(), ['utf-8', 'iso-8859-1'])
    assert.deepStrictEqual(of('charset', 'a;x=1;y=2;z=3, b, c').charsets(['c', 'b', 'a']), ['a', 'b', 'c'])
  })

  it('charsets with a quality', function () {
    assert.deepStrictEqual(
      of('charset', 'utf-8, iso-8859-1;q=1').charsets(['iso-8859-1', 'utf-8']),
      ['utf-8', 'iso-8859-1']
    )
    assert.deepStrictEqual(of('charset', 'x, y, z;q=1').charsets(['z', 'y', 'x']), ['x', 'y', 'z'])
  })

  it('encodings with parameters', function () {
    assert.deepStrictEqual(
      of('encoding', 'gzip;a=1;b=2;c=3, br, deflate').encodings(['deflate', 'br', 'gzip']),
      ['gzip', 'br', 'deflate']
    )
  })

  it('encodings with a quality', function () {
    assert.deepStrictEqual(of('encoding', 'br, compress, gzip;q=1').encodings(['gzip', 'compress', 'br']), [
      'br',
      'compress',
      'gzip'
    ])
  })

  it('entries without parameters', function () {
    assert.deepStrictEqual(of('language', 'nl, fr, de').languages(['de', 'fr', 'nl']), ['nl', 'fr', 'de'])
    assert.deepStrictEqual(of('charset', 'utf-8, iso-8859-1').charsets(), ['utf-8', 'iso-8859-1'])
    assert.deepStrictEqual(of('encoding', 'gzip, br').encodings(), ['gzip', 'br', 'identity'])
  })
})

describe('what else decides:', function () {
  it('the quality comes before the order', function () {
    assert.deepStrictEqual(of('language', 'fr;q=0.3, de;q=0.9, en;q=0.5').languages(), ['de', 'en', 'fr'])
    assert.deepStrictEqual(of('charset', 'a;q=0.1, b;x=1;q=0.9').charsets(), ['b', 'a'])
  })

  it('a quality of nought refuses', function () {
    assert.deepStrictEqual(of('language', 'fr;q=0, de').languages(['fr', 'de']), ['de'])
    assert.deepStrictEqual(of('encoding', 'gzip;q=0, br').encodings(['gzip', 'br']), ['br'])
  })

  it('identity is offered last', function () {
    assert.deepStrictEqual(of('encoding', 'gzip;q=0.5, br').encodings(), ['br', 'gzip', 'identity'])
  })

  it('media types with parameters', function () {
    assert.deepStrictEqual(
      new Negotiator({ headers: { accept: 'text/html;level=1, text/plain' } }).mediaTypes(),
      ['text/html', 'text/plain']
    )
  })
})
