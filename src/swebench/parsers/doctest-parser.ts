/** nlohmann/json: doctest's report in XML (`-s -r=xml`). A subcase passes when all its expressions do. */
import type { StatusMap, SwebenchParser } from './swebench-parser.ts';

interface Element {
  tag: string;
  attributes: ReadonlyMap<string, string>;
  children: Element[];
}

export const doctest: SwebenchParser = (log) => {
  const map: StatusMap = new Map();
  const start = log.indexOf('<doctest');
  const end = log.indexOf('</doctest>', start);
  if (start < 0) return map;
  // Without an end the reference cuts in front of the last sign but one of the tag, and then fails to read that.
  if (end < 0) throw new Error('the report of doctest has no end');
  const report = parseXml(log.slice(start, end + '</doctest>'.length));
  for (const test of below(report, 'TestCase')) {
    for (const subcase of below(test, 'SubCase')) {
      const passed = below(subcase, 'Expression').every((one) => one.attributes.get('success') === 'true');
      const name = `${test.attributes.get('name') ?? 'None'} > ${subcase.attributes.get('name') ?? 'None'}`;
      map.set(name, passed ? 'PASSED' : 'FAILED');
    }
  }
  return map;
};

/** All elements of a tag below this one, in the order of the document. */
function below(element: Element, tag: string): Element[] {
  return element.children.flatMap((child) => [...(child.tag === tag ? [child] : []), ...below(child, tag)]);
}

const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const NO_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The elements of a well-formed document; throws where it is not. Enough for a report that one program writes; text is not kept. */
function parseXml(text: string): Element {
  const top: Element = { tag: '', attributes: new Map(), children: [] };
  const open: Element[] = [top];
  if (NO_XML.test(text)) throw new Error('the report of doctest holds a sign that XML does not know');
  const token = new RegExp(TOKEN);
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new Error(`the report of doctest is damaged at ${at}`);
    const [, closes, opens, attributes = '', alone] = match;
    if (closes !== undefined && open.pop()?.tag !== closes)
      throw new Error(`the report of doctest closes ${closes} where another element is open`);
    if (opens === undefined) continue;
    const element: Element = { tag: opens, attributes: attributesOf(attributes), children: [] };
    open.at(-1)?.children.push(element);
    if (alone !== '/') open.push(element);
  }
  const [first] = top.children;
  if (first === undefined || open.length !== 1) throw new Error('the report of doctest is not whole');
  return first;
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(ATTRIBUTE)].map(([, name = '', double, single]) => [name, decoded(double ?? single ?? '')]),
  );
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decoded(text: string): string {
  return text.replace(/[\t\n\r]/g, ' ').replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (_whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    const sign = ENTITIES[name];
    if (sign === undefined) throw new Error(`the report of doctest has an unknown entity &${name};`);
    return sign;
  });
}
