/** Source text as tokens: no comments, no formatting, one way of writing where a language has two. Pure; any text is accepted. */
import type { SyntaxNode, SyntaxNodeRef } from '@lezer/common';
import { type Grammar, grammarOf } from './grammar.ts';

export interface Token {
  text: string;
  /** Line it begins in, from 0. */
  line: number;
}

/** By parser for Python, JavaScript and TypeScript; by words, numbers and signs for all others. Also of fragments. */
export function sourceTokens(path: string, text: string): Token[] {
  const grammar = grammarOf(path);
  return grammar === undefined ? plainTokens(path, text) : parsedTokens(grammar, text);
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
export function isOptionalSign(node: SyntaxNode, { language }: Grammar): boolean {
  if (node.name === ';') return language === 'javascript' && !FOR_HEADS.has(node.parent?.name ?? '');
  if (node.name !== ',') return false;
  const next = nextOf(node);
  const closing = next !== null && [')', ']', '}'].includes(next.name);
  // [a, , b] has a hole, (a,) of Python is a tuple.
  return closing && node.prevSibling?.name !== ',' && node.parent?.name !== 'TupleExpression';
}

const FOR_HEADS: ReadonlySet<string> = new Set(['ForSpec']);

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
      if (!skipped && grammar.language === 'python' && /(Statement|Definition)$/.test(node.name)) {
        const indent = indentBefore(text, node.from);
        if (indent !== undefined) add(node.from, indent);
      }
      const leaf = skipped ? '' : leafText(node, text);
      if (leaf === undefined) return true;
      addGap(end, node.from);
      end = Math.max(end, node.to);
      if (leaf !== '' && !isOptionalSign(node.node, grammar)) add(node.from, leaf);
      return false;
    },
  });
  addGap(end, text.length);
  return tokens;
}

/** In Python the indentation of a statement says where it belongs; undefined when the statement does not begin its line. */
function indentBefore(text: string, at: number): string | undefined {
  const before = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /\S/.test(before) ? undefined : before.replaceAll('\t', '        ');
}

/** Languages whose comments begin with # or //. */
const HASH = /\.(rb|sh|bash|pl|r|jl|ya?ml|toml|cfg|ini|mk|cmake)$|(^|\/)(Makefile|Dockerfile)$/i;
const SLASHES = /\.(c|h|cc|cpp|cxx|hpp|cs|java|kt|scala|go|rs|swift|php|dart|s?css|less)$/i;

const STRING = String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`;
const WORD = String.raw`[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]`;

function plainTokens(path: string, text: string): Token[] {
  const comments = HASH.test(path) ? '#[^\\n]*' : SLASHES.test(path) ? String.raw`//[^\n]*|/\*[\s\S]*?\*/` : '(?!)';
  const lines = lineStarts(text);
  const pattern = new RegExp(`(${comments})|${STRING}|${WORD}`, 'gu');
  return [...text.matchAll(pattern)].flatMap((match) =>
    match[1] === undefined ? [{ text: match[0], line: lineOf(lines, match.index) }] : [],
  );
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
