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

test('of the host only what is named, without credentials; files that cannot be seen inside are named apart', () => {
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
  expect(networkEnv(host, registries, true)).toEqual({
    env: {
      HTTPS_PROXY: 'http://proxy.example:3128',
      SSL_CERT_FILE: '/etc/ssl/cert.pem',
      npm_config_registry: 'https://n.example/',
    },
    certificates: { NODE_EXTRA_CA_CERTS: '/root/ca.pem' },
    withheld: ['http_proxy', 'PIP_EXTRA_INDEX_URL', 'PIP_INDEX_URL'],
  });
});

test('on an image every certificate file of the host is brought, and no folder of them', () => {
  const registries = { npm: { url: 'https://n.example/' }, pypi: { url: 'https://p.example/' } };
  const host = { SSL_CERT_FILE: '/etc/ssl/cert.pem', SSL_CERT_DIR: '/etc/ssl/certs', PIP_CERT: 'relative.pem' };
  const { env, certificates } = networkEnv(host, registries, false);
  expect(env).toEqual({ npm_config_registry: 'https://n.example/', PIP_INDEX_URL: 'https://p.example/' });
  expect(certificates).toEqual({ SSL_CERT_FILE: '/etc/ssl/cert.pem' });
});
