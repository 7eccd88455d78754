/** processing/p5.js: mocha's list of failures, after data that tests printed (JSON and tags) has been taken out of the log. */
import { pythonRegExp } from './python-regexp.ts';
import { pythonStrip, pythonStripEnd, withoutAnsi } from './python-text.ts';
import type { StatusMap, SwebenchParser } from './swebench-parser.ts';

const TAGGED = pythonRegExp('<(\\w+)>[\\s\\S]*?<\\/\\1>');
/** The number is the first on its line. Asked backwards from there: forwards, each of many blank lines would be tried up to it. */
const FAILURE = pythonRegExp('(?=\\d)(?<=^[^\\S\\n]*)\\d+\\)([\\s\\S]{0,1000}?):', 'gm');
const LEADING = pythonRegExp('^\\s+');

export const p5js: SwebenchParser = (raw) => {
  const map: StatusMap = new Map();
  const log = withoutTags(withoutJson(withoutAnsi(raw)));
  for (const [, name = ''] of log.matchAll(FAILURE)) {
    const lines = name.split('\n');
    if (growsInward(lines)) map.set(lines.map(pythonStrip).join(':'), 'FAILED');
  }
  return map;
};

/** Each line of a failure's name is indented deeper than the one before. */
function growsInward(lines: readonly string[]): boolean {
  let last = 0;
  for (const line of lines) {
    const indent = line.length - line.replace(LEADING, '').length;
    if (indent <= last) return false;
    last = indent;
  }
  return true;
}

function withoutJson(log: string): string {
  const kept: string[] = [];
  let object = false;
  let list = false;
  for (const line of log.split('\n')) {
    const text = pythonStripEnd(line);
    if (text.endsWith('{')) object = true;
    else if (text.endsWith('[')) list = true;
    else if (text === '}' && object) object = false;
    else if (text === ']' && list) list = false;
    else if (!object && !list && !isWhole(text)) kept.push(line);
  }
  return kept.join('\n');
}

const isWhole = (text: string) =>
  (text.startsWith('{') && text.endsWith('}')) || (text.startsWith('[') && text.endsWith(']'));

/** What stands between a tag and its end goes; tags opened more than once in it stay open. */
function withoutTags(log: string): string {
  let out = log;
  for (let match = TAGGED.exec(out); match !== null; match = TAGGED.exec(out)) {
    const tag = `<${match[1]}>`;
    const open = Math.max(0, match[0].split(tag).length - 2);
    out = out.slice(0, match.index) + tag.repeat(open) + out.slice(match.index + match[0].length);
  }
  return out;
}
