import { expect, test } from 'vitest';
import { allowedImage, type SpecPolicy } from './spec-policy.ts';

const most = { memoryBytes: 1, pids: 1, cpus: 1, diskBytes: 1, wallSeconds: 1 };
const policy: SpecPolicy = { hostNetwork: false, registries: ['docker.io', '*.example.org'], runtimeHosts: [], most };

test('the full name of an image comes out, never that of a file or of an engine of this machine', () => {
  expect(allowedImage('debian', policy)).toBe('docker.io/library/debian:latest');
  expect(allowedImage('a.example.org/team/app:2', policy)).toBe('a.example.org/team/app:2');
  expect(allowedImage('oci:folder', policy)).toBe('docker.io/library/oci:folder');
  expect(allowedImage('docker-daemon:secret', policy)).toBe('docker.io/library/docker-daemon:secret');
});

test.each(['oci:/etc', 'docker-archive:/etc/passwd', '../x', 'http://a.example.org/x'])(
  '%s is no name of an image',
  (reference) => {
    expect(() => allowedImage(reference, policy)).toThrow('is not the name of an image');
  },
);

test('a registry that is not on the list is refused', () => {
  expect(() => allowedImage('ghcr.io/team/app', policy)).toThrow('not allowed');
});
