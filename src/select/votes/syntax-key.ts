/** A whole source file as its syntax tree in one line: files with equal keys differ in comments, formatting and redundant parentheses only. Pure. */
import type { SyntaxNode } from '@lezer/common';
import { type Grammar, grammarOf } from './grammar.ts';
import { lineTokens } from './plain-tokens.ts';
import { isComment, isDocstring, isOptionalSign, isParsed, leafText, sourceTokens } from './source-tokens.ts';

export function syntaxKey(path: string, text: string): string {
  const grammar = isParsed(path, text) ? grammarOf(path) : undefined;
  if (grammar === undefined) return JSON.stringify(sourceTokens(path, text).map((token) => token.text));
  const out: string[] = [];
  const isWhole = write(grammar.parser.parse(text).topNode, text, grammar, out, 0);
  return isWhole ? out.join(' ') : JSON.stringify(lineTokens(text).map((line) => line.text));
}

/** Deeper trees than any program has; the stack of this process holds more. */
const MAX_DEPTH = 1_000;

/** False when the tree is too deep to be written. */
function write(node: SyntaxNode, text: string, grammar: Grammar, out: string[], depth: number): boolean {
  if (isComment(node.name) || isOptionalSign(node)) return true;
  if (grammar.language === 'python' && isDocstring(node)) return true;
  const leaf = leafText(node, text);
  if (leaf !== undefined) {
    out.push(JSON.stringify(node.type.isError ? `error ${leaf}` : leaf));
    return true;
  }
  if (depth === MAX_DEPTH) return false;
  const bare = isRedundant(node);
  if (!bare) out.push(node.name, '(');
  let end = node.firstChild?.from ?? node.to;
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    const gap = text.slice(end, child.from).trim();
    if (gap !== '') out.push(JSON.stringify(gap));
    end = child.to;
    const dropped =
      (bare && /^[()]$/.test(child.name)) || (node.name === 'ImportStatement' && /^[()]$/.test(child.name));
    if (!dropped && !write(child, text, grammar, out, depth + 1)) return false;
  }
  const rest = text.slice(end, node.to).trim();
  if (rest !== '') out.push(JSON.stringify(rest));
  if (!bare) out.push(')');
  return true;
}

/** Around these, or in a chain of comparisons of Python, parentheses change the meaning. */
const BINDING: ReadonlySet<string> = new Set([
  'MemberExpression',
  'CallExpression',
  'NewExpression',
  'TaggedTemplateExpression',
  // ("use strict") is no directive.
  'ExpressionStatement',
]);

/** Of a chain of comparisons. */
const COMPARISONS = ['CompareOp', 'in', 'is'] as const;

function isRedundant(node: SyntaxNode): boolean {
  if (node.name !== 'ParenthesizedExpression') return false;
  const parent = node.parent?.name ?? '';
  if (BINDING.has(parent)) return false;
  // \`(x): int\` declares no variable.
  if (parent === 'AssignStatement') return node.parent?.getChild('TypeDef') == null;
  const inner = parent === 'BinaryExpression' ? node.getChild('BinaryExpression') : null;
  return inner === null || COMPARISONS.every((name) => inner.getChild(name) === null);
}
