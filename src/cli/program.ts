/** Builds the commander program from the command declarations; turns every failure into a message with a next step and an exit code. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { printableLines } from '../base/printable.ts';
import { AssayError, type Failure, toFailure } from '../contracts/index.ts';
import { COMMON_FLAGS, type CommandSpec, type ExitCode, type Flag, kebab } from './flag.ts';

/** Parses `argv` (without node and script), runs the command and gives the exit code. Never throws. */
export async function runProgram(
  commands: readonly CommandSpec[],
  argv: readonly string[],
  version: string,
): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const root = new Command('assay')
    .description('Measures and improves coding agents on real repository tasks.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(run with --help for the flags)');
  const groups = new Map<string, Command>();
  for (const spec of commands) {
    const [group, name] = spec.name.includes(' ') ? spec.name.split(' ') : [undefined, spec.name];
    const parent = group === undefined ? root : groupOf(root, groups, group);
    const command = parent
      .command(name ?? spec.name)
      .summary(spec.summary)
      .description(spec.description ?? spec.summary)
      .exitOverride();
    declare(command, spec);
    command.action(async (...received: unknown[]) => {
      const args = command.args;
      const flags = { ...command.opts() };
      for (const [key, flag] of Object.entries({ ...COMMON_FLAGS, ...spec.flags }))
        if (!(key in flags)) flags[key] = emptyValue(flag);
      void received;
      try {
        exitCode = await spec.run({ args, flags: flags as never });
      } catch (thrown) {
        exitCode = report(toFailure(thrown), flags.json === true);
      }
    });
  }
  try {
    await root.parseAsync([...argv], { from: 'user' });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return 0;
    const message = thrown.message.replace(/^error: /, '');
    if (argv.includes('--json'))
      printError(toFailure(new AssayError('usage', message, { class: 'input', retryable: false })));
    return 2;
  }
  return exitCode;
}

function groupOf(root: Command, groups: Map<string, Command>, name: string): Command {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const group = root
    .command(name)
    .description(GROUPS[name] ?? name)
    .exitOverride();
  groups.set(name, group);
  return group;
}

const GROUPS: Record<string, string> = {
  critic: 'critics learnt from graded runs: train, measure, score, calibrate, export training data',
  keys: 'account keys of `assay serve`: add, list, revoke',
  dataset: 'task sets: list, show, check, schema',
  env: 'environments and images: pull, build, a shell in one, export, list, disk use, garbage collection',
};

function declare(command: Command, spec: CommandSpec): void {
  for (const argument of spec.arguments) {
    const form = { one: `<${argument.name}>`, optional: `[${argument.name}]`, many: `<${argument.name}...>` }[
      argument.count
    ];
    command.argument(form, argument.help);
  }
  for (const [key, flag] of Object.entries({ ...spec.flags, ...COMMON_FLAGS })) command.addOption(optionOf(key, flag));
  if (spec.examples.length > 0)
    command.addHelpText('after', `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join('\n')}`);
}

function optionOf(key: string, flag: Flag): Option {
  const value =
    flag.kind === 'boolean'
      ? ''
      : flag.kind === 'strings'
        ? ` <${flag.placeholder ?? 'value'}...>`
        : ` <${flag.placeholder ?? flag.kind}>`;
  const option = new Option(`${flag.short === undefined ? '' : `-${flag.short}, `}--${kebab(key)}${value}`, flag.help);
  if ('default' in flag && flag.default !== undefined) option.default(flag.default);
  if (flag.kind === 'string' && flag.choices !== undefined) option.choices([...flag.choices]);
  if (flag.kind === 'integer' || flag.kind === 'number') option.argParser((text) => parseNumber(text, flag));
  return option;
}

function parseNumber(text: string, flag: Flag & { kind: 'integer' | 'number' }): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  if (flag.kind === 'integer' && !Number.isSafeInteger(value))
    throw new InvalidArgumentError('It must be a whole number.');
  if (flag.min !== undefined && value < flag.min) throw new InvalidArgumentError(`It must be at least ${flag.min}.`);
  if (flag.kind === 'integer' && flag.max !== undefined && value > flag.max)
    throw new InvalidArgumentError(`It must be at most ${flag.max}.`);
  return value;
}

function emptyValue(flag: Flag): unknown {
  if (flag.kind === 'boolean') return false;
  return flag.kind === 'strings' ? [] : undefined;
}

/** A message may quote what a sandbox printed. */
const MAX_ERROR_LINES = 100;

function printError(failure: Failure): void {
  process.stdout.write(`${JSON.stringify({ error: failure }, null, 2)}\n`);
}

/** One failure for people on stderr, or as JSON on stdout; returns the exit code of its class. */
function report(failure: Failure, json: boolean): ExitCode {
  if (json) printError(failure);
  const stack =
    failure.code === 'internal' && typeof failure.details?.stack === 'string' ? `\n${failure.details.stack}` : '';
  const text = `assay: ${failure.message} [${failure.code}]${failure.hint === undefined ? '' : `\n  ${failure.hint}`}${stack}`;
  process.stderr.write(`${printableLines(text, MAX_ERROR_LINES).join('\n')}\n`);
  if (failure.class === 'input' || failure.class === 'task') return 2;
  return failure.class === 'cancelled' ? 130 : 3;
}
