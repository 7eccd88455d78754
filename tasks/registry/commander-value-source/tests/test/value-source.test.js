'use strict'

const { Command, Option } = require('../')

const VARIABLE = 'TASK_PORT'
const parse = (program, args = []) => program.parse(args, { from: 'user' })
const withPort = () => new Command().addOption(new Option('--port <number>').default('80').env(VARIABLE))

beforeEach(() => {
  process.env[VARIABLE] = '1000'
})
afterEach(() => {
  delete process.env[VARIABLE]
})

describe('after setOptionValue', () => {
  test('the source is undefined instead of default', () => {
    const program = withPort()
    expect(program.getOptionValueSource('port')).toBe('default')
    program.setOptionValue('port', '81')
    expect(program.getOptionValueSource('port')).toBeUndefined()
    expect(program.opts()).toEqual({ port: '81' })
  })

  test('the source is undefined instead of cli', () => {
    const program = parse(withPort(), ['--port', '90'])
    expect(program.getOptionValueSource('port')).toBe('cli')
    program.setOptionValue('port', '81')
    expect(program.getOptionValueSource('port')).toBeUndefined()
  })

  test('the environment does not overwrite', () => {
    const program = withPort()
    program.setOptionValue('port', '81')
    expect(parse(program).opts()).toEqual({ port: '81' })
  })

  test('implied values do not overwrite', () => {
    const program = new Command()
      .addOption(new Option('--quiet').implies({ level: 'off' }))
      .option('--level <level>', 'how much to say', 'info')
    program.setOptionValue('level', 'debug')
    expect(parse(program, ['--quiet']).opts()).toEqual({ quiet: true, level: 'debug' })
  })

  test('conflicts are found', () => {
    const program = new Command()
      .exitOverride()
      .configureOutput({ writeErr: () => {} })
      .addOption(new Option('--all').conflicts('only'))
      .option('--only <name>', 'just one', 'none')
    program.setOptionValue('only', 'first')
    expect(() => parse(program, ['--all'])).toThrow(expect.objectContaining({ code: 'commander.conflictingOption' }))
  })

  test('options stored as properties', () => {
    const program = new Command().storeOptionsAsProperties().option('--port <number>', 'where to listen', '80')
    program.setOptionValue('port', '81')
    expect(program.port).toBe('81')
    expect(program.getOptionValueSource('port')).toBeUndefined()
  })

  test('the command line still wins', () => {
    const program = withPort()
    program.setOptionValue('port', '81')
    expect(parse(program, ['--port', '99']).opts()).toEqual({ port: '99' })
    expect(program.getOptionValueSource('port')).toBe('cli')
  })

  test('the command is returned for chaining', () => {
    const program = new Command()
    expect(program.setOptionValue('a', 1)).toBe(program)
    expect(program.getOptionValue('a')).toBe(1)
  })
})

describe('as before', () => {
  test('the environment overwrites a default', () => {
    const program = parse(withPort())
    expect(program.opts()).toEqual({ port: '1000' })
    expect(program.getOptionValueSource('port')).toBe('env')
  })

  test('implied values overwrite a default', () => {
    const program = new Command()
      .addOption(new Option('--quiet').implies({ level: 'off' }))
      .option('--level <level>', 'how much to say', 'info')
    expect(parse(program, ['--quiet']).opts()).toEqual({ quiet: true, level: 'off' })
    expect(program.getOptionValueSource('level')).toBe('implied')
  })

  test('setOptionValueWithSource keeps the source', () => {
    const program = withPort()
    expect(program.setOptionValueWithSource('port', '82', 'config')).toBe(program)
    expect(program.getOptionValueSource('port')).toBe('config')
    expect(program.opts()).toEqual({ port: '82' })
  })
})
