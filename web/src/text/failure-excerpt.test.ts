import { expect, test } from 'vitest';
import { failureExcerpt } from './failure-excerpt.ts';

const UNITTEST = `test_one (tests.test_a.ATest.test_one) ... ok
test_two (tests.test_a.ATest.test_two) ... FAIL

======================================================================
FAIL: test_two (tests.test_a.ATest.test_two)
----------------------------------------------------------------------
AssertionError: 1 != 2

----------------------------------------------------------------------
Ran 2 tests in 0.008s`;
const TAP = `    # Subtest: reports a month
    not ok 3 - reports a month
      ---
      error: 'not equal'
      ...
    # Subtest: adds
    ok 4 - adds`;
const PYTEST = `tests/test_x.py::test_y FAILED
=================================== FAILURES ===================================
____________________________________ test_y ____________________________________
    def test_y():
>       assert 1 == 2
E       assert 1 == 2
=========================== short test summary info ============================
FAILED tests/test_x.py::test_y - assert 1 == 2`;

test.each([
  ['unittest', UNITTEST, 'tests.test_a.ATest.test_two', /^FAIL: test_two [\s\S]+ 1 != 2/],
  ['TAP', TAP, 'penny > reports a month', /^ {4}not ok 3[\s\S]+not equal'\n {6}\.\.\.$/],
  ['pytest', PYTEST, 'tests/test_x.py::test_y', /^_+ test_y _+\n[\s\S]+E {7}assert 1 == 2$/],
  ['a list of names', 'a: ok\nb: went wrong\nwhy', 'b', /^b: went wrong\nwhy$/],
])('in a log of %s', (_, log, name, excerpt) => expect(failureExcerpt(log, name)).toMatch(excerpt));

test('a log that does not have the name has no excerpt', () => {
  expect(failureExcerpt(PYTEST, 'tests/test_x.py::test_other')).toBeNull();
  expect(failureExcerpt(PYTEST, '')).toBeNull();
  expect(failureExcerpt('', 'a')).toBeNull();
});
