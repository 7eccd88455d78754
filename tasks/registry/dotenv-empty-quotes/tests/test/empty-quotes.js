'use strict'

const assert = require('assert')
const fs = require('fs')
const os = require('os')
const path = require('path')
const { config, parse } = require('../lib/main.js')

const expectParsed = (text, expected) => assert.deepStrictEqual({ ...parse(text) }, expected)

describe('empty values:', () => {
  it('in double quotes', () => {
    expectParsed('A=""', { A: '' })
    expectParsed('A=""\nB="x"\n', { A: '', B: 'x' })
  })

  it('in single quotes', () => {
    expectParsed("A=''", { A: '' })
    expectParsed("B='x'\nA=''\n", { A: '', B: 'x' })
  })

  it('with a comment, spaces or export', () => {
    expectParsed(`A='' # none\nB=  ""  \nexport C=""\nD = ''`, { A: '', B: '', C: '', D: '' })
  })

  it('through config', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dotenv-'))
    try {
      const file = path.join(folder, '.env')
      fs.writeFileSync(file, 'EMPTY_QUOTED=""\n')
      assert.strictEqual(config({ path: file }).parsed.EMPTY_QUOTED, '')
      assert.strictEqual(process.env.EMPTY_QUOTED, '')
    } finally {
      delete process.env.EMPTY_QUOTED
      fs.rmSync(folder, { recursive: true })
    }
  })

  it('without quotes', () => {
    expectParsed('A=\nB= \nC=x', { A: '', B: '', C: 'x' })
  })
})

describe('values that stay as they are:', () => {
  it('spaces in quotes', () => {
    expectParsed(`A="  "\nB=' x '`, { A: '  ', B: ' x ' })
  })

  it('a quote character on its own', () => {
    expectParsed("A='\nB=x", { A: "'", B: 'x' })
  })

  it('quotes in the middle', () => {
    expectParsed(`A=it's\nB=a"b"c\nC='{"a": ""}'`, { A: "it's", B: 'a"b"c', C: '{"a": ""}' })
  })

  it('several lines and escapes in quotes', () => {
    expectParsed(`A="one\ntwo"\nB="one\\ntwo"\nC='one\\ntwo'`, { A: 'one\ntwo', B: 'one\ntwo', C: 'one\\ntwo' })
  })
})
