import { expect, test } from 'vitest';
import { majorityVote } from './majority-vote.ts';

const winner = (...votes: (string | null)[]) => majorityVote(votes.map((vote) => ({ vote })));

test('the most frequent vote wins, the earliest of its voters', () => {
  expect(winner('a', 'b', 'c', 'b')).toBe(1);
  expect(winner('a', 'b', 'b', 'a', 'b')).toBe(1);
});

test('ties go to the vote that was there first', () => {
  expect(winner('a', 'b', 'b', 'a')).toBe(0);
  expect(winner('x', 'y', 'z')).toBe(0);
});

test('who has no vote neither counts nor wins, unless nobody has one', () => {
  expect(winner(null, null, 'a')).toBe(2);
  expect(winner(null, null)).toBe(0);
  expect(winner()).toBe(0);
});
