/** JSON as Python writes it with an indent: ASCII only. Objects keep their order; keys that look like numbers need a `Map`. */
export function pythonJson(value: unknown, indent = 4): string {
  return ascii(render(value, indent, ''));
}

function render(value: unknown, indent: number, at: string): string {
  const inner = `${at}${' '.repeat(indent)}`;
  const block = (open: string, parts: string[], close: string) =>
    parts.length === 0 ? `${open}${close}` : `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${at}${close}`;
  if (Array.isArray(value))
    return block(
      '[',
      value.map((one) => render(one, indent, inner)),
      ']',
    );
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries =
    value instanceof Map ? [...value] : Object.entries(value).filter(([, member]) => member !== undefined);
  return block(
    '{',
    entries.map(([key, member]) => `${JSON.stringify(key)}: ${render(member, indent, inner)}`),
    '}',
  );
}

function ascii(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (unit) =>
    unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
