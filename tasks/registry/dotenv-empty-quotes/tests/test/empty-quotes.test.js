import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const { config, parse } = createRequire(import.meta.url)('../lib/main.js')

describe('empty values', () => {
  test('in double quotes', () => {
    expect(parse('A=""')).toEqual({ A: '' })
    expect(parse('A=""\nB="x"\n')).toEqual({ A: '', B: 'x' })
  })

  test('in single quotes', () => {
    expect(parse("A=''")).toEqual({ A: '' })
    expect(parse("B='x'\nA=''\n")).toEqual({ A: '', B: 'x' })
  })

  test('with a comment, spaces or export', () => {
    expect(parse(`A='' # none\nB=  ""  \nexport C=""\nD = ''`)).toEqual({ A: '', B: '', C: '', D: '' })
  })

  test('through config', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dotenv-'))
    try {
      writeFileSync(join(folder, '.env'), 'EMPTY_QUOTED=""\n')
      expect(config({ path: join(folder, '.env') })).toEqual({ parsed: { EMPTY_QUOTED: '' } })
      expect(process.env.EMPTY_QUOTED).toBe('')
    } finally {
      delete process.env.EMPTY_QUOTED
      rmSync(folder, { recursive: true })
    }
  })

  test('without quotes', () => {
    expect(parse('A=\nB= \nC=x')).toEqual({ A: '', B: '', C: 'x' })
  })
})

describe('values that stay as they are', () => {
  test('spaces in quotes', () => {
    expect(parse(`A="  "\nB=' x '`)).toEqual({ A: '  ', B: ' x ' })
  })

  test('a quote character on its own', () => {
    expect(parse("A='\nB=x")).toEqual({ A: "'", B: 'x' })
  })

  test('quotes in the middle', () => {
    expect(parse(`A=it's\nB=a"b"c\nC='{"a": ""}'`)).toEqual({ A: "it's", B: 'a"b"c', C: '{"a": ""}' })
  })

  test('several lines and escapes in quotes', () => {
    expect(parse(`A="one\ntwo"\nB="one\\ntwo"\nC='one\\ntwo'`)).toEqual({
      A: 'one\ntwo',
      B: 'one\ntwo',
      C: 'one\\ntwo',
    })
  })
})
