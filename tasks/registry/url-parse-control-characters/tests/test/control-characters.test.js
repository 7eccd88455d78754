'use strict'

const Url = require('../')

const parse = (address) => new Url(address, {})

describe('control characters in front', () => {
  test('do not hide a script', () => {
    const url = parse('\bjavascript:alert(1)')
    expect(url.protocol).toBe('javascript:')
    expect(url.href).toBe('javascript:alert(1)')
  })

  test('each of them is dropped', () => {
    for (let code = 0; code <= 0x20; code++) {
      const url = parse(`${String.fromCharCode(code)}https://example.com/x?y=1#z`)
      expect([code, url.href, url.hostname]).toEqual([code, 'https://example.com/x?y=1#z', 'example.com'])
    }
  })

  test('several, mixed with white space', () => {
    expect(parse('\x1f\x01 \n\x00http://example.com/').href).toBe('http://example.com/')
    expect(parse('\ufeff\x02\u00a0http://example.com/').protocol).toBe('http:')
  })

  test('relative addresses', () => {
    expect(new Url('\x03/path', 'http://example.com/other').href).toBe('http://example.com/path')
  })

  test('trimLeft and extractProtocol', () => {
    expect(Url.trimLeft('\x00\x07 x\x07')).toBe('x\x07')
    expect(Url.extractProtocol('\x04ftp://example.com').protocol).toBe('ftp:')
  })
})

describe('as before', () => {
  test('white space in front', () => {
    expect(parse(' \n\thttp://example.com/').href).toBe('http://example.com/')
    expect(Url.trimLeft('\u00a0\u2003\ufeffx ')).toBe('x ')
  })

  test('other characters in front', () => {
    expect(parse('\x7fhttp://example.com/').protocol).toBe('')
    expect(Url.trimLeft('\x7f x')).toBe('\x7f x')
  })

  test('ordinary addresses', () => {
    const url = parse('https://user:secret@example.com:8080/a/b?c=d#e')
    expect([url.auth, url.host, url.port, url.pathname, url.query, url.hash]).toEqual([
      'user:secret',
      'example.com:8080',
      '8080',
      '/a/b',
      '?c=d',
      '#e',
    ])
  })

  test('default ports and other protocols', () => {
    expect(parse('http://example.com:80/').host).toBe('example.com')
    expect(parse('mailto:a@example.com').protocol).toBe('mailto:')
  })
})
