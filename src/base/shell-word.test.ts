import { expect, test } from 'vitest';
import { shellWord } from './shell-word.ts';

test('plain words stay, all others are quoted', () => {
  expect(['a/b-1.py', 'x=1', '', 'a b', "it's", '$HOME', '*'].map(shellWord)).toEqual([
    'a/b-1.py',
    'x=1',
    "''",
    "'a b'",
    "'it'\\''s'",
    "'$HOME'",
    "'*'",
  ]);
});
