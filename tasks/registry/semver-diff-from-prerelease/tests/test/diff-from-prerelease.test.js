'use strict'

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')
const { diff } = require('../')

/** Checks each pair in both orders: which one comes first must not matter. */
const expectAll = (expected, pairs) => {
  for (const [low, high] of pairs) {
    assert.equal(diff(low, high), expected, `diff(${low}, ${high})`)
    assert.equal(diff(high, low), expected, `diff(${high}, ${low})`)
  }
}

describe('from a prerelease of a major version', () => {
  test('to a patch above it', () => {
    expectAll('major', [['1.0.0-1', '1.0.1'], ['3.0.0-beta.2', '3.0.7']])
  })

  test('to a minor above it', () => {
    expectAll('major', [['1.0.0-1', '1.1.0'], ['2.0.0-rc.1', '2.4.0']])
  })

  test('to a minor with patches above it', () => {
    expectAll('major', [['1.0.0-1', '1.1.1'], ['4.0.0-alpha', '4.2.9']])
  })

  test('to the release itself and to later majors', () => {
    expectAll('major', [['1.0.0-1', '1.0.0'], ['1.0.0-1', '2.0.0'], ['1.0.0-1', '2.1.1']])
  })

  test('to another prerelease', () => {
    expectAll('prerelease', [['1.0.0-1', '1.0.0-2'], ['1.0.0-alpha', '1.0.0-beta']])
    expectAll('preminor', [['1.0.0-1', '1.1.0-1']])
    expectAll('prepatch', [['1.0.0-1', '1.0.1-1']])
    expectAll('premajor', [['1.0.0-1', '2.0.0-1']])
  })
})

describe('from a prerelease of a smaller version', () => {
  test('of a minor', () => {
    expectAll('minor', [['1.1.0-1', '1.1.0'], ['1.1.0-1', '1.2.0']])
    expectAll('patch', [['1.1.0-1', '1.1.1']])
    expectAll('major', [['1.1.0-1', '2.0.0']])
  })

  test('of a patch', () => {
    expectAll('patch', [['1.0.1-1', '1.0.1'], ['0.0.1-a', '0.0.2']])
    expectAll('minor', [['1.0.1-1', '1.1.0']])
    expectAll('major', [['1.0.1-1', '2.0.0']])
  })
})

describe('between releases', () => {
  test('the largest part that differs', () => {
    expectAll('patch', [['1.2.3', '1.2.4']])
    expectAll('minor', [['1.2.3', '1.3.0']])
    expectAll('major', [['1.2.3', '2.0.0']])
    expectAll(null, [['1.2.3', '1.2.3'], ['1.2.3', '1.2.3+build']])
  })

  test('to a prerelease', () => {
    expectAll('prepatch', [['1.2.3', '1.2.4-a']])
    expectAll('preminor', [['1.2.3', '1.3.0-a']])
    expectAll('premajor', [['1.2.3', '2.0.0-a']])
  })
})
