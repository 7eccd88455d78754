import { expect, test } from 'vitest';
import { networkEnv, sandboxEnv } from './build-env.ts';

test('a task can put folders before the PATH of the base', () => {
  const path = '/usr/bin:/bin';
  const paths = (value: string) => sandboxEnv({ path }, { PATH: value, X: value }).PATH;
  expect(paths('/opt/venv/bin:$PATH')).toBe('/opt/venv/bin:/usr/bin:/bin');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a task file
  expect(paths('/opt/a:${PATH}')).toBe('/opt/a:/usr/bin:/bin');
  expect(paths('$PATHS')).toBe('$PATHS');
  expect(sandboxEnv({ path: '/with$&' }, { PATH: '$PATH' }).PATH).toBe('/with$&');
  expect(sandboxEnv({ path })).toMatchObject({ PATH: path, HOME: '/home/agent', LANG: 'C.UTF-8', PAGER: 'cat' });
});

test('of the host only what is named, without credentials, and only files that can be seen inside', () => {
  const registries = {
    npm: { url: 'https://n.example/' },
    pypi: { url: 'https://p.example/', authorization: 'Basic x' },
  };
  const host = {
    AWS_SECRET_ACCESS_KEY: 'x',
    HTTPS_PROXY: 'http://proxy.example:3128',
    http_proxy: 'ann:secret@proxy.example:3128',
    PIP_EXTRA_INDEX_URL: 'https://ok.example/ https://a:b@bad.example/',
    SSL_CERT_FILE: '/etc/ssl/cert.pem',
    NODE_EXTRA_CA_CERTS: '/root/ca.pem',
    NO_PROXY: '',
  };
  expect(networkEnv(host, registries)).toEqual({
    env: {
      HTTPS_PROXY: 'http://proxy.example:3128',
      SSL_CERT_FILE: '/etc/ssl/cert.pem',
      npm_config_registry: 'https://n.example/',
    },
    withheld: ['http_proxy', 'PIP_EXTRA_INDEX_URL', 'PIP_INDEX_URL'],
  });
});
