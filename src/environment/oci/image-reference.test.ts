import { expect, test } from 'vitest';
import { parseReference, referenceName } from './image-reference.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
  ['debian', 'docker.io/library/debian:latest'],
  ['debian:12', 'docker.io/library/debian:12'],
  ['team/app', 'docker.io/team/app:latest'],
  ['docker.io/team/app', 'docker.io/team/app:latest'],
  ['ghcr.io/a/b/c:1.2-x', 'ghcr.io/a/b/c:1.2-x'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/app:1', 'localhost:5000/app:1'],
  ['[::1]:5000/app', '[::1]:5000/app:latest'],
  [`app@${DIGEST}`, `docker.io/library/app@${DIGEST}`],
  [`ghcr.io/a/b:tag@${DIGEST}`, `ghcr.io/a/b@${DIGEST}`],
  [
    'swebench/sweb.eval.x86_64.django_1776_django-11099',
    'docker.io/swebench/sweb.eval.x86_64.django_1776_django-11099:latest',
  ],
])('%s is %s', (text, name) => {
  expect(referenceName(parseReference(text))).toBe(name);
});

test.each(['', 'Upper/case', 'a//b', 'a:', '-x', 'app@md5:1', 'a b', 'app:tag:tag', '../etc', 'host.example/'])(
  '%j is no name',
  (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'image-not-found' }));
  },
);
