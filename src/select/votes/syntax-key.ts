/** A whole source file as its syntax tree in one line: files with equal keys differ in comments, formatting and redundant parentheses only. Pure. */
import type { SyntaxNode } from '@lezer/common';
import { type Grammar, grammarOf } from './grammar.ts';
import { isComment, isDocstring, isOptionalSign, leafText, sourceTokens } from './source-tokens.ts';

export function syntaxKey(path: string, text: string): string {
  const grammar = grammarOf(path);
  if (grammar === undefined) return JSON.stringify(sourceTokens(path, text).map((token) => token.text));
  const out: string[] = [];
  write(grammar.parser.parse(text).topNode, text, grammar, out);
  return out.join(' ');
}

function write(node: SyntaxNode, text: string, grammar: Grammar, out: string[]): void {
  if (isComment(node.name) || isOptionalSign(node, grammar)) return;
  if (grammar.language === 'python' && isDocstring(node)) return;
  const leaf = leafText(node, text);
  if (leaf !== undefined) {
    out.push(JSON.stringify(node.type.isError ? `error ${leaf}` : leaf));
    return;
  }
  const bare = isRedundant(node);
  if (!bare) out.push(node.name, '(');
  let end = node.firstChild?.from ?? node.to;
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    const gap = text.slice(end, child.from).trim();
    if (gap !== '') out.push(JSON.stringify(gap));
    end = child.to;
    const dropped =
      (bare && /^[()]$/.test(child.name)) || (node.name === 'ImportStatement' && /^[()]$/.test(child.name));
    if (!dropped) write(child, text, grammar, out);
  }
  const rest = text.slice(end, node.to).trim();
  if (rest !== '') out.push(JSON.stringify(rest));
  if (!bare) out.push(')');
}

/** Around these, or in a chain of comparisons of Python, parentheses change the meaning. */
const BINDING: ReadonlySet<string> = new Set([
  'MemberExpression',
  'CallExpression',
  'NewExpression',
  'TaggedTemplateExpression',
]);

function isRedundant(node: SyntaxNode): boolean {
  if (node.name !== 'ParenthesizedExpression') return false;
  const parent = node.parent?.name ?? '';
  const chained = parent === 'BinaryExpression' && node.getChild('BinaryExpression')?.getChild('CompareOp') != null;
  return !BINDING.has(parent) && !chained;
}
