import { createRequire } from 'node:module'

const ignore = createRequire(import.meta.url)('../index.js')

const strict = (...patterns) => ignore({ ignorecase: false }).add(patterns)
const relaxed = (...patterns) => ignore().add(patterns)

// Each test has patterns of its own: what an earlier test used must not matter here.
describe('lists with different settings', () => {
  test('a relaxed list after a strict one', () => {
    expect(strict('*.JPG').ignores('photo.jpg')).toBe(false)
    expect(relaxed('*.JPG').ignores('photo.jpg')).toBe(true)
  })

  test('a strict list after a relaxed one', () => {
    expect(relaxed('Build/').ignores('build/x')).toBe(true)
    const list = strict('Build/')
    expect(list.ignores('build/x')).toBe(false)
    expect(list.ignores('Build/x')).toBe(true)
  })

  test('the setting given in words', () => {
    expect(ignore({ ignorecase: true }).add('Docs').ignores('docs')).toBe(true)
    expect(ignore({ ignorecase: false }).add('Docs').ignores('docs')).toBe(false)
    expect(ignore({ ignorecase: true }).add('Docs').ignores('dOCS')).toBe(true)
  })

  test('negated patterns', () => {
    expect(strict('*.Log', '!Keep.Log').ignores('keep.Log')).toBe(true)
    expect(relaxed('*.Log', '!Keep.Log').ignores('keep.Log')).toBe(false)
  })

  test('lists that are filled in turn', () => {
    const one = ignore({ ignorecase: false })
    const two = ignore()
    one.add('Tmp1')
    two.add(['Tmp1', 'Tmp2'])
    one.add('Tmp2')
    expect(['tmp1', 'tmp2', 'Tmp1', 'Tmp2'].filter((path) => one.ignores(path))).toEqual(['Tmp1', 'Tmp2'])
    expect(['tmp1', 'tmp2', 'Tmp1', 'Tmp2'].filter((path) => two.ignores(path))).toHaveLength(4)
  })
})

describe('one list', () => {
  test('takes case as the same by default', () => {
    expect(relaxed('*.Png').filter(['a.png', 'b.PNG', 'c.gif'])).toEqual(['c.gif'])
  })

  test('tells case apart when asked to', () => {
    expect(strict('*.Gif').filter(['a.gif', 'b.Gif'])).toEqual(['a.gif'])
  })

  test('pattern again in a second list of the same setting', () => {
    expect(strict('Same').ignores('same')).toBe(false)
    expect(strict('Same').ignores('Same')).toBe(true)
  })

  test('rules of another list can be added', () => {
    const list = relaxed('one').add(relaxed('two'))
    expect(list.filter(['one', 'TWO', 'three'])).toEqual(['three'])
  })
})
