/** Lists of hosts that a sandbox may reach. */

/** `pypi.org`, `*.pythonhosted.org` (anything below, not the name itself), either with `:port`; without one 80 and 443. */
export interface HostRule {
  name: string;
  below: boolean;
  ports: readonly number[];
}

const RULE = /^(\*\.)?([a-z0-9]([a-z0-9_.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::(\d{1,5}))?$/;

/** Undefined for what is no rule. */
export function parseHostRule(text: string): HostRule | undefined {
  const match = RULE.exec(text.toLowerCase());
  if (match?.[2] === undefined) return undefined;
  const port = match[4] === undefined ? undefined : Number(match[4]);
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  return { name: match[2], below: match[1] !== undefined, ports: port === undefined ? [80, 443] : [port] };
}

/** The rule that lets a connection through; `host` as a client names it. */
export function matchingRule(rules: readonly HostRule[], host: string, port: number): HostRule | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  return rules.find(
    (rule) => rule.ports.includes(port) && (rule.below ? name.endsWith(`.${rule.name}`) : name === rule.name),
  );
}

/** Names that are addresses, or this machine, are in nobody's name service: a rule that says so means it. */
export function namesThisMachine(rule: HostRule): boolean {
  return rule.name === 'localhost' || /^[\d.]+$|^\[/.test(rule.name);
}
