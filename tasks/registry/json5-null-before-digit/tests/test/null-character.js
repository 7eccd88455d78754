'use strict'

const assert = require('node:assert/strict')
const JSON5 = require('..')

describe('a null character', () => {
  it('before a digit is written as a hexadecimal escape', () => {
    assert.equal(JSON5.stringify('\u00001'), "'\\x001'")
    assert.equal(JSON5.stringify('a\u00000b\u00009'), "'a\\x000b\\x009'")
  })

  it('before a digit can be read back', () => {
    for (let digit = 0; digit <= 9; digit++) {
      const text = `x\u0000${digit}\u0000\u0000${digit}${digit}`
      assert.equal(JSON5.parse(JSON5.stringify(text)), text)
    }
  })

  it('before a digit in a key', () => {
    const object = { 'k\u00007': 1 }
    assert.equal(JSON5.stringify(object), "{'k\\x007':1}")
    assert.deepEqual(JSON5.parse(JSON5.stringify(object)), object)
  })

  it('elsewhere is written short', () => {
    assert.equal(JSON5.stringify('\u0000'), "'\\0'")
    assert.equal(JSON5.stringify('\u0000a'), "'\\0a'")
    assert.equal(JSON5.stringify('1\u0000'), "'1\\0'")
    assert.equal(JSON5.stringify('\u0000\u0000'), "'\\0\\0'")
    assert.equal(JSON5.stringify('\u0000\u0661'), "'\\0\u0661'")
  })
})

describe('other text', () => {
  it('takes the quotes that need fewer escapes', () => {
    assert.equal(JSON5.stringify("it's"), '"it\'s"')
    assert.equal(JSON5.stringify('say "x"'), "'say \"x\"'")
    assert.equal(JSON5.stringify(`'"'`), `"'\\"'"`)
  })

  it('escapes control characters and separators', () => {
    assert.equal(JSON5.stringify('\b\f\n\r\t\v\\\u2028\u2029\u0001'), "'\\b\\f\\n\\r\\t\\v\\\\\\u2028\\u2029\\x01'")
  })

  it('keeps characters beyond the basic plane', () => {
    assert.equal(JSON5.stringify('\u{1F600}1'), "'\u{1F600}1'")
  })
})
