/**
 * Flags and arguments as typed data. Parsing, help, the command reference and the JSON Schema all derive from these declarations.
 */
interface FlagBase {
  /** One line; starts in lower case, no full stop. */
  help: string;
  /** Single letter. */
  short?: string;
  /** Shown in help as `--name <placeholder>`. */
  placeholder?: string;
}

export type Flag =
  | (FlagBase & { kind: 'boolean' })
  | (FlagBase & { kind: 'string'; default?: string; choices?: readonly string[] })
  | (FlagBase & { kind: 'strings' })
  | (FlagBase & { kind: 'integer'; default?: number; min?: number; max?: number })
  | (FlagBase & { kind: 'number'; default?: number; min?: number });

/** Names in camelCase; on the command line `--kebab-case`. */
export type Flags = Readonly<Record<string, Flag>>;

type Given<F extends Flag> = F extends { kind: 'boolean' }
  ? boolean
  : F extends { kind: 'strings' }
    ? string[]
    : F extends { kind: 'string' }
      ? F extends { default: string }
        ? string
        : string | undefined
      : F extends { default: number }
        ? number
        : number | undefined;

export type FlagValues<F extends Flags> = { [K in keyof F]: Given<F[K]> };

export interface Argument {
  name: string;
  help: string;
  /** `one` is required, `optional` may be left out, `many` takes one or more. */
  count: 'one' | 'optional' | 'many';
}

/** Every command has these. */
export const COMMON_FLAGS = {
  json: { kind: 'boolean', help: 'print one JSON document on stdout; progress goes to stderr' },
  quiet: { kind: 'boolean', short: 'q', help: 'no progress' },
} as const satisfies Flags;

/** What a command gets when it runs. */
export interface Invocation<F extends Flags> {
  args: readonly string[];
  flags: FlagValues<F> & FlagValues<typeof COMMON_FLAGS>;
}

/** 0 done; 1 done, with a negative answer; 2 wrong input; 3 infrastructure or model failure; 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130;

export interface CommandSpec<F extends Flags = Flags> {
  /** `run`, or `dataset check` for a command below another. */
  name: string;
  summary: string;
  /** More for the help page, plain text. */
  description?: string;
  arguments: readonly Argument[];
  flags: F;
  examples: readonly string[];
  run(invocation: Invocation<F>): Promise<ExitCode>;
}

/** Declares a command with the types of its flags inferred. */
export function defineCommand<const F extends Flags>(spec: CommandSpec<F>): CommandSpec {
  return spec as unknown as CommandSpec;
}

/** `commandSeconds` -> `command-seconds` */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
