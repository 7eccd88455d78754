'use strict'

const assert = require('node:assert/strict')
const JSON5 = require('..')

const own = (object) => Object.getOwnPropertyDescriptor(object, '__proto__')

describe('a key named __proto__', () => {
  it('is an own property with its value', () => {
    const settings = JSON5.parse('{"isAdmin": false, "__proto__": {"isAdmin": true, "role": "root"}}')
    assert.deepEqual(Object.keys(settings), ['isAdmin', '__proto__'])
    assert.deepEqual(own(settings), {
      value: { isAdmin: true, role: 'root' },
      writable: true,
      enumerable: true,
      configurable: true,
    })
    assert.equal(settings.role, undefined)
    assert.equal(Object.getPrototypeOf(settings), Object.prototype)
  })

  it('may hold any value', () => {
    for (const text of ['5', '"x"', 'null', 'true', '[1, 2]']) {
      const object = JSON5.parse(`{"__proto__": ${text}}`)
      assert.deepEqual(own(object) && own(object).value, JSON.parse(text), text)
    }
  })

  it('may stand without quotes and in nested objects', () => {
    const list = JSON5.parse("[{a: {__proto__: []}}, {'__proto__': {b: 1}}]")
    assert.equal(list[0].a instanceof Array, false)
    assert.deepEqual(own(list[0].a).value, [])
    assert.deepEqual(own(list[1]).value, { b: 1 })
  })

  it('is shown to the reviver, whose result is stored as an own property', () => {
    const seen = []
    const object = JSON5.parse('{a: 1, __proto__: {b: 2}}', (key, value) => {
      seen.push(key)
      return key === '__proto__' ? { replaced: value } : value
    })
    assert.deepEqual(seen, ['a', 'b', '__proto__', ''])
    assert.deepEqual(own(object).value, { replaced: { b: 2 } })
    assert.equal(Object.getPrototypeOf(object), Object.prototype)
  })
})

describe('parsing as before', () => {
  it('the last of equal keys counts', () => {
    assert.deepEqual(JSON5.parse('{a: 1, b: 2, a: 3}'), { a: 3, b: 2 })
  })

  it('values can be written to', () => {
    const object = JSON5.parse('{a: {b: 1}, list: [1]}')
    object.a.b = 2
    object.list.push(2)
    delete object.a
    assert.deepEqual(object, { list: [1, 2] })
  })

  it('a reviver that returns undefined removes', () => {
    assert.deepEqual(JSON5.parse('{a: 1, b: {c: 2, d: 3}}', (key, value) => (key === 'c' ? undefined : value)), {
      a: 1,
      b: { d: 3 },
    })
    const list = JSON5.parse('[1, 2, 3]', (key, value) => (key === '1' ? undefined : value))
    assert.equal(list.length, 3)
    assert.equal(1 in list, false)
  })

  it('a reviver is given indexes of lists as strings, from the inside out', () => {
    const log = []
    const doubled = JSON5.parse('[10, {b: 1}]', (key, value) => {
      log.push(key)
      return typeof value === 'number' ? value * 2 : value
    })
    assert.deepEqual(log, ['0', 'b', '1', ''])
    assert.deepEqual(doubled, [20, { b: 2 }])
  })
})
