import { expect, test } from 'vitest';
import { matchingRule, parseHostRule } from './host-list.ts';

test.each([
  ['pypi.org', 'pypi.org', 443, true],
  ['pypi.org', 'PyPI.org.', 80, true],
  ['pypi.org', 'pypi.org', 8080, false],
  ['pypi.org', 'evil-pypi.org', 443, false],
  ['pypi.org', 'pypi.org.evil.net', 443, false],
  ['pypi.org', 'www.pypi.org', 443, false],
  ['*.pythonhosted.org', 'files.pythonhosted.org', 443, true],
  ['*.pythonhosted.org', 'pythonhosted.org', 443, false],
  ['*.pythonhosted.org', 'xpythonhosted.org', 443, false],
  ['localhost:4873', 'localhost', 4873, true],
  ['10.0.0.7:80', '10.0.0.7', 80, true],
])('%s lets %s:%d through: %s', (rule, host, port, expected) => {
  const parsed = parseHostRule(rule);
  expect(parsed === undefined ? undefined : matchingRule([parsed], host, port) !== undefined).toBe(expected);
});

test.each(['', '*', '*.', 'a b', 'https://pypi.org', 'pypi.org/simple', 'pypi.org:0', 'pypi.org:70000', '*.*.org'])(
  '%j is no rule',
  (text) => expect(parseHostRule(text)).toBeUndefined(),
);
