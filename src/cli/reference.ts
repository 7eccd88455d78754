/** The command reference as Markdown, from the same declarations that parse the command line. Pure. */
import { COMMON_FLAGS, type CommandSpec, type Flag, kebab } from './flag.ts';

/** The whole of docs/cli.md. */
export function commandReference(commands: readonly CommandSpec[]): string {
  const intro = `# Command line

Generated from the declarations in \`src/cli/commands/\` by \`npx tsx scripts/write-cli-reference.ts\`.

Exit codes: 0 done; 1 done, with a negative answer (a set that does not validate); 2 wrong input; 3 infrastructure or model failure; 130 interrupted. Results go to stdout, progress and errors to stderr. Every command also has ${Object.entries(
    COMMON_FLAGS,
  )
    .map(([name, flag]) => `\`--${kebab(name)}\` (${flag.help})`)
    .join(' and ')}.
`;
  return `${[intro, ...commands.map(section)].join('\n')}`;
}

function section(command: CommandSpec): string {
  const usage = command.arguments.map(
    (one) => ({ one: `<${one.name}>`, optional: `[${one.name}]`, many: `<${one.name}...>` })[one.count],
  );
  const flags = Object.entries(command.flags).map(
    ([name, flag]) => `| ${flagForm(name, flag)} | ${flag.help.replaceAll('|', '\\|')} | ${defaultOf(flag)} |`,
  );
  const args = command.arguments.map((one) => `- \`${one.name}\`: ${one.help}`);
  return [
    `## \`assay ${[command.name, ...usage].join(' ')}\``,
    '',
    `${command.description ?? command.summary}`,
    ...(args.length > 0 ? ['', ...args] : []),
    ...(flags.length > 0 ? ['', '| flag | meaning | default |', '|---|---|---|', ...flags] : []),
    ...(command.examples.length > 0 ? ['', '```sh', ...command.examples, '```'] : []),
    '',
  ].join('\n');
}

function flagForm(name: string, flag: Flag): string {
  const value = flag.kind === 'boolean' ? '' : ` ${flag.placeholder ?? flag.kind}`;
  return `\`${flag.short === undefined ? '' : `-${flag.short}, `}--${kebab(name)}${value}\``;
}

function defaultOf(flag: Flag): string {
  return 'default' in flag && flag.default !== undefined ? `\`${flag.default}\`` : '';
}
