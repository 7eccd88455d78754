/** Source text as tokens: no comments, no formatting, one way of writing where a language has two. Pure; any text is accepted. */
import type { SyntaxNode, SyntaxNodeRef } from '@lezer/common';
import { type Grammar, grammarOf } from './grammar.ts';
import { lineTokens, plainTokens, type Token } from './plain-tokens.ts';

/** Longer texts are bundles and data, and parsing them would take many seconds: they are compared line by line. */
const MAX_PARSED = 256 * 1024;

/** By parser for Python, JavaScript and TypeScript; by words, signs and lines for all others. Also of fragments. */
export function sourceTokens(path: string, text: string): Token[] {
  if (text.length > MAX_PARSED) return lineTokens(text);
  const grammar = grammarOf(path);
  return grammar === undefined ? plainTokens(path, text) : parsedTokens(grammar, text);
}

/** True when `sourceTokens` and `syntaxKey` parse the text. */
export function isParsed(path: string, text: string): boolean {
  return text.length <= MAX_PARSED && grammarOf(path) !== undefined;
}

/** Left out of what is compared. */
export function isComment(name: string): boolean {
  return name === 'Comment' || name === 'LineComment' || name === 'BlockComment' || name === 'Hashbang';
}

/** Nodes whose text counts as a whole: inside of them white space means something. */
const WHOLE: ReadonlySet<string> = new Set(['String', 'FormatString', 'TemplateString', 'RegExp', 'JSXText']);

/** The text of a leaf in its one form, or undefined for an inner node. */
export function leafText(node: SyntaxNodeRef, source: string): string | undefined {
  const text = source.slice(node.from, node.to);
  if (WHOLE.has(node.name)) return plainQuotes(text);
  return node.node.firstChild === null ? text : undefined;
}

/** 'a' and "a" are the same string as long as neither quotes nor escapes are in it; so are the prefixes of Python in either case. */
function plainQuotes(text: string): string {
  const match = /^([a-zA-Z]{0,2})(['"])([^'"\\\n]*)\2$/.exec(text);
  return match === null ? text : `${match[1]?.toLowerCase()}"${match[3]}"`;
}

/** True for a Python string that stands alone as a statement: a docstring. */
export function isDocstring(node: SyntaxNodeRef): boolean {
  if (node.name !== 'ExpressionStatement') return false;
  const only = node.node.firstChild;
  return only !== null && only.nextSibling === null && /^(String|ContinuedString)$/.test(only.name);
}

/** A comma or semicolon that could as well be left out. */
export function isOptionalSign(node: SyntaxNode): boolean {
  const parent = node.parent?.name ?? '';
  if (node.name === ';') return ENDED_BY_SEMICOLON.has(parent);
  if (node.name !== ',' || !TRAILING_COMMA.has(parent)) return false;
  const closing = [')', ']', '}'].includes(nextOf(node)?.name ?? '');
  // [, ] and [a, , ] have holes.
  return closing && ![',', '['].includes(node.prevSibling?.name ?? '');
}

/** Statements of JavaScript that end with their line as well; anywhere else a semicolon is a statement without effect. */
const ENDED_BY_SEMICOLON: ReadonlySet<string> = new Set([
  'ExpressionStatement',
  'VariableDeclaration',
  'ReturnStatement',
  'ThrowStatement',
  'BreakStatement',
  'ContinueStatement',
  'DebuggerStatement',
  'DoStatement',
  'ImportDeclaration',
  'ExportDeclaration',
  'PropertyDeclaration',
  'TypeAliasDeclaration',
]);

/** Lists of both grammars in which the last comma says nothing: no tuples, no subscripts. */
const TRAILING_COMMA: ReadonlySet<string> = new Set([
  'ArgList',
  'ParamList',
  'ArrayExpression',
  'DictionaryExpression',
  'SetExpression',
  'ImportStatement',
  'ObjectExpression',
  'ArrayPattern',
  'ObjectPattern',
  'ImportGroup',
  'ExportGroup',
]);

function nextOf(node: SyntaxNode): SyntaxNode | null {
  let next = node.nextSibling;
  while (next !== null && isComment(next.name)) next = next.nextSibling;
  return next;
}

function parsedTokens(grammar: Grammar, text: string): Token[] {
  const lines = lineStarts(text);
  const tokens: Token[] = [];
  let end = 0;
  const add = (from: number, piece: string) => tokens.push({ text: piece, line: lineOf(lines, from) });
  const addGap = (from: number, to: number) => {
    const piece = text.slice(from, to).trim();
    if (piece !== '') add(from, piece);
  };
  grammar.parser.parse(text).iterate({
    enter(node) {
      const skipped = isComment(node.name) || (grammar.language === 'python' && isDocstring(node));
      if (!skipped && /(Statement|Definition|Declaration)$/.test(node.name)) {
        const mark = grammar.language === 'python' ? indentBefore(text, node.from) : BEGINNING;
        if (mark !== undefined) add(node.from, mark);
      }
      const leaf = skipped ? '' : leafText(node, text);
      if (leaf === undefined) return true;
      addGap(end, node.from);
      end = Math.max(end, node.to);
      if (leaf !== '' && !isOptionalSign(node.node)) add(node.from, leaf);
      return false;
    },
  });
  addGap(end, text.length);
  return tokens;
}

/** In JavaScript a line end may be one of a statement, and the parser knows: what is no sign itself marks where statements begin. */
const BEGINNING = '';

/** In Python the indentation of a statement says where it belongs; undefined when the statement does not begin its line. */
function indentBefore(text: string, at: number): string | undefined {
  const before = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /\S/.test(before) ? undefined : before.replaceAll('\t', '        ');
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineOf(starts: readonly number[], at: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
